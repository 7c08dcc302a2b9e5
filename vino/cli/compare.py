"""compare: paired differences of two runs."""

import json
from argparse import Namespace

from vino.cli.console import Console
from vino.cli.output import check_writable
from vino.errors import InputError


def compare(args: Namespace, console: Console) -> int:
    """Print what differs, and write it where that was asked."""
    from vino.evaluate.compare import compare, facts, markdown, text
    from vino.evaluate.runs import read_run

    if args.out is not None:
        if args.out.suffix.lower() != ".md" or args.out.is_dir():
            raise InputError(f"--out {args.out} is no Markdown file: name one that ends in .md")
        check_writable(args.out)
    made = compare(read_run(args.run_a), read_run(args.run_b))
    if args.out is not None:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(markdown(made), encoding="utf-8")
    print(json.dumps(facts(made)) if args.json else text(made))
    return 0
