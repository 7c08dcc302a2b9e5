"""The RoPE timeline: where every token of the visual stream sits in (t, h, w).

One integer clock runs over boundaries, references and target (paper, section on the visual
stream): a boundary token takes one tick at (t, 0, 0), a reference of T latent frames takes T
ticks with its own h, w grid from 0, and the target continues at that tick. `Layout` has the
alternatives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor

from vino.sizes import LatentSize

Patch = tuple[int, int, int]
Grid = tuple[int, int, int]
Schedule = Literal["clock", "shared", "diagonal"]


class Role(IntEnum):
    """What a token of the visual stream is."""

    BOUNDARY = 0
    REFERENCE = 1
    TARGET = 2


@dataclass(frozen=True)
class Layout:
    """How references are laid out; by default as published.

    boundaries: each stands between a start and an end token.
    schedule: "clock", one after the other in time, the target behind them; "shared", all of them
    and the target from time 0 on, over one grid; "diagonal", the same, with every grid beyond the
    last one's corner, the target's behind them (after UNO, arXiv 2504.02160). In the last two a
    boundary lies where its reference begins or ends, at its corner.
    """

    boundaries: bool = True
    schedule: Schedule = "clock"


PUBLISHED = Layout()


@dataclass(frozen=True, eq=False)
class Timeline:
    """Positions (L 3, integer) and roles (L) of one sample's visual tokens, target last."""

    positions: Tensor
    roles: Tensor

    def __len__(self) -> int:
        return len(self.roles)


def token_grid(size: LatentSize, patch: Patch) -> Grid:
    """How many tokens a latent has along t, h and w; ValueError unless patches divide it."""
    sides = (size.frames, size.height, size.width)
    if any(side % p for side, p in zip(sides, patch, strict=True)):
        raise ValueError(f"latent {sides} is not divisible into patches {patch}")
    t, h, w = (side // p for side, p in zip(sides, patch, strict=True))
    return t, h, w


@lru_cache(maxsize=512)
def _lay_out(
    references: tuple[LatentSize, ...], target: LatentSize | None, patch: Patch, layout: Layout
) -> Timeline:
    positions: list[Tensor] = []
    roles: list[Tensor] = []

    def add(role: Role, begin: Grid, grid: Grid) -> None:
        axes = [torch.arange(b, b + n) for b, n in zip(begin, grid, strict=True)]
        positions.append(torch.cartesian_prod(*axes).view(-1, 3))
        roles.append(torch.full((len(positions[-1]),), int(role)))

    t, h, w = 0, 0, 0
    tick = int(layout.boundaries and layout.schedule == "clock")
    for size in references:
        grid = token_grid(size, patch)
        first, after = t + tick, t + tick + grid[0]
        if layout.boundaries:
            add(Role.BOUNDARY, (t, h, w), (1, 1, 1))
        add(Role.REFERENCE, (first, h, w), grid)
        if layout.boundaries:
            add(Role.BOUNDARY, (after - 1 + tick, h, w), (1, 1, 1))
        if layout.schedule == "clock":
            t = after + tick
        elif layout.schedule == "diagonal":
            h, w = h + grid[1], w + grid[2]
    if target is not None:
        add(Role.TARGET, (t, h, w), token_grid(target, patch))
    empty = torch.zeros(0, 3, dtype=torch.long)
    return Timeline(torch.cat([empty, *positions]), torch.cat([empty[:, 0], *roles]))


def lay_out(
    references: Sequence[LatentSize],
    target: LatentSize | None,
    patch: Patch,
    layout: Layout = PUBLISHED,
) -> Timeline:
    """Lay references and target on one timeline; shared between calls, do not modify.

    target: None leaves it out; where it would lie does not depend on it.
    """
    return _lay_out(tuple(references), target, patch, layout)
