"""What can be done to a whole frame."""

import cv2
import numpy as np

from vino.data.world.vocabulary import LOOKS
from vino.errors import InputError

BLOCKS = 16  # pixel-art blocks along the shorter side
SEPIA = np.array([[0.393, 0.349, 0.272], [0.769, 0.686, 0.534], [0.189, 0.168, 0.131]], np.float32)
NIGHT = np.array([0.35, 0.4, 0.7], np.float32)


def with_look(picture: np.ndarray, look: str | None) -> np.ndarray:
    """The frame (H W 3 uint8) as the look shows it."""
    match look:
        case None:
            return picture
        case "grayscale":
            return _gray(picture).repeat(3, axis=-1)
        case "negative":
            return 255 - picture
        case "sepia":
            return np.clip(picture.astype(np.float32) @ SEPIA, 0, 255).astype(np.uint8)
        case "night":
            return (picture * NIGHT).astype(np.uint8)
        case "blurry":
            return cv2.GaussianBlur(picture, (0, 0), min(picture.shape[:2]) / 30)
        case "pixel art":
            return _in_blocks(picture)
        case "line drawing":
            return _lines(picture)
    raise InputError(f"no look {look!r}: the looks are {', '.join(LOOKS)}")


def _gray(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None]


def _in_blocks(picture: np.ndarray) -> np.ndarray:
    """Large square pixels."""
    height, width = picture.shape[:2]
    block = max(1, min(height, width) // BLOCKS)
    coarse = (max(1, width // block), max(1, height // block))
    small = cv2.resize(picture, coarse, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)


def _lines(picture: np.ndarray) -> np.ndarray:
    """Dark lines on white, where the brightness changes."""
    gray = _gray(picture)[..., 0].astype(np.float32)
    edges = np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))
    return (255 - np.clip(1.2 * edges, 0, 255)).astype(np.uint8)[..., None].repeat(3, axis=-1)
