"""Reading clips."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from vino.errors import InputError
from vino.media.animations import open_animation, read_animation, read_frames
from vino.media.arrays import rgb_pixels
from vino.media.containers import read_container
from vino.media.files import moves, open_file
from vino.media.frames import DEFAULT_LIMITS, Frames, Limits
from vino.media.pictures import PictureSource, read_picture

ClipSource = str | Path | np.ndarray | Frames | Image.Image | Sequence[PictureSource]


def read_clip(
    source: ClipSource, limits: Limits = DEFAULT_LIMITS, *, most: int | None = None
) -> Frames:
    """A clip as 8-bit RGB frames at a constant rate, with its sound.

    source: a file (MP4, MOV, WebM, MKV, AVI, GIF, animated WebP or PNG, told by content, not by
        name), an array T H W 3 (values as in `rgb_pixels`), a sequence of pictures of one size, an
        opened PIL animation, or Frames. Arrays and sequences play at 24 frames per second; make
        `Frames(pixels, fps)` for another rate.
    most: of a file, only so many frames from the first on, and only as many as `limits` allow: a
        longer clip is not refused but cut, without its sound.

    A variable frame rate is made constant (see `constant_rate`). Rotation and pixel shape in the
    file's metadata are applied, alpha is composited on white. Of several tracks the first of
    pictures and the first of sound are taken. A file cut off or damaged gives the frames that can
    be decoded, with a MediaWarning. A file of one frame is a clip of one frame.

    Raises InputError: unreadable files, still pictures, no pictures in the file, more than
    `limits` allows (checked before decoding).
    """
    if isinstance(source, Frames):
        return source
    if isinstance(source, np.ndarray):
        return _read_array(source, limits)
    if isinstance(source, Image.Image):
        return read_frames(source, "the picture", limits)
    if isinstance(source, str | Path):
        return _read_file(Path(source), limits, most)
    if isinstance(source, Sequence) and not isinstance(source, bytes):
        return _read_pictures(source, limits)
    raise InputError(
        f"a clip cannot be read from {type(source).__name__}: give a path, an array (T H W 3), "
        "a list of PIL images or Frames"
    )


def is_clip_file(path: str | Path, limits: Limits = DEFAULT_LIMITS) -> bool:
    """Whether a file holds moving pictures; InputError when it cannot be read or is neither.

    MP4 and the like always do; GIF, WebP and PNG when they have more than one frame.
    """
    with open_file(Path(path), limits) as (file, kind):
        if kind.is_container or not kind.may_move:
            return kind.is_container
        try:
            image, _ = open_animation(file, kind)
        except Exception:  # damaged: reading it says how
            return False
        return moves(image)


def _read_file(path: Path, limits: Limits, most: int | None) -> Frames:
    with open_file(path, limits) as (file, kind):
        if kind.is_container:
            return read_container(file, kind, str(path), limits, most)
        if kind.may_move:
            return read_animation(file, kind, str(path), limits, most)
        raise InputError(f"{path} is a still picture: give it as a picture, or a clip instead")


def _read_array(array: np.ndarray, limits: Limits) -> Frames:
    if array.ndim != 4:
        raise InputError(f"a clip is an array T H W 3, not of shape {array.shape}")
    limits.check_clip("the array", array.shape[0], array.shape[2], array.shape[1])
    return Frames(rgb_pixels(array))


def _read_pictures(pictures: Sequence[PictureSource], limits: Limits) -> Frames:
    if not pictures:
        raise InputError("a clip needs at least one picture: the list is empty")
    frames: list[np.ndarray] = []
    for i, picture in enumerate(pictures):
        pixels = read_picture(picture, limits).pixels
        height, width = pixels.shape[1:3]
        limits.check_clip("the list of pictures", len(pictures), width, height)
        if frames and pixels.shape != frames[0].shape:
            first = f"{frames[0].shape[2]}x{frames[0].shape[1]}"
            raise InputError(
                f"picture {i + 1} of the clip is {width}x{height}, the first {first}: "
                "give pictures of one size"
            )
        frames.append(pixels)
    return Frames(np.concatenate(frames))
