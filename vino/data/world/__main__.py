"""Draw a contact sheet of the emoji world: `python -m vino.data.world --tasks t2i remove`."""

import argparse
import sys
from pathlib import Path

import cv2

from vino.data.world.sheet import contact_sheet
from vino.data.world.tasks import TASKS, draw
from vino.data.world.vocabulary import FIRST_LIGHT, FULL, SECOND_LIGHT, WHOLE
from vino.errors import InputError

VOCABULARIES = {
    "first-light": FIRST_LIGHT,
    "second-light": SECOND_LIGHT,
    "whole": WHOLE,
    "full": FULL,
}


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and write the sheet."""
    parser = argparse.ArgumentParser(prog="python -m vino.data.world", description=__doc__)
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), metavar="TASK")
    parser.add_argument("--vocabulary", choices=VOCABULARIES, default="full")
    parser.add_argument("--split", choices=("train", "held-out", "unseen"), default="train")
    parser.add_argument("--count", type=int, default=8, help="samples of each task")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=96, help="side of the pictures in pixels")
    parser.add_argument("--width", type=int, default=1600, help="of the sheet in pixels")
    parser.add_argument("-o", "--out", type=Path, default=Path("world.png"))
    asked = parser.parse_args(arguments)
    vocabulary = VOCABULARIES[asked.vocabulary]
    try:
        samples = [
            draw(task, asked.seed, index, vocabulary, asked.split, asked.size)
            for task in asked.tasks
            for index in range(asked.count)
        ]
    except InputError as error:
        sys.exit(f"error: {error}")
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    sheet = contact_sheet(samples, asked.width)
    cv2.imwrite(str(asked.out), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    print(f"{len(samples)} samples: {asked.out}")


if __name__ == "__main__":
    main()
