"""GIF, WebP and PNG that move, through Pillow (FFmpeg does not decode animated WebP)."""

import io
import struct
import warnings
from collections.abc import Iterator, Sequence
from typing import IO

import numpy as np
from PIL import Image

from vino.errors import InputError
from vino.media.files import Kind, moves, open_picture, quiet, reason
from vino.media.frames import Frames, Limits, MediaWarning
from vino.media.pictures import decode
from vino.media.timing import Schedule, Timestamps, constant_rate, within
from vino.sizes import PixelSize

# Browsers show frames that ask for 10 ms or less for 100 ms; many old files rely on it.
_TOO_SHORT, _INSTEAD = 10, 100
_ROUNDED_TO = {"GIF": 0.010}  # seconds; the others count in milliseconds


def read_animation(
    file: IO[bytes], kind: Kind, name: str, limits: Limits, most: int | None = None
) -> Frames:
    """Every frame, or the first `most`, as a viewer shows it, on white, at a constant rate.

    A file cut off at its end gives the frames that are whole, with a MediaWarning.
    """
    image, cut = _opened(file, kind, name)
    return read_frames(image, name, limits, cut, most)


def measure_animation(
    file: IO[bytes], kind: Kind, name: str, limits: Limits, most: int | None = None
) -> PixelSize:
    """The size that `read_animation` gives; how long frames stay is known by decoding them."""
    image, _ = _opened(file, kind, name)
    indices, _ = playing(image, name, limits, most)
    stays: list[float] = []
    height = width = 0
    for frame, stay in _decoded(image, indices, name, limits):
        height, width = frame.shape[:2]
        stays.append(stay)
    schedule = within(_schedule(image, stays), name, (width, height), limits, most)
    return PixelSize(schedule.count, height, width)


def _opened(file: IO[bytes], kind: Kind, name: str) -> tuple[Image.Image, bool]:
    """As `open_animation`; InputError when the file is damaged, or a PNG that does not move."""
    try:
        image, cut = open_animation(file, kind)
    except Exception as error:  # plugins raise nearly anything on damaged headers
        raise InputError(
            f"{name} is damaged or cut off ({reason(error)}): give an intact file"
        ) from None
    if kind.name == "PNG" and not moves(image):
        raise InputError(f"{name} is a still picture: give it as a picture, or a clip instead")
    return image, cut


def open_animation(file: IO[bytes], kind: Kind) -> tuple[Image.Image, bool]:
    """The opened file, and whether its end is known to be missing; raises what plugins raise."""
    cut = False
    if kind.name == "WEBP":
        file, cut = _mend_webp(file.read())
    return open_picture(file, kind), cut


def playing(image: Image.Image, name: str, limits: Limits, most: int | None) -> tuple[range, bool]:
    """Which frames of an opened image play, and whether a damaged one ends them.

    most: of a clip that is to be cut, only as many as the limits allow, be it more than these: how
    long all of them stay says at what rate it plays.

    A PNG may hold a picture for viewers that show no animations; it is not part of this one.
    """
    damaged = False
    try:
        with quiet():
            count = int(getattr(image, "n_frames", 1))
    except Exception:  # as above: take the frames it counted before
        count, damaged = image.tell() + 1, True
    frames = range(1 if count > 1 and image.info.get("default_image") else 0, count)
    if most is not None:
        frames = frames[: limits.most_frames(name, *image.size)]
    limits.check_clip(name, len(frames), *image.size)
    return frames, damaged


def read_frames(
    image: Image.Image, name: str, limits: Limits, cut: bool = False, most: int | None = None
) -> Frames:
    """All frames of an opened PIL image, or the first `most`; `cut`: its end is missing."""
    indices, damaged = playing(image, name, limits, most)
    stays: list[float] = []
    pixels = np.empty((0, 0, 0, 3), np.uint8)
    for frame, stay in _decoded(image, indices, name, limits):
        if not stays:
            pixels = np.empty((len(indices), *frame.shape), np.uint8)
        pixels[len(stays)] = frame
        stays.append(stay)
    if cut or damaged or len(stays) < len(indices):
        warnings.warn(
            f"{name} is cut off or damaged; its first {len(stays)} frames are used",
            MediaWarning,
            stacklevel=5,
        )
    size = pixels.shape[2], pixels.shape[1]
    schedule = within(_schedule(image, stays), name, size, limits, most)
    return Frames(schedule.resample(pixels[: len(stays)]), schedule.rate)


def _schedule(image: Image.Image, stays: Sequence[float]) -> Schedule:
    """The schedule of frames that stay so many seconds."""
    starts = np.cumsum([0.0, *stays[:-1]])
    precision = _ROUNDED_TO.get(image.format or "", 0.001)
    return constant_rate(Timestamps(starts, stays[-1], precision=precision))


def _decoded(
    image: Image.Image, indices: range, name: str, limits: Limits
) -> Iterator[tuple[np.ndarray, float]]:
    """Pixels H W 3 of each frame and the seconds it stays, up to the first that is damaged.

    InputError when that is the first of all.
    """
    shape = None
    for i in indices:
        try:
            frame, stay = _decode_frame(image, i, name, limits)
        except InputError:
            if shape is None:
                raise
            return
        if shape not in (None, frame.shape):  # GIF frames may reach beyond the first
            return
        shape = frame.shape
        yield frame, stay


def _decode_frame(
    image: Image.Image, index: int, name: str, limits: Limits
) -> tuple[np.ndarray, float]:
    """Pixels H W 3 of one frame and the seconds it stays."""
    try:
        with quiet():
            image.seek(index)
    except Exception as error:  # as above
        raise InputError(f"{name} is damaged at frame {index + 1} ({reason(error)})") from None
    pixels = decode(image, name, limits)
    stay = float(image.info.get("duration") or 0)
    return pixels, (stay if stay > _TOO_SHORT else _INSTEAD) / 1000


def _mend_webp(data: bytes) -> tuple[IO[bytes], bool]:
    """The file up to its last whole chunk, and whether anything was missing.

    The decoder refuses a file shorter than its header says, though every whole frame is there.
    """
    declared = 8 + int.from_bytes(data[4:8], "little")
    if len(data) >= declared:
        return io.BytesIO(data), False
    end = 12
    while end + 8 <= len(data):
        size = int.from_bytes(data[end + 4 : end + 8], "little")
        following = end + 8 + size + size % 2
        if following > len(data):
            break
        end = following
    return io.BytesIO(b"RIFF" + struct.pack("<I", end - 8) + data[8:end]), True
