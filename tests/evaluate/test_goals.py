"""Goals and how far results are from them."""

from dataclasses import replace

import pytest

from vino.data.world.vocabulary import FULL
from vino.evaluate import tables
from vino.evaluate.goals import GOALS, goal_of, standings
from vino.evaluate.results import Result
from vino.evaluate.world.run import pairs_of


def result(suite, **scores):
    scores = {name: [value, value, value] for name, value in scores.items()}
    accuracy = {name: {"rendered": 1.0, "autoencoded": 0.5} for name in scores}
    return Result(suite, "", scores, dict.fromkeys(scores, 7), accuracy, [])


EDIT = {
    "done": 0.99, "done and kept": 0.9, "done and kept: remove": 0.95, "done and kept: add": 0.85,
}  # fmt: skip
SPEED = {"picture at 128 px s": 2.0, "clip at 128 px s": 4.0}


def rows(*results):
    table = tables.goals(results)
    return {row[:2]: dict(zip(table.heads[2:], row[2:], strict=True)) for row in table.rows}


def test_every_kind_of_edit_has_the_goal():
    found = rows(result("world-edit", **EDIT))
    assert {("world-edit", "done"), ("world-edit", "done and kept")}.isdisjoint(found)
    assert found["world-edit", "done and kept: remove"]["reached"] == "yes"
    assert found["world-edit", "done and kept: add"]["reached"] == "no"
    assert found["world-edit", "done and kept: add"]["judge"] == "1.00"


def test_less_is_better_of_times_and_losses():
    found = rows(
        result("world-clip", **{"first frame dB lost": 1.5}), result("world-speed", **SPEED)
    )
    assert found["world-clip", "first frame dB lost"]["reached"] == "yes"
    assert found["world-speed", "picture at 128 px s"]["reached"] == "no"
    assert found["world-speed", "clip at 128 px s"]["goal"] == "≤ 5"


def test_what_is_not_asked_says_why():
    found = rows(result("world-subject", **{"not swapped": 1.0}))
    missing = found["world-subject", "recognised: held-out style"]
    assert missing["score"] == "" and "build_sprites" in missing["reached"]
    assert "lacks" in found["world-subject", "nearest of 47 held-out"]["reached"]


def test_no_goal_is_told_where_the_judge_errs():
    one = result("world-compose", **{"correct: position": 1.0})
    doubted = replace(one, accuracy={"correct: position": {"rendered": 0.93}})
    assert rows(one)["world-compose", "correct: position"]["reached"] == "yes"
    assert rows(doubted)["world-compose", "correct: position"]["reached"] == "cannot be told"


def test_suites_without_goals_have_no_rows():
    assert list(standings([result("world-long", motion=1.0)])) == []
    assert goal_of("world-long", "motion") is None


@pytest.mark.parametrize("metric, value", [("done and kept: add", 0.9), ("done", None)])
def test_goals_are_found_by_metric(metric, value):
    goal = goal_of("world-edit", metric)
    assert (goal and goal.value) == value


def test_the_goal_of_words_is_the_whole_worlds():
    goal = next(goal for goal in GOALS if goal.suite == "world-vocabulary")
    assert goal.metric == f"known of all {pairs_of(FULL):,} pairs"


def test_no_goal_is_set_twice():
    assert len({(goal.suite, goal.metric) for goal in GOALS}) == len(GOALS)


def test_text_is_aligned():
    lines = tables.text(tables.goals([result("world-speed", **SPEED)])).splitlines()
    assert len({line.index("at 128 px s") - len(line.split()[1]) for line in lines[1:]}) == 1
    assert lines[0].split()[:3] == ["suite", "metric", "score"]
