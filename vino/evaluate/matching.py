"""Comparing what stands before a background with every sprite, at every likely place and size.

A sprite with colour s (premultiplied) and alpha a before a background B makes the picture differ
from B by M = s - a B. Found is D. The share of D that M explains with the best contrast g is the
drop of the squared error, 2 g <D, M> - g^2 <M, M>; it is bounded from above by <D, D>, and neither
noise nor blur changes which sprite has most of it. All products are sums over the library's grid,
so that all sprites at all places are a few matrix products.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from vino.evaluate.library import GRID, Library

LEAST_CONTRAST, MOST_CONTRAST = 0.7, 1.15  # an autoencoder's softness, not another object
CLOSE = (0.9, 1.0, 1.1), (-0.07, 0.0, 0.07)  # scales, and shifts in sides, about what is seen
WIDE = (1.22, 1.45), (-0.2, 0.0, 0.2)  # the rest of the sprite may be as the background
REFINED = 24  # sprites that are compared again, at finer steps
FINE = (0.95, 1.0, 1.05), (-0.035, 0.0, 0.035)
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


def best_match(field: Field, library: Library, box: tuple[int, int, int, int]) -> Match:
    """The sprite that explains most about a box of visible pixels (left, top, right, bottom)."""
    left, top, right, bottom = box
    x, y, side = (left + right) / 2, (top + bottom) / 2, max(right - left, bottom - top)
    places = np.concatenate([_around(x, y, side, *CLOSE), _around(x, y, side, *WIDE)])
    gains = explained(field, library, places)
    leading = np.argsort(-gains.max(0))[:REFINED]
    best: Match | None = None
    start = places[gains[:, leading].argmax(0)]
    shortlist = library.take(leading)
    for index in np.argsort(-gains.max(0)[leading])[: REFINED // 3]:
        about_x, about_y, about_side = map(float, start[index])
        near = _around(about_x, about_y, about_side, *FINE)
        finer = explained(field, shortlist, near)
        place, sprite = np.unravel_index(finer.argmax(), finer.shape)
        if best is None or finer[place, sprite] > best.gain:
            found_x, found_y, found_side = map(float, near[place])
            gain = float(finer[place, sprite])
            best = Match(int(leading[sprite]), found_x, found_y, found_side, gain)
    assert best is not None
    return best


def explained(field: Field, library: Library, places: np.ndarray) -> np.ndarray:
    """How much squared error each sprite takes away at each place (K N).

    places: K 3, centre x, centre y and side in pixels
    """
    difference = np.stack([_crop(field.difference, *p) for p in places])  # K G*G 3
    behind = np.stack([_crop(field.background, *p) for p in places])
    count = len(places)
    flat = lambda cells: cells.reshape(count, -1)  # noqa: E731
    colour, alpha = library.colour, library.alpha
    product = flat(difference) @ colour.T - (difference * behind).sum(-1) @ alpha.T
    energy = (
        (colour**2).sum(-1)
        - 2 * flat(behind) @ (colour * np.repeat(alpha, 3, axis=-1)).T
        + (behind**2).sum(-1) @ (alpha**2).T
    )
    contrast = np.clip(product / np.maximum(energy, 1e-6), LEAST_CONTRAST, MOST_CONTRAST)
    cell = (places[:, 2:] / GRID) ** 2  # pixels
    gains: np.ndarray = (2 * contrast * product - contrast**2 * energy) * cell
    return gains


def _around(
    x: float, y: float, side: float, scales: tuple[float, ...], shifts: tuple[float, ...]
) -> np.ndarray:
    """Places about a place (K 3)."""
    sides = [max(SMALLEST, side * scale) for scale in scales]
    return np.array(
        [(x + dx * s, y + dy * s, s) for s in sides for dx in shifts for dy in shifts], np.float32
    )


def _crop(image: np.ndarray, x: float, y: float, side: float) -> np.ndarray:
    """A square of the image on the grid (G*G 3); beyond the frame there is nothing."""
    fine = 2 * GRID
    step = side / fine
    place = np.array(
        [[step, 0, x - side / 2 + step / 2 - 0.5], [0, step, y - side / 2 + step / 2 - 0.5]]
    )
    seen = cv2.warpAffine(
        image, place, (fine, fine), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )  # fmt: skip
    return cv2.resize(seen, (GRID, GRID), interpolation=cv2.INTER_AREA).reshape(-1, 3)
