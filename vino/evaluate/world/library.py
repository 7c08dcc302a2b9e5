"""The sprite library as the judge compares with it: every sprite on a coarse grid."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from einops import reduce

from vino.data.world.sprites import load_style, tinted

GRID = 20  # cells along a sprite's side: coarse enough to pass over noise and softness
POOLED = 4  # cells of the grid along a side of one cell of the outline


@dataclass(frozen=True, eq=False)
class Cells:
    """Some sprites as cells of a grid.

    colour: N G*G*3 float32 in 0..255, premultiplied by alpha
    alpha: N G*G float32 in 0..1
    """

    colour: np.ndarray
    alpha: np.ndarray

    @classmethod
    def of(cls, tiles: np.ndarray) -> "Cells":
        """From sprites N G G 4, RGBA in 0..255."""
        flat = len(tiles), -1
        tiles = tiles.astype(np.float32)
        return cls(tiles[..., :3].reshape(flat), tiles[..., 3].reshape(flat) / 255)

    @cached_property
    def energy(self) -> np.ndarray:
        """Of the colours (N)."""
        return np.square(self.colour).sum(-1)

    @cached_property
    def veiled(self) -> np.ndarray:
        """Colours times alpha (N G*G*3)."""
        return self.colour * np.repeat(self.alpha, 3, axis=-1)

    @cached_property
    def cover(self) -> np.ndarray:
        """Squared alpha (N G*G)."""
        return np.square(self.alpha)


@dataclass(frozen=True, eq=False)
class Library:
    """Sprites of some styles and tints, ready to be compared with a crop of the same grid.

    concepts, styles, tints: of each of the N sprites
    tiles: N GRID GRID 4 uint8
    outline: all of them as fewer, larger cells, to choose by which are worth comparing
    """

    concepts: tuple[str, ...]
    styles: tuple[str, ...]
    tints: tuple[str | None, ...]
    tiles: np.ndarray
    outline: Cells

    def find(self, concept: str, style: str, tint: str | None) -> np.ndarray | None:
        """One sprite (GRID GRID 4), if there is such a one."""
        place = self._places.get((concept, style, tint))
        return None if place is None else self.tiles[place]

    @cached_property
    def _places(self) -> dict[tuple[str, str, str | None], int]:
        names = zip(self.concepts, self.styles, self.tints, strict=True)
        return {name: place for place, name in enumerate(names)}

    def take(self, which: np.ndarray) -> Cells:
        """Some of the sprites."""
        return Cells.of(self.tiles[which])


@lru_cache(maxsize=4)
def load_library(
    styles: tuple[str, ...], tints: tuple[str, ...], concepts: tuple[str, ...]
) -> Library:
    """These concepts in these styles, as they are and in these tints."""
    names: list[str] = []
    owners: list[str] = []
    colours: list[str | None] = []
    tiles = []
    for name in styles:
        style = load_style(name)
        keys = [key for key in concepts if key in style.places]
        level = style.levels[style.level_for(2 * GRID)][[style.places[key] for key in keys]]
        for tint in (None, *tints):
            drawn = level if tint is None else tinted(level, tint)
            tiles += [cv2.resize(t, (GRID, GRID), interpolation=cv2.INTER_AREA) for t in drawn]
            names += keys
            owners += [name] * len(keys)
            colours += [tint] * len(keys)
    made = np.stack(tiles)
    coarse = reduce(
        made.astype(np.float32), "n (h a) (w b) c -> n h w c", "mean", a=POOLED, b=POOLED
    )
    return Library(tuple(names), tuple(owners), tuple(colours), made, Cells.of(coarse))
