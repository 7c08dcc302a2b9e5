"""Attention over a packed row: every sample attends to itself, no padding, no mask.

A sample may look at more than itself: at keys and values that were computed before and stay what
they are (`Memory`).

Long rows can be shared by several ranks (Ulysses, arXiv 2309.14509): each holds a piece of every
sample, and for attention they swap pieces of the row for pieces of the heads.

Axes: N tokens of the row, H heads, K head dimension, G samples of equal length, S ranks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import cast

import torch
import torch.distributed as dist
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

EXPLICIT_LENGTH = 512  # tokens; below this, matmul and softmax beat SDPA's backward on a CPU


class Shares(tuple[int, ...]):
    """Lengths of this rank's pieces of the samples, and of every rank's (`all`, S rows)."""

    all: tuple[tuple[int, ...], ...]
    group: dist.ProcessGroup

    @classmethod
    def of(cls, every: Sequence[Sequence[int]], group: dist.ProcessGroup) -> "Shares":
        made = cls(every[dist.get_rank(group)])
        made.all, made.group = tuple(tuple(row) for row in every), group
        return made


@dataclass(frozen=True, eq=False)
class Memory:
    """Keys and values (M H K) that the samples of a row attend to besides their own.

    lengths: how many of them belong to each sample.
    """

    keys: Tensor
    values: Tensor
    lengths: tuple[int, ...]


def interleave(first: Tensor, second: Tensor, n1: Sequence[int], n2: Sequence[int]) -> Tensor:
    """Two rows -> one, in which each sample's tokens of both are adjacent."""
    if len(n1) == 1:
        return torch.cat((first, second))
    pairs = zip(first.split(list(n1)), second.split(list(n2)), strict=True)
    return torch.cat([part for pair in pairs for part in pair])


def deinterleave(row: Tensor, n1: Sequence[int], n2: Sequence[int]) -> tuple[Tensor, Tensor]:
    """What `interleave` put together."""
    parts = row.split([n for pair in zip(n1, n2, strict=True) for n in pair])
    return torch.cat(parts[0::2]), torch.cat(parts[1::2])


def joined(nv: Sequence[int], nc: Sequence[int]) -> Sequence[int]:
    """Lengths of the joint row of visual and context tokens."""
    if isinstance(nv, Shares) and isinstance(nc, Shares):
        pairs = zip(nv.all, nc.all, strict=True)
        every = [[a + b for a, b in zip(v, c, strict=True)] for v, c in pairs]
        return Shares.of(every, nv.group)
    return [a + b for a, b in zip(nv, nc, strict=True)]


