"""What a model that has learned its world should reach, and whether one does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vino.evaluate.results import Result


@dataclass(frozen=True)
class Goal:
    """A score to reach.

    metric: of a suite; where it ends in ": ", every group of it
    value: the least there should be, or the most where that is better
    needs: what is missing where the question is not asked
    """

    suite: str
    metric: str
    value: float
    at_most: bool = False
    needs: str = "the vocabulary or the model lacks what this needs"

    def is_reached(self, score: float) -> bool:
        return score <= self.value if self.at_most else score >= self.value

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.value:g}"


BUILT = "sprites of the held-out styles are not here: recipes/build_sprites.py builds them"
GOALS = (
    Goal("world-vocabulary", "known of all 2,130 pairs", 0.90, needs="it takes ten seeds"),
    Goal("world-compose", "correct: one object", 0.95),
    Goal("world-compose", "correct: two objects", 0.90),
    Goal("world-compose", "correct: counting", 0.85),
    Goal("world-compose", "correct: colours", 0.95),
    Goal("world-compose", "correct: position", 0.95),
    Goal("world-compose", "correct: attribute binding", 0.85),
    Goal("world-edit", "done and kept: ", 0.90),
    Goal("world-clip", "motion", 0.95),
    Goal("world-clip", "camera", 0.95),
    Goal("world-clip", "first frame dB lost", 2, at_most=True),
    Goal("world-clip", "flicker above the autoencoder's", 1, at_most=True),
    Goal("world-clip-edit", "done and kept", 0.85),
    Goal("world-subject", "nearest of 47 held-out", 0.80),
    Goal("world-subject", "not swapped", 0.97, needs="of no pair an object is recognised"),
    Goal("world-subject", "recognised: held-out style", 0.70, needs=BUILT),
    Goal("world-clone", "motion", 0.90),
    Goal("world-clone", "camera", 0.90),
    Goal("world-autoencoder", "PSNR of unseen sprites at 128 px dB", 34),
    Goal("world-speed", "picture at 128 px s", 1.5, at_most=True),
    Goal("world-speed", "clip at 128 px s", 5, at_most=True),
)
"""Those of times hold for two cores of a common computer."""


@dataclass(frozen=True)
class Standing:
    """How far a result is from a goal; metric: the goal's, or a group's of it."""

    goal: Goal
    metric: str
    result: Result

    @property
    def score(self) -> list[float] | None:
        """[value, low, high], None where it was not asked."""
        found = self.result.scores.get(self.metric)
        return None if found is None else list(found)


def standings(results: Sequence[Result]) -> Iterator[Standing]:
    """Every goal of these suites with what was reached."""
    for result in results:
        for goal in GOALS:
            if goal.suite == result.suite:
                groups = [m for m in result.scores if m.startswith(goal.metric)]
                names = groups if goal.metric.endswith(": ") and groups else [goal.metric]
                yield from (Standing(goal, name, result) for name in names)


def goal_of(suite: str, metric: str) -> Goal | None:
    """The goal that is set for a score."""
    return next((g for g in GOALS if g.suite == suite and _means(g.metric, metric)), None)


def _means(wanted: str, metric: str) -> bool:
    return metric.startswith(wanted) if wanted.endswith(": ") else metric == wanted
