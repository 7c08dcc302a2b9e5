"""Backdrops: two colours mixed by a pattern."""

from functools import lru_cache

import cv2
import numpy as np

from vino.data.world.scene import Background
from vino.data.world.vocabulary import BACKGROUNDS, COLOURS
from vino.errors import InputError

SUPERSAMPLING = 4  # patterns are drawn this much finer and averaged
CELLS = 8  # stripes, squares or dots across a frame

KINDS = BACKGROUNDS


@lru_cache(maxsize=128)
def pattern(kind: str, height: int, width: int, span: int = 1) -> np.ndarray:
    """How much of the second colour shows (H W 1 float32 in 0..1).

    span: how many frames wide and high the canvas is, its middle being the frame itself; a
    canvas larger than the frame is what a camera moves over.
    """
    fine_height, fine_width = height * span * SUPERSAMPLING, width * span * SUPERSAMPLING
    y = _places(height, span)[:, None]
    x = _places(width, span)[None, :]
    amount = np.broadcast_to(_amount(kind, x, y), (fine_height, fine_width)).astype(np.float32)
    size = (width * span, height * span)
    return cv2.resize(amount, size, interpolation=cv2.INTER_AREA)[..., None]


def _places(pixels: int, span: int) -> np.ndarray:
    """Where the fine samples of a canvas lie; those within the frame are the same for any span."""
    fine = pixels * SUPERSAMPLING
    before = fine * (span - 1) // 2
    return (np.arange(fine * span) - before + 0.5) / fine


def _amount(kind: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The pattern as a function of the place; the frame is the unit square."""
    match kind:
        case "plain":
            return 0 * x
        case "vertical gradient":
            return np.clip(y, 0, 1)
        case "horizontal gradient":
            return np.clip(x, 0, 1)
        case "radial gradient":
            return np.clip(np.hypot(x - 0.5, y - 0.5) * 1.6, 0, 1)
        case "stripes":
            return np.floor(x * CELLS) % 2
        case "checkerboard":
            return (np.floor(x * CELLS) + np.floor(y * CELLS)) % 2
        case "polka dots":
            return np.hypot((x * CELLS) % 1 - 0.5, (y * CELLS) % 1 - 0.5) < 0.28
        case "grid":
            return ((x * CELLS - 0.06) % 1 > 0.88) | ((y * CELLS - 0.06) % 1 > 0.88)
        case "sky and ground":
            return y > 0.62
    raise InputError(f"no background kind {kind!r}: the kinds are {', '.join(KINDS)}")


def draw_background(background: Background, height: int, width: int, span: int = 1) -> np.ndarray:
    """The backdrop (span*H span*W 3 float32 in 0..255)."""
    first = np.array(COLOURS[background.first], np.float32)
    if background.kind == "plain":
        return np.tile(first, (height * span, width * span, 1))
    second = np.array(COLOURS[background.second or "white"], np.float32)
    return first + (second - first) * pattern(background.kind, height, width, span)
