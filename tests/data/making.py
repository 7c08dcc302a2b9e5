"""Manifests and media for the tests."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

from vino.media import Frames


def picture(width: int = 96, height: int = 64, level: int = 0) -> Frames:
    """A slope from left to right that no two levels share."""
    row = np.linspace(0, 200, width)[None, :, None] + np.array([level % 50, level // 50, 9])
    return Frames(np.broadcast_to(row, (1, height, width, 3)).astype(np.uint8).copy())


def clip(frames: int = 17, width: int = 96, height: int = 64) -> Frames:
    """Gray that grows lighter by eight levels a frame."""
    levels = (8 * np.arange(frames)).astype(np.uint8)[:, None, None, None]
    return Frames(np.broadcast_to(levels, (frames, height, width, 3)).copy())


def write_manifest(folder: Path, *records: dict[str, Any], name: str = "manifest.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return path


def record(target: object = "a.png", prompt: object = "a slope", task: str = "t2i", **more: Any):
    return {"task": task, "prompt": prompt, "target": target, **more}


def folder_of_everything(folder: Path, count: int = 6) -> Path:
    """A manifest of pictures, edits and clips of several sizes, with its media."""
    records = []
    for i in range(count):
        picture(96 + 16 * (i % 3), 64 + 16 * (i % 2), level=i).save(folder / f"p{i}.png")
        records.append(record(f"p{i}.png", f"slope {i}", licence="CC0-1.0"))
        edit = [{"image": f"p{i}.png", "base": True}, "make it lighter"]
        picture(96 + 16 * (i % 3), 64 + 16 * (i % 2), level=i + 100).save(folder / f"e{i}.png")
        records.append(record(f"e{i}.png", edit, "ti2i", licence="CC0-1.0"))
    for i in range(count // 2):
        clip(17 + 4 * i).save(folder / f"c{i}.mp4")
        records.append(record(f"c{i}.mp4", f"it grows light {i}", "t2v", licence="CC0-1.0"))
    return write_manifest(folder, *records)


def write_tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE, goes_on: bool = False) -> bytes:
    """A tar header that says any size; goes_on: of a sparse file, that its map does."""
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[482] = goes_on
    block[148:156] = b"%06o\0 " % tarfile.calc_chksums(block)[0]
    return bytes(block)


def extended(records: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    """An extended (pax) header, with the header of an empty file that it is for."""
    block = records.ljust(512, b"\0")
    return header("x", len(records), kind) + block + header("a.png", 0)
