"""Packing: which examples share a micro-batch.

Mixed tasks and sizes fill one token budget. Examples wait in a pool, drawn ahead by their sizes
alone; every bin begins with the one that has waited longest, so none starves, and is filled with
the largest that still fits. A window of micro-batches is planned together for all ranks, and bins
of like work run at the same time, so that ranks do not wait for each other: attention makes one
long clip several times the work of as many tokens in pictures.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vino.data.buckets import Shape
from vino.data.mixture import Draw
from vino.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Batching:
    """What makes a micro-batch.

    tokens: budget of one (visual tokens and an estimate of the context), 0 for `batch` examples
    each. window: micro-batches planned together. lookahead: examples that wait beyond those that
    fill a window; more fill better and mix further apart.
    one_task: all micro-batches of a step, on all ranks, are of one task, as in the paper;
    micro_batches: how many a step has on each rank.
    """

    tokens: int = 0
    batch: int = 1
    window: int = 8
    lookahead: int = 256
    one_task: bool = False
    micro_batches: int = 1

    def __post_init__(self) -> None:
        if self.tokens < 0 or min(self.batch, self.window, self.micro_batches) < 1:
            raise InputError("batching: batch, window and micro_batches must be at least 1")


@dataclass(frozen=True)
class Item:
    """A draw and what it costs."""

    draw: Draw
    shape: Shape


Bin = list[Item]


def work(items: Bin) -> float:
    return sum(item.shape.work for item in items)


def tokens(items: Sequence[Item]) -> int:
    return sum(item.shape.tokens for item in items)


def fill_bins(waiting: Sequence[Item], count: int, budget: int) -> tuple[list[Bin], list[Item]]:
    """`count` bins of at most `budget` tokens from items in order of arrival, and who waits on.

    Items above the budget must not be among them.
    """
    # (tokens, -arrival): the largest that fits is found by bisection, the older of equals first.
    by_size = sorted((item.shape.tokens, -i) for i, item in enumerate(waiting))
    left = dict(enumerate(waiting))
    bins: list[Bin] = []

    def take(place: int) -> Item:
        item = left.pop(place)
        del by_size[bisect_left(by_size, (item.shape.tokens, -place))]
        return item

    for _ in range(count):
        if not left:
            break
        chosen = [take(next(iter(left)))]
        room = budget - chosen[0].shape.tokens
        while (fits := bisect_right(by_size, (room, 0))) > 0:
            chosen.append(take(-by_size[fits - 1][1]))
            room -= chosen[-1].shape.tokens
        bins.append(chosen)
    return bins, list(left.values())


def spread(bins: Sequence[Bin], ranks: int, seed: Sequence[int]) -> list[list[Bin]]:
    """Bins (a multiple of `ranks`) -> micro-batches of one bin a rank, like work together.

    The micro-batches come in random order, and which rank has the heaviest changes.
    """
    rng = np.random.default_rng(tuple(seed))
    by_work = sorted(bins, key=work)
    rows = [by_work[i : i + ranks] for i in range(0, len(by_work), ranks)]
    return [[rows[i][j] for j in rng.permutation(ranks)] for i in rng.permutation(len(rows))]
