"""Exponential moving average of the weights (paper, Table 1: decay 0.9999)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor


class Average:
    """Averaged copies of the parameters that learn, by name; sharded as they are.

    After n updates the decay is min(decay, (1 + n) / (10 + n)), the ramp of diffusers' EMAModel,
    which reaches 0.9999 after 90,000: at 0.9999 from the first, four thousand steps would still
    be two thirds the start.
    """

    def __init__(self, parameters: Mapping[str, Tensor], updates: int = 0):
        self.weights = {name: p.detach().clone() for name, p in parameters.items()}
        self.updates = updates

    @torch.no_grad()
    def update(self, parameters: Mapping[str, Tensor], decay: float) -> None:
        """Move towards the parameters; those not seen before begin as they are."""
        weight = 1 - min(decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        for name, parameter in parameters.items():
            if name in self.weights:
                self.weights[name].lerp_(parameter.detach(), weight)
            else:
                self.weights[name] = parameter.detach().clone()

    @contextmanager
    def applied(self, parameters: Mapping[str, Tensor]) -> Iterator[None]:
        """The parameters hold their averages inside the block."""
        with torch.no_grad():
            before = {name: parameters[name].detach().clone() for name in self.weights}
            for name, weight in self.weights.items():
                parameters[name].copy_(weight)
        try:
            yield
        finally:
            with torch.no_grad():
                for name, weight in before.items():
                    parameters[name].copy_(weight)
