"""The RoPE timeline: where every token of the visual stream sits in (t, h, w).

One integer clock runs over boundaries, references and target (paper, section on the visual
stream): a boundary token takes one tick at (t, 0, 0), a reference of T latent frames takes T
ticks with its own h, w grid from 0, and the target continues at that tick.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import torch
from torch import Tensor

from vino.sizes import LatentSize

Patch = tuple[int, int, int]


class Role(IntEnum):
    """What a token of the visual stream is."""

    BOUNDARY = 0
    REFERENCE = 1
    TARGET = 2


@dataclass(frozen=True, eq=False)
class Timeline:
    """Positions (L 3, integer) and roles (L) of one sample's visual tokens, target last."""

    positions: Tensor
    roles: Tensor

    def __len__(self) -> int:
        return len(self.roles)


def token_grid(size: LatentSize, patch: Patch) -> tuple[int, int, int]:
    """How many tokens a latent has along t, h and w; ValueError unless patches divide it."""
    sides = (size.frames, size.height, size.width)
    if any(side % p for side, p in zip(sides, patch, strict=True)):
        raise ValueError(f"latent {sides} is not divisible into patches {patch}")
    t, h, w = (side // p for side, p in zip(sides, patch, strict=True))
    return t, h, w


@lru_cache(maxsize=512)
def _lay_out(
    references: tuple[LatentSize, ...], target: LatentSize | None, patch: Patch
) -> Timeline:
    positions: list[Tensor] = []
    roles: list[Tensor] = []
    clock = 0

    def add(role: Role, t: int, h: int, w: int) -> None:
        nonlocal clock
        ticks = torch.arange(clock, clock + t)
        positions.append(torch.cartesian_prod(ticks, torch.arange(h), torch.arange(w)).view(-1, 3))
        roles.append(torch.full((t * h * w,), int(role)))
        clock += t

    for size in references:
        add(Role.BOUNDARY, 1, 1, 1)
        add(Role.REFERENCE, *token_grid(size, patch))
        add(Role.BOUNDARY, 1, 1, 1)
    if target is not None:
        add(Role.TARGET, *token_grid(target, patch))
    empty = torch.zeros(0, 3, dtype=torch.long)
    return Timeline(torch.cat([empty, *positions]), torch.cat([empty[:, 0], *roles]))


def lay_out(references: Sequence[LatentSize], target: LatentSize | None, patch: Patch) -> Timeline:
    """Lay references and target on one timeline; shared between calls, do not modify.

    target: None leaves it out; where it would lie does not depend on it.
    """
    return _lay_out(tuple(references), target, patch)
