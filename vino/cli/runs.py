"""Options of the commands that read what evaluations wrote: compare and study."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vino.cli import values

LARGEST_PORT = 65_535
MOST_ITEMS = 100_000
PORT = 8420

Command = Callable[[str, str, str, str, str], ArgumentParser]
Options = Callable[[Any], None]


def add_commands(command: Command, talk: Options) -> None:
    """Add both. command: makes the parser of one; talk: adds what every command has."""
    _compare(command("compare", "compare:compare", "paired differences of two runs", """
Compare two runs of vino evaluate on the questions they share: for every suite and metric both
means, the paired difference with its 95 % bootstrap interval over scenes, and the p-value of a
paired sign-flip test, corrected by Holm's method.
""", """
vino compare scores/old scores/new
vino compare scores/old scores/new --out difference.md --json
"""), talk)  # fmt: skip
    _study(command("study", "study:study", "a blind side-by-side study of two runs", """
Serve a page on which people compare the answers of two runs without knowing which is which:
which follows the instruction better, and which looks better. Votes are kept in
DIR/votes.sqlite as they are given; a study that was stopped goes on when it is started again,
and whoever comes back under the same name goes on where they were.

The page is seen from this computer alone; ssh -L 8420:localhost:8420 brings it to another.
With --report, the votes so far: shares with 95 % intervals, and how far people agree.
""", """
vino study scores/old scores/new --out votes
vino study scores/old scores/new --out votes --limit 50 --seed 3 --port 9000
vino study scores/old scores/new --out votes --report
"""), talk)  # fmt: skip


def _compare(parser: ArgumentParser, talk: Options) -> None:
    _two_runs(parser)
    parser.add_argument("--out", metavar="FILE.md", type=Path, help="Markdown file to write")
    talk(parser)


def _study(parser: ArgumentParser, talk: Options) -> None:
    _two_runs(parser)
    parser.add_argument("--out", metavar="DIR", type=Path, required=True,
                        help="folder for the votes")  # fmt: skip
    parser.add_argument("--port", metavar="N", type=values.whole(0, LARGEST_PORT), default=PORT,
                        help=f"port of the page; 0 is any free one (default: {PORT})")  # fmt: skip
    parser.add_argument("--limit", metavar="N", type=values.whole(1, MOST_ITEMS),
                        help="most pairs, drawn by the seed (default: all)")  # fmt: skip
    parser.add_argument("--seed", metavar="N", type=values.whole(0, values.LARGEST_SEED),
                        help="draws pairs, their order and their sides (default: 0)")  # fmt: skip
    parser.add_argument("--report", action="store_true", help="report the votes so far instead")
    talk(parser)


def _two_runs(parser: ArgumentParser) -> None:
    for name in ("run_a", "run_b"):
        parser.add_argument(name, metavar=name.upper(), type=Path,
                            help="folder that vino evaluate wrote")  # fmt: skip