def shared(lengths: Sequence[int], group: dist.ProcessGroup | None) -> Sequence[int]:
    """Lengths of this rank's pieces, as even as can be; the lengths themselves without a group."""
    if group is None:
        return lengths
    size = dist.get_world_size(group)
    return Shares.of([[n // size + (r < n % size) for n in lengths] for r in range(size)], group)


def piece(row: Tensor, shares: Sequence[int]) -> Tensor:
    """This rank's piece of every sample of a row."""
    if not isinstance(shares, Shares):
        return row
    return row[_places(shares.all)[dist.get_rank(shares.group)].to(row.device)]


def whole(row: Tensor, shares: Sequence[int]) -> Tensor:
    """The row of which this rank holds a piece; every rank gets it.

    Ranks go on alike from here, so each sends the gradient of its own piece back, times S: with
    gradients averaged over ranks, parameters inside and outside the shared part are then right.
    """
    return _Whole.apply(row, shares) if isinstance(shares, Shares) else row


class _Whole(torch.autograd.Function):
    @staticmethod
    def forward(ctx, row: Tensor, shares: Shares) -> Tensor:
        ctx.shares = shares
        pieces = [row.new_empty(sum(own), *row.shape[1:]) for own in shares.all]
        dist.all_gather(pieces, row.contiguous(), group=shares.group)
        order = torch.cat(_places(shares.all)).argsort()
        return torch.cat(pieces)[order.to(row.device)]

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:
        return piece(grad, ctx.shares) * len(ctx.shares.all), None


def attend(
    q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int], memory: Memory | None = None
) -> Tensor:
    """Full attention inside each sample, and to its part of the memory. q, k, v: N H K -> N (H K).

    CUDA runs one variable-length kernel; elsewhere consecutive samples of equal length share
    a call.
    """
    if isinstance(lengths, Shares):
        if memory is not None:
            raise ValueError("ranks that share the tokens of a sample cannot share a memory")
        return _attend_shared(q, k, v, lengths)
    seen = lengths
    if memory is not None:
        k = interleave(memory.keys, k, memory.lengths, lengths)
        v = interleave(memory.values, v, memory.lengths, lengths)
        seen = joined(memory.lengths, lengths)
    if q.is_cuda and len(lengths) > 1 and q.dtype in (torch.float16, torch.bfloat16):
        return _attend_varlen(q, k, v, lengths, seen)
    runs = [(pair, len(list(group))) for pair, group in groupby(zip(lengths, seen, strict=True))]
    if len(runs) == 1:
        return _attend_equal(q, k, v, *runs[0][0])
    own, all_seen = ([pair[i] * count for pair, count in runs] for i in (0, 1))
    parts = zip(q.split(own), k.split(all_seen), v.split(all_seen), runs, strict=True)
    return torch.cat([_attend_equal(qs, ks, vs, *pair) for qs, ks, vs, (pair, _) in parts])


def attend_masked(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """Attention of one sample under a boolean mask N N (True attends)."""
    q, k, v = (rearrange(x, "N H K -> H N K") for x in (q, k, v))
    return rearrange(F.scaled_dot_product_attention(q, k, v, attn_mask=mask), "H N K -> N (H K)")


def _attend_shared(q: Tensor, k: Tensor, v: Tensor, shares: Shares) -> Tensor:
    """Attention of a shared row: whole samples and a part of the heads, then back."""
    import torch.distributed._functional_collectives as collectives

    size, mine, group = len(shares.all), len(q), shares.group
    sent, got = [mine] * size, [sum(own) for own in shares.all]
    order = torch.cat(_places(shares.all)).argsort().to(q.device)
    lengths = [sum(pieces) for pieces in zip(*shares.all, strict=True)]

    def gathered(x: Tensor) -> Tensor:
        x = rearrange(x, "N (S H) K -> (S N) H K", S=size).contiguous()
        return collectives.all_to_all_single_autograd(x, got, sent, group)[order]

    out = attend(gathered(q), gathered(k), gathered(v), lengths)
    out = collectives.all_to_all_single_autograd(out[order.argsort()], sent, got, group)
    return rearrange(out, "(S N) K -> N (S K)", S=size)


@lru_cache(maxsize=64)
def _places(shares: tuple[tuple[int, ...], ...]) -> list[Tensor]:
    """Where in the whole row each rank's tokens lie, in the order it holds them; do not modify."""
    places: list[list[Tensor]] = [[] for _ in shares]
    at = 0
    for pieces in zip(*shares, strict=True):
        for own, count in zip(places, pieces, strict=True):
            own.append(torch.arange(at, at + count))
            at += count
    return [torch.cat(own) for own in places]


def _attend_equal(q: Tensor, k: Tensor, v: Tensor, length: int, seen: int) -> Tensor:
    """Samples of one length, each of which sees equally many keys."""
    q = rearrange(q, "(G N) H K -> G H N K", N=length)
    k, v = (rearrange(x, "(G M) H K -> G H M K", M=seen) for x in (k, v))
    if q.device.type == "cpu" and seen <= EXPLICIT_LENGTH and torch.is_grad_enabled():
        scores = torch.matmul(q * q.shape[-1] ** -0.5, k.transpose(-1, -2))
        out = torch.matmul(scores.softmax(-1).to(v.dtype), v)
    else:
        out = F.scaled_dot_product_attention(q, k, v)
    return rearrange(out, "G H N K -> (G N) (H K)")


def _attend_varlen(
    q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int], seen: Sequence[int]
) -> Tensor:
    from torch.nn.attention.varlen import varlen_attn

    q_ends, k_ends = (
        torch.tensor([0, *n], device=q.device, dtype=torch.int32).cumsum(0).int()
        for n in (lengths, seen)
    )
    out = varlen_attn(q, k, v, q_ends, k_ends, max(lengths), max(seen))
    return rearrange(cast(Tensor, out), "N H K -> N (H K)")
