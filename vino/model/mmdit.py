"""The multimodal diffusion transformer: (packed visual stream, context, t) -> velocity.

HunyuanVideo's network (arXiv 2412.03603) as VINO uses it (arXiv 2601.02358, section 3): clean
reference latents, boundary states and the noisy target share the visual stream and its
modulation; the guidance embedding is fed a constant; the pooled CLIP branch does not exist.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vino.model.attention import Memory, deinterleave, interleave, joined, piece, shared, whole
from vino.model.blocks import (
    MLP,
    DualStreamBlock,
    Lengths,
    Modulation,
    RefinerBlock,
    SingleStreamBlock,
    TimeEmbed,
    modulate,
    rope_from_positions,
)
from vino.model.sequence import VisualSequence, places, split
from vino.model.timeline import Layout, Role, Schedule

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup

TIME_SCALE = 999.0  # what published checkpoints expect: t in (0, 1] is fed as t * 999
REFINER_MLP_RATIO = 4  # HunyuanVideo's refiner, whatever the blocks' ratio
GUIDANCE_INPUT = 1000.0  # the constant published checkpoints were trained with


@dataclass(frozen=True, kw_only=True)
class MMDiTConfig:
    """Sizes of the MMDiT; the defaults are the published 13 B model's.

    apart: references attend only among themselves, and as clean as they are; target and context
    look at them. What they are asked for then never changes while sampling and is computed once
    (`MMDiT.remember`). Otherwise, as published, all tokens attend to each other in every step.
    boundaries, schedule: how references are laid out, see `Layout`.
    """

    latent_channels: int = 16
    patch: tuple[int, int, int] = (1, 2, 2)  # t, h, w
    heads: int = 24
    head_dim: int = 128
    dual_blocks: int = 20
    single_blocks: int = 40
    refiner_blocks: int = 2
    mlp_ratio: int = 4
    context_dim: int = 4096
    rope_axes: tuple[int, int, int] = (16, 56, 56)  # t, h, w; together the head dimension
    rope_theta: float = 256.0
    guidance_embed: bool = True
    apart: bool = False
    boundaries: bool = True
    schedule: Schedule = "clock"

    def __post_init__(self) -> None:
        if sum(self.rope_axes) != self.head_dim:
            raise ValueError(f"rope_axes {self.rope_axes} must add up to head_dim {self.head_dim}")

    @property
    def width(self) -> int:
        return self.heads * self.head_dim

    @property
    def layout(self) -> Layout:
        return Layout(self.boundaries, self.schedule)

    @property
    def patch_values(self) -> int:
        return self.latent_channels * math.prod(self.patch)


@dataclass(frozen=True, eq=False)
class ContextStates:
    """What the conditioner says of a batch.

    context: M context_dim, all samples' states after the text connector, in one row.
    lengths: states of each sample.
    boundaries: 2R D, start and end of every reference in row order, after the boundary connector.
    mask: M bool or None. Only for published batches that were padded: False marks padding, which
    the refiner ignores and, as published, joint attention does not.
    """

    context: Tensor
    lengths: tuple[int, ...]
    boundaries: Tensor
    mask: Tensor | None = None


Memories = tuple[Memory, ...]
"""What every block remembers of the references, dual-stream blocks first."""


class ContextRefiner(nn.Module):
    """Self-attention over the context before it meets the visual stream: M C -> M D."""

    def __init__(self, config: MMDiTConfig):
        super().__init__()
        width = config.width
        self.time_embed = TimeEmbed(width)
        self.pooled_embed = MLP(width, width, nn.SiLU(), in_dim=config.context_dim)
        self.proj_in = nn.Linear(config.context_dim, width)
        self.blocks = nn.ModuleList(
            RefinerBlock(config.heads, config.head_dim, REFINER_MLP_RATIO)
            for _ in range(config.refiner_blocks)
        )

    def forward(self, states: ContextStates, t: Tensor) -> Tensor:
        """t: B, already scaled."""
        cond = self.time_embed(t) + self.pooled_embed(_pooled(states))
        masks = None if states.mask is None else _refiner_masks(states.mask, states.lengths)
        x = self.proj_in(states.context)
        for block in self.blocks:
            x = block(x, cond, states.lengths, masks)
        return x


def _pooled(states: ContextStates) -> Tensor:
    """Masked mean of each sample's raw context: B C."""
    rows = states.context.split(list(states.lengths))
    if states.mask is None:
        return torch.stack([row.float().mean(0) for row in rows]).to(states.context.dtype)
    masks = states.mask.split(list(states.lengths))
    means = [row[m].float().mean(0) for row, m in zip(rows, masks, strict=True)]
    return torch.stack(means).to(states.context.dtype)


def _refiner_masks(mask: Tensor, lengths: Lengths) -> list[Tensor]:
    """m_i & m_j with column 0 forced on, as HunyuanVideo does, so that no row is empty."""
    masks = []
    for real in mask.split(list(lengths)):
        pair = real[:, None] & real[None, :]
        pair[:, 0] = True
        masks.append(pair)
    return masks


