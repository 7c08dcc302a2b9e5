"""Comparing what stands before a background with every sprite, at every likely place and size.

A sprite with colour s (premultiplied) and alpha a before a background B makes the picture differ
from B by M = s - a B. Found is D. The share of D that M explains with the best contrast g is the
drop of the squared error, 2 g <D, M> - g^2 <M, M>; it is bounded from above by <D, D>, and neither
noise nor blur changes which sprite has most of it. All products are sums over the library's grid,
so that all sprites at all places are a few matrix products; which sprites are worth them, the same
sums over larger cells say.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from einops import reduce

from vino.data.world.motion import Pose, View
from vino.data.world.render import paint
from vino.data.world.scene import SceneObject
from vino.evaluate.world.library import GRID, POOLED, Cells, Library

LEAST_CONTRAST, MOST_CONTRAST = 0.7, 1.15  # an autoencoder's softness, not another object
CLOSE = (0.9, 1.0, 1.1), (-0.07, 0.0, 0.07)  # scales, and shifts in sides, about what is seen
WIDE = (1.22, 1.45), (-0.2, 0.0, 0.2)  # the rest of the sprite may be as the background
PROMISING = 200  # sprites that are compared in full
REFINED = 24  # sprites that are compared again, at finer steps
FINE = (0.95, 1.0, 1.05), (-0.035, 0.0, 0.035)
DRAWN = 6  # sprites that are drawn, to see which of them it is
SMALLEST = 4.0  # pixels


@dataclass(frozen=True, eq=False)
class Field:
    """A picture as its difference from its background.

    difference, background: H W 3 float32
    """

    difference: np.ndarray
    background: np.ndarray


@dataclass(frozen=True)
class Match:
    """A sprite found: which of the library's, where (pixels), and how much it explains.

    gain: drop of the summed squared error of the picture
    """

    sprite: int
    x: float
    y: float
    side: float
    gain: float

    def drawn(self, field: Field, library: Library) -> "Match":
        """The same with the gain of the sprite as the world draws it, pixel by pixel.

        Fine lines are fainter in a small drawing than on the library's grid.
        """
        height, width = field.difference.shape[:2]
        picture = field.background.copy()
        paint(picture, self.thing(library, height, width), Pose(), View())
        made = picture - field.background
        product, energy = float((field.difference * made).sum()), float(np.square(made).sum())
        contrast = np.clip(product / max(energy, 1e-6), LEAST_CONTRAST, MOST_CONTRAST)
        return replace(self, gain=float(2 * contrast * product - contrast**2 * energy))

    def thing(self, library: Library, height: int, width: int) -> SceneObject:
        """As an object of a scene of this height and width."""
        return SceneObject(
            library.concepts[self.sprite],
            library.styles[self.sprite],
            self.x / width,
            self.y / height,
            self.side / min(height, width),
            tint=library.tints[self.sprite],
        )


@dataclass(frozen=True, eq=False)
class Crops:
    """Squares of a field on the library's grid.

    difference, behind: K G G 3; places: K 3, centre x, centre y and side in pixels
    """

    difference: np.ndarray
    behind: np.ndarray
    places: np.ndarray

    @classmethod
    def of(cls, field: Field, places: np.ndarray) -> "Crops":
        difference = np.stack([_crop(field.difference, *p) for p in places])
        return cls(difference, np.stack([_crop(field.background, *p) for p in places]), places)

    def pooled(self) -> "Crops":
        """With fewer, larger cells."""
        shape = "k (h a) (w b) c -> k h w c"
        coarse = [
            reduce(cells, shape, "mean", a=POOLED, b=POOLED)
            for cells in (self.difference, self.behind)
        ]
        return Crops(coarse[0], coarse[1], self.places)

    def explained(self, sprites: Cells) -> np.ndarray:
        """How much squared error each sprite takes away at each place (K N)."""
        count, grid = self.difference.shape[:2]
        flat = lambda cells: cells.reshape(count, -1)  # noqa: E731
        across = flat((self.difference * self.behind).sum(-1))
        product = flat(self.difference) @ sprites.colour.T - across @ sprites.alpha.T
        energy = (
            sprites.energy
            - 2 * flat(self.behind) @ sprites.veiled.T
            + flat(np.square(self.behind).sum(-1)) @ sprites.cover.T
        )
        contrast = np.clip(product / np.maximum(energy, 1e-6), LEAST_CONTRAST, MOST_CONTRAST)
        cell = (self.places[:, 2:] / grid) ** 2  # pixels
        gains: np.ndarray = (2 * contrast * product - contrast**2 * energy) * cell
        return gains


def best_match(field: Field, library: Library, box: tuple[int, int, int, int]) -> Match:
    """The sprite that explains most about a box of visible pixels (left, top, right, bottom)."""
    left, top, right, bottom = box
    x, y, side = (left + right) / 2, (top + bottom) / 2, max(right - left, bottom - top)
    places = np.concatenate([_around(x, y, side, *CLOSE), _around(x, y, side, *WIDE)])
    crops = Crops.of(field, places)
    promising = np.argsort(-crops.pooled().explained(library.outline).max(0))[:PROMISING]
    gains = crops.explained(library.take(promising))
    order = np.argsort(-gains.max(0))[:REFINED]
    start = places[gains[:, order].argmax(0)]
    leading = promising[order]
    shortlist = library.take(leading)
    found: dict[int, Match] = {}
    for about_x, about_y, about_side in start[: REFINED // 3].tolist():
        near = _around(about_x, about_y, about_side, *FINE)
        finer = Crops.of(field, near).explained(shortlist)
        for sprite, place in enumerate(finer.argmax(0)):
            gain, which = float(finer[place, sprite]), int(leading[sprite])
            if which not in found or gain > found[which].gain:
                found_x, found_y, found_side = map(float, near[place])
                found[which] = Match(which, found_x, found_y, found_side, gain)
    finalists = sorted(found.values(), key=lambda match: -match.gain)[:DRAWN]
    return max((match.drawn(field, library) for match in finalists), key=lambda match: match.gain)


def _around(
    x: float, y: float, side: float, scales: tuple[float, ...], shifts: tuple[float, ...]
) -> np.ndarray:
    """Places about a place (K 3)."""
    sides = [max(SMALLEST, side * scale) for scale in scales]
    return np.array(
        [(x + dx * s, y + dy * s, s) for s in sides for dx in shifts for dy in shifts], np.float32
    )


def _crop(image: np.ndarray, x: float, y: float, side: float) -> np.ndarray:
    """A square of the image on the grid (G G 3); beyond the frame there is nothing."""
    fine = 2 * GRID
    step = side / fine
    place = np.array(
        [[step, 0, x - side / 2 + step / 2 - 0.5], [0, step, y - side / 2 + step / 2 - 0.5]]
    )
    seen = cv2.warpAffine(
        image, place, (fine, fine), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )  # fmt: skip
    return cv2.resize(seen, (GRID, GRID), interpolation=cv2.INTER_AREA)
