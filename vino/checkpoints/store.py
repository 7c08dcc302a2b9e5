"""Named tensors on disk, read lazily and without running anything a file may contain.

Files are mapped, and mapped anew every so often: pages that were read are given back, so that
reading a checkpoint costs memory for what is kept of it and little more.
"""

import json
import pickle
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from vino.errors import CheckpointError

Shape = tuple[int, ...]
Watch = Callable[[str, int, int], None]  # what is going on, bytes done, bytes in all

PICKLED = (".ckpt", ".pt", ".pth", ".bin")
WRAPPERS = ("module", "state_dict")  # keys under which training frameworks keep the tensors
NAMES_SHOWN = 10
MOST_JSON = 64 * 2**20  # bytes; no index or config is larger

_MAPPED_SHARE = 1 / 32  # of a checkpoint that may lie mapped in memory while it is read
_MAPPED_LEAST, _MAPPED_MOST = 4 * 2**20, 512 * 2**20  # bytes


class Weights:
    """The tensors of one checkpoint, of one file or of several shards."""

    def __init__(self, title: Path, files: Iterable[Path]):
        self.title = title
        self.shapes: dict[str, Shape] = {}
        self._home: dict[str, Path] = {}
        for file in files:
            for name, shape in _open(file).shapes().items():
                if name in self._home:
                    raise CheckpointError(
                        f"{title}: tensor {name} is in two files, {self._home[name].name} and "
                        f"{file.name}; download the checkpoint again"
                    )
                self.shapes[name], self._home[name] = shape, file
        self.bytes = sum(file.stat().st_size for file in set(self._home.values()))

    def stream(self, names: Iterable[str]) -> Iterator[tuple[str, Tensor]]:
        """The named tensors in the order they lie on disk, each valid until the next one."""
        wanted = set(names)
        budget = min(max(self.bytes * _MAPPED_SHARE, _MAPPED_LEAST), _MAPPED_MOST)
        for path in dict.fromkeys(self._home.values()):
            opened, mapped = _open(path), 0
            for name in [n for n, home in self._home.items() if home == path and n in wanted]:
                tensor = opened.tensor(name)
                mapped += tensor.nbytes
                yield name, tensor
                del tensor
                if mapped > budget:
                    opened, mapped = _open(path), 0


def weights_file(path: Path) -> Weights:
    """One file: .safetensors, or a PyTorch file (.ckpt, .pt, .pth, .bin) of tensors alone."""
    return Weights(path, [path])


