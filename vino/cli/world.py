"""world: the scenes that the embedded model is trained and evaluated on."""

import json
from argparse import Namespace

from vino.cli.console import Console
from vino.data.world.compose import NotDrawn
from vino.data.world.samples import Sample
from vino.data.world.sheet import contact_sheet
from vino.data.world.tasks import TASKS, draw
from vino.data.world.vocabulary import VOCABULARIES
from vino.media import Frames, check_output


def world(args: Namespace, console: Console) -> int:
    """Draw samples of some tasks and write them as one sheet.

    Where none are named, tasks that the vocabulary does not have are told and left out.
    """
    check_output(args.output, is_clip=False)
    samples: list[Sample] = []
    for task in args.task or TASKS:
        try:
            samples += _drawn(task, args)
        except NotDrawn as error:
            if args.task:
                raise
            console.warn(str(error))
    Frames(contact_sheet(samples, args.width)[None]).save(args.output)
    if args.json:
        facts = [{"task": sample.task, "prompt": sample.prompt} for sample in samples]
        print(json.dumps({"sheet": str(args.output), "samples": facts}))
    else:
        print(args.output)
    return 0


def _drawn(task: str, args: Namespace) -> list[Sample]:
    vocabulary = VOCABULARIES[args.vocabulary]
    return [
        draw(task, args.seed or 0, index, vocabulary, args.split, args.size)
        for index in range(args.count)
    ]
