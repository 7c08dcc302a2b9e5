"""Pixels to the patches a Qwen3-VL sees, without torchvision.

Resizing is torch's antialiased bicubic on 8-bit pixels, which equals what the library's own
processors do; patches are ordered by merged 2x2 cells. Axes: T frames, H W pixels.
"""

import hashlib
import json
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from vino.errors import CheckpointError, InputError
from vino.media import Frames, resize
from vino.sizes import spread_frames

MAX_RATIO = 200  # sides; what Qwen3-VL accepts
TEMPORAL_PATCH = 2  # frames in one patch


@dataclass(frozen=True)
class PixelRange:
    """Least and most pixels a medium has when the model sees it (a clip: over its frames)."""

    least: int
    most: int


@dataclass(frozen=True)
class VisionConfig:
    """How pictures and clips are presented to the vision-language model.

    clip_frames: frames of a clip it sees, spread over the whole clip (paper: at most 8).
    published_resize: compatibility: the published code resizes everything twice, first to
    multiples of 28 within its own limits.
    published_timestamps: compatibility: the published code labels every clip as if its sampled
    frames were consecutive frames at 24 per second.
    """

    patch: int = 16
    merge: int = 2
    image: PixelRange = PixelRange(65_536, 16_777_216)
    video: PixelRange = PixelRange(4_096, 25_165_824)
    clip_frames: int = 8
    published_resize: bool = False
    published_timestamps: bool = False

    @property
    def unit(self) -> int:
        return self.patch * self.merge

    @classmethod
    def from_folder(cls, folder: Path, **compat: bool) -> "VisionConfig":
        """Read the preprocessor files beside a Qwen3-VL checkpoint."""
        try:
            image = json.loads((folder / "preprocessor_config.json").read_text())
            video_file = folder / "video_preprocessor_config.json"
            video = json.loads(video_file.read_text()) if video_file.exists() else image
            return cls(
                patch=image["patch_size"],
                merge=image["merge_size"],
                image=PixelRange(image["size"]["shortest_edge"], image["size"]["longest_edge"]),
                video=PixelRange(video["size"]["shortest_edge"], video["size"]["longest_edge"]),
                clip_frames=video.get("vino_clip_frames", 8),
                **compat,
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"{folder}: no usable preprocessor_config.json ({error}); copy it from the "
                "Qwen3-VL checkpoint"
            ) from None


def grid_size(
    height: int, width: int, unit: int, limits: PixelRange, frames: int = 1
) -> tuple[int, int]:
    """(height, width) in multiples of `unit`, near the given ones, within the pixel limits.

    For clips the limits count the pixels of all frames, rounded to whole temporal patches, as
    Qwen3-VL's processor does.
    """
    if max(height, width) > MAX_RATIO * min(height, width):
        raise InputError(
            f"a picture of {width}x{height} is too narrow: no side may be over {MAX_RATIO} times "
            "the other; crop it"
        )
    if frames > 1 and min(height, width) < unit:
        scale = max(unit / height, unit / width)
        height, width = int(height * scale), int(width * scale)
    rows, columns = round(height / unit) * unit, round(width / unit) * unit
    depth = frames if frames == 1 else round(frames / TEMPORAL_PATCH) * TEMPORAL_PATCH
    if depth * rows * columns > limits.most:
        shrink = math.sqrt(frames * height * width / limits.most)
        rows = max(unit, math.floor(height / shrink / unit) * unit)
        columns = max(unit, math.floor(width / shrink / unit) * unit)
    elif depth * rows * columns < limits.least:
        stretch = math.sqrt(limits.least / (frames * height * width))
        rows = math.ceil(height * stretch / unit) * unit
        columns = math.ceil(width * stretch / unit) * unit
    return rows, columns


