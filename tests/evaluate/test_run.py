"""The suites with candidates whose scores are known beforehand."""

import json
from itertools import islice

import pytest

from tests.evaluate.pretending import Idle, Noise, Truth
from vino.errors import InputError
from vino.evaluate import run, trials
from vino.evaluate.run import ALL_SUITES, evaluate
from vino.evaluate.statistics import mean_with_interval

JUDGED = {
    "vocabulary": ("named", "known in 8 of 10 seeds"),
    "compose": ("one object", "two objects", "colours", "position"),
    "edit": ("done", "untouched within 2 dB"),
    "subject": ("known subject", "unseen subject"),
    "clip": ("t2v objects", "t2v motion", "i2v motion", "first frame within 2 dB"),
}


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """A few scenes of each kind."""
    drawn, every = trials.Course.draw, trials.SUITES["vocabulary"]

    def fewer(self, suite, task, count, split="held-out"):
        yield from drawn(self, suite, task, min(count, 8 if suite == "compose" else 2), split)

    monkeypatch.setattr(trials.Course, "draw", fewer)
    monkeypatch.setitem(trials.SUITES, "vocabulary", lambda course: islice(every(course), 5))


def test_truth_scores_near_one(tmp_path):
    truth = Truth()
    results = evaluate(truth, out=tmp_path, quick=True)
    assert set(results) == set(ALL_SUITES)
    for suite, metrics in JUDGED.items():
        for metric in metrics:
            value, low, high = results[suite][metric]
            assert low <= value <= high
            assert value >= (0.5 if suite == "clip" else 0.9), (suite, metric)
    assert results["autoencoder"]["PSNR dB"][0] > 25
    assert json.loads((tmp_path / "results.json").read_text()) == results
    lines = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert all((tmp_path / line["answer"]).exists() for line in lines)
    assert "judge: autoencoded" in (tmp_path / "report.md").read_text()
    assert (tmp_path / "compose-successes.png").exists()
    assert json.loads((tmp_path / "judge.json").read_text())["edit"]["done"]["rendered"] >= 0.9


def test_nothing_is_asked_twice(tmp_path):
    first, again = Truth(), Truth()
    results = evaluate(first, ["subject"], out=tmp_path, quick=True)
    assert len(first.asked) == len(set(first.asked)) > 0
    (tmp_path / "answers" / f"{first.asked[0]}.png").unlink()
    assert evaluate(again, ["subject"], out=tmp_path, quick=True) == results
    assert again.asked == first.asked[:1]


def test_noise_scores_near_zero(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "judge_accuracy", lambda *_: {})
    results = evaluate(Noise(), JUDGED, out=tmp_path, quick=True)
    scores = {f"{s}: {m}": results[s][m][0] for s, metrics in JUDGED.items() for m in metrics}
    assert {name: value for name, value in scores.items() if value > 0.15} == {}


def test_doing_nothing_edits_nothing(tmp_path):
    results = evaluate(Idle(), ["edit"], out=tmp_path, quick=True)
    assert results["edit"]["done"][0] == 0
    assert results["edit"]["untouched within 2 dB"][0] == 1


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"suites": ["beauty"]}, "no suite"),
        ({"world": "mars"}, "no world"),
        ({"seeds": ()}, "no seeds"),
    ],
)
def test_refuses_what_it_does_not_know(tmp_path, wrong, words):
    with pytest.raises(InputError, match=words):
        evaluate(Truth(), **{"out": tmp_path, **wrong})


def test_refuses_the_folder_of_another_model(tmp_path):
    evaluate(Truth(), ["vocabulary"], out=tmp_path, quick=True)
    with pytest.raises(InputError, match="another model"):
        evaluate(Noise(), ["vocabulary"], out=tmp_path, quick=True)


def test_intervals_hold_the_mean_and_shrink():
    few = mean_with_interval({str(i): [i % 2] for i in range(10)})
    many = mean_with_interval({str(i): [i % 2] for i in range(1000)})
    assert few[0] == many[0] == 0.5
    assert few[2] - few[1] > 4 * (many[2] - many[1]) > 0
