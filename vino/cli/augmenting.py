"""Options of augment; imports nothing heavy."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vino.cli import values

MOST_VARIANTS = 1_000

Command = Callable[[str, str, str, str, str], ArgumentParser]


def add_commands(command: Command, model: Callable[..., None], talk: Callable[[Any], None]) -> None:
    """Add it. command: makes the parser; model, talk: add what is shared."""
    _augment(command("augment", "augment:augment", "instruction pairs of a folder's media", """
Make (instruction, before, after) examples of the pictures and clips of a folder, a manifest or
shards, for training on edits. OUT takes copies of the sources, what was made of them, and
manifest.jsonl, which vino data check and vino train read; its field "made" says what was done:
op, parameters, seed, source and its hash, and the model. Licence, source, people and consent are
carried over. Sources are never written to.

crop flip rotate hue blur grayscale resize    of pictures and clips, without a model
speed reverse                                 of clips
"edit:INSTRUCTION"                            by the model

Where something leads back (a mirrored picture mirrored again, colours given back to a gray one),
the inverse is a second example. The same seed makes the same; what is there is not made again.
The exit code is 1 when a file could not be used.
""", """
vino augment photos --ops flip blur grayscale -o pairs
vino augment clips --ops speed reverse --each 2 --seed 7 -o pairs
vino augment photos --ops "edit:replace the dog with a top hat" --model tiny -o pairs
vino data check pairs
"""), model, talk)  # fmt: skip


def _augment(
    parser: ArgumentParser, model: Callable[..., None], talk: Callable[[Any], None]
) -> None:
    parser.add_argument("path", metavar="FOLDER", type=Path,
                        help="folder, manifest, task file or shards")  # fmt: skip
    parser.add_argument("--ops", metavar="OP", nargs="+", action="extend", required=True,
                        help="what to do, see above")  # fmt: skip
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, required=True,
                        help="folder for the examples")  # fmt: skip
    parser.add_argument("--each", metavar="K", type=values.whole(1, MOST_VARIANTS), default=1,
                        help="variants of every op, drawn anew (default: 1)")  # fmt: skip
    parser.add_argument("--no-inverses", action="store_true", help="leave the ways back out")
    parser.add_argument("--require-licence", action="store_true",
                        help="leave out records that name no licence")  # fmt: skip
    parser.add_argument("--require-consent", action="store_true",
                        help="leave out records with people that state no consent")  # fmt: skip
    model(parser)
    talk(parser)
