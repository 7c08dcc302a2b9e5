"""References as the model takes them: scaled, letterboxed or cropped to its grid.

Published rules (SPEC, section 4): pictures are letterboxed on white onto the best grid of the
reference area; clips are resized and cropped from the top left, their first 4k + 1 frames kept.
"""

import warnings
from dataclasses import dataclass, replace

import numpy as np

from vino.errors import InputError
from vino.media import Frames, resize
from vino.prompt import Image, Medium, Prompt, PromptWarning
from vino.sizes import PixelSize, clip_frames, clip_grid, letterbox

WHITE = 255


@dataclass(frozen=True, eq=False)
class Fitted:
    """A reference on the model's grid, and the part of it that is not border.

    content: (left, top, width, height) in pixels of `frames`.
    """

    frames: Frames
    content: tuple[int, int, int, int]

    @property
    def size(self) -> PixelSize:
        return self.frames.size


def fit(medium: Medium, area: int, unit: int, frames: int) -> Fitted:
    """Scale one medium to the reference area; at most `frames` frames of a clip."""
    if isinstance(medium, Image):
        return fit_picture(medium.frames, area, unit)
    return fit_clip(medium.frames, area, unit, frames)


def fit_picture(picture: Frames, area: int, unit: int) -> Fitted:
    """Letterbox a picture on white."""
    box = letterbox(picture.size.width, picture.size.height, area, unit)
    scaled = resize(picture, *box.resized, resample="lanczos")
    (width, height), (left, top) = box.resized, box.offset
    if not box.has_bars:
        return Fitted(scaled, (0, 0, width, height))
    canvas = np.full((1, box.height, box.width, 3), WHITE, np.uint8)
    canvas[:, top : top + height, left : left + width] = scaled.pixels
    return Fitted(replace(scaled, pixels=canvas), (left, top, width, height))


def fit_clip(clip: Frames, area: int, unit: int, frames: int) -> Fitted:
    """Resize a clip, crop it from the top left, keep its first 4k + 1 frames."""
    grid = clip_grid(clip.size.width, clip.size.height, area, unit)
    kept = clip_frames(clip.size.frames, frames)
    if kept < clip.size.frames:
        warnings.warn(
            f"the clip has {clip.size.frames} frames; the first {kept} are used (4k + 1 of them, "
            f"at most {frames})",
            PromptWarning,
            stacklevel=2,
        )
    scaled = resize(replace(clip, pixels=clip.pixels[:kept]), *grid.resized, resample="bicubic")
    width, height = grid.cropped
    return Fitted(replace(scaled, pixels=scaled.pixels[:, :height, :width]), (0, 0, width, height))


def target_size(
    prompt: Prompt,
    fitted: dict[Medium, Fitted],
    size: tuple[int, int] | None,
    frames: int | None,
    default: tuple[int, int],
    unit: int,
) -> tuple[PixelSize, tuple[int, int, int, int]]:
    """Size the model works at and the part (left, top, width, height) that is the result.

    A base gives size and length unless a size is asked; asked sizes are rounded up to the grid.
    """
    base = prompt.base
    if size is None and base is not None:
        whole = fitted[base].size
        length = frames or (1 if isinstance(base, Image) else whole.frames)
        return replace(whole, frames=clip_frames(length, length)), fitted[base].content
    width, height = size or default
    if width < 1 or height < 1:
        raise InputError(
            f"a size of {width}x{height} has no pixels: ask for at least {unit}x{unit}"
        )
    columns, rows = -(-width // unit) * unit, -(-height // unit) * unit
    length = frames or (fitted[base].size.frames if base is not None else 1)
    return PixelSize(clip_frames(length, length), rows, columns), (0, 0, width, height)