def weights_in(folder: Path, stem: str) -> Weights:
    """`stem`.safetensors of a folder, or the shards its index names."""
    single, index = folder / f"{stem}.safetensors", folder / f"{stem}.safetensors.index.json"
    if single.exists():
        return weights_file(single)
    if index.exists():
        return _sharded(index)
    raise CheckpointError(f"{folder}: no {single.name} and no {index.name}: weights are missing")


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; CheckpointError if there is none."""
    try:
        if path.stat().st_size > MOST_JSON:
            raise CheckpointError(f"{path}: too large for a JSON file of a checkpoint")
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise CheckpointError(f"{path}: not JSON; the file is damaged, get it again") from None
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: not a JSON object; the file is damaged, get it again")
    return content


def first_line(error: Exception) -> str:
    """The start of what a library says went wrong."""
    return str(error).strip().partition("\n")[0][:160] or type(error).__name__


def listed(names: Iterable[str]) -> str:
    """Up to ten of the names, and how many there are."""
    every = list(names)
    shown = ", ".join(every[:NAMES_SHOWN])
    more = len(every) - NAMES_SHOWN
    return f"{len(every)} ({shown}, and {more} more)" if more > 0 else f"{len(every)} ({shown})"


def _sharded(index: Path) -> Weights:
    placed = read_json(index).get("weight_map")
    if not isinstance(placed, dict) or not placed:
        raise CheckpointError(f"{index}: no weight_map; the file is damaged, get it again")
    for file in placed.values():
        if not _is_plain_name(file):
            raise CheckpointError(
                f"{index}: names the shard {file!r}, which is no plain .safetensors file name; "
                "refused"
            )
    files = [index.parent / file for file in sorted(set(placed.values()))]
    if absent := [file.name for file in files if not file.exists()]:
        raise CheckpointError(f"{index.parent}: shards missing: {listed(absent)}; get them again")
    weights = Weights(index, files)
    missing, unexpected = set(placed) - set(weights.shapes), set(weights.shapes) - set(placed)
    if missing or unexpected:
        raise CheckpointError(
            f"{index}: index and shards disagree: tensors only in the index "
            f"{listed(sorted(missing))}, only in shards {listed(sorted(unexpected))}"
        )
    return weights


def _is_plain_name(file: object) -> bool:
    """Whether an index may name this shard: a file beside it and nothing else."""
    if not isinstance(file, str) or "\\" in file or "\0" in file or file.startswith("."):
        return False
    return Path(file).name == file and file.endswith(".safetensors")


class _Safetensors:
    """One mapped .safetensors file."""

    def __init__(self, path: Path):
        self.path = path
        try:
            self._file = safe_open(path, framework="pt")
        except (SafetensorError, OSError) as error:
            raise _damaged(path, "safetensors", error) from None

    def shapes(self) -> dict[str, Shape]:
        return {n: tuple(self._file.get_slice(n).get_shape()) for n in self._file.offset_keys()}

    def tensor(self, name: str) -> Tensor:
        try:
            return self._file.get_tensor(name)
        except (SafetensorError, RuntimeError, ValueError, TypeError, KeyError) as error:
            raise _damaged(self.path, "safetensors", error) from None


class _Pickled:
    """One mapped PyTorch file. Only tensors in plain containers are unpickled."""

    def __init__(self, path: Path):
        self._tensors = _tensors_of(path, _load_mapped(path))

    def shapes(self) -> dict[str, Shape]:
        return {name: tuple(tensor.shape) for name, tensor in self._tensors.items()}

    def tensor(self, name: str) -> Tensor:
        return self._tensors[name]


def _open(path: Path) -> _Safetensors | _Pickled:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from None
    if not path.is_file():
        raise CheckpointError(f"{path}: not a file")
    if size == 0:
        raise CheckpointError(f"{path}: an empty file; the download was cut off, get it again")
    if path.suffix == ".safetensors":
        return _Safetensors(path)
    if path.suffix in PICKLED:
        return _Pickled(path)
    known = ", ".join((".safetensors", *PICKLED))
    raise CheckpointError(f"{path}: not a checkpoint file by its ending; known are {known}")


def _load_mapped(path: Path) -> object:
    if not zipfile.is_zipfile(path):
        raise CheckpointError(
            f"{path}: not a PyTorch checkpoint, a truncated one, or one in PyTorch's format of "
            "before 2020; get it again, or save it anew with a current PyTorch"
        )
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError:
        raise CheckpointError(
            f"{path}: holds Python objects besides tensors, which could run code; refused. "
            "Use a file of tensors alone"
        ) from None
    except Exception as error:  # whatever a damaged archive makes the reader trip over
        raise _damaged(path, "PyTorch", error) from None


def _tensors_of(path: Path, content: object) -> Mapping[str, Tensor]:
    """The tensors of an unpickled file, one known wrapper taken off."""
    if isinstance(content, dict):
        for wrapper in WRAPPERS:
            if isinstance(content.get(wrapper), dict):
                content = content[wrapper]
                break
    if not isinstance(content, dict) or not content:
        raise CheckpointError(f"{path}: holds no table of named tensors")
    for name, value in content.items():
        dense = isinstance(value, Tensor) and value.layout == torch.strided
        if not isinstance(name, str) or not dense:
            raise CheckpointError(
                f"{path}: entry {name!r} is not a plain tensor ({type(value).__name__}); "
                "a table of named tensors is needed"
            )
    return content


def _damaged(path: Path, kind: str, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"{path}: not a readable {kind} file, damaged or cut off ({first_line(error)}); "
        "get it again"
    )
