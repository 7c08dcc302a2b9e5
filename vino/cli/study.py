"""study: a blind side-by-side page of two runs, and what was voted on it."""

import json
from argparse import Namespace
from typing import TYPE_CHECKING

from vino.cli.console import Console
from vino.errors import InputError

if TYPE_CHECKING:
    from vino.evaluate.study.blind import Study


def study(args: Namespace, console: Console) -> int:
    """Serve the page until it is interrupted, or report."""
    from vino.evaluate.runs import read_run
    from vino.evaluate.study.blind import DATABASE, open_study
    from vino.evaluate.study.preference import facts, prefer, text

    if args.report and not (args.out / DATABASE).exists():
        raise InputError(f"{args.out} holds no votes: run the study first, without --report")
    opened = open_study(
        read_run(args.run_a), read_run(args.run_b), args.out, seed=args.seed, limit=args.limit
    )
    if not args.report:
        return _serve(opened, args, console)
    found = prefer(opened)
    print(json.dumps(facts(found)) if args.json else text(found))
    return 0


def _serve(opened: "Study", args: Namespace, console: Console) -> int:
    """Until Ctrl-C, which is how a study ends."""
    from vino.evaluate.study.server import Server

    with Server(opened, args.port) as server:
        print(json.dumps({"url": server.url}) if args.json else server.url, flush=True)
        console.note(f"{len(opened.items)} pairs to compare; Ctrl-C ends it and keeps the votes")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            console.note(f"{len(opened.votes.all())} votes are kept in {opened.votes.path}")
    return 0
