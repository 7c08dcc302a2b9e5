r"""Draw the sheets of uncurated samples that the README shows: held-out scenes, fixed seeds.

    python recipes/tiny_samples.py --out docs/images

Every scene is of the held-out split, drawn in order from seed 0; nothing is left out or redrawn.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

import vino
from vino.data.sources.world import prompt_of
from vino.data.world.samples import Sample
from vino.data.world.tasks import draw
from vino.data.world.vocabulary import SECOND_LIGHT
from vino.generate import Model
from vino.media import Frames

SCALE = 2  # pixels of the sheet for one of the model
TEXT = 26  # pixels under a picture
EDITS = ("remove", "replace", "background", "recolour", "add", "look", "subject", "edit_ref")
CLIPS = ("t2v", "i2v", "subject_clip", "clip_remove", "clip_background", "motion_clone")


@dataclass(frozen=True, kw_only=True)
class Sheets:
    """Which model, and where the sheets go."""

    model: str = "tiny"
    out: Path = Path("docs/images")
    seed: int = 0


def held_out(task: str, count: int) -> list[Sample]:
    """The first scenes of the held-out split."""
    return [draw(task, 0, i, SECOND_LIGHT, split="held-out") for i in range(count)]


def answer(model: Model, samples: list[Sample], seed: int) -> list[Frames]:
    """The model's answers, all in one packed run."""
    requests = []
    for i, sample in enumerate(samples):
        prompt, frames = prompt_of(sample), len(sample.target)
        sampling = model.sampling(prompt, frames, {})
        requests.append(vino.Request(prompt, sampling, frames=frames, seed=seed + i))
    return model.run(requests)


def enlarged(pixels: np.ndarray) -> Picture.Image:
    height, width = pixels.shape[:2]
    picture = Picture.fromarray(pixels)
    return picture.resize((width * SCALE, height * SCALE), Picture.Resampling.BICUBIC)


def cell(pictures: list[np.ndarray], words: str) -> Picture.Image:
    """Pictures side by side with words under them."""
    parts = [enlarged(p) for p in pictures]
    width, height = sum(p.width + 2 for p in parts), max(p.height for p in parts)
    made = Picture.new("RGB", (width, height + TEXT), "white")
    left = 0
    for part in parts:
        made.paste(part, (left, 0))
        left += part.width + 2
    draw_words(made, words, height)
    return made


def draw_words(sheet: Picture.Image, words: str, top: int) -> None:
    """Words wrapped into the space under a picture, small."""
    font = ImageFont.load_default(8.5)
    pen, line, lines = ImageDraw.Draw(sheet), "", []
    for word in words.split():
        longer = f"{line} {word}".strip()
        if pen.textlength(longer, font) > sheet.width - 4:
            lines.append(line)
            longer = word
        line = longer
    for i, text in enumerate([*lines, line][:2]):
        pen.text((2, top + 2 + 11 * i), text, "black", font)


def grid(cells: list[Picture.Image], columns: int) -> Picture.Image:
    """Cells in rows."""
    width, height = max(c.width for c in cells), max(c.height for c in cells)
    rows = -(-len(cells) // columns)
    sheet = Picture.new("RGB", (columns * (width + 6), rows * (height + 4)), "white")
    for i, made in enumerate(cells):
        sheet.paste(made, (i % columns * (width + 6) + 3, i // columns * (height + 4) + 2))
    return sheet


def main(sheets: Sheets) -> None:
    warnings.simplefilter("ignore")
    model = vino.load(sheets.model)
    sheets.out.mkdir(parents=True, exist_ok=True)
    samples = held_out("t2i", 64)
    made = answer(model, samples, sheets.seed)
    cells = [cell([f.pixels[0]], s.prompt) for f, s in zip(made, samples, strict=True)]
    grid(cells, 8).save(sheets.out / "samples.webp", quality=88)

    cells = []
    for task in EDITS:
        samples = held_out(task, 4)
        for sample, frames in zip(samples, answer(model, samples, sheets.seed), strict=True):
            media = [s[0] for s in sample.segments if not isinstance(s, str)]
            cells.append(cell([*media, frames.pixels[0]], sample.prompt))
    grid(cells, 4).save(sheets.out / "edits.webp", quality=88)

    cells = []
    for task in CLIPS:
        samples = held_out(task, 2)
        for sample, clip in zip(samples, answer(model, samples, sheets.seed), strict=True):
            media = [s[0] for s in sample.segments if not isinstance(s, str)]
            cells.append(cell([*media, *clip.pixels[::4]], sample.prompt))
    grid(cells, 2).save(sheets.out / "clips.webp", quality=88)


if __name__ == "__main__":
    main(tyro.cli(Sheets, description=__doc__))
