"""Blocks of the MMDiT, in HunyuanVideo's layout, over packed rows.

Axes: N tokens of a row, B samples, D width, H heads, K head dimension. Conditioning is one
vector a sample; `spread` repeats a sample's values over its tokens.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from vino.model.attention import (
    Memory,
    attend,
    attend_masked,
    deinterleave,
    interleave,
    joined,
)

Lengths = Sequence[int]
NORM_EPS = 1e-6
SINUSOID = 256  # dimensions of the time sinusoid


def rope_from_positions(positions: Tensor, axes: Sequence[int], theta: float) -> Tensor:
    """Positions N 3 -> rotations N K/2, complex64; each axis owns a slice of the head dimension."""
    angles = [
        positions[:, i, None].float()
        * theta ** (-torch.arange(0, dim, 2, device=positions.device, dtype=torch.float32) / dim)
        for i, dim in enumerate(axes)
    ]
    angle = torch.cat(angles, dim=-1)
    return torch.polar(torch.ones_like(angle), angle)


def rotate(x: Tensor, rope: Tensor) -> Tensor:
    """Rotate interleaved pairs of x (N H K) in float32: each pair is one complex number."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * rope[:, None]).flatten(-2).to(x.dtype)


def spread(values: Tensor, lengths: Lengths) -> Tensor:
    """Repeat each sample's row (B D) over its tokens: N D; broadcasts when there is one sample."""
    if len(lengths) == 1:
        return values
    return torch.cat([v.expand(n, -1) for v, n in zip(values.split(1), lengths, strict=True)])


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Adaptive LayerNorm: normalise, then scale and shift by the conditioning."""
    return torch.addcmul(shift, F.layer_norm(x, x.shape[-1:], eps=NORM_EPS), 1 + scale)


class Modulation(nn.Linear):
    """Conditioning (B D) -> chunks of N D, one for each shift, scale or gate."""

    def __init__(self, width: int, chunks: int):
        super().__init__(width, chunks * width)
        self.chunks = chunks

    def forward(self, cond: Tensor, lengths: Lengths) -> tuple[Tensor, ...]:  # type: ignore[override]
        return spread(super().forward(F.silu(cond)), lengths).chunk(self.chunks, dim=-1)


def sinusoid_frequencies() -> Tensor:
    """Frequencies of the time sinusoid, float32, max period 10,000.

    The float32 exponent is published behaviour; its exponential is rounded correctly, so that
    every device has the same table.
    """
    exponent = -math.log(10_000) * torch.arange(SINUSOID // 2, dtype=torch.float32)
    return (exponent / (SINUSOID // 2)).double().exp().float()


class TimeEmbed(nn.Module):
    """Sinusoid [cos | sin] of a scalar, then an MLP: B -> B D."""

    def __init__(self, width: int):
        super().__init__()
        self.up, self.down = nn.Linear(SINUSOID, width), nn.Linear(width, width)

    def forward(self, t: Tensor) -> Tensor:
        angle = t[:, None].float() * sinusoid_frequencies().to(t.device)
        sinusoid = torch.cat((angle.cos(), angle.sin()), -1).to(self.up.weight.dtype)
        return self.down(F.silu(self.up(sinusoid)))


class MLP(nn.Module):
    """Linear, activation, Linear."""

    def __init__(self, width: int, hidden: int, act: nn.Module, in_dim: int | None = None):
        super().__init__()
        self.up, self.down = nn.Linear(in_dim or width, hidden), nn.Linear(hidden, width)
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        return self.down(self.act(self.up(x)))


class RMSNorm(nn.RMSNorm):
    """RMSNorm whose weight follows its input's type, so that autocast keeps the fused kernel."""

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.normalized_shape, self.weight.to(x.dtype), self.eps)


class QKV(nn.Module):
    """Projections to queries, keys and values (N H K), q and k RMS-normalised per head."""

    def __init__(self, heads: int, head_dim: int, norm: bool = True):
        super().__init__()
        width = heads * head_dim
        self.heads = heads
        self.q, self.k, self.v = (nn.Linear(width, width) for _ in range(3))
        if norm:
            self.q_norm = RMSNorm(head_dim, eps=NORM_EPS)
            self.k_norm = RMSNorm(head_dim, eps=NORM_EPS)
        self.norm = norm

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = (
            rearrange(project(x), "N (H K) -> N H K", H=self.heads)
            for project in (self.q, self.k, self.v)
        )
        return (self.q_norm(q), self.k_norm(k), v) if self.norm else (q, k, v)


