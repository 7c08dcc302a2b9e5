"""Attention over a packed row: every sample attends to itself, no padding, no mask.

Axes: N tokens of the row, H heads, K head dimension, G samples of equal length.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import cast

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

EXPLICIT_LENGTH = 512  # tokens; below this, matmul and softmax beat SDPA's backward on a CPU


def attend(q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int]) -> Tensor:
    """Full attention inside each sample. q, k, v: N H K; returns N (H K).

    CUDA runs one variable-length kernel; elsewhere consecutive samples of equal length share
    a call.
    """
    if q.is_cuda and len(lengths) > 1 and q.dtype in (torch.float16, torch.bfloat16):
        return _attend_varlen(q, k, v, lengths)
    runs = [(length, len(list(group))) for length, group in groupby(lengths)]
    if len(runs) == 1:
        return _attend_equal(q, k, v, runs[0][0])
    sizes = [length * count for length, count in runs]
    parts = zip(q.split(sizes), k.split(sizes), v.split(sizes), runs, strict=True)
    return torch.cat([_attend_equal(qs, ks, vs, run[0]) for qs, ks, vs, run in parts])


def attend_masked(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """Attention of one sample under a boolean mask N N (True attends)."""
    q, k, v = (rearrange(x, "N H K -> H N K") for x in (q, k, v))
    return rearrange(F.scaled_dot_product_attention(q, k, v, attn_mask=mask), "H N K -> N (H K)")


def _attend_equal(q: Tensor, k: Tensor, v: Tensor, length: int) -> Tensor:
    q, k, v = (rearrange(x, "(G N) H K -> G H N K", N=length) for x in (q, k, v))
    if q.device.type == "cpu" and length <= EXPLICIT_LENGTH and torch.is_grad_enabled():
        scores = torch.matmul(q * q.shape[-1] ** -0.5, k.transpose(-1, -2))
        out = torch.matmul(scores.softmax(-1).to(v.dtype), v)
    else:
        out = F.scaled_dot_product_attention(q, k, v)
    return rearrange(out, "G H N K -> (G N) (H K)")


def _attend_varlen(q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int]) -> Tensor:
    from torch.nn.attention.varlen import varlen_attn

    ends = torch.tensor([0, *lengths], device=q.device, dtype=torch.int32).cumsum(0).int()
    longest = max(lengths)
    out = varlen_attn(q, k, v, ends, ends, longest, longest)
    return rearrange(cast(Tensor, out), "N H K -> N (H K)")
