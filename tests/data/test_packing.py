"""Packing fills its budget, keeps ranks alike, and lets nobody wait for ever."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple

import numpy as np
import pytest

from tests.data.synthetic import FULL, STAGE_3, TINY, stage_3
from vino.data.buckets import Shape
from vino.data.mixture import Draw
from vino.data.packing import Batching, Bin, Item, fill_bins, spread, tokens, work
from vino.data.planner import Corpus, Planner
from vino.errors import InputError
from vino.sizes import PixelSize


class Balance:
    """Figures of a run of micro-batches: how full they are and how alike the ranks' work is."""

    def __init__(self, budget: int = 0):
        self.budget = budget
        self.used: list[float] = []
        self.waits: list[float] = []
        self.examples = 0

    def add(self, row: Sequence[Bin]) -> None:
        """Count one micro-batch of all ranks."""
        loads = [work(items) for items in row]
        self.examples += sum(len(items) for items in row)
        self.waits.append(max(loads) / (sum(loads) / len(loads)) - 1)
        if self.budget:
            self.used.append(tokens([i for items in row for i in items]) / self.budget / len(row))

    @property
    def fullness(self) -> float:
        """Mean share of the token budget that is used."""
        return float(np.mean(self.used)) if self.used else float("nan")

    @property
    def imbalance(self) -> float:
        """How much longer the busiest rank works than the mean, on average over micro-batches."""
        return float(np.mean(self.waits))


def planner(fitting, sources, ranks: int = 1, seed: int = 0, **batching) -> Planner:
    return Planner(Corpus(sources, STAGE_3, fitting, Batching(**batching), seed), ranks)


def item(tokens: int, number: int = 0) -> Item:
    return Item(Draw("a", number), Shape(PixelSize(1, 8, 8), tokens, float(tokens)))


@pytest.mark.parametrize(
    ("fitting", "square", "frames", "tokens", "ranks"),
    [
        (FULL, 0, (49, 200), 80_000, 4),
        (FULL, 0, (49, 200), 120_000, 4),
        (TINY, 64, (17, 18), 3_500, 2),
        (TINY, 0, (49, 200), 2_000, 1),
    ],
    ids=["640 px", "640 px, large", "tiny", "tiny, odd sizes"],
)
def test_a_thousand_steps_of_the_third_stage(fitting, square, frames, tokens, ranks):
    plan = planner(fitting, stage_3(square, frames), ranks, tokens=tokens)
    balance = Balance(tokens)
    tasks: Counter[str] = Counter()
    for _ in range(1000):
        row = plan.next()
        assert len(row) == ranks and all(row)
        balance.add(row)
        tasks.update(i.draw.task for items in row for i in items)
    assert balance.fullness >= 0.975
    assert balance.imbalance <= 0.05
    shares = {task: 100 * n / balance.examples for task, n in tasks.items()}
    assert shares == pytest.approx(STAGE_3, abs=3)
    assert plan.skips.count == 0


def test_nobody_starves():
    """Every example leaves within two windows of the one it was drawn in."""
    plan = planner(TINY, stage_3(64, (17, 18)), 2, tokens=3_500, window=4, lookahead=64)
    drawn: dict[Draw, int] = {}
    waits = []
    for step in range(600):
        row = plan.next()
        for i in plan._waiting:
            drawn.setdefault(i.draw, step)
        for items in row:
            waits += [step - drawn.pop(i.draw, step) for i in items]
    assert max(waits) <= 20 * 4
    assert np.mean(waits) < 8 * 4
    assert len(drawn) < 400


def test_bins_begin_with_the_oldest_and_fill_with_the_largest():
    items = [item(t, i) for i, t in enumerate((30, 60, 50, 10, 20, 69))]
    bins, waiting = fill_bins(items, 2, 100)
    assert [[i.shape.tokens for i in b] for b in bins] == [[30, 69], [60, 20, 10]]
    assert [i.shape.tokens for i in waiting] == [50]
    assert fill_bins([], 2, 100) == ([], [])


def test_like_work_runs_together():
    bins = [[item(t)] for t in (5, 900, 7, 800, 6, 850, 8, 1000)]
    rows = spread(bins, 4, (1, 2))
    assert sorted(sorted(b[0].shape.tokens for b in row) for row in rows) == [
        [5, 6, 7, 8],
        [800, 850, 900, 1000],
    ]
    assert rows == spread(bins, 4, (1, 2))


def test_one_task_a_step():
    plan = planner(FULL, stage_3(), 4, one_task=True, micro_batches=3)
    steps = []
    for _ in range(300):
        tasks = {i.draw.task for _ in range(3) for items in plan.next() for i in items}
        assert len(tasks) == 1
        steps.append(tasks.pop())
    assert Counter(steps)["image edit"] / 300 == pytest.approx(0.46, abs=0.08)


def test_one_task_a_step_to_a_budget():
    plan = planner(FULL, stage_3(), 2, one_task=True, tokens=100_000)
    balance = Balance(100_000)
    for _ in range(50):
        row = plan.next()
        assert len({i.draw.task for items in row for i in items}) == 1
        balance.add(row)
    assert max(balance.used) <= 1
    state = plan.state_dict()
    again = planner(FULL, stage_3(), 2, one_task=True, tokens=100_000)
    again.load_state_dict(state)
    assert [again.next() for _ in range(20)] == [plan.next() for _ in range(20)]


def test_a_fixed_count_of_examples():
    plan = planner(FULL, stage_3(), 3, batch=2)
    assert [len(items) for items in plan.next()] == [2, 2, 2]


@pytest.mark.parametrize("ranks", [2, 5])
def test_a_plan_continues_exactly_and_on_other_ranks(ranks):
    plan = planner(FULL, stage_3(), 2, tokens=80_000)
    for _ in range(13):
        plan.next()
    state = json.loads(json.dumps(plan.state_dict()))
    rest = [plan.next() for _ in range(40)]
    again = planner(FULL, stage_3(), ranks, tokens=80_000)
    again.load_state_dict(state)
    more = [again.next() for _ in range(40)]
    if ranks == 2:
        assert more == rest
    else:  # all that was waiting or planned is still seen
        due = {tuple(x) for x in state["waiting"]}
        due |= {tuple(x) for row in state["planned"] for items in row for x in items}
        seen = {astuple(i.draw) for row in more for items in row for i in items}
        left = {astuple(i.draw) for i in again._waiting}
        left |= {astuple(i.draw) for row in again._planned for items in row for i in items}
        assert due <= seen | left


def test_examples_above_the_budget_are_skipped_and_named():
    plan = planner(FULL, stage_3(frames=(20, 200)), tokens=70_000)
    for _ in range(20):
        assert all(sum(i.shape.tokens for i in items) <= 70_000 for items in plan.next())
    assert plan.skips.count > 0
    assert all("the budget is 70,000" in why for why in plan.skips.reasons.values())


def test_a_task_does_not_vanish():
    """With a budget below every clip edit, the run stops instead of training without them."""
    plan = planner(FULL, stage_3(frames=(100, 200)), tokens=40_000)
    with pytest.raises(InputError, match=r"200 .*video edit examples in a row .* budget is 40,000"):
        for _ in range(1000):
            plan.next()
