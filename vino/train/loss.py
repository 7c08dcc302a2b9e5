"""Flow matching on the target's tokens (paper, section on training; arXiv 2210.02747)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from vino.flow.path import Velocity, interpolate, velocity


def flow_matching(
    network: Velocity, targets: Sequence[Tensor], noise: Sequence[Tensor], t: Tensor
) -> Tensor:
    """Mean squared error of the velocity over each sample's target: B, float32.

    References are clean tokens of the same row and have no part in it: the network returns the
    target's velocity alone.
    """
    rows = list(zip(targets, noise, t, strict=True))
    guess = network([interpolate(z, e, u) for z, e, u in rows], t)
    return torch.stack(
        [
            (v.float() - velocity(z, e)).square().mean()
            for v, (z, e, _) in zip(guess, rows, strict=True)
        ]
    )
