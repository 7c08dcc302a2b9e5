"""Guidance is a weighted sum of branches; the sampler never hears of it.

Text guidance s_t, image guidance s_i and one weight for each reference combine velocities as
v = negimg + s_i (neg - negimg) + s_t (cond - neg) (paper, section 3; SPEC, section 4).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor

from vino.flow.path import Latents, Velocity

COND, NEG, NEG_IMAGES = "cond", "neg", "neg_images"
Weights = dict[str, float]


@dataclass(frozen=True)
class Guidance:
    """How strongly text, all images together, and single references are followed.

    A branch runs only if its scale is above 1. per_reference: scale of each reference, in the
    model's order (images, then videos); empty means none has its own.
    """

    text: float = 1.0
    image: float = 1.0
    per_reference: tuple[float, ...] = ()

    def weights(self, has_images: bool) -> Weights:
        """Weight of every branch that runs: names are COND, NEG, NEG_IMAGES, "without 0", ..."""
        text = self.text if self.text > 1 else 1.0
        image = self.image if self.image > 1 and has_images else 1.0
        own = {i: s for i, s in enumerate(self.per_reference) if s != 1}
        weights = {COND: text, NEG: image - text, NEG_IMAGES: 1 - image}
        if text == 1:  # without a text branch, the condition itself stands in for neg
            weights = {COND: image, NEG: 0.0, NEG_IMAGES: 1 - image}
        anchor = NEG if text > 1 else COND
        for i, scale in own.items():
            weights[anchor] += scale - 1
            weights[f"without {i}"] = 1 - scale
        return {name: w for name, w in weights.items() if w != 0 or name == COND}


def guided(velocity: Velocity, weights: Sequence[Sequence[float]]) -> Velocity:
    """One velocity out of many branches, all in one pass.

    weights[i]: the branch weights of request i. `velocity` is called with every request's latent
    once per branch, in order.
    """
    counts = torch.tensor([len(w) for w in weights])

    def combined(x: Latents, t: Tensor) -> list[Tensor]:
        copies = list(chain.from_iterable([xi] * len(w) for xi, w in zip(x, weights, strict=True)))
        branches = iter(velocity(copies, t.repeat_interleave(counts.to(t.device))))
        return [_weighted(branches, w) for w in weights]

    return combined


def _weighted(branches: Iterator[Tensor], weights: Sequence[float]) -> Tensor:
    total = next(branches) * weights[0]
    for weight in weights[1:]:
        total = total + next(branches) * weight
    return total
