"""Judging beside the model."""

import os

import pytest

from vino.errors import InputError
from vino.evaluate.world import judging
from vino.evaluate.world.judging import open_bench
from vino.evaluate.world.pace import Pace, weight
from vino.evaluate.world.suites import SUITES
from vino.evaluate.world.trials import WORLDS, Course, Kind


def course(frames=5) -> Course:
    return Course(WORLDS["first-light"], (0, 1), 64, frames, frames, quick=True)


def test_verdicts_are_the_same_beside_and_here():
    trials = list(SUITES["world-phrasing"].ask(course()))[:8:2]
    seen = []
    for beside in (False, True):
        with open_bench(("flat",), (), beside) as bench:
            asked = [bench.judge(t, t.sample.target, t.sample.target) for t in trials]
            asked.append(bench.judge(trials[0], trials[2].sample.target, trials[0].sample.target))
            seen.append([one.result() for one in asked])
    here, there = seen
    assert here == there
    assert [one.judged["correct"] for one in here] == [1, 1, 1, 1, 0]


def test_a_killed_judge_is_told():
    with pytest.raises(InputError, match="killed"), open_bench(("flat",), (), True) as bench:
        bench.executor.submit(os._exit, 9).result()


def test_what_waits_for_a_verdict_is_bounded(monkeypatch):
    monkeypatch.setattr(judging, "BACKLOG", 2)
    trial = next(iter(SUITES["world-phrasing"].ask(course())))
    with open_bench(("flat",), ()) as bench:
        for _ in range(5):
            bench.judge(trial, trial.sample.target, trial.sample.target)
        assert bench.room.acquire(blocking=False) and bench.room.acquire(blocking=False)
        assert not bench.room.acquire(blocking=False)


def test_clips_are_asked_with_the_first_seed_alone():
    for task, seeds in (("t2i", [0, 1]), ("t2v", [0])):
        asked = course().draw("any", Kind("any", task), 1)
        assert [trial.seed for trial in asked] == seeds


def test_clips_and_references_weigh_more():
    def of(task, frames=5):
        return weight(next(course(frames).draw("any", Kind("any", task), 1)))

    assert (of("t2i"), of("remove"), of("t2v"), of("t2v", 17)) == (1, 2, 2, 5)


def test_the_time_left_follows_from_what_is_made():
    trial = next(course().draw("any", Kind("any", "t2i"), 1))
    pace = Pace(weight=10)
    assert pace.seconds_left is None
    pace.start -= 8
    pace.answered([trial, trial])
    assert 31 < pace.seconds_left < 40
    pace.answered([trial] * 8)
    assert pace.seconds_left == 0
