"""Structure-aware damage: to files, JSON values, forms and headers."""

import io
import random
import struct
import tempfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from vino.media import Frames

HUGE = (0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
WORDS = ("", " ", "\0", "\ud800", "Image 9", "<|im_end|><|image_pad|>", "\u202e", "é" * 300, "🐕",
         "../../etc/passwd", "x" * 20_000, "'; DROP TABLE jobs; --", "%00", "{{7*7}}",
         "\r\nA: b")  # fmt: skip
NUMBERS = (0, -1, 1, 2**31, 2**63, 2**64, -(2**63), 10**30, 0.5, -0.0, 1e308, float("inf"),
           float("nan"), 1e-320)  # fmt: skip
URLS = ("http://localhost/a.png", "https://localhost/a.png", "http://localhost:1/a.png",
        "http://127.0.0.1/", "http://[::1]/", "http://2130706433/", "https://evil.example/a.png",
        "http://localhost@evil.example/", "http://u:p@localhost/", "file:///etc/passwd",
        "http://localhost/\r\nX: y", "gopher://localhost/", "http://localhost\\@x/", "//localhost",
        "http://localhost" + "/a" * 2_000, "http://lo\u0441alhost/", "")  # fmt: skip


@cache
def files() -> dict[str, bytes]:
    """A small sound file of every format, by its ending."""
    pixels = np.random.default_rng(0).integers(0, 255, (5, 32, 32, 3), np.uint8)
    made = {}
    with tempfile.TemporaryDirectory() as folder:
        for ending in ("png", "jpg", "gif", "webp", "mp4"):
            length = 5 if ending in ("gif", "mp4") else 1
            path = Frames(pixels[:length], 8.0).save(Path(folder) / f"a.{ending}")
            made[ending] = path.read_bytes()
        made["clip.webp"] = Frames(pixels, 8.0).save(Path(folder) / "b.webp").read_bytes()
    return made


def damaged(chance: random.Random) -> bytes:
    """A file of some format, damaged in one of many ways, or sound."""
    name = chance.choice(sorted(files()))
    data = bytearray(files()[name])
    match chance.randrange(8):
        case 0:
            return bytes(data)
        case 1:
            return bytes(data[: chance.randrange(len(data))])
        case 2:
            for _ in range(chance.randint(1, 20)):
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        case 3:
            other = files()[chance.choice(sorted(files()))]
            data[chance.randrange(len(data)) :] = other[chance.randrange(len(other)) :]
        case 4:
            return declared(name, data, chance)
        case 5:
            start = chance.randrange(len(data))
            data[start:start] = data[start : start + chance.randrange(2_000)] * chance.randint(1, 9)
        case 6:
            return chance.randbytes(chance.randrange(400))
        case 7:
            at = chance.randrange(max(1, len(data) - 4))
            data[at : at + 4] = struct.pack(chance.choice("<>") + "I", chance.choice(HUGE))
    return bytes(data)


def declared(name: str, data: bytearray, chance: random.Random) -> bytes:
    """The file with other sizes where its format declares them."""
    big = chance.choice((0, 1, 40_000, 0xFFFF))
    if name == "png":
        data[16:24] = struct.pack(">II", *chance.choices((0, 1, 60_000, 0x7FFFFFFF), k=2))
        data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    elif name == "gif":
        at = chance.choice((6, max(6, data.find(b"\x2c") + 5)))
        data[at : at + 4] = struct.pack("<HH", big, big)
    elif name == "jpg":
        at = data.find(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", big, big)
    elif name.endswith("webp"):
        at = 24 if b"VP8X" in data[:16] else 26
        data[at : at + 4] = struct.pack("<I", chance.choice(HUGE))
    else:
        box = chance.choice((b"tkhd", b"stsd", b"stsz", b"stts", b"moov", b"mdat", b"avc1"))
        at = max(8, data.find(box)) + chance.choice((-4, 8, 12, 16, 20))
        data[at : at + 4] = struct.pack(">I", chance.choice(HUGE))
    return bytes(data)


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value] if levels % 2 else {"prompt": value}
    return value


def odd(chance: random.Random) -> Any:
    """A value that is seldom expected."""
    makers: tuple[Callable[[], Any], ...] = (
        lambda: None,
        lambda: chance.choice((True, False)),
        lambda: chance.choice(NUMBERS),
        lambda: chance.choice(WORDS),
        lambda: chance.choice(([], {}, [[]], [None] * 300, {"type": "image"})),
        lambda: deep(chance.choice((3, 60, 61))),
        lambda: chance.choice(URLS),
    )
    return chance.choice(makers)()


def mutated(value: Any, chance: random.Random) -> Any:
    """A JSON value with something in it changed, added, left out or doubled."""
    places = list(_places(value))
    for _ in range(chance.randint(1, 3)):
        holder, key = chance.choice(places)
        try:
            match chance.randrange(5):
                case 0 | 1:
                    holder[key] = odd(chance)
                case 2:
                    del holder[key]
                case 3 if isinstance(holder, dict):
                    holder[chance.choice((*WORDS[:8], "url", "path", "base", key + "s"))] = odd(
                        chance
                    )
                case _ if isinstance(holder, list):
                    holder[:] = holder * chance.choice((2, 70))
        except (KeyError, IndexError):  # left out before
            continue
    return value


def _places(value: Any) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


def scrambled(data: bytes, chance: random.Random) -> bytes:
    """Bytes with a few changed, left out, or put in."""
    out = io.BytesIO()
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randint(1, 6)))
    last = 0
    for cut in cuts:
        out.write(data[last:cut])
        match chance.randrange(4):
            case 0:
                out.write(chance.randbytes(chance.randrange(1, 10)))
            case 1:
                cut = min(len(data), cut + chance.randrange(40))
            case 2:
                out.write(data[cut : cut + 30])
            case 3:
                out.write(
                    chance.choice((b"\0", b"\r\n", b'"', b"[" * 3_000, b"\xff\xfe", b"--b--"))
                )
        last = cut
    out.write(data[last:])
    return out.getvalue()
