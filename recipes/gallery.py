r"""Draw the gallery of the documentation: what a model makes of fixed words with fixed seeds.

    make gallery        or: python recipes/gallery.py [--model tiny] [--out docs]

Writes docs/gallery.md and small sheets beside it. Nothing is chosen or drawn again: every picture
is the first answer to its words. Run it again when the weights change.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

from PIL import Image, ImageDraw, ImageFont

import vino
from vino.generate import Model
from vino.media import Frames

SIDE, GAP, LINE, LINES = 128, 10, 13, 3  # pixels, pixels, pixels, lines of words
FONT = ImageFont.load_default(size=11)
LETTERS = 21  # of a line under one picture
QUALITY = 82
SHOWN = (0, 4, 8, 12, 16)  # frames of a clip

THINGS = (
    "a red apple on a plain green background",
    "a dog on a plain blue background",
    "a guitar on a plain pink background",
    "a top hat on a plain white background",
    "a car on a plain yellow background",
    "a banana on a plain navy background",
)
SCENES = (
    "a red apple and a dog on a plain green background",
    "a dog to the left of a red apple on a plain white background",
    "a car above a guitar on a plain gray background",
    "a banana and a top hat on a plain pink background",
    "a top hat below a dog on a plain yellow background",
    "a guitar and a car on a plain blue background",
)
SOURCE = "a red apple and a dog on a plain green background"
EDITS = (
    "remove the dog",
    "remove the red apple",
    "change the background to blue",
    "replace the dog with a top hat",
    "replace the red apple with a car",
)
REFERENCED = ("a top hat", "a car", "a guitar")
MOTIONS = ("the red apple slides to the right", "the dog moves up")
BEYOND = ("a cathedral at dusk", "three dogs in a row", "a hand that writes a letter")


@dataclass(frozen=True)
class Tile:
    """Pictures side by side, and the words that asked for them."""

    pictures: Sequence[Image.Image]
    words: str


def tile(frames: Frames, words: str, *given: Frames) -> Tile:
    """An answer behind what was given; of a clip some frames."""
    last = frames.size.frames - 1
    shown = [frames.picture(i) for i in SHOWN if i <= last] if last else [frames.picture()]
    return Tile([*(g.picture() for g in given), *shown], words)


def sheet(tiles: Sequence[Tile], columns: int) -> Image.Image:
    """Tiles in rows, on white."""
    wide = max(len(t.pictures) for t in tiles)
    width = columns * (wide * (SIDE + 2) + GAP) + GAP
    row = SIDE + LINES * LINE + GAP + 4
    made = Image.new("RGB", (width, -(-len(tiles) // columns) * row + GAP), "white")
    pen = ImageDraw.Draw(made)
    for n, one in enumerate(tiles):
        top = GAP + n // columns * row
        left = GAP + n % columns * (wide * (SIDE + 2) + GAP)
        for i, picture in enumerate(one.pictures):
            scaled = picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
            made.paste(scaled, (left + i * (SIDE + 2), top))
        for i, line in enumerate(wrap(one.words, LETTERS * wide)[:LINES]):
            pen.text((left, top + SIDE + 3 + i * LINE), line, "black", FONT)
    return made


def sections(model: Model, seed: int) -> list[tuple[str, str, str, Image.Image]]:
    """(file, heading, what is said of it, sheet), in order."""
    source = model.generate(SOURCE, seed=seed)

    def drawn(words: Sequence[str]) -> list[Tile]:
        return [tile(model.generate(w, seed=seed + i), w) for i, w in enumerate(words)]

    edits = [tile(model.edit(source, w, seed=seed + i), w, source) for i, w in enumerate(EDITS)]
    reused = []
    for i, thing in enumerate(REFERENCED):
        picture = model.generate(f"{thing} on a plain white background", seed=seed + i)
        prompt = vino.Prompt("the object in ", vino.Image(picture), " on a plain blue background")
        reused.append(tile(model.generate(prompt, seed=seed + i), prompt.text, picture))
    clips = [
        tile(model.animate(source, w, frames=17, seed=seed + i), w) for i, w in enumerate(MOTIONS)
    ]
    return [
        ("things", "One object", "Words, and the first answer to them.", sheet(drawn(THINGS), 6)),
        ("scenes", "Two objects", "Placed as told, or left to the model.",
         sheet(drawn(SCENES), 6)),
        ("edits", "Edits", "Left the source, right the answer.", sheet(edits, 3)),
        ("references", "Objects from pictures",
         "Left the picture that was given; the words do not say what is on it.",
         sheet(reused, 3)),
        ("clips", "Clips", "Every fourth of 17 frames; the first is the picture that was given.",
         sheet(clips, 1)),
        ("beyond", "What it does not know",
         "Words from outside its world: this is where the embedded model ends.",
         sheet(drawn(BEYOND), 3)),
    ]  # fmt: skip


def page(model: Model, seed: int, made: Sequence[tuple[str, str, str, Image.Image]]) -> str:
    """docs/gallery.md."""
    digest = str(model.identity["hash"])[:16]
    lines = [
        "# Gallery",
        "",
        f"What `{model.identity['name']}` (hash `{digest}`) makes of fixed words, with seeds from "
        f"{seed} on. Nothing was chosen or drawn again. `make gallery` writes this page anew, and "
        "has to be run when the weights change.",
    ]
    for name, heading, about, _ in made:
        picture = f"![{heading}](images/gallery-{name}.webp)"
        lines += ["", f"## {heading}", "", about, "", picture]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the gallery of the documentation.")
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder of the pages")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    model = vino.load(args.model)
    made = sections(model, args.seed)
    images = args.out / "images"
    images.mkdir(parents=True, exist_ok=True)
    for name, _, _, drawn in made:
        path = images / f"gallery-{name}.webp"
        drawn.save(path, quality=QUALITY, method=6)
        print(f"{path} {path.stat().st_size / 1024:.0f} KiB")
    (args.out / "gallery.md").write_text(page(model, args.seed, made), encoding="utf-8")


if __name__ == "__main__":
    main()
