"""Reading pictures."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from vino.errors import InputError
from vino.media.arrays import WHITE, eight_bits, on_white, rgb_pixels
from vino.media.files import moves, open_file, open_picture, quiet, reason
from vino.media.frames import DEFAULT_LIMITS, Frames, Limits, MediaWarning

PictureSource = str | Path | Image.Image | np.ndarray | Frames

_ORIENTATION = 0x0112  # EXIF tag
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_picture(source: PictureSource, limits: Limits = DEFAULT_LIMITS) -> Frames:
    """A picture as one frame of 8-bit RGB.

    source: a file (PNG, JPEG, WebP, GIF, BMP, TIFF, PPM, AVIF, told by content, not by name), a
        PIL image, an array (H W 3, H W 4, H W 1 or H W; see `rgb_pixels` for the values), or
        Frames of one frame.

    Alpha and transparency are composited on white, EXIF orientation is applied, 16 bits are
    scaled to 8; colour profiles are ignored, as the published code does. A file that is an
    animation or has pages gives its first with a MediaWarning; a real clip (MP4, several frames)
    is refused, for that is a mistake. The recipe in a file is not taken over: see `read_recipe`.
    """
    if isinstance(source, Frames):
        _refuse_clip("these Frames", source.size.frames)
        return source
    if isinstance(source, np.ndarray):
        return Frames(_read_array(source, limits))
    if isinstance(source, Image.Image):
        return Frames(decode(source, "the picture", limits)[None])
    if isinstance(source, str | Path):
        return Frames(_read_file(Path(source), limits)[None])
    raise InputError(
        f"a picture cannot be read from {type(source).__name__}: give a path, a PIL image, an "
        "array (H W 3) or Frames"
    )


def decode(image: Image.Image, name: str, limits: Limits) -> np.ndarray:
    """The current frame of a PIL image as H W 3 uint8; sizes are checked before decoding."""
    limits.check_picture(name, *image.size)
    try:
        with quiet():
            image.load()
            return _upright(image, to_rgb(image, name))
    except InputError:
        raise
    except Exception as error:  # decoders raise nearly anything on damaged data
        raise InputError(
            f"{name} is damaged or cut off ({reason(error)}): give an intact file"
        ) from None


def to_rgb(image: Image.Image, name: str) -> np.ndarray:
    """A decoded PIL image of any mode as H W 3 uint8."""
    if image.mode.startswith("I") or image.mode == "F":
        return _deep_gray(image, name)
    if image.has_transparency_data:
        return on_white(np.asarray(image.convert("RGBA")))
    return np.array(image.convert("RGB"))


def _deep_gray(image: Image.Image, name: str) -> np.ndarray:
    """Gray of more than 8 bits: 16-bit integers, or floats from 0 to 1."""
    values = np.asarray(image)
    if values.dtype.kind != "f":
        if values.min() < 0 or values.max() > 65_535:
            raise InputError(f"{name} has more than 16 bits: convert it to 8 or 16 bits")
        values = values.astype(np.uint16)
    gray = eight_bits(values, name)
    if isinstance(clear := image.info.get("transparency"), int):
        gray = np.where(values == clear, np.uint8(WHITE), gray)
    return np.repeat(gray[..., None], 3, axis=-1)


def is_turned(image: Image.Image) -> bool:
    """Whether the picture's EXIF lays it on its side, so that width and height change places.

    Nothing is decoded: EXIF that a PNG holds behind its pixels is not seen.
    """
    if image.format == "PNG" and "exif" not in image.info:
        return False  # or Pillow would decode it all to look for some
    try:
        return int(image.getexif().get(_ORIENTATION, 1)) >= 5
    except Exception:  # damaged EXIF is as good as none
        return False


def _upright(image: Image.Image, pixels: np.ndarray) -> np.ndarray:
    """Turn the pixels as the picture's EXIF says; damaged EXIF is as good as none."""
    try:
        turn = _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:
        return pixels
    return pixels if turn is None else np.array(Image.fromarray(pixels).transpose(turn))


def _read_file(path: Path, limits: Limits) -> np.ndarray:
    with open_file(path, limits) as (file, kind):
        if kind.is_container:
            raise InputError(f"{path} is a clip: give it as a video, or a picture instead")
        try:
            image = open_picture(file, kind)
        except Exception as error:  # plugins raise nearly anything on damaged headers
            raise InputError(
                f"{path} is damaged or cut off ({reason(error)}): give an intact picture"
            ) from None
        pixels = decode(image, str(path), limits)
        # Phones write a JPEG with extra views (MPO): its first picture is the picture.
        if moves(image) and image.format != "MPO":
            warnings.warn(
                f"{path} has several frames; the first is the picture", MediaWarning, stacklevel=3
            )
        return pixels


def _read_array(array: np.ndarray, limits: Limits) -> np.ndarray:
    """H W, H W C or 1 H W C to 1 H W 3."""
    if not 2 <= array.ndim <= 4:
        raise InputError(f"a picture is an array H W 3, not of shape {array.shape}")
    if array.ndim == 4:
        _refuse_clip("the array", len(array))
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim == 3:
        array = array[None]
    pixels = rgb_pixels(array)
    limits.check_picture("the array", pixels.shape[2], pixels.shape[1])
    return pixels


def _refuse_clip(name: str, frames: int) -> None:
    if frames > 1:
        raise InputError(f"{name} is a clip of {frames} frames: give one frame, or use a video")