class Stream(nn.Module):
    """One modality's half of a dual-stream block."""

    def __init__(self, heads: int, head_dim: int, mlp_ratio: int):
        super().__init__()
        width = heads * head_dim
        self.modulation = Modulation(width, 6)
        self.qkv = QKV(heads, head_dim)
        self.out = nn.Linear(width, width)
        self.mlp = MLP(width, mlp_ratio * width, nn.GELU("tanh"))

    def forward(
        self, x: Tensor, cond: Tensor, lengths: Lengths
    ) -> tuple[tuple[Tensor, Tensor, Tensor], tuple[Tensor, ...]]:
        """Before attention: q, k, v, and what `finish` needs."""
        shift, scale, *rest = self.modulation(cond, lengths)
        return self.qkv(modulate(x, shift, scale)), tuple(rest)

    def finish(self, x: Tensor, attended: Tensor, rest: tuple[Tensor, ...]) -> Tensor:
        """After attention: gated residuals of the attention and of the MLP."""
        gate, shift_mlp, scale_mlp, gate_mlp = rest
        x = x + gate * self.out(attended)
        return x + gate_mlp * self.mlp(modulate(x, shift_mlp, scale_mlp))


class DualStreamBlock(nn.Module):
    """Visual and context tokens with their own weights and one attention."""

    def __init__(self, heads: int, head_dim: int, mlp_ratio: int):
        super().__init__()
        self.visual = Stream(heads, head_dim, mlp_ratio)
        self.context = Stream(heads, head_dim, mlp_ratio)

    def forward(
        self,
        visual: Tensor,
        context: Tensor,
        cond: Tensor,
        rope: Tensor,
        nv: Lengths,
        nc: Lengths,
        memory: Memory | None = None,
    ) -> tuple[Tensor, Tensor]:
        (qv, kv, vv), rest_v = self.visual(visual, cond, nv)
        (qc, kc, vc), rest_c = self.context(context, cond, nc)
        q = interleave(rotate(qv, rope), qc, nv, nc)
        k = interleave(rotate(kv, rope), kc, nv, nc)
        v = interleave(vv, vc, nv, nc)
        attended = attend(q, k, v, joined(nv, nc), memory)
        attended_v, attended_c = deinterleave(attended, nv, nc)
        return (
            self.visual.finish(visual, attended_v, rest_v),
            self.context.finish(context, attended_c, rest_c),
        )

    def remember(
        self, visual: Tensor, cond: Tensor, rope: Tensor, lengths: Lengths
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The visual stream alone, and its keys and values, which others will attend to."""
        (q, k, v), rest = self.visual(visual, cond, lengths)
        k = rotate(k, rope)
        attended = attend(rotate(q, rope), k, v, lengths)
        return self.visual.finish(visual, attended, rest), k, v


class SingleStreamBlock(nn.Module):
    """One stream over the joint row, attention and MLP in parallel."""

    def __init__(self, heads: int, head_dim: int, mlp_ratio: int):
        super().__init__()
        width = heads * head_dim
        self.modulation = Modulation(width, 3)
        self.qkv = QKV(heads, head_dim)
        self.mlp_up = nn.Linear(width, mlp_ratio * width)
        self.out = nn.Linear(width + mlp_ratio * width, width)

    def forward(
        self,
        x: Tensor,
        cond: Tensor,
        rope: Tensor,
        lengths: Lengths,
        memory: Memory | None = None,
    ) -> Tensor:
        return self.remember(x, cond, rope, lengths, memory)[0]

    def remember(
        self,
        x: Tensor,
        cond: Tensor,
        rope: Tensor,
        lengths: Lengths,
        memory: Memory | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """As `forward`, with the keys and values, which others will attend to."""
        shift, scale, gate = self.modulation(cond, lengths)
        h = modulate(x, shift, scale)
        q, k, v = self.qkv(h)
        k = rotate(k, rope)
        attended = attend(rotate(q, rope), k, v, lengths, memory)
        mlp = F.gelu(self.mlp_up(h), approximate="tanh")
        return x + gate * self.out(torch.cat((attended, mlp), dim=-1)), k, v


class RefinerBlock(nn.Module):
    """A block of the context refiner: affine norms, no RoPE, gated residuals."""

    def __init__(self, heads: int, head_dim: int, mlp_ratio: int):
        super().__init__()
        width = heads * head_dim
        self.modulation = Modulation(width, 2)
        self.norm1, self.norm2 = (nn.LayerNorm(width, eps=NORM_EPS) for _ in range(2))
        self.qkv = QKV(heads, head_dim, norm=False)
        self.out = nn.Linear(width, width)
        self.mlp = MLP(width, mlp_ratio * width, nn.SiLU())

    def forward(
        self, x: Tensor, cond: Tensor, lengths: Lengths, masks: Sequence[Tensor] | None
    ) -> Tensor:
        gate, gate_mlp = self.modulation(cond, lengths)
        q, k, v = self.qkv(self.norm1(x))
        if masks is None:
            attended = attend(q, k, v, lengths)
        else:
            n = list(lengths)
            rows = zip(q.split(n), k.split(n), v.split(n), masks, strict=True)
            attended = torch.cat([attend_masked(*row) for row in rows])
        x = x + gate * self.out(attended)
        return x + gate_mlp * self.mlp(self.norm2(x))