@dataclass(frozen=True, eq=False)
class VisionInput:
    """Patches of one medium (N values) and its grid (t, h, w) in patches; a clip's times."""

    patches: Tensor
    grid: tuple[int, int, int]
    times: tuple[float, ...] = ()

    @cached_property
    def content(self) -> str:
        """SHA-256, in hex, of what the features depend on: patches and grid, not the times."""
        digest = hashlib.sha256(repr(self.grid).encode())
        digest.update(self.patches.contiguous().numpy().data)
        return digest.hexdigest()

    def tokens(self, merge: int) -> int:
        """Language tokens of one temporal patch."""
        return self.grid[1] * self.grid[2] // merge**2


def see_picture(frames: Frames, config: VisionConfig) -> VisionInput:
    """What the model sees of a picture."""
    pixels = _channels_first(frames.pixels[:1])
    if config.published_resize:
        pixels = _resize_published_picture(pixels)
    size = grid_size(pixels.shape[-2], pixels.shape[-1], config.unit, config.image)
    return _patches(_resize(pixels, size), config)


def see_clip(frames: Frames, config: VisionConfig) -> VisionInput:
    """What the model sees of a clip: a few frames spread over it, with their times."""
    count = len(frames.pixels)
    chosen = spread_frames(count, config.clip_frames)
    pixels = _channels_first(frames.pixels[chosen])
    if config.published_resize:
        pixels = _resize_published_clip(pixels)
    size = grid_size(pixels.shape[-2], pixels.shape[-1], config.unit, config.video, len(chosen))
    seen = _patches(_resize(pixels, size), config)
    fps = 24.0 if config.published_timestamps else frames.fps
    indices = list(range(len(chosen))) if config.published_timestamps else chosen
    indices = indices + indices[-1:] * (-len(indices) % TEMPORAL_PATCH)
    pairs = zip(indices[::TEMPORAL_PATCH], indices[1::TEMPORAL_PATCH], strict=True)
    return VisionInput(seen.patches, seen.grid, tuple((a + b) / 2 / fps for a, b in pairs))


def _channels_first(pixels: np.ndarray) -> Tensor:
    return rearrange(torch.from_numpy(np.ascontiguousarray(pixels)), "t h w c -> t c h w")


def _resize(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(pixels.shape[-2:]) == size:
        return pixels
    return F.interpolate(pixels, size=size, mode="bicubic", antialias=True)


def _patches(pixels: Tensor, config: VisionConfig) -> VisionInput:
    """T C H W in 0..255 -> patches in [-1, 1], the last frame repeated to whole patches."""
    video = (pixels.float() / 255 - 0.5) / 0.5
    video = torch.cat([video, video[-1:].expand(-len(video) % TEMPORAL_PATCH, -1, -1, -1)])
    p, m = config.patch, config.merge
    patches = rearrange(
        video,
        "(t tp) c (h mh p) (w mw q) -> (t h w mh mw) (c tp p q)",
        tp=TEMPORAL_PATCH,
        mh=m,
        mw=m,
        p=p,
        q=p,
    )
    t, _, h, w = video.shape
    return VisionInput(patches, (t // TEMPORAL_PATCH, h // p, w // p))


# The published code first resizes everything to multiples of 28, within limits of its own.
_PUBLISHED_UNIT = 28
_PUBLISHED_IMAGE = PixelRange(4 * 28 * 28, 16_384 * 28 * 28)
_PUBLISHED_FRAME = PixelRange(512 * 512, 768 * 28 * 28)


def _resize_published_picture(pixels: Tensor) -> Tensor:
    size = grid_size(pixels.shape[-2], pixels.shape[-1], _PUBLISHED_UNIT, _PUBLISHED_IMAGE)
    frames = Frames(rearrange(pixels, "t c h w -> t h w c").numpy())
    return _channels_first(resize(frames, size[1], size[0], resample="bicubic").pixels)


def _resize_published_clip(pixels: Tensor) -> Tensor:
    """In float, rounded to 8-bit values; the second resize then works on these as floats."""
    size = grid_size(pixels.shape[-2], pixels.shape[-1], _PUBLISHED_UNIT, _PUBLISHED_FRAME)
    return _resize(pixels.float(), size).round().clamp(0, 255)
