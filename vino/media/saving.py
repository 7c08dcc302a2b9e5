"""Writing pictures and clips: whole or not at all."""

import errno
import io
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from einops import rearrange
from PIL import Image

from vino.errors import InputError
from vino.media.files import reason
from vino.media.frames import Frames
from vino.media.recipes import clip_metadata, encode_recipe, picture_options

_STILLS = (".png", ".jpg", ".jpeg")
_MOVING = (".mp4", ".gif", ".webp")
_JPEG_QUALITY = 95
_WEBP_QUALITY = 90  # of clips; pictures are kept without loss
_MP4_QUALITY = 80  # crf 16
# x264 is not quite repeatable otherwise: with its look-ahead running beside it, or with B-frames,
# the same frames give another file once in some thousand times. A recipe promises the same file.
_REPEATABLE = {"threads": "1", "bf": "0", "x264-params": "sync-lookahead=0:rc-lookahead=20"}
_PALETTE_PIXELS = 1 << 20  # pixels the palette of a GIF is chosen from
_FASTEST_GIF = 50.0  # frames per second; viewers play a GIF that asks for more at 10
_FASTEST_WEBP = 90.0
_BT709 = 1  # H.273: primaries, transfer and matrix alike


def save(frames: Frames, path: Path, quality: int | None) -> Path:
    """See `Frames.save`."""
    check_output(path, frames.is_clip)
    if quality is not None and not 1 <= quality <= 100:
        raise InputError(f"a quality of {quality} is impossible: use 1 to 100")
    ending = path.suffix.lower()
    text = None if frames.recipe is None else encode_recipe(frames.recipe)
    write = _write_mp4 if ending == ".mp4" else _write_image
    try:
        with _appearing(path) as temporary:
            write(frames, temporary, ending, quality, text)
    except InputError:
        raise
    except (OSError, ValueError, av.FFmpegError) as error:
        raise InputError(f"{path} cannot be written: {_why(error)}") from None
    return path


def check_output(path: str | Path, is_clip: bool) -> None:
    """InputError when a picture or clip cannot be saved as `path`; asked before the work begins.

    Looks at the ending, and at what is there already; nothing is written.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in (*_STILLS, *_MOVING):
        raise InputError(
            f"{path} has no ending that says its format: use .png, .webp, .jpg, .gif or .mp4"
        )
    if is_clip and ending in _STILLS:
        raise InputError(f"{path} cannot hold a clip: save it as .mp4, .gif or .webp")
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder: name a file")
        for folder in path.absolute().parents:
            if folder.is_dir():
                if not os.access(folder, os.W_OK):
                    raise PermissionError(errno.EACCES, "no permission")
                break
            if folder.exists():
                raise InputError(f"{path} cannot be written: {folder} is not a folder")
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} cannot be written: {_why(error)}") from None


@contextmanager
def _appearing(path: Path) -> Iterator[Path]:
    """A new file beside `path` that takes its place at the end, and is removed on any error."""
    target = Path(os.path.realpath(path))  # a link stays a link
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".vino-{secrets.token_hex(8)}{target.suffix}")
    try:
        temporary.touch(exist_ok=False)
        yield temporary
        os.replace(temporary, target)
    except BaseException:  # Ctrl-C too
        temporary.unlink(missing_ok=True)
        raise


def _why(error: Exception) -> str:
    code = getattr(error, "errno", None)
    if code in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return "the disk is full; free some space"
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "no permission to write there; choose another folder"
    if code == errno.ENAMETOOLONG:
        return "the name is too long; choose a shorter one"
    return reason(error)


def _write_image(
    frames: Frames, path: Path, ending: str, quality: int | None, text: str | None
) -> None:
    """Encoded in memory first: Pillow's encoders do not tell a full disk from other errors."""
    options = {} if text is None else picture_options(ending, text)
    buffer = io.BytesIO()
    _ENCODERS[ending](frames, buffer, quality, options)
    path.write_bytes(buffer.getvalue())


def _encode_png(
    frames: Frames, out: io.BytesIO, quality: int | None, options: dict[str, Any]
) -> None:
    frames.picture().save(out, "PNG", **options)


def _encode_jpeg(
    frames: Frames, out: io.BytesIO, quality: int | None, options: dict[str, Any]
) -> None:
    chosen = quality or _JPEG_QUALITY
    subsampling = "4:4:4" if chosen >= 90 else "4:2:0"
    frames.picture().save(out, "JPEG", quality=chosen, subsampling=subsampling, **options)


