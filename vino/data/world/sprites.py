"""The sprites: every concept of a style as a small picture with premultiplied alpha."""

import json
from dataclasses import dataclass
from functools import cache, lru_cache

import cv2
import numpy as np
from einops import rearrange

from vino.data.world.vocabulary import ASSETS, COLOURS
from vino.errors import InputError

SMALLEST_LEVEL = 12  # pixels of the coarsest copy kept of a sprite
PAINTABLE = (0.1, 0.9)  # brightness of a sprite, between which a tint's colour can stand for it


@dataclass(frozen=True, eq=False)
class Style:
    """One artist's set.

    levels: sprites at halving sizes, finest first, each N S S 4 uint8, RGBA, premultiplied
    places: concept key -> index among the N
    """

    name: str
    levels: tuple[np.ndarray, ...]
    places: dict[str, int]

    def sprite(self, key: str, pixels: float) -> np.ndarray:
        """The coarsest copy that still has as many pixels as are to be drawn (S S 4 uint8)."""
        return self.levels[self.level_for(pixels)][self.places[key]]

    def level_for(self, pixels: float) -> int:
        """The coarsest level with at least so many pixels, or the finest."""
        fine = [level.shape[1] >= pixels for level in self.levels]
        return max(sum(fine) - 1, 0)


@cache
def load_style(name: str) -> Style:
    """Read a style's atlas, once per process."""
    path = ASSETS / f"{name}.webp"
    if not path.exists():
        known = sorted(file.stem for file in ASSETS.glob("*.webp"))
        raise InputError(f"no sprites for style {name!r}: the styles here are {', '.join(known)}")
    index = json.loads(path.with_suffix(".json").read_text())
    stored = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    assert stored is not None, f"{path} is not a picture"
    atlas = cv2.cvtColor(stored, cv2.COLOR_BGRA2RGBA)
    tile = index["tile"]
    sprites = rearrange(atlas, "(r h) (c w) rgba -> (r c) h w rgba", h=tile, w=tile)
    sprites = np.minimum(sprites, sprites[..., 3:])  # lossy colours may not exceed their alpha
    codes = index["codes"]
    return Style(
        name=name,
        levels=tuple(_halvings(np.ascontiguousarray(sprites[: len(codes)]))),
        places={code: place for place, code in enumerate(codes)},
    )


@lru_cache(maxsize=4096)
def tinted_sprite(style: str, key: str, level: int, tint: str) -> np.ndarray:
    """A sprite repainted in one colour (S S 4 uint8, premultiplied)."""
    sheet = load_style(style)
    return tinted(sheet.levels[level][sheet.places[key]], tint)


def tinted(sprites: np.ndarray, tint: str) -> np.ndarray:
    """Sprites (... S S 4 uint8) repainted in one colour, their light and shade kept.

    What is as bright as the sprite on the whole gets the very colour; darker parts fade to black,
    lighter ones to white.
    """
    sprite = sprites.astype(np.float32)
    alpha = sprite[..., 3:] / 255
    light = sprite[..., :3].mean(-1, keepdims=True) / 255
    colour = np.array(COLOURS[tint], np.float32)
    ink = np.maximum(alpha.sum((-3, -2), keepdims=True), 1)
    usual = np.clip(light.sum((-3, -2), keepdims=True) / ink, *PAINTABLE)
    middle = usual * alpha
    dark = light / usual * colour
    pale = colour * alpha + (light - middle) / (1 - usual) * (255 - colour)
    painted = np.clip(np.where(light < middle, dark, pale), 0, sprite[..., 3:])
    return np.concatenate([painted, sprite[..., 3:]], -1).astype(np.uint8)


def _halvings(sprites: np.ndarray) -> list[np.ndarray]:
    """The sprites, and box-filtered copies at half, a quarter, ... of their size."""
    levels = [sprites]
    while levels[-1].shape[1] // 2 >= SMALLEST_LEVEL:
        quads = rearrange(
            levels[-1].astype(np.uint16), "n (h a) (w b) c -> n h w c (a b)", a=2, b=2
        )
        levels.append(((quads.sum(-1) + 2) // 4).astype(np.uint8))
    return levels
