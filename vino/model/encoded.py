"""What was encoded before, kept in memory: a reference that comes again is not encoded again.

Latents and visual features depend on a medium's pixels and on frozen weights alone, so they are
found by content, in whatever prompt, branch, request or turn of an edit session.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

MOST_BYTES = 1 << 30


@dataclass(frozen=True, eq=False)
class _Kept:
    """Tensors in main memory, and the device they belong to."""

    tensors: tuple[Tensor, ...]
    device: torch.device

    @property
    def nbytes(self) -> int:
        return sum(t.nbytes for t in self.tensors)


class Encoded:
    """Tensors by key; those not asked for longest are dropped first.

    most_bytes: of all together, in main memory; 0 keeps nothing. What comes back is, bit for bit
    and on its device, what was computed. Threads may share one; weights must not change.
    """

    def __init__(self, most_bytes: int = MOST_BYTES):
        self.most_bytes = most_bytes
        self.nbytes = 0
        self.hits = 0
        self.misses = 0
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, encode: Callable[[], tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        """The tensors of a key, computed when they are not there; never change them."""
        with self._lock:
            known = self._kept.get(key)
            if known is not None:
                self._kept.move_to_end(key)
                self.hits += 1
            else:
                self.misses += 1
        if known is not None:
            return tuple(t.to(known.device) for t in known.tensors)
        tensors = encode()
        self._keep(key, tensors)
        return tensors

    def _keep(self, key: str, tensors: tuple[Tensor, ...]) -> None:
        if sum(t.nbytes for t in tensors) > self.most_bytes:
            return
        # A view would hold all of its storage, which is not counted.
        copied = tuple(t.detach().to("cpu", copy=True) for t in tensors)
        with self._lock:
            if key in self._kept:  # by another thread, meanwhile
                return
            self._kept[key] = kept = _Kept(copied, tensors[0].device)
            self.nbytes += kept.nbytes
            while self.nbytes > self.most_bytes:
                _, dropped = self._kept.popitem(last=False)
                self.nbytes -= dropped.nbytes
