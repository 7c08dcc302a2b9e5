"""Candidates whose scores are known beforehand."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from vino.evaluate.world.damage import blurred
from vino.evaluate.world.trials import Trial


class Truth:
    """Answers with the rendered truth, a little soft; counts what it is asked."""

    size, frames, longest = 64, 9, 13

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.identity: dict[str, Any] = {"name": type(self).__name__, "hash": "0"}

    def answer(self, trials: Sequence[Trial]) -> list[np.ndarray]:
        self.asked += [trial.key for trial in trials]
        return [self.reconstruct(trial.sample.target) for trial in trials]

    def rewrite(self, trials: Sequence[Trial]) -> list[str]:
        return [trial.sample.caption_long for trial in trials]

    def reconstruct(self, video: np.ndarray) -> np.ndarray:
        return ((video.astype(np.float32) + blurred(video)) / 2 + 0.5).astype(np.uint8)


class Noise(Truth):
    """Answers with noise."""

    def answer(self, trials: Sequence[Trial]) -> list[np.ndarray]:
        rng = np.random.default_rng(0)
        return [
            np.clip(rng.normal(128, 60, t.sample.target.shape), 0, 255).astype(np.uint8)
            for t in trials
        ]

    def rewrite(self, trials: Sequence[Trial]) -> list[str]:
        return ["" for _ in trials]


class Idle(Truth):
    """Gives back what it is given, or a blank."""

    def answer(self, trials: Sequence[Trial]) -> list[np.ndarray]:
        return [
            t.sample.segments[t.sample.base]  # type: ignore[misc]
            if t.sample.base is not None and "edit" in t.suite
            else np.full_like(t.sample.target, 128)
            for t in trials
        ]
