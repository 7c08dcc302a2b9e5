"""The straight path between data and noise. t = 1 is noise, t = 0 is data: said here, once.

x_t = (1 - t) data + t noise; its velocity is noise - data (flow matching, arXiv 2210.02747).
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Latents = Sequence[Tensor]  # one latent C T H W for each sample of a packed batch
Velocity = Callable[[Latents, Tensor], list[Tensor]]  # (x_t, t of each sample) -> velocities


def interpolate(data: Tensor, noise: Tensor, t: Tensor | float) -> Tensor:
    """x_t on the path."""
    return (1 - t) * data + t * noise


def velocity(data: Tensor, noise: Tensor) -> Tensor:
    """The path's velocity dx/dt, constant in t."""
    return noise - data


def data_estimate(x_t: Tensor, v: Tensor, t: Tensor | float) -> Tensor:
    """The data a velocity points at: x_t - t v. Previews decode this."""
    return x_t - t * v


def seeded_noise(shape: Sequence[int], seed: int, device: torch.device | str = "cpu") -> Tensor:
    """Unit noise of one request, float32; drawn on the CPU, so every device gets the same.

    torch's generator there looks at the low half of a seed alone: the high half is folded into it.
    """
    generator = torch.Generator("cpu").manual_seed(seed ^ (seed >> 32))
    return torch.randn(tuple(shape), generator=generator, dtype=torch.float32).to(device)
