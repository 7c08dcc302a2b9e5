"""A tour of the embedded model: make, edit, animate, and reuse an object from a picture.

    python recipes/demo.py [--out out] [--seed 0]

Writes every result and a contact sheet, `demo.png`, into the folder. `make demo` runs this.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

from PIL import Image, ImageDraw, ImageFont

import vino

TILE, GAP, TEXT_LINES = 176, 16, 5  # pixels, pixels, lines of text under a tile
FONT = ImageFont.load_default(size=13)
LINE, LETTERS = 17, 25  # pixels of a line, letters that fit


@dataclass(frozen=True)
class Step:
    """One thing the demo made, and the words that made it."""

    title: str
    words: str
    path: Path
    frames: vino.Frames


class Tour:
    """Carries out the steps and says what was done and how long it took."""

    def __init__(self, out: Path):
        self.out = out
        self.steps: list[Step] = []
        self.seconds = 0.0

    def make(self, title: str, words: str, name: str, how: Callable[[], vino.Frames]) -> Path:
        """One step; returns the file it wrote."""
        started = time.monotonic()
        frames = how()
        seconds = time.monotonic() - started
        self.seconds += seconds
        path = frames.save(self.out / name)
        self.steps.append(Step(title, words, path, frames))
        print(f'{title:<28} {seconds:5.1f} s  {path}\n{"":<28}          "{words}"', flush=True)
        return path


def tour(model: vino.Model, out: Path, seed: int) -> Tour:
    """Every step of the demo."""
    made = Tour(out)

    words = "a red apple and a dog on a plain green background"
    picture = made.make(
        "A picture from text", words, "1-picture.png",
        lambda: model.generate(words, seed=seed),
    )  # fmt: skip

    change = "replace the dog with a top hat"
    made.make(
        "The picture, edited", change, "2-edited.png",
        lambda: model.edit(picture, change, seed=seed),
    )  # fmt: skip

    motion = "the red apple slides to the right"
    made.make(
        "The picture, animated", motion, "3-animated.mp4",
        lambda: model.animate(picture, motion, frames=17, seed=seed),
    )  # fmt: skip

    alone = "a top hat on a plain white background"
    hat = made.make(
        "An object, for reference", alone, "4-object.png",
        lambda: model.generate(alone, seed=seed),
    )  # fmt: skip

    # The object comes from the picture file: the words do not say what it is.
    scene = vino.Prompt("the object in ", vino.Image(hat), " on a plain blue background")
    made.make(
        "The object in a new scene", scene.text, "5-new-scene.png",
        lambda: model.generate(scene, seed=seed),
    )  # fmt: skip

    moving = vino.Prompt("the object in ", vino.Image(hat), " slides to the left")
    made.make(
        "The object in a clip", moving.text, "6-new-clip.mp4",
        lambda: model.generate(moving, frames=17, seed=seed),
    )  # fmt: skip
    return made


def shown(frames: vino.Frames) -> list[Image.Image]:
    """A picture, or the first, middle and last frame of a clip."""
    last = frames.size.frames - 1
    return [frames.picture(i) for i in sorted({0, last // 2, last})]


def contact_sheet(steps: Sequence[Step]) -> Image.Image:
    """All results with their words; clips as three frames."""
    rows: list[list[Step]] = [[], []]
    for step in steps:
        rows[step.frames.is_clip].append(step)
    rows = [row for row in rows if row]
    below = LINE * TEXT_LINES
    columns = max(sum(len(shown(step.frames)) for step in row) for row in rows)
    size = (GAP + columns * (TILE + GAP), GAP + len(rows) * (TILE + below + GAP))
    sheet = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(sheet)
    for y, row in enumerate(rows):
        x, top = GAP, GAP + y * (TILE + below + GAP)
        for step in row:
            tiles = shown(step.frames)
            for i, tile in enumerate(tiles):
                scaled = tile.resize((TILE, TILE), Image.Resampling.LANCZOS)
                sheet.paste(scaled, (x + i * (TILE + GAP), top))
            letters = LETTERS * len(tiles)
            lines = [step.title, *wrap(f"“{step.words}”", letters)][:TEXT_LINES]
            for i, line in enumerate(lines):
                pen.text((x, top + TILE + 4 + i * LINE), line, "gray" if i else "black", FONT)
            x += len(tiles) * (TILE + GAP)
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description="A tour of the embedded model.")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the results")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    started = time.monotonic()
    model = vino.load("tiny")
    print(f"The embedded model was loaded in {time.monotonic() - started:.1f} s.\n")
    made = tour(model, args.out, args.seed)
    sheet = args.out / "demo.png"
    contact_sheet(made.steps).save(sheet)
    print(f"\n{len(made.steps)} results, {made.seconds:.0f} s of generation; on one page: {sheet}")


if __name__ == "__main__":
    main()
