"""The sprite library as the judge compares with it: every sprite on a coarse grid."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from vino.data.world.sprites import load_style
from vino.data.world.vocabulary import concept_names

GRID = 20  # cells along a sprite's side: coarse enough to pass over noise and softness


@dataclass(frozen=True, eq=False)
class Library:
    """Sprites of some styles, ready to be compared with a crop of the same grid.

    concepts, styles: of each of the N sprites
    colour: N G*G*3 float32 in 0..255, premultiplied by alpha
    alpha: N G*G float32 in 0..1
    """

    concepts: tuple[str, ...]
    styles: tuple[str, ...]
    colour: np.ndarray
    alpha: np.ndarray

    def __len__(self) -> int:
        return len(self.concepts)

    def take(self, which: np.ndarray) -> "Library":
        """Some of the sprites."""
        return Library(
            tuple(self.concepts[i] for i in which),
            tuple(self.styles[i] for i in which),
            self.colour[which],
            self.alpha[which],
        )


@lru_cache(maxsize=4)
def load_library(styles: tuple[str, ...]) -> Library:
    """Every core concept in these styles, held-out ones too."""
    concepts, owners, tiles = [], [], []
    for name in styles:
        style = load_style(name)
        for key in concept_names():
            if key in style.places:
                tile = style.levels[0][style.places[key]]
                tiles.append(cv2.resize(tile, (GRID, GRID), interpolation=cv2.INTER_AREA))
                concepts.append(key)
                owners.append(name)
    drawn = np.stack(tiles).astype(np.float32)
    flat = len(tiles), -1
    return Library(
        tuple(concepts),
        tuple(owners),
        np.ascontiguousarray(drawn[..., :3]).reshape(flat),
        np.ascontiguousarray(drawn[..., 3] / 255).reshape(flat),
    )
