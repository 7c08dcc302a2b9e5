"""Options of world; imports nothing heavy."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vino.cli import values

VOCABULARIES = ("first-light", "second-light", "whole", "full")
SPLITS = ("train", "held-out", "unseen")
MOST_SAMPLES, MOST_PIXELS = 100, 512

Command = Callable[[str, str, str, str, str], ArgumentParser]
Options = Callable[[Any], None]


def add_commands(command: Command, talk: Options) -> None:
    """Add it. command: makes its parser; talk: adds what every command has."""
    _world(command("world", "world:world", "samples of the emoji world", """
Draw samples of the emoji world, on which the embedded model is trained and evaluated, as a
contact sheet: every prompt above what is given with it and the exact answer, of clips a few
frames. A sample is a function of its task, the seed, its number, vocabulary and split.
""", """
vino world show --task t2i --seed 3
vino world show --task remove replace motion_clone --count 4 -o edits.png
vino world show --vocabulary second-light --split held-out -o everything.png
"""), talk)  # fmt: skip


def _world(parser: ArgumentParser, talk: Options) -> None:
    parser.add_argument("action", choices=("show",), help="what to do")
    parser.add_argument("--task", metavar="TASK", nargs="+", action="extend",
                        help="t2i, remove, i2v and so on (default: all there are)")  # fmt: skip
    parser.add_argument("--vocabulary", choices=VOCABULARIES, default="full",
                        help="which words and things (default: full)")  # fmt: skip
    parser.add_argument("--split", choices=SPLITS, default="train",
                        help="of training or kept from it (default: train)")  # fmt: skip
    parser.add_argument("--count", metavar="N", type=values.whole(1, MOST_SAMPLES), default=8,
                        help="samples of each task (default: 8)")  # fmt: skip
    parser.add_argument("--seed", metavar="N", type=values.whole(0, values.LARGEST_SEED),
                        help="other samples (default: 0)")  # fmt: skip
    parser.add_argument("--size", metavar="N", type=values.whole(16, MOST_PIXELS), default=96,
                        help="side of the pictures in pixels (default: 96)")  # fmt: skip
    parser.add_argument("--width", metavar="N", type=values.whole(100, 10_000), default=1600,
                        help="of the sheet in pixels (default: 1600)")  # fmt: skip
    parser.add_argument("-o", "--output", metavar="OUT.png", type=Path, default=Path("world.png"),
                        help="picture to write (default: world.png)")  # fmt: skip
    talk(parser)
