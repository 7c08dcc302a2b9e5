"""Small pictures for the page: thumbnails, strips of frames, parts of pictures."""

import base64
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from vino.media import Frames, resize

_SIDE = 96  # pixels, of a thumbnail
_TILES = 24  # frames of a strip, at most
_TILE = 64  # pixels, the height of a strip
_QUALITY = 80


def thumbnail(frames: Frames, side: int = _SIDE) -> str:
    """The first frame, no side longer than `side`, as a data URL."""
    first = replace(frames, pixels=frames.pixels[:1])
    scale = min(1.0, side / max(first.size.width, first.size.height))
    return _data_url(resize(first, *_scaled(first, scale), resample="lanczos"))


def strip(frames: Frames) -> str:
    """Frames of a clip beside each other, evenly spaced, as a data URL of one picture."""
    count = min(_TILES, len(frames.pixels))
    chosen = np.linspace(0, len(frames.pixels) - 1, count).round().astype(int)
    few = replace(frames, pixels=frames.pixels[chosen])
    few = resize(few, *_scaled(few, _TILE / few.size.height), resample="lanczos")
    return _data_url(replace(few, pixels=np.concatenate(list(few.pixels), axis=1)[None]))


def cut(frames: Frames, box: tuple[int, int, int, int]) -> Frames:
    """The part inside left, top, right, bottom in percent; at least one pixel."""
    left, top, right, bottom = box
    height, width = frames.size.height, frames.size.width
    x, y = left * width // 100, top * height // 100
    to_x, to_y = max(x + 1, -(-right * width // 100)), max(y + 1, -(-bottom * height // 100))
    return replace(frames, pixels=frames.pixels[:, y:to_y, x:to_x])


def _scaled(frames: Frames, scale: float) -> tuple[int, int]:
    return max(1, round(frames.size.width * scale)), max(1, round(frames.size.height * scale))


def _data_url(frames: Frames) -> str:
    small = replace(frames, recipe=None, sound=None)
    with tempfile.TemporaryDirectory() as folder:
        data = small.save(Path(folder) / "small.webp", quality=_QUALITY).read_bytes()
    return f"data:image/webp;base64,{base64.b64encode(data).decode()}"
