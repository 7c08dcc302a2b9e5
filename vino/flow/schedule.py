"""Times of the sampler and their shift."""

import torch
from torch import Tensor

from vino.errors import InputError


def shifted(u: Tensor, shift: float) -> Tensor:
    """w = s u / (1 - u + s u): more time is spent near the noise for s > 1 (SPEC, section 4)."""
    return shift * u / (1 - u + shift * u)


def schedule(steps: int, shift: float) -> Tensor:
    """steps + 1 times falling from 1 to 0."""
    if steps < 1:
        raise InputError(f"steps must be at least 1, not {steps}")
    if not 0 < shift < float("inf"):
        raise InputError(f"shift must be a positive number, not {shift}")
    return shifted(torch.linspace(1, 0, steps + 1), shift)
