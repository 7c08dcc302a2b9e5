"""world: the scenes that the embedded model is trained and evaluated on."""

import json
from argparse import Namespace

from vino.cli.console import Console
from vino.data.world.sheet import contact_sheet
from vino.data.world.tasks import TASKS, draw
from vino.data.world.vocabulary import VOCABULARIES
from vino.media import Frames, check_output


def world(args: Namespace, console: Console) -> int:
    """Draw samples of some tasks and write them as one sheet."""
    check_output(args.output, is_clip=False)
    vocabulary = VOCABULARIES[args.vocabulary]
    samples = [
        draw(task, args.seed or 0, index, vocabulary, args.split, args.size)
        for task in args.task or TASKS
        for index in range(args.count)
    ]
    Frames(contact_sheet(samples, args.width)[None]).save(args.output)
    if args.json:
        facts = [{"task": sample.task, "prompt": sample.prompt} for sample in samples]
        print(json.dumps({"sheet": str(args.output), "samples": facts}))
    else:
        print(args.output)
    return 0
