"""Whether the untouched part of a picture moved: its shift and zoom in fractions of a pixel."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

BLURS = (3.0, 1.0)  # pixels, from coarse to fine
ROUNDS = 12  # of each
SETTLED = 1e-3  # pixels
FARTHEST = 8.0  # pixels: what seems to have gone further is not the same thing
MOST_LOST = 0.5  # of the structure: with more gone it is something else that was found
OUTLIER = 40.0  # RGB level from which a pixel counts less
SURE = 0.1  # pixels: a larger standard error is no measurement


@dataclass(frozen=True)
class Movement:
    """How far things moved, in pixels.

    dx, dy: to the right and down. zoom: how far the frame's edge moves out from its middle
    """

    dx: float
    dy: float
    zoom: float

    @property
    def shift(self) -> float:
        return float(np.hypot(self.dx, self.dy))


def movement(answer: np.ndarray, truth: np.ndarray, mask: np.ndarray) -> Movement | None:
    """Where the part of the truth (H W 3) that the mask (H W) shows has gone in the answer.

    The least squares of Lucas and Kanade (1981) over all colours, from blurred to sharp, for two
    shifts and one zoom; a change of brightness or colour as a whole moves nothing. None where that
    has a standard error above `SURE`, or most of the structure is not found again.
    """
    found, sureness, lost = np.zeros(3), np.inf, np.inf
    for blur in BLURS:
        found, sureness, lost = _aligned(answer, truth, mask, blur, found)
        if not np.isfinite(sureness):
            return None
    return Movement(*map(float, found)) if sureness < SURE and lost < MOST_LOST else None


def _aligned(
    answer: np.ndarray, truth: np.ndarray, mask: np.ndarray, blur: float, start: np.ndarray
) -> tuple[np.ndarray, float, float]:
    """(dx, dy, zoom) from a start, its largest standard error, and the share of structure lost.

    Infinite where it runs away.
    """
    height, width = mask.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    right, down, reach = x - (width - 1) / 2, y - (height - 1) / 2, max(height, width) / 2
    found, sureness, lost = start, np.inf, np.inf
    for _ in range(ROUNDS):
        px, py = x + found[0] + right * found[2] / reach, y + found[1] + down * found[2] / reach
        seen = mask & (px >= 0) & (px <= width - 1) & (py >= 0) & (py <= height - 1)
        if np.abs(found).max() > FARTHEST or not seen.any():
            return found, np.inf, np.inf
        sampled = cv2.remap(
            answer.astype(np.float32), px.astype(np.float32), py.astype(np.float32),
            cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        along, across = np.gradient(sampled, axis=1), np.gradient(sampled, axis=0)
        outward = (along * right[..., None] + across * down[..., None]) / reach
        values = np.concatenate([along, across, outward, truth - sampled, truth], -1)
        smooth = _within(values, seen, blur)[seen].reshape(-1, 5, 3)
        slopes, left = smooth[:, :3].transpose(0, 2, 1), smooth[:, 3]
        step, sureness = _solved(slopes.reshape(-1, 3), (left - np.median(left, 0)).ravel())
        lost = float(left.var(0).sum() / (smooth[:, 4].var(0).sum() + 1e-6))
        found = found + step
        if np.abs(step).max() < SETTLED:
            break
    return found, sureness, lost


def _within(values: np.ndarray, mask: np.ndarray, blur: float) -> np.ndarray:
    """Values (H W C) blurred inside the mask: nothing of what lies beyond it."""
    inside = mask.astype(np.float32)
    weight = np.maximum(cv2.GaussianBlur(inside, (0, 0), blur), 1e-6)[..., None]
    return cv2.GaussianBlur((values * inside[..., None]).astype(np.float32), (0, 0), blur) / weight


def _solved(slopes: np.ndarray, left: np.ndarray) -> tuple[np.ndarray, float]:
    """A least-squares step in which outliers count less, and its largest standard error."""
    weight = 1 / (1 + (left / OUTLIER) ** 2)
    normal = (slopes * weight[:, None]).T @ slopes + 1e-6 * np.eye(3)
    # Its error sits where the slopes are, not in plain parts, of which there may be many.
    strength = (slopes**2).sum(-1) * weight
    noise = 1 + float((strength * left**2).sum() / max(strength.sum(), 1e-9))
    variance = noise * float(np.diag(np.linalg.inv(normal)).max())
    error = math.sqrt(variance) if variance > 0 else math.inf  # below: hardly any structure
    return np.linalg.solve(normal, slopes.T @ (weight * left)), error
