"""What frozen parts compute, kept on disk: VAE latents and the VLM's states of prompts.

Keys are content hashes, the folder is named after the model's hash: another file of the same
pixels is found again, other weights are never mistaken for these. Values lie in safetensors shards
of bounded size; when all together are too large, the shards written first are deleted.
"""

import hashlib
import logging
import os
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from vino.errors import InputError
from vino.media import Frames, content_hash
from vino.model.vlm import PromptStates
from vino.prompt import Chat

log = logging.getLogger("vino.data")
Tensors = Mapping[str, Tensor]
_Place = tuple[Path, tuple[str, ...]]  # the shard of a key, and the names of its tensors


class TensorCache:
    """Named groups of tensors on disk.

    folder: holds one folder for every model. model: the hash of the weights that computed them.
    most_bytes: of all shards of this model. shard_bytes: gathered in memory before a shard is
    written; `flush` writes what is there. Several processes may share a folder: each sees what
    was written before it began, and what it wrote.

    Use it with `with`, which flushes at the end. InputError: the folder cannot be written.
    """

    def __init__(
        self,
        folder: str | Path,
        model: str,
        most_bytes: int = 50 << 30,
        shard_bytes: int = 256 << 20,
    ):
        if not model or not model.isalnum():
            raise InputError(f"{model!r} is no hash of a model: use letters and digits")
        self.folder = Path(folder) / model
        self.most_bytes = most_bytes
        self.shard_bytes = min(shard_bytes, most_bytes)
        self._fresh: dict[str, dict[str, Tensor]] = {}
        self._fresh_bytes = 0
        self._shards: dict[str, _Place] = {}
        self._lock = threading.RLock()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{self.folder} cannot be made ({error.strerror})") from None
        for shard in self._by_age():
            self._index(shard)

    def __len__(self) -> int:
        return len(self._shards.keys() | self._fresh.keys())

    def __contains__(self, key: str) -> bool:
        return key in self._fresh or key in self._shards

    def get(self, key: str) -> dict[str, Tensor] | None:
        """The tensors of a key, on the CPU, or None."""
        with self._lock:
            if key in self._fresh:
                return dict(self._fresh[key])
            place = self._shards.get(key)
        if place is None:
            return None
        shard, names = place
        try:
            with safe_open(shard, "pt") as file:
                return {name: file.get_tensor(f"{key}/{name}") for name in names}
        except (OSError, SafetensorError):  # deleted by another process to make room
            self._shards.pop(key, None)
            return None

    def put(self, key: str, tensors: Tensors) -> None:
        """Keep tensors under a key; what is there already stays."""
        if "/" in key or not tensors:
            raise InputError(f"the key {key!r} must have no slash, and tensors to keep")
        with self._lock:
            if key in self:
                return
            copied = {name: t.detach().to("cpu", copy=True) for name, t in tensors.items()}
            self._fresh[key] = {name: t.contiguous() for name, t in copied.items()}
            self._fresh_bytes += sum(t.nbytes for t in copied.values())
            if self._fresh_bytes >= self.shard_bytes:
                self.flush()

    def flush(self) -> None:
        """Write what is in memory as a shard, whole or not at all, and make room."""
        with self._lock:
            if not self._fresh:
                return
            shard = self.folder / f"{uuid.uuid4().hex}.safetensors"
            partial = shard.with_suffix(".partial")
            flat = {f"{k}/{n}": t for k, group in self._fresh.items() for n, t in group.items()}
            try:
                save_file(flat, partial)
                os.replace(partial, shard)
            except (OSError, SafetensorError) as error:
                partial.unlink(missing_ok=True)
                raise InputError(f"{shard} cannot be written ({error}): free some space") from None
            self._shards |= {k: (shard, tuple(group)) for k, group in self._fresh.items()}
            self._fresh, self._fresh_bytes = {}, 0
            self._make_room(shard)

    def __enter__(self) -> "TensorCache":
        return self

    def __exit__(self, *_: object) -> None:
        self.flush()

    def _by_age(self) -> list[Path]:
        """Shards, those written first before the others."""
        found = []
        for shard in self.folder.glob("*.safetensors"):
            try:
                found.append((shard.stat().st_mtime_ns, shard))
            except FileNotFoundError:
                continue
        return [shard for _, shard in sorted(found)]

    def _index(self, shard: Path) -> None:
        found: set[str] = set()
        try:
            with safe_open(shard, "pt") as file:
                for whole in file.keys():  # noqa: SIM118
                    key, _, name = whole.partition("/")
                    names = self._shards[key][1] if key in found else ()
                    found.add(key)
                    self._shards[key] = (shard, (*names, name))
        except (OSError, SafetensorError) as error:
            log.warning("%s is damaged (%s): deleted from the cache", shard, error)
            shard.unlink(missing_ok=True)

    def _make_room(self, newest: Path) -> None:
        shards = self._by_age()
        sizes = {shard: shard.stat().st_size for shard in shards if shard.exists()}
        total = sum(sizes.values())
        for shard, size in sizes.items():
            if total <= self.most_bytes:
                return
            if shard != newest:
                shard.unlink(missing_ok=True)
                total -= size
                self._shards = {k: s for k, s in self._shards.items() if s[0] != shard}


def latents_key(frames: Frames) -> str:
    """The key of a picture's or clip's latents."""
    return content_hash(frames)


def states_key(chat: Chat) -> str:
    """The key of a chat's states: its words and media, and the rate, which the VLM is told."""
    digest = hashlib.sha256()
    for part in (chat.system, chat.text, str(len(chat.images))):
        digest.update(f"{len(part)}:{part}".encode())
    for frames in (*chat.images, *chat.videos):
        digest.update(content_hash(frames).encode())
        digest.update(repr(frames.fps if frames.is_clip else None).encode())
    return digest.hexdigest()


def pack_states(states: PromptStates) -> dict[str, Tensor]:
    """States of a prompt as tensors by name."""
    packed = {"hidden": states.hidden, "position": torch.tensor(states.position)}
    packed["boundaries"] = torch.tensor(states.boundaries, dtype=torch.int64).reshape(-1, 2)
    for i, (keys, values) in enumerate(states.cache):
        packed |= {f"keys.{i}": keys, f"values.{i}": values}
    return packed


def unpack_states(packed: Tensors) -> PromptStates:
    """The inverse of `pack_states`."""
    layers = sum(name.startswith("keys.") for name in packed)
    starts_and_ends = packed["boundaries"].tolist()
    return PromptStates(
        hidden=packed["hidden"],
        cache=tuple((packed[f"keys.{i}"], packed[f"values.{i}"]) for i in range(layers)),
        position=int(packed["position"]),
        boundaries=tuple((int(start), int(end)) for start, end in starts_and_ends),
    )
