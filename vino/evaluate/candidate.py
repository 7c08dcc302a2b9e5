"""What is asked, as the evaluation needs it. Imports no model: the judge's process needs none."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from vino.evaluate.world.trials import Trial


class Candidate(Protocol):
    """What answers questions.

    size, frames: side of its pictures, and length of its clips
    longest: frames of the longest clip it makes
    identity: what tells it from every other
    """

    size: int
    frames: int
    longest: int
    identity: dict[str, Any]

    def answer(self, trials: Sequence[Trial]) -> list[np.ndarray]:
        """An answer (T H W 3 uint8) to each, made together."""

    def rewrite(self, trials: Sequence[Trial]) -> list[str]:
        """The prompt of each as a full caption of what it asks for."""

    def reconstruct(self, video: np.ndarray) -> np.ndarray:
        """The video (T H W 3 uint8) through the autoencoder, there and back."""
