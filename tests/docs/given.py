"""What the pages take for granted: a reader's own pictures, clips and files, and the recipes."""

import json
from pathlib import Path

import numpy as np

from tests.docs.blocks import ROOT, blocks
from vino.media import Frames

RED, GREEN, BLUE = (200, 40, 30), (60, 170, 90), (60, 90, 200)


def square(colour: tuple[int, int, int], left: int = 16, side: int = 64) -> np.ndarray:
    """A coloured square on white."""
    pixels = np.full((1, side, side, 3), 255, np.uint8)
    pixels[:, 16:48, left : left + 32] = colour
    return pixels


def sliding(colour: tuple[int, int, int]) -> Frames:
    """It moves to the right in 17 frames."""
    return Frames(np.concatenate([square(colour, left=2 * i) for i in range(17)]), 12.0)


def give(folder: Path) -> None:
    """Put everything into the folder of a page."""
    for name in ("recipes", "benchmarks", "docs"):
        (folder / name).symlink_to(ROOT / name)
    Frames(square(RED)).save(folder / "hat.png")
    Frames(square(GREEN)).save(folder / "man.png")
    Frames(square(BLUE)).save(folder / "ann.jpg")
    sliding(BLUE).save(folder / "walk.mp4")
    (folder / "policy.toml").write_text(_policy())
    for name, colour in (("dog", RED), ("house", BLUE)):
        Frames(square(colour)).save(folder / "photos" / f"{name}.jpg")
        (folder / "photos" / f"{name}.txt").write_text(f"a {name} on a plain white background")
    (folder / "photos" / "LICENCE.txt").write_text("CC0-1.0\n")
    sliding(GREEN).save(folder / "clips" / "slide.mp4")
    Frames(square(RED)).save(folder / "data" / "hat.png")
    asked = [
        {"index": "0", "task": "t2i", "caption": "a red apple on a plain green background"},
        {
            "index": "1", "task": "ti2i", "caption": "make the background blue",
            "ref_image_paths": ["hat.png"], "ref_image_have_base": True,
        },
    ]  # fmt: skip
    (folder / "tasks.json").write_text(json.dumps(asked))


def _policy() -> str:
    """The one that the page on governance shows."""
    page = ROOT / "docs" / "governance.md"
    return next(block.code for block in blocks(page) if block.language == "toml")
