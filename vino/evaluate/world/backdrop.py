"""The background of a picture: found by a robust fit of every kind there is."""

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from vino.data.world.backgrounds import pattern
from vino.data.world.vocabulary import BACKGROUNDS, COLOURS

ROUNDS = 6  # of reweighting
SOFT = 14.0  # RGB distance at which a pixel begins to count as something else
HARD = 45.0  # RGB distance beyond which it counts as nothing but something else
EDGE = 0.08  # of the side: where the background is trusted from the start
PLAIN_FIRST = 0.75  # a pattern has to leave less than this share of what plain leaves
SOFTNESS = (0.0, 0.9)  # pixels by which a pattern's edges may have been blurred
EDGED = ("stripes", "checkerboard", "polka dots", "grid", "sky and ground")
UNUSED = 12.0  # RGB distance under which a pattern's two colours are one


@dataclass(frozen=True, eq=False)
class Backdrop:
    """A background as found.

    kind, first, second: in the world's words; second is None on a plain one
    pixels: H W 3 float32, the background without anything before it
    """

    kind: str
    first: str
    second: str | None
    pixels: np.ndarray


def find_backdrop(picture: np.ndarray, noise: float = 0.0) -> Backdrop:
    """The background (picture: H W 3, 0..255) of the kind that leaves least unexplained.

    noise: its standard deviation
    """
    picture = picture.astype(np.float32)
    colours, plain, left = _fitted(picture, None, noise)
    best = "plain", colours, plain
    least = PLAIN_FIRST * left
    if left > SOFT:  # RMS; otherwise plain explains nearly every pixel
        for kind, amount in _patterns(*picture.shape[:2]):
            found, pixels, left = _fitted(picture, amount, noise)
            if left < least and np.linalg.norm(found[0] - found[1]) > UNUSED:
                best, least = (kind, found, pixels), left
    kind, colours, pixels = best
    second = None if kind == "plain" else colour_name(colours[1])
    return Backdrop(kind, colour_name(colours[0]), second, pixels)


def colour_name(colour: np.ndarray) -> str:
    """The world's name of an RGB colour: the nearest in CIE Lab."""
    table = np.array([*COLOURS.values(), colour], np.float32).clip(0, 255)[None] / 255
    lab = cv2.cvtColor(table, cv2.COLOR_RGB2LAB)[0]
    return list(COLOURS)[int(np.linalg.norm(lab[:-1] - lab[-1], axis=-1).argmin())]


@lru_cache(maxsize=8)
def _patterns(height: int, width: int) -> list[tuple[str, np.ndarray]]:
    """How much of the second colour every kind shows (H W), sharp and softened."""
    made = []
    for kind in BACKGROUNDS[1:]:
        amount = pattern(kind, height, width)[..., 0]
        for blur in SOFTNESS if kind in EDGED else SOFTNESS[:1]:
            made.append((kind, cv2.GaussianBlur(amount, (0, 0), blur) if blur else amount))
    return made


def _fitted(
    picture: np.ndarray, amount: np.ndarray | None, noise: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Two colours (2 3), the background they make, and the RMS it leaves (bounded per pixel).

    amount: of the second colour (H W); None on a plain background
    """
    height, width = picture.shape[:2]
    basis = np.ones((height * width, 1), np.float32)
    if amount is not None:
        basis = np.stack([1 - amount.reshape(-1), amount.reshape(-1)], -1)
    pixels = picture.reshape(-1, 3)
    soft, hard = (math.sqrt(limit**2 + 3 * noise**2) for limit in (SOFT, HARD))
    trust = _edge(height, width).reshape(-1)
    weight = trust + 1e-3
    for _ in range(ROUNDS):
        weighted = basis * weight[:, None]
        normal = weighted.T @ basis + 1e-3 * np.eye(basis.shape[1], dtype=np.float32)
        colours = np.linalg.solve(normal, weighted.T @ pixels)
        distance = np.linalg.norm(pixels - basis @ colours, axis=-1)
        weight = (0.3 + trust) / (1 + (distance / soft) ** 2) ** 2
    share = (0.3 + trust) / (0.3 + trust).sum()
    error = float(np.minimum(distance, hard) ** 2 @ share) - 3 * noise**2
    left = math.sqrt(max(error, 0.0))
    return colours, (basis @ colours).reshape(height, width, 3), left


def _edge(height: int, width: int) -> np.ndarray:
    """1 along the frame's edge, 0 elsewhere."""
    band = max(2, round(EDGE * min(height, width)))
    edge = np.ones((height, width), np.float32)
    edge[band:-band, band:-band] = 0
    return edge
