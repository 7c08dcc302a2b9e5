"""Forty files, each broken in a way of its own, that pass for pictures and clips by their names."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.data.making import clip, picture
from tests.media.making import chunk, png
from vino.media import Frames

Break = Callable[[Path], None]


def cut(suffix: str, share: float) -> Break:
    """An intact file without its end."""
    return lambda path: _with_saved(path, suffix, lambda data: data[: int(len(data) * share)])


def spoil(suffix: str, begin: float, end: float) -> Break:
    """An intact file with noise from one share of its length to another."""

    def change(data: bytes) -> bytes:
        a, b = int(len(data) * begin), int(len(data) * end)
        return data[:a] + np.random.default_rng(1).bytes(b - a) + data[b:]

    return lambda path: _with_saved(path, suffix, change)


def holds(data: bytes) -> Break:
    return lambda path: path.write_bytes(data) and None


def _with_saved(path: Path, suffix: str, change: Callable[[bytes], bytes]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), np.uint8)
    whole = path.with_name(f"whole{suffix}")
    (clip() if suffix in (".mp4", ".gif") else Frames(noise)).save(whole)
    path.write_bytes(change(whole.read_bytes()))
    whole.unlink()


def _named(other: str, frames: Frames) -> Break:
    def make(path: Path) -> None:
        frames.save(path.with_name(other)).rename(path)

    return make


HEAD = b"\x89PNG\r\n\x1a\n"
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)
BOMB = png(60_000, 60_000, rows=b"\0" * 100)
BOMB_TALL = png(1, 40_000_000, rows=b"\0")

BROKEN: dict[str, Break] = {
    "empty.png": holds(b""),
    "empty.jpg": holds(b""),
    "empty.mp4": holds(b""),
    "zeros.png": holds(bytes(4096)),
    "zeros.mp4": holds(bytes(4096)),
    "noise.jpg": holds(np.random.default_rng(2).bytes(4096)),
    "noise.mp4": holds(np.random.default_rng(3).bytes(4096)),
    "text.png": holds(b"not found: the server says no\n" * 20),
    "page.jpg": holds(b"<!doctype html><html><body>403</body></html>"),
    "json.webp": holds(b'{"error": "expired"}'),
    "text.mp4": holds(b"#EXTM3U\nhttp://127.0.0.1/secret.ts\n"),
    "playlist.mkv": holds(b"ffconcat version 1.0\nfile /etc/passwd\n"),
    "vector.png": holds(b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    "postscript.tif": holds(b"%!PS-Adobe-3.0 EPSF-3.0\nshowpage\n"),
    "archive.png": holds(b"PK\3\4" + bytes(100)),
    "phone.jpg": holds(HEIC),
    "phone.heic": holds(HEIC),
    "magic alone.png": holds(HEAD),
    "magic alone.jpg": holds(b"\xff\xd8\xff"),
    "magic alone.gif": holds(b"GIF89a"),
    "magic alone.webp": holds(b"RIFF\x10\0\0\0WEBP"),
    "magic alone.mkv": holds(b"\x1a\x45\xdf\xa3"),
    "magic alone.mp4": holds(b"\0\0\0\x18ftypisom\0\0\2\0isomiso2"),
    "no size.png": holds(png(0, 5)),
    "no pixels.png": holds(HEAD + chunk(b"IHDR", bytes(13)) + chunk(b"IEND", b"")),
    "enormous.png": holds(BOMB),
    "tower.png": holds(BOMB_TALL),
    "spoilt head.jpg": spoil(".jpg", 0.0, 0.3),
    "cut.png": cut(".png", 0.5),
    "cut early.png": cut(".png", 0.01),
    "cut.jpg": cut(".jpg", 0.5),
    "cut header.jpg": cut(".jpg", 0.02),
    "cut.webp": cut(".webp", 0.5),
    "cut.mp4": cut(".mp4", 0.3),
    "spoilt.png": spoil(".png", 0.2, 0.8),
    "spoilt head.webp": spoil(".webp", 0.004, 0.2),
    "spoilt head.mp4": spoil(".mp4", 0.0, 0.5),
    "clip.png": _named("c.mp4", clip()),
    "still.mp4": _named("p.png", picture()),
    "folder.png": lambda path: path.mkdir(),
    "gone.jpg": lambda path: path.symlink_to(path.with_name("nowhere.jpg")),
}
if hasattr(os, "mkfifo"):
    BROKEN["pipe.mp4"] = lambda path: os.mkfifo(path)
