"""Sizes in pixels and in latents, and the rules that fit media to a model's grid.

The published rules (paper, appendix on data; recorded sizes) scale references to an area of
480 x 848 pixels: pictures onto the best grid of multiples of 16, letterboxed on white; clips
by rounding, then cropping from the top left; clips keep 4k + 1 frames.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vino.errors import InputError

REFERENCE_AREA = 480 * 848  # pixels; what references are scaled to at full size
GRID_UNIT = 16  # pixels; 8x latents in patches of 2


@dataclass(frozen=True)
class PixelSize:
    """Frames, height and width of a picture (one frame) or clip, in pixels."""

    frames: int
    height: int
    width: int

    def __str__(self) -> str:
        """As people write it: 64x48, or 64x48 with 17 frames."""
        clip = f" with {self.frames} frames" if self.frames > 1 else ""
        return f"{self.width}x{self.height}{clip}"


@dataclass(frozen=True)
class LatentSize:
    """Frames, height and width of a latent."""

    frames: int
    height: int
    width: int


@dataclass(frozen=True)
class Strides:
    """How many frames and pixels one latent position stands for."""

    time: int = 4
    space: int = 8

    def latent(self, size: PixelSize) -> LatentSize:
        """Latent size of `size`; InputError unless it is 4k + 1 frames of whole positions."""
        if (size.frames - 1) % self.time or size.height % self.space or size.width % self.space:
            raise InputError(
                f"{size} does not fit the model: use multiples of {self.space} and "
                f"{self.time}k + 1 frames"
            )
        return LatentSize(
            (size.frames - 1) // self.time + 1, size.height // self.space, size.width // self.space
        )


@dataclass(frozen=True)
class Letterbox:
    """Where a picture sits on its grid: `resized` (width, height) pasted at `offset` (x, y)."""

    width: int
    height: int
    resized: tuple[int, int]
    offset: tuple[int, int]

    @property
    def has_bars(self) -> bool:
        return self.resized != (self.width, self.height)


@dataclass(frozen=True)
class ClipGrid:
    """A clip is resized to `resized` and cropped from the top left; both (width, height)."""

    resized: tuple[int, int]
    cropped: tuple[int, int]


@lru_cache(maxsize=256)
def best_grid(width: int, height: int, area: int, unit: int = GRID_UNIT) -> tuple[int, int]:
    """The published grid for pictures: (width, height) in multiples of `unit`.

    For every height the two widths nearest the picture's ratio compete; the smallest area
    error wins, then the smallest ratio error.
    """
    ratio = width / height
    heights = np.arange(unit, 4 * area // unit + unit, unit).repeat(2)
    columns = heights * ratio / unit
    columns[::2] = np.floor(columns[::2])
    columns[1::2] = np.ceil(columns[1::2])
    widths = columns.clip(1).astype(np.int64) * unit
    off = abs(widths * heights - area)
    nearest = np.flatnonzero(off == off.min())
    best = nearest[abs(widths[nearest] / heights[nearest] - ratio).argmin()]
    return int(widths[best]), int(heights[best])


def letterbox(width: int, height: int, area: int, unit: int = GRID_UNIT) -> Letterbox:
    """Fit a picture onto its best grid without changing its ratio; the rest is border."""
    grid_w, grid_h = best_grid(width, height, area, unit)
    scale = min(grid_w / width, grid_h / height)
    resized = (max(1, round(width * scale)), max(1, round(height * scale)))
    return Letterbox(
        grid_w, grid_h, resized, ((grid_w - resized[0]) // 2, (grid_h - resized[1]) // 2)
    )


def clip_grid(width: int, height: int, area: int, unit: int = GRID_UNIT) -> ClipGrid:
    """The published size of a reference clip: scale to `area`, crop to multiples of `unit`."""
    ratio = width / height
    resized = (round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio)))
    if min(resized) < unit:
        raise InputError(
            f"a clip of {width}x{height} is too narrow: scaled to the model's area it is "
            f"{resized[0]}x{resized[1]} pixels; crop it to a squarer shape"
        )
    return ClipGrid(resized, (resized[0] // unit * unit, resized[1] // unit * unit))


def clip_frames(length: int, asked: int, stride: int = 4) -> int:
    """Frames kept of a clip: the largest 4k + 1 within its length and what was asked."""
    return (min(length, asked) - 1) // stride * stride + 1


def spread_frames(length: int, count: int) -> list[int]:
    """`count` frame indices spread evenly over a clip, both ends included (published: 8)."""
    if count == 1:
        return [0]
    return [round(i * (length - 1) / (count - 1)) for i in range(count)]


def reference_frames(length: int, fps: float, asked: int, rate: float | None = None) -> list[int]:
    """Indices of the frames a reference clip keeps: 4k + 1 of them, from the first.

    rate: frames a second to sample at, or None for every frame (the default). As published, the
    stride is rounded, and no longer than the clip allows on average; InputError when even so
    the clip is too short.
    """
    count = clip_frames(length, asked)
    if rate is None:
        return list(range(count))
    stride = max(1, min(round(fps / rate), round(length / asked)))
    if (count - 1) * stride >= length:
        raise InputError(
            f"a clip of {length} frames is too short for {count} frames at {rate} a second: "
            "ask for fewer frames or a higher rate"
        )
    return [i * stride for i in range(count)]
