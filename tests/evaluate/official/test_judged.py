"""Result files of a judge: whose they are, and that those of two are never mixed."""

import json
from dataclasses import replace

import pytest

from tests.evaluate.official.conftest import GROUPS, answer_to
from vino.errors import InputError
from vino.evaluate.official.run import Settings, run
from vino.evaluate.official.suites import BENCHMARKS

NAMES = ("opens2v", "imgedit", "gedit", "openve")
BAD = "I would rather not say."


def go(name, settings, model):
    return run(BENCHMARKS[name], settings, lambda: model)


@pytest.mark.parametrize("name", NAMES)
def test_a_later_judge_that_says_nothing_has_no_scores_of_the_earlier(
    name, endpoint, data, model, tmp_path
):
    settings = Settings(tmp_path, "random", data[name], limit=2)
    first = go(name, replace(settings, judge=endpoint.judge(model="first")), model)
    endpoint.always = BAD
    judge = endpoint.judge(model="second", attempts=1)
    second = go(name, replace(settings, judge=judge), model)
    assert first.judgement.judge == "first" and second.judgement.judge == "second"
    judged = {m for m in first.scores.values if m != "motion_amplitude"}
    assert judged and not judged & (second.scores.values if second.scores else {}).keys()
    assert len(second.malformed) == len(first.judgement.answers)
    assert list((tmp_path / f"{name}.results").glob("*")) != []


def test_groups_that_a_later_judge_was_not_asked_about_are_not_its(endpoint, data, model, tmp_path):
    settings = Settings(tmp_path, "random", data["gedit"])
    first = go("gedit", replace(settings, judge=endpoint.judge(model="first")), model)
    assert {f"en O {group}" for group in GROUPS} <= first.scores.values.keys()
    second = go("gedit", replace(settings, limit=1, judge=endpoint.judge(model="second")), model)
    assert f"en O {GROUPS[0]}" in second.scores.values
    assert not {f"en O {group}" for group in GROUPS[1:]} & second.scores.values.keys()


@pytest.mark.parametrize("name", NAMES)
def test_the_judge_is_named_when_the_run_is_repeated_without_it(
    name, endpoint, data, model, tmp_path
):
    settings = Settings(tmp_path, "random", data[name], limit=2)
    endpoint.always = lambda text: BAD if len(endpoint.asked) == 2 else answer_to(text)
    judge = endpoint.judge(attempts=1, at_once=1)
    first = go(name, replace(settings, judge=judge), model)
    report = (tmp_path / f"{name}.md").read_text()
    again = go(name, settings, model)
    assert again.summary() == first.summary() and len(again.malformed) == 1
    assert (tmp_path / f"{name}.md").read_text() == report and "Judged by local" in report
    read = go(name, replace(settings, results=tmp_path / f"{name}.results"), model)
    assert read.judgement == first.judgement and read.answered == first.answered


@pytest.mark.parametrize("name", ["imgedit", "opens2v"])
def test_files_of_another_scorer_are_neither_removed_nor_called_the_judges(
    name, endpoint, data, model, tmp_path
):
    settings = Settings(tmp_path, "random", data[name], limit=1, judge=endpoint.judge())
    go(name, settings, model)
    path = (
        tmp_path / f"{name}.results" / {"imgedit": "result.json"}.get(name, "naturalscore_1.json")
    )
    brought = path.read_text().replace("4", "5")
    path.write_text(brought)
    assert go(name, replace(settings, judge=None), model).judgement is None
    with pytest.raises(InputError, match="is of no judge that was asked from here: move it away"):
        go(name, settings, model)
    assert path.read_text() == brought
    beside = path.with_name("gmescore.json")
    beside.write_text(json.dumps({"singleobj_1": {"gme_score": 0.5}}))
    path.unlink()
    assert go(name, settings, model).judgement.judge == "local" and beside.exists()


def test_a_damaged_record_of_a_judge_is_named(endpoint, data, model, tmp_path):
    settings = Settings(tmp_path, "random", data["imgedit"], limit=1, judge=endpoint.judge())
    go("imgedit", settings, model)
    (tmp_path / "imgedit.results/judge.json").write_text("[]")
    with pytest.raises(InputError, match=r"judge\.json is damaged: delete it"):
        go("imgedit", settings, model)
