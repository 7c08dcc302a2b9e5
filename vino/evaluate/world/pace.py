"""How much is still to be asked, and how long that takes."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from vino.evaluate.world.trials import Trial

FRAMES = 4  # of a clip that weigh as much as a picture, as in the model's latents

Watcher = Callable[[str, int, int, float | None], None]
"""(what is being done, done, of how many, seconds left of everything if that is known)."""


@dataclass
class Pace:
    """Time left, from what the questions answered so far took.

    weight: of all that are to be asked; made: of those that are answered
    """

    weight: float
    made: float = 0.0
    start: float = field(default_factory=time.perf_counter)

    def answered(self, trials: Sequence[Trial]) -> None:
        self.made += sum(map(weight, trials))

    @property
    def seconds_left(self) -> float | None:
        """None before the first answer."""
        if not self.made:
            return None
        return (time.perf_counter() - self.start) / self.made * max(0.0, self.weight - self.made)


def weight(trial: Trial) -> float:
    """How long a question takes, in pictures: of what is given and of the answer."""
    media = [segment for segment in trial.sample.segments if isinstance(segment, np.ndarray)]
    return sum(1 + (len(medium) - 1) / FRAMES for medium in (*media, trial.sample.target))