class MMDiT(nn.Module):
    """Velocity of every target token of a packed batch.

    sequence_group: ranks that share the tokens of every sample between them; all are given the
    same input and have the same output.
    """

    sequence_group: "ProcessGroup | None" = None

    def __init__(self, config: MMDiTConfig):
        super().__init__()
        self.config = config
        width, sizes = config.width, (config.heads, config.head_dim, config.mlp_ratio)
        self.patch_embed = nn.Conv3d(config.latent_channels, width, config.patch, config.patch)
        self.time_embed = TimeEmbed(width)
        if config.guidance_embed:
            self.guidance_embed = TimeEmbed(width)
        self.context_refiner = ContextRefiner(config)
        self.dual_blocks = nn.ModuleList(DualStreamBlock(*sizes) for _ in range(config.dual_blocks))
        self.single_blocks = nn.ModuleList(
            SingleStreamBlock(*sizes) for _ in range(config.single_blocks)
        )
        self.final_modulation = Modulation(width, 2)
        self.final_proj = nn.Linear(width, config.patch_values)

    def forward(
        self,
        visual: VisualSequence,
        states: ContextStates,
        t: Tensor,
        memories: Memories | None = None,
    ) -> Tensor:
        """Velocity of the target tokens: N F, samples in order, patch values as in `patchify`.

        t: B, one time for each sample, in [0, 1]; 1 is noise. memories: of these references,
        where they are apart and `remember` has been asked before.
        """
        if not len(visual.lengths) == len(states.lengths) == len(t):
            raise ValueError(
                f"{len(visual.lengths)} samples, {len(states.lengths)} contexts, {len(t)} times"
            )
        cond = self._condition(t)
        context = self.context_refiner(states, t * TIME_SCALE)
        boundaries = states.boundaries
        if self.config.apart:
            references, visual = split(visual)
            if references is not None and memories is None:
                memories = self.remember(references, boundaries)
            boundaries = boundaries[:0]
        tokens = self._transform(visual, boundaries, context, cond, states.lengths, memories)
        nv = visual.target_lengths
        if nv != visual.lengths:
            tokens = tokens[visual.roles == Role.TARGET]
        scale, shift = self.final_modulation(cond, nv)  # HunyuanVideo stores scale first here
        return self.final_proj(modulate(tokens, shift, scale))

    def remember(self, references: VisualSequence, boundaries: Tensor) -> Memories:
        """What every block will be asked about the references of each sample (see `apart`)."""
        lengths = [n for n in references.lengths if n]
        cond = self._condition(boundaries.new_zeros(len(lengths), dtype=torch.float32))
        tokens, rope = self._tokens(references, boundaries), self._rope(references)
        memories = []
        for block in (*self.dual_blocks, *self.single_blocks):
            tokens, keys, values = block.remember(tokens, cond, rope, lengths)
            memories.append(Memory(keys, values, references.lengths))
        return tuple(memories)

    def _condition(self, t: Tensor) -> Tensor:
        cond = self.time_embed(t * TIME_SCALE)
        if self.config.guidance_embed:
            cond = cond + self.guidance_embed(torch.full_like(t, GUIDANCE_INPUT))
        return cond

    def _embed(self, patches: Tensor) -> Tensor:
        """P F -> P D: the convolution over whole patches is one matmul."""
        weight = self.patch_embed.weight.flatten(1)
        return F.linear(patches.to(weight.dtype), weight, self.patch_embed.bias)

    def _tokens(self, visual: VisualSequence, boundaries: Tensor) -> Tensor:
        """The row's embedded patches, with the boundary states in their places: L D."""
        patch_places, boundary_places, _ = places(visual)
        if len(boundary_places) != len(boundaries):
            raise ValueError(
                f"{len(boundary_places)} boundary tokens but {len(boundaries)} states: "
                "every reference latent needs its start and end state"
            )
        tokens = self._embed(visual.patches)
        if len(boundary_places):
            row = tokens.new_zeros(len(visual.roles), tokens.shape[-1])
            row = row.index_copy(0, patch_places, tokens)
            tokens = row.index_copy(0, boundary_places, boundaries.to(tokens.dtype))
        return tokens

    def _rope(self, visual: VisualSequence) -> Tensor:
        return rope_from_positions(visual.positions, self.config.rope_axes, self.config.rope_theta)

    def _transform(
        self,
        visual: VisualSequence,
        boundaries: Tensor,
        context: Tensor,
        cond: Tensor,
        nc: Lengths,
        memories: Memories | None,
    ) -> Tensor:
        """All blocks: the visual tokens, transformed."""
        nv, nc = shared(visual.lengths, self.sequence_group), shared(nc, self.sequence_group)
        tokens, rope = piece(self._tokens(visual, boundaries), nv), piece(self._rope(visual), nv)
        context = piece(context, nc)
        remembered = iter(memories or [None] * (len(self.dual_blocks) + len(self.single_blocks)))
        for block in self.dual_blocks:
            tokens, context = block(tokens, context, cond, rope, nv, nc, next(remembered))
        joint = interleave(tokens, context, nv, nc)
        joint_rope = _joint_rope(rope, nv, nc)
        lengths = joined(nv, nc)
        for block in self.single_blocks:
            joint = block(joint, cond, joint_rope, lengths, next(remembered))
        return whole(deinterleave(joint, nv, nc)[0], nv)


def _joint_rope(rope: Tensor, nv: Lengths, nc: Lengths) -> Tensor:
    """Context tokens are not rotated: one plus zero i."""
    return interleave(rope, rope.new_ones(sum(nc), rope.shape[-1]), nv, nc)