def _encode_webp(
    frames: Frames, out: io.BytesIO, quality: int | None, options: dict[str, Any]
) -> None:
    if not frames.is_clip:
        how = {"lossless": True} if quality is None else {"quality": quality}
        frames.picture().save(out, "WEBP", **how, **options)
        return
    frames = _slowed(frames, _FASTEST_WEBP)
    first, *others = [frames.picture(i) for i in range(len(frames.pixels))]
    first.save(
        out,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=_stays(frames, 1),
        loop=0,
        lossless=quality == 100,
        quality=quality or _WEBP_QUALITY,
        **options,
    )


def _encode_gif(
    frames: Frames, out: io.BytesIO, quality: int | None, options: dict[str, Any]
) -> None:
    frames = _slowed(frames, _FASTEST_GIF)
    palette = _palette(frames.pixels)
    first, *others = [
        frames.picture(i).quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
        for i in range(len(frames.pixels))
    ]
    if frames.is_clip:
        options = {**options, "save_all": True, "append_images": others, "loop": 0}
        options["duration"] = _stays(frames, 10)
    first.save(out, "GIF", optimize=False, **options)


_Encoder = Callable[[Frames, io.BytesIO, int | None, dict[str, Any]], None]
_ENCODERS: dict[str, _Encoder] = {
    ".png": _encode_png,
    ".jpg": _encode_jpeg,
    ".jpeg": _encode_jpeg,
    ".webp": _encode_webp,
    ".gif": _encode_gif,
}


def _palette(pixels: np.ndarray) -> Image.Image:
    """The 256 colours of a whole clip: one palette, so still parts do not flicker."""
    step = max(1, round((pixels[..., 0].size / _PALETTE_PIXELS) ** 0.5))
    sample = rearrange(pixels[:, ::step, ::step], "t h w c -> (t h) w c")
    return Image.fromarray(np.ascontiguousarray(sample)).quantize(256, Image.Quantize.MEDIANCUT)


def _slowed(frames: Frames, fastest: float) -> Frames:
    """At most `fastest` frames per second, in the same time: some are left out."""
    if frames.fps <= fastest or not frames.is_clip:
        return frames
    count = max(2, round(len(frames.pixels) * fastest / frames.fps))
    kept = np.arange(count) * len(frames.pixels) // count
    return replace(frames, pixels=frames.pixels[kept], fps=fastest)


def _stays(frames: Frames, unit: int) -> list[int]:
    """Milliseconds each frame stays, in multiples of `unit`, without drift over the clip."""
    ends = [
        max(i, round(i * 1000 / frames.fps / unit)) * unit for i in range(len(frames.pixels) + 1)
    ]
    return [end - begin for begin, end in pairwise(ends)]


def _write_mp4(
    frames: Frames, path: Path, ending: str, quality: int | None, text: str | None
) -> None:
    """H.264 with the index in front, so that it plays while it loads."""
    rate = Fraction(frames.fps).limit_denominator(1001)
    height, width = (side + side % 2 for side in frames.pixels.shape[1:3])
    options = {"movflags": "+faststart", "max_interleave_delta": "0"}
    with av.open(str(path), "w", format="mp4", container_options=options) as output:
        if text is not None:
            output.metadata.update(clip_metadata(text))
        crf = round(40 - 0.3 * (quality or _MP4_QUALITY))
        stream = output.add_stream("libx264", rate=rate, options={"crf": str(crf), **_REPEATABLE})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        # Said in the file, so that no player has to guess by the size.
        codec = stream.codec_context
        codec.colorspace = codec.color_primaries = codec.color_trc = _BT709
        codec.color_range = int(ColorRange.MPEG)
        if frames.sound is not None:
            frames.sound.write_to(output, len(frames.pixels) / frames.fps)
        for i, pixels in enumerate(frames.pixels):
            for packet in stream.encode(_yuv(pixels, width, height, i, rate)):
                output.mux(packet)
        for packet in stream.encode(None):
            output.mux(packet)


def _yuv(pixels: np.ndarray, width: int, height: int, index: int, rate: Fraction) -> av.VideoFrame:
    """One frame, odd sides made even by repeating the last column or row."""
    extra = ((0, height - pixels.shape[0]), (0, width - pixels.shape[1]), (0, 0))
    even = np.ascontiguousarray(np.pad(pixels, extra, mode="edge"))
    frame = av.VideoFrame.from_ndarray(even, format="rgb24").reformat(
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        interpolation=Interpolation.AREA | Interpolation.ACCURATE_RND,  # else darker by a level
    )
    frame.pts, frame.time_base = index, 1 / rate
    return frame
