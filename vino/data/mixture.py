"""Which example comes next: tasks by weight, each in an order of its own without repetition.

All of it is integers and a pure function of the seed and of what was drawn before, so every rank
draws the same and nothing is communicated.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vino.errors import InputError

ROUNDS = 4  # of the Feistel network; enough to look random, and it is a permutation anyway


@dataclass(frozen=True)
class Draw:
    """One example: the number-th of a task's source. turn: how often all were seen before."""

    task: str
    number: int
    turn: int = 0


class Mixture:
    """An endless sequence of draws.

    weights: task -> share of examples, in any unit (the paper's tables are in percent).
    lengths: task -> how many examples its source has, None for ever new ones. A source is gone
    through in a new order each time.
    """

    def __init__(self, weights: Mapping[str, float], lengths: Mapping[str, int | None], seed: int):
        self.tasks = [task for task, weight in weights.items() if weight > 0]
        if absent := [task for task in self.tasks if lengths.get(task, 0) == 0]:
            raise InputError(
                f"the mixture asks for {', '.join(absent)}, but there are no such examples: the "
                f"data has {', '.join(t for t, n in lengths.items() if n != 0) or 'none'}"
            )
        if not self.tasks or min(weights.values()) < 0:
            raise InputError("a mixture needs tasks with weights above 0, and none below")
        total = sum(weights[task] for task in self.tasks)
        self._bounds = np.cumsum([weights[task] / total for task in self.tasks])
        self._lengths = lengths
        self._seed = seed
        self._drawn = 0
        self._counts = dict.fromkeys(self.tasks, 0)

    def task_at(self, place: int) -> str:
        """The task at a place of the sequence, by weight: a function of (seed, place) alone."""
        u = np.random.default_rng((self._seed, place)).random()
        return self.tasks[min(int(np.searchsorted(self._bounds, u, "right")), len(self.tasks) - 1)]

    def draw(self, task: str | None = None) -> Draw:
        """The next example, of the given task or by weight."""
        if task is None:
            task = self.task_at(self._drawn)
            self._drawn += 1
        count = self._counts[task]
        self._counts[task] += 1
        length = self._lengths[task]
        if length is None:
            return Draw(task, count)
        turn, place = divmod(count, length)
        return Draw(task, shuffled(place, length, f"{self._seed}/{task}/{turn}"), turn)

    def state_dict(self) -> dict[str, Any]:
        return {"drawn": self._drawn, "counts": dict(self._counts)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue; tasks that are new begin at their start."""
        self._drawn = int(state["drawn"])
        self._counts = {task: int(state["counts"].get(task, 0)) for task in self.tasks}


def shuffled(place: int, length: int, key: str) -> int:
    """Where a random order of `range(length)`, named by `key`, has its place-th element.

    A Feistel network on the next even number of bits, walked until it lands below `length`: an
    order of any length that needs no memory.
    """
    half = max(1, (max(1, length - 1).bit_length() + 1) // 2)
    mask = (1 << half) - 1
    digest = hashlib.sha256(key.encode()).digest()
    keys = [int.from_bytes(digest[8 * i : 8 * i + 8], "big") for i in range(ROUNDS)]
    while True:
        left, right = place >> half, place & mask
        for k in keys:
            left, right = right, left ^ (_mix(right ^ k) & mask)
        place = left << half | right
        if place < length:
            return place


def _mix(x: int) -> int:
    """A 64-bit finaliser: every bit of x changes about half of the result's."""
    x = (x ^ (x >> 33)) * 0xFF51AFD7ED558CCD & 0xFFFFFFFFFFFFFFFF
    x = (x ^ (x >> 33)) * 0xC4CEB9FE1A85EC53 & 0xFFFFFFFFFFFFFFFF
    return x ^ (x >> 33)
