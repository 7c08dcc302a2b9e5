"""Packing: many samples, one row of visual tokens.

Patches and integers only, no parameters. A batch is one row of tokens with the lengths of its
samples, so samples of any size, task and reference count share a pass without padding.
Axes: L visual tokens, P patch tokens among them, F values of a patch (C pt ph pw).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from einops import rearrange
from torch import Tensor

from vino.model.timeline import PUBLISHED, Layout, Patch, Role, lay_out
from vino.sizes import LatentSize


def latent_size(latent: Tensor) -> LatentSize:
    """Size of a latent C T H W."""
    return LatentSize(*latent.shape[-3:])


def patchify(latent: Tensor, patch: Patch) -> Tensor:
    """C T H W -> P F, tokens ordered t, h, w; values ordered C pt ph pw as in a Conv3d weight."""
    pt, ph, pw = patch
    return rearrange(latent, "c (t pt) (h ph) (w pw) -> (t h w) (c pt ph pw)", pt=pt, ph=ph, pw=pw)


def unpatchify(patches: Tensor, size: LatentSize, patch: Patch) -> Tensor:
    """P F -> C T H W, the inverse of `patchify`."""
    pt, ph, pw = patch
    h, w = size.height // ph, size.width // pw
    return rearrange(
        patches, "(t h w) (c pt ph pw) -> c (t pt) (h ph) (w pw)", h=h, w=w, pt=pt, ph=ph, pw=pw
    )


@dataclass(frozen=True, eq=False)
class VisualSequence:
    """The packed visual stream.

    patches: P F, clean reference patches and noisy target patches in row order.
    positions: L 3, the RoPE timeline. roles: L, see `Role`.
    lengths: tokens of each sample. targets: latent size of each sample's target.
    """

    patches: Tensor
    positions: Tensor
    roles: Tensor
    lengths: tuple[int, ...]
    targets: tuple[LatentSize, ...]
    patch: Patch

    @property
    def target_lengths(self) -> tuple[int, ...]:
        """Target tokens of each sample."""
        volume = math.prod(self.patch)
        return tuple(n.frames * n.height * n.width // volume for n in self.targets)

    def unpack(self, tokens: Tensor) -> list[Tensor]:
        """Row of target tokens (N F) -> one latent C T H W for each sample."""
        rows = tokens.split(list(self.target_lengths))
        return [unpatchify(r, s, self.patch) for r, s in zip(rows, self.targets, strict=True)]


def pack(
    targets: Sequence[Tensor],
    references: Sequence[Sequence[Tensor]],
    patch: Patch,
    layout: Layout = PUBLISHED,
) -> VisualSequence:
    """Pack noisy targets (C T H W each) and each one's clean references into one row."""
    if len(targets) != len(references):
        raise ValueError(f"{len(targets)} targets but references for {len(references)}")
    return _pack(targets, references, patch, layout)


def pack_references(
    references: Sequence[Sequence[Tensor]], patch: Patch, layout: Layout = PUBLISHED
) -> VisualSequence:
    """The references of each sample alone, where `pack` lays them; there must be one at least."""
    return _pack([None] * len(references), references, patch, layout)


def _pack(
    targets: Sequence[Tensor | None],
    references: Sequence[Sequence[Tensor]],
    patch: Patch,
    layout: Layout,
) -> VisualSequence:
    pairs = list(zip(references, targets, strict=True))
    timelines = [
        lay_out([latent_size(r) for r in refs], x if x is None else latent_size(x), patch, layout)
        for refs, x in pairs
    ]
    latents = [x for refs, target in pairs for x in (*refs, target) if x is not None]
    device = latents[0].device
    return VisualSequence(
        patches=torch.cat([patchify(x, patch) for x in latents]),
        positions=torch.cat([t.positions for t in timelines]).to(device),
        roles=torch.cat([t.roles for t in timelines]).to(device),
        lengths=tuple(len(t) for t in timelines),
        targets=tuple(latent_size(x) for x in targets if x is not None),
        patch=patch,
    )


def split(sequence: VisualSequence) -> tuple[VisualSequence | None, VisualSequence]:
    """References with their boundaries (None where there are none), and targets, apart."""
    own = sequence.target_lengths
    rest = tuple(n - target for n, target in zip(sequence.lengths, own, strict=True))
    is_target = sequence.roles == Role.TARGET
    of_target = is_target[sequence.roles != Role.BOUNDARY]

    def part(tokens: Tensor, patches: Tensor, lengths: tuple[int, ...]) -> VisualSequence:
        return replace(
            sequence,
            patches=sequence.patches[patches],
            positions=sequence.positions[tokens],
            roles=sequence.roles[tokens],
            lengths=lengths,
        )

    references = replace(part(~is_target, ~of_target, rest), targets=()) if any(rest) else None
    return references, part(is_target, of_target, own)


def places(sequence: VisualSequence) -> tuple[Tensor, Tensor, Tensor]:
    """Row indices of (patches, boundaries, target) tokens."""
    boundary = sequence.roles == Role.BOUNDARY
    target = sequence.roles == Role.TARGET
    return (~boundary).nonzero()[:, 0], boundary.nonzero()[:, 0], target.nonzero()[:, 0]
