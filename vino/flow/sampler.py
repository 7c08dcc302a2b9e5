"""Solvers of the flow's ODE, over packed batches.

x: one latent for each sample. times: steps + 1 rows of one time for each sample, falling from
1 to 0, so that samples of one batch may have schedules of their own.
"""

from collections.abc import Callable
from itertools import pairwise

from torch import Tensor

from vino.flow.path import Latents, Velocity

Watch = Callable[[int, Latents, Latents, Tensor, Latents], None]
"""Called after every step with (step, x before, velocity, time before, x after); the tensors of
"x after" may be changed in place."""

Solver = Callable[[Velocity, Latents, Tensor, Watch], list[Tensor]]


def ignore(step: int, x: Latents, v: Latents, t: Tensor, after: Latents) -> None:
    """A watch that looks away."""


def _move(x: Latents, v: Latents, dt: Tensor) -> list[Tensor]:
    """x + v dt for every sample."""
    return [xi + vi * di.to(xi.device) for xi, vi, di in zip(x, v, dt, strict=True)]


def euler(velocity: Velocity, x: Latents, times: Tensor, watch: Watch = ignore) -> list[Tensor]:
    """First order; what published results are made with."""
    for step, (now, then) in enumerate(pairwise(times)):
        v = velocity(x, now)
        after = _move(x, v, then - now)
        watch(step, x, v, now, after)
        x = after
    return list(x)


def heun(velocity: Velocity, x: Latents, times: Tensor, watch: Watch = ignore) -> list[Tensor]:
    """Second order, two evaluations a step (the last step is Euler's: t = 0 is never asked)."""
    for step, (now, then) in enumerate(pairwise(times)):
        v = velocity(x, now)
        after = _move(x, v, then - now)
        if then.max() > 0:
            later = velocity(after, then)
            after = _move(x, [(a + b) / 2 for a, b in zip(v, later, strict=True)], then - now)
        watch(step, x, v, now, after)
        x = after
    return list(x)


def multistep(velocity: Velocity, x: Latents, times: Tensor, watch: Watch = ignore) -> list[Tensor]:
    """Second order from the previous step's velocity (Adams-Bashforth with uneven steps)."""
    before: tuple[Latents, Tensor] | None = None
    for step, (now, then) in enumerate(pairwise(times)):
        v = velocity(x, now)
        dt = then - now
        slope = list(v)
        if before is not None:
            old, old_dt = before
            ratio = dt / (2 * old_dt)
            slope = [a + (a - b) * r.to(a.device) for a, b, r in zip(v, old, ratio, strict=True)]
        after = _move(x, slope, dt)
        watch(step, x, v, now, after)
        x, before = after, (v, dt)
    return list(x)


SOLVERS: dict[str, Solver] = {"euler": euler, "heun": heun, "multistep": multistep}
