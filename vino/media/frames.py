"""Decoded media: 8-bit RGB frames with their rate, sound and recipe."""

import hashlib
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from vino.errors import InputError
from vino.sizes import PixelSize

if TYPE_CHECKING:
    from vino.media.sound import Sound

RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
SLOWEST, FASTEST = 0.001, 1000.0  # frames per second that every clip format can hold


class MediaWarning(UserWarning):
    """A file that can be used, but not wholly or not exactly as it is."""


@dataclass(frozen=True)
class Limits:
    """What is refused before it is decoded; raise a limit to read larger media.

    max_pixels: width x height of a picture or of one frame
    max_side: width or height
    max_frames: frames of a clip, after a variable rate is made constant
    max_clip_pixels: frames x width x height of a clip (three bytes of memory each)
    max_bytes: size of a file
    """

    max_pixels: int = 50_000_000
    max_side: int = 32_768
    max_frames: int = 1_200
    max_clip_pixels: int = 800_000_000
    max_bytes: int = 1 << 30

    def check_picture(self, name: str, width: int, height: int) -> None:
        """InputError unless one frame of this size may be decoded."""
        if width < 1 or height < 1:
            raise InputError(f"{name} is {width}x{height}: a picture needs at least one pixel")
        if width * height > self.max_pixels or max(width, height) > self.max_side:
            raise InputError(
                f"{name} is {width}x{height} pixels; the limit is {self.max_pixels:,} pixels and "
                f"{self.max_side:,} a side: scale it down first"
            )

    def check_clip(self, name: str, frames: int, width: int, height: int) -> None:
        """InputError unless a clip of this size may be decoded."""
        self.check_picture(name, width, height)
        if frames > self.max_frames:
            raise InputError(
                f"{name} has more than {self.max_frames:,} frames, the limit: cut a shorter clip"
            )
        if frames * width * height > self.max_clip_pixels:
            raise InputError(
                f"{name} has {frames} frames of {width}x{height}; the limit is "
                f"{self.max_clip_pixels:,} pixels in all: shorten it or scale it down first"
            )

    def most_frames(self, name: str, width: int, height: int) -> int:
        """Of a clip of this size, the most that may be decoded; InputError when none may."""
        self.check_clip(name, 1, width, height)
        return min(self.max_frames, self.max_clip_pixels // (width * height))


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, eq=False)
class Frames:
    """A picture (one frame) or a clip.

    pixels: T H W 3 uint8, RGB
    fps: frames per second; says nothing when T is 1
    sound: sound of the source clip, written again when this is saved as .mp4
    recipe: how it was made, as JSON values; written into the saved file's metadata
    """

    pixels: np.ndarray
    fps: float = 24.0
    sound: "Sound | None" = None
    recipe: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        pixels = self.pixels
        if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
            kind = getattr(pixels, "dtype", type(pixels).__name__)
            raise InputError(
                f"frames are a numpy array of uint8, not {kind}: use read_picture or read_clip"
            )
        if pixels.ndim != 4 or pixels.shape[3] != 3 or 0 in pixels.shape:
            raise InputError(f"frames are T H W 3 with no empty side, not {pixels.shape}")
        if not math.isfinite(self.fps) or not SLOWEST <= self.fps <= FASTEST:
            raise InputError(
                f"a rate of {self.fps} frames per second is impossible: "
                f"use {SLOWEST} to {FASTEST:.0f}"
            )

    @property
    def size(self) -> PixelSize:
        frames, height, width, _ = self.pixels.shape
        return PixelSize(frames, height, width)

    @property
    def is_clip(self) -> bool:
        return len(self.pixels) > 1

    def picture(self, index: int = 0) -> Image.Image:
        """One frame (the first) as a PIL image."""
        return Image.fromarray(np.ascontiguousarray(self.pixels[index]))

    def save(self, path: str | Path, *, quality: int | None = None) -> Path:
        """Write to `path` by its ending: .png .webp .jpg .jpeg .gif .mp4; returns the path.

        The file appears whole or not at all; missing folders are made; an existing file is
        replaced. The recipe goes into the metadata. Pictures may be saved in every format, clips
        as .mp4, .gif or .webp; sound is kept in .mp4 alone.

        quality: 1 to 100. Left out: .png and picture .webp without loss, .jpg 95, clip .webp 90
            (100 is without loss),
            .mp4 80 (x264 crf 16). GIF has no quality: one palette for the whole clip, and at
            most 50 frames per second (of faster clips some frames are left out).

        .mp4 needs even sides: an odd one is made even by repeating its last row or column.

        Raises InputError: unknown ending, a clip as .png or .jpg, a folder, no permission, full
        disk.
        """
        from vino.media.saving import save

        return save(self, Path(path), quality)


def content_hash(frames: Frames) -> str:
    """SHA-256, in hex, of shape and pixels; rate, sound and recipe do not count."""
    digest = hashlib.sha256("x".join(map(str, frames.pixels.shape)).encode())
    digest.update(np.ascontiguousarray(frames.pixels).data)
    return digest.hexdigest()


def resize(frames: Frames, width: int, height: int, resample: str = "bicubic") -> Frames:
    """Every frame scaled with PIL to `width` x `height`.

    resample: nearest, bilinear, bicubic or lanczos; all but nearest are antialiased.
    """
    if resample not in RESAMPLING:
        raise InputError(f"unknown resampling {resample!r}: use one of {', '.join(RESAMPLING)}")
    if width < 1 or height < 1:
        raise InputError(f"cannot resize to {width}x{height}: a side needs at least one pixel")
    if (width, height) == (frames.size.width, frames.size.height):
        return frames
    pixels = np.empty((frames.size.frames, height, width, 3), np.uint8)
    for i, out in enumerate(pixels):
        out[:] = np.asarray(frames.picture(i).resize((width, height), RESAMPLING[resample]))
    return replace(frames, pixels=pixels)
