"""Draws: every example once a turn, tasks by weight, the same from the same seed."""

from collections import Counter

import pytest

from vino.data.mixture import Mixture, shuffled
from vino.errors import InputError


@pytest.mark.parametrize("length", [1, 2, 3, 7, 64, 100, 1000])
def test_an_order_holds_every_number_once(length):
    order = [shuffled(i, length, "a") for i in range(length)]
    assert sorted(order) == list(range(length))
    if length >= 64:
        other = [shuffled(i, length, "b") for i in range(length)]
        assert sum(a == b for a, b in zip(order, other, strict=True)) < 6
        assert order != list(range(length))


def test_an_order_looks_random():
    steps = [shuffled(i + 1, 4096, "s") > shuffled(i, 4096, "s") for i in range(4000)]
    assert 0.46 < sum(steps) / 4000 < 0.54


def test_tasks_by_weight():
    mixture = Mixture({"a": 46, "b": 13, "c": 1, "off": 0}, {"a": None, "b": 5, "c": 2}, seed=1)
    drawn = [mixture.draw() for _ in range(6000)]
    counts = Counter(d.task for d in drawn)
    assert counts["a"] / 6000 == pytest.approx(46 / 60, abs=0.02)
    assert counts["c"] / 6000 == pytest.approx(1 / 60, abs=0.005)
    assert [d.number for d in drawn if d.task == "a"] == list(range(counts["a"]))
    of_b = [d.number for d in drawn if d.task == "b"]
    turns = [of_b[i : i + 5] for i in range(0, len(of_b) - 5, 5)]
    assert all(sorted(turn) == [0, 1, 2, 3, 4] for turn in turns)
    assert len({tuple(turn) for turn in turns}) > 20


def test_the_same_again_and_from_the_middle():
    def make(seed: int = 3) -> Mixture:
        return Mixture({"a": 1, "b": 2}, {"a": 10, "b": None}, seed)

    mixture = make()
    drawn = [mixture.draw() for _ in range(50)]
    state = mixture.state_dict()
    rest = [mixture.draw() for _ in range(50)]
    again = make()
    assert [again.draw() for _ in range(50)] == drawn
    continued = make()
    continued.load_state_dict(state)
    assert [continued.draw() for _ in range(50)] == rest
    other = make(4)
    assert [other.draw() for _ in range(50)] != drawn


def test_mixtures_that_cannot_be():
    with pytest.raises(InputError, match="asks for b"):
        Mixture({"a": 1, "b": 1}, {"a": 3, "b": 0, "c": 4}, 0)
    with pytest.raises(InputError, match="above 0"):
        Mixture({"a": 0}, {"a": 3}, 0)
    with pytest.raises(InputError, match="none below"):
        Mixture({"a": 1, "b": -1}, {"a": 3, "b": 3}, 0)
