"""Folders of weights, written whole or not at all."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from vino.checkpoints.store import Watch
from vino.errors import InputError

SHARD = 5 * 10**9  # bytes; what hubs and file systems take without trouble


@dataclass(frozen=True)
class Saving:
    """How tensors are written: their type (None: as they are) and the size of a shard in bytes."""

    dtype: torch.dtype | None = None
    shard: int = SHARD
    watch: Watch | None = None


@contextmanager
def folder_written_whole(folder: Path, replace: bool = False) -> Iterator[Path]:
    """A fresh folder to write into, which takes `folder`'s place when all went well.

    Whatever goes wrong, `folder` stays as it was. With `replace` a folder that is there gives
    way; without, InputError unless it is empty. InputError for a full disk or no permission.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; name a folder to write to")
    if folder.is_dir() and any(folder.iterdir()) and not replace:
        raise InputError(f"{folder}: is not empty; name a new folder, or empty this one")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror})") from None
    try:
        yield fresh
        _open_up(fresh)
        _take_place(fresh, folder)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{folder}: cannot be written ({reason})") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def save_tensors(
    folder: Path, stem: str, tensors: Mapping[str, Tensor], saving: Saving
) -> list[Path]:
    """Write `stem`.safetensors, or numbered shards and their index; returns the weight files."""
    shards = _shards(tensors, saving)
    names = [f"{stem}.safetensors"]
    if len(shards) > 1:
        names = [
            f"{stem}-{i:05}-of-{len(shards):05}.safetensors" for i in range(1, len(shards) + 1)
        ]
        placed = {name: file for file, shard in zip(names, shards, strict=True) for name in shard}
        index = {"metadata": {"total_size": _total(tensors, saving)}, "weight_map": placed}
        save_json(folder / f"{stem}.safetensors.index.json", index)
    for done, (file, shard) in enumerate(zip(names, shards, strict=True)):
        if saving.watch:
            saving.watch(f"writing {folder.name}/{file}", done, len(shards))
        ready = {name: _ready(tensors[name], saving.dtype) for name in shard}
        save_file(ready, folder / file, metadata={"format": "pt"})
    return [folder / file for file in names]


def save_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON object, readable and in a stable order."""
    text = json.dumps(content, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def file_hash(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _shards(tensors: Mapping[str, Tensor], saving: Saving) -> list[list[str]]:
    """Names in order, cut where a shard would become too large."""
    shards: list[list[str]] = [[]]
    filled = 0
    for name, tensor in tensors.items():
        size = _size(tensor, saving)
        if shards[-1] and filled + size > saving.shard:
            shards.append([])
            filled = 0
        shards[-1].append(name)
        filled += size
    return shards


def _total(tensors: Mapping[str, Tensor], saving: Saving) -> int:
    return sum(_size(tensor, saving) for tensor in tensors.values())


def _size(tensor: Tensor, saving: Saving) -> int:
    return tensor.numel() * (saving.dtype or tensor.dtype).itemsize


def _ready(tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    return tensor.detach().to("cpu", dtype or tensor.dtype).contiguous()


def _take_place(fresh: Path, folder: Path) -> None:
    """Rename `fresh` to `folder`; what was there is moved aside first and then removed."""
    if not folder.exists():
        fresh.rename(folder)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    folder.rename(aside / "old")
    try:
        fresh.rename(folder)
    except OSError:
        (aside / "old").rename(folder)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _open_up(folder: Path) -> None:
    """Give everything its usual permissions: temporary folders and safetensors' are private."""
    mask = os.umask(0)
    os.umask(mask)
    for path in (folder, *folder.rglob("*")):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~mask)
