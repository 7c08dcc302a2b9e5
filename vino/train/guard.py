"""Steps that must not be taken: gradients that are not finite, or explode."""

import math
from collections import deque
from statistics import median
from typing import Any

from vino.errors import VinoError
from vino.train.config import Refusing

ENOUGH = 20  # norms before a median says anything


class TrainingError(VinoError):
    """A run that cannot go on."""


class Guard:
    """Judges every step by its gradient norm, the same on all ranks."""

    def __init__(self, limits: Refusing):
        self.limits = limits
        self.norms: deque[float] = deque(maxlen=limits.window)
        self.refused: deque[bool] = deque(maxlen=limits.window)
        self.skipped = 0

    def accepts(self, norm: float) -> bool:
        """Whether to take the step; TrainingError when too many of late were not fit to take."""
        enough = min(ENOUGH, self.limits.window)
        usual = median(self.norms) if len(self.norms) >= enough else math.inf
        good = math.isfinite(norm) and norm <= self.limits.explode * usual
        self.refused.append(not good)
        if good:
            self.norms.append(norm)
            return True
        self.skipped += 1
        if sum(self.refused) >= self.limits.most:
            why = (
                "is not finite" if not math.isfinite(norm) else f"is {norm:.3g}, usual {usual:.3g}"
            )
            raise TrainingError(
                f"{sum(self.refused)} of the last {len(self.refused)} steps were refused (the "
                f"gradient norm {why}): lower the learning rate, or look at the data"
            )
        return False

    def forget(self) -> None:
        """Begin anew, for a stage that trains other parameters; the count of skips stays."""
        self.norms.clear()
        self.refused.clear()

    def state_dict(self) -> dict[str, Any]:
        return {
            "norms": list(self.norms),
            "refused": list(self.refused),
            "skipped": self.skipped,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.norms.extend(state["norms"])
        self.refused.extend(state["refused"])
        self.skipped = state["skipped"]
