"""The frozen parts at work: latents and prompt states, from disk where they are known."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from vino.checkpoints.digest import model_hash
from vino.data.cache import TensorCache, latents_key, pack_states, states_key, unpack_states
from vino.media import Frames
from vino.model.vae import from_pixels
from vino.model.vino import Vino
from vino.model.vlm import PromptStates
from vino.prompt import Chat

K = TypeVar("K")
V = TypeVar("V")


class Frozen:
    """Autoencoder and vision-language model, without gradients.

    cache: keeps what they computed. A hit spares the work; it also leaves the others of a pass in
    smaller company, so results may differ in their last digits from those without a cache.
    """

    def __init__(self, vino: Vino, cache: TensorCache | None = None):
        self.vino, self.cache = vino, cache

    @torch.no_grad()
    def encode(self, media: Sequence[Frames]) -> list[Tensor]:
        """Latents C T H W, float32, of pictures and clips; equal sizes share a pass."""
        if self.cache is None:
            return self._encode(media)
        keyed = {latents_key(m): m for m in media}
        found = self._known(keyed, self._encode, lambda z: {"z": z}, lambda t: t["z"])
        return [found[latents_key(m)] for m in media]

    @torch.no_grad()
    def read(self, chats: Sequence[Chat]) -> dict[Chat, PromptStates]:
        """States of every chat, each read once."""
        distinct = list(dict.fromkeys(chats))
        if self.cache is None:
            return dict(zip(distinct, self.vino.read(distinct), strict=True))
        keyed = {states_key(c): c for c in distinct}
        found = self._known(keyed, self.vino.read, pack_states, unpack_states)
        return {c: found[states_key(c)] for c in distinct}

    def close(self) -> None:
        """Write what the cache still holds in memory."""
        if self.cache is not None:
            self.cache.flush()

    def _known(
        self,
        keyed: Mapping[str, K],
        compute: Callable[[Sequence[K]], list[V]],
        pack: Callable[[V], dict[str, Tensor]],
        unpack: Callable[[Mapping[str, Tensor]], V],
    ) -> dict[str, V]:
        """Values from the cache; those it lacks are computed together and kept."""
        assert self.cache is not None
        found: dict[str, V] = {}
        for key in keyed:
            stored = self.cache.get(key)
            if stored is not None:
                found[key] = unpack({n: t.to(self.vino.device) for n, t in stored.items()})
        lacking = [key for key in keyed if key not in found]
        made = compute([keyed[key] for key in lacking]) if lacking else []
        for key, value in zip(lacking, made, strict=True):
            self.cache.put(key, pack(value))
            found[key] = value
        return found

    def _encode(self, media: Sequence[Frames]) -> list[Tensor]:
        groups: dict[tuple[int, ...], list[int]] = {}
        for i, frames in enumerate(media):
            groups.setdefault(frames.pixels.shape, []).append(i)
        latents: dict[int, Tensor] = {}
        dtype = next(self.vino.vae.parameters()).dtype  # type: ignore[attr-defined]
        for members in groups.values():
            pixels = torch.from_numpy(np.stack([media[i].pixels for i in members]))
            z = self.vino.vae.encode(from_pixels(pixels.to(self.vino.device)).to(dtype))
            latents.update(zip(members, z.float(), strict=True))
        return [latents[i] for i in range(len(media))]


def cached(vino: Vino, folder: Path | None, precision: str, most_gb: float) -> Frozen:
    """The frozen parts, with a cache in `folder` if one is named."""
    if folder is None:
        return Frozen(vino)
    parts = {"vlm": vino.vlm.model, "vae": vino.vae}
    tensors = {
        f"{part}.{name}": tensor
        for part, module in parts.items()
        for name, tensor in module.state_dict().items()
    }
    name = f"{model_hash(tensors, None)}{precision}"
    if vino.conditioner.config.references == "latents":
        name += "blind"
    return Frozen(vino, TensorCache(folder, name, most_bytes=round(most_gb * 2**30)))
