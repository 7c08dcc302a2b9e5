"""The suites with candidates whose scores are known beforehand."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.evaluate.pretending import Idle, Noise, Truth
from vino.data.world import phrasing
from vino.errors import InputError
from vino.evaluate.answers import collect, open_folder, output_of
from vino.evaluate.report import write_card
from vino.evaluate.results import scores_of
from vino.evaluate.run import evaluate as evaluate_all
from vino.evaluate.runs import read_run
from vino.evaluate.world import contests, questions, run
from vino.evaluate.world.suites import NAMES, SUITES
from vino.evaluate.world.trials import WORLDS, Course, Trial
from vino.flow.path import seeded_noise

JUDGED = {
    "world-vocabulary": ("named", "known in 1 of 1 seeds"),
    "world-compose": ("correct", "correct: two objects", "correct: position", "background"),
    "world-clip": ("objects", "objects throughout", "motion", "first frame within 2 dB"),
    "world-subject": ("recognised: known", "recognised: unseen", "nearest of 47 held-out"),
    "world-edit": ("done", "done and kept", "done: replace", "untouched within 2 dB"),
    "world-clip-edit": ("done", "done and kept", "motion", "untouched within 2 dB"),
    "world-clone": ("motion",),
    "world-conflict": ("one of the two",),
    "world-many-references": ("all recognised",),
    "world-long": ("objects", "motion"),
    "world-phrasing": ("correct: usual words", "correct: unseen words"),
}


def evaluate(*asked, **settings):
    """Suite -> metric -> [value, low, high]."""
    return scores_of(evaluate_all(*asked, **settings))


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Two questions of each group, and truth that is damaged in two ways."""

    def fewer(ask: Callable[[Course], Iterator[Trial]]) -> Callable[[Course], Iterator[Trial]]:
        def asked(course: Course) -> Iterator[Trial]:
            seen: dict[str, int] = {}
            for trial in ask(replace(course, quick=True)):
                seen[trial.group] = seen.get(trial.group, 0) + 1
                if seen[trial.group] <= 2:
                    yield trial

        return asked

    for name, suite in SUITES.items():
        monkeypatch.setitem(SUITES, name, replace(suite, ask=fewer(suite.ask)))


def test_truth_scores_near_one(tmp_path):
    results = evaluate(Truth(), out=tmp_path, quick=True)
    assert set(results) == set(NAMES)
    for suite, metrics in JUDGED.items():
        for metric in metrics:
            value, low, high = results[suite][metric]
            assert low <= value <= high
            assert value >= 0.9, (suite, metric)
    assert results["world-autoencoder"]["PSNR dB"][0] > 25
    assert results["world-conflict"]["the reference wins"][0] == 1
    for metric in ("steadiness", "background consistency", "motion smoothness"):
        assert results["world-clip"][metric][0] > 0.99
    assert results["world-clip"]["something moves"][0] == 1
    assert min(value for value, _, _ in results["world-rewriting"].values()) == 1
    assert json.loads((tmp_path / "results.json").read_text()) == results
    judge = json.loads((tmp_path / "judge.json").read_text())
    for suite in JUDGED:
        for metric, rows in judge[suite].items():
            assert rows["rendered"] >= 0.97, (suite, metric)
    assert_complete(tmp_path)


def assert_complete(folder):
    """Every answer has its files, and the reports lead to files that there are."""
    answered = read_run(folder).records.values()
    assert {one.suite for one in answered} == set(SUITES)
    for one in answered:
        assert all(path.is_file() for path in (one.output, *one.references))
    assert all(one.references for one in answered if "edit" in one.suite)
    page = (folder / "report.html").read_text()
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", page)
    sources = set(re.findall(r'src="([^"]+)"', page))
    assert sources and all((folder / name).is_file() for name in sources)
    report = (folder / "report.md").read_text()
    assert "judge: autoencoded" in report and "GenEval, overall" in report
    assert report.index("## Beside the goals") < report.index("## world-vocabulary")
    assert page.index('id="goals"') < page.index('id="world-vocabulary"')
    assert all((folder / name).is_file() for name in re.findall(r"\]\(([^)]+)\)", report))


def answer_to(key, folder):
    (path,) = (folder / "answers").glob(f"{key}-*.*")
    return path


def test_nothing_is_asked_twice(tmp_path):
    first, again = Truth(), Truth()
    results = evaluate(first, ["world-subject"], out=tmp_path, quick=True)
    assert len(first.asked) == len(set(first.asked)) > 0
    answer_to(first.asked[0], tmp_path).unlink()
    assert evaluate(again, ["world-subject"], out=tmp_path, quick=True) == results
    assert again.asked == first.asked[:1]


def test_another_question_under_the_same_key_is_asked(tmp_path):
    course = Course(WORLDS["second-light"], (0,), 64, 9, 9, quick=True)
    first, *_ = SUITES["world-edit"].ask(course)
    darker = replace(first.sample, segments=(first.sample.segments[0] // 2, "remove the dog"))
    worded = replace(first.sample, segments=(first.sample.segments[0], "please"))
    others = [replace(first, sample=darker), replace(first, sample=worded), replace(first, seed=1)]
    assert len({output_of(trial) for trial in (first, *others)}) == 4
    assert output_of(first) == output_of(replace(first, group="another"))
    asked = Truth()
    for trial in (first, *others[:2], first):
        list(collect(asked, [trial], tmp_path))
    assert asked.asked == [first.key] * 3


def test_every_scene_has_noise_of_its_own_but_for_other_words():
    course = Course(WORLDS["second-light"], (0, 1, 10**13), 64, 9, 9)
    edits = list(SUITES["world-edit"].ask(course))
    assert len({trial.noise_seed for trial in edits}) == len(edits)
    drawn = {float(seeded_noise((1,), trial.noise_seed)) for trial in edits}
    assert len(drawn) == len(edits), "what is drawn differs, not the seed alone"
    by_words: dict[str, set[int]] = {}
    for trial in SUITES["world-phrasing"].ask(course):
        by_words.setdefault(trial.group, set()).add(trial.noise_seed)
    assert by_words["usual words"] == by_words["unseen words"]


def test_an_answer_of_another_shape_fails_in_everything(tmp_path):
    class Short(Truth):
        def answer(self, trials):
            return [video[:1] for video in super().answer(trials)]

    results = evaluate(Short(), ["world-clip"], out=tmp_path, quick=True)["world-clip"]
    assert results["shape"][0] == results["motion"][0] == results["objects"][0] == 0


def test_suites_may_be_evaluated_one_after_the_other(tmp_path):
    first = evaluate(Truth(), ["world-subject"], out=tmp_path, quick=True)
    second = evaluate(Truth(), ["world-vocabulary"], out=tmp_path, quick=True)
    assert json.loads((tmp_path / "results.json").read_text()) == second | first
    suites = [one.suite for one in read_run(tmp_path).records.values()]
    assert {"world-subject", "world-vocabulary"} == set(suites)
    report = (tmp_path / "report.md").read_text()
    assert report.index("## world-vocabulary") < report.index("## world-subject")
    assert evaluate(Truth(), ["world-subject"], out=tmp_path, quick=True) == first
    assert len(read_run(tmp_path).records) == len(suites)
    (tmp_path / "suites.json").write_text("[]")
    with pytest.raises(InputError, match=r"suites\.json is damaged"):
        evaluate(Truth(), ["world-vocabulary"], out=tmp_path, quick=True)


def test_words_are_known_that_are_drawn_right_in_most_of_ten_seeds(tmp_path, monkeypatch):
    class Forgetful(Truth):
        def answer(self, trials):
            truth = super().answer(trials)
            return [v if t.seed % 10 > 1 else v * 0 for t, v in zip(trials, truth, strict=True)]

    course = Course(WORLDS["first-light"], (3, 4), 64, 9, 9)
    assert course.with_seeds(10).seeds == tuple(range(3, 13))
    assert course.with_seeds(1).seeds == (3, 4)
    asked = lambda course: list(questions.vocabulary(course))[:20]  # noqa: E731
    suite = replace(SUITES["world-vocabulary"], ask=asked)
    monkeypatch.setitem(SUITES, "world-vocabulary", suite)
    found = evaluate(Forgetful(), ["world-vocabulary"], out=tmp_path, quick=True, seeds=range(10))
    assert found["world-vocabulary"]["known in 8 of 10 seeds"][0] == 1
    assert found["world-vocabulary"]["known of all 2,130 pairs"][0] == round(32 / 2130, 4)
    assert 0.7 < found["world-vocabulary"]["named"][0] < 0.9


def test_references_that_are_not_there_are_not_said_to_be_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "judge_accuracy", lambda *_: [])
    found = evaluate(Idle(), ["world-subject"], out=tmp_path, quick=True)["world-subject"]
    assert "not swapped" not in found and found["recognised"][0] == 0


def test_noise_scores_near_zero(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "judge_accuracy", lambda *_: [])
    results = evaluate(Noise(), JUDGED, out=tmp_path, quick=True)
    scores = {f"{s}: {m}": results[s][m][0] for s, metrics in JUDGED.items() for m in metrics}
    assert {name: value for name, value in scores.items() if value > 0.15} == {}


def test_doing_nothing_edits_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "judge_accuracy", lambda *_: [])
    results = evaluate(Idle(), ["world-edit", "world-clip-edit"], out=tmp_path, quick=True)
    for suite in results.values():
        assert suite["done"][0] == suite["done and kept"][0] == 0
        assert suite["untouched within 2 dB"][0] == 1


@pytest.mark.parametrize("world", WORLDS)
def test_every_world_has_its_questions(world):
    course = Course(WORLDS[world], (0,), 32, 5, 9, quick=True)
    asked = {name: list(suite.ask(course)) for name, suite in SUITES.items()}
    assert all(asked.values())
    groups = {trial.group for trials in asked.values() for trial in trials}
    more = {"attribute binding", "counting", "camera", "camera from words"}
    assert more & groups == (more if world in ("second-light", "full") else set())
    full = {"held-out pair", "restyle"}
    assert full & groups == (full if world == "full" else set())
    keys = [trial.key for trials in asked.values() for trial in trials]
    assert len(keys) == len(set(keys))


def test_no_two_groups_ask_the_same():
    course = Course(WORLDS["first-light"], (0,), 32, 5, 9)
    scenes: dict[str, set[str]] = {}
    for trial in SUITES["world-compose"].ask(replace(course, quick=False)):
        scenes.setdefault(trial.group, set()).add(trial.sample.prompt)
    groups = list(scenes.values())
    assert all(not a & b for place, a in enumerate(groups) for b in groups[:place])


def test_a_model_without_longer_clips_is_not_asked_for_them():
    assert list(SUITES["world-long"].ask(Course(WORLDS["full"], (0,), 32, 9, 9))) == []


def test_words_never_seen_are_not_in_training():
    usual = {
        "remove": phrasing.REMOVE,
        "replace": phrasing.REPLACE,
        "background": phrasing.BACKGROUND,
        "t2i": (),
    }
    for task, forms in contests.UNSEEN_WORDS.items():
        assert not set(forms) & set(usual[task])


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


def test_scores_go_into_a_card_and_nothing_else_changes(tmp_path):
    (tmp_path / "README.md").write_text("# a\n\nText.\n\n## Scores\n\nobsolete\n\n## Files\n\nb\n")
    for _ in range(2):
        evaluate(Truth(), ["world-vocabulary"], out=tmp_path / "o", quick=True, card=tmp_path)
    text = (tmp_path / "README.md").read_text()
    assert text.startswith("# a\n\nText.\n\n## Scores\n") and text.endswith("\n\n## Files\n\nb\n")
    assert text.count("## Scores") == 1 and "obsolete" not in text
    assert "| world-vocabulary | named | 1.000 |" in text
    assert "\nNot asked: world-vocabulary, known of all 2,130 pairs (it takes ten seeds)." in text


def test_a_card_keeps_the_scores_of_suites_asked_before(tmp_path):
    (tmp_path / "README.md").write_text("# a\n")
    for suite in ("world-vocabulary", "world-rewriting"):
        evaluate(Truth(), [suite], out=tmp_path / "o", quick=True, card=tmp_path)
    text = (tmp_path / "README.md").read_text()
    assert "| world-vocabulary | named |" in text and "| world-rewriting |" in text


def test_a_folder_without_a_card_is_noticed_before_anything_is_asked(tmp_path):
    with pytest.raises(InputError, match="folder of a model"):
        evaluate(Truth(), ["world-vocabulary"], out=tmp_path / "o", quick=True, card=tmp_path / "x")
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("line", ["### Scores by people", "See ## Scores below.", "## Scores of B"])
def test_only_a_whole_line_is_the_head_of_the_scores(tmp_path, line):
    (tmp_path / "README.md").write_text(f"{line}\n\nkept\n\n## Scores \n\nobsolete\n\n## Files\n")
    write_card(tmp_path, {"model": {}, "world": "sky", "seed": 0, "quick": True}, [])
    text = (tmp_path / "README.md").read_text()
    assert text.startswith(f"{line}\n\nkept\n\n## Scores\n") and text.endswith("\n\n## Files\n")
    assert "obsolete" not in text and [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_refuses_the_folder_of_another_model(tmp_path):
    evaluate(Truth(), ["world-vocabulary"], out=tmp_path, quick=True)
    with pytest.raises(InputError, match="another model"):
        evaluate(Noise(), ["world-vocabulary"], out=tmp_path, quick=True)


def test_refuses_the_folder_of_official_benchmarks(tmp_path):
    (tmp_path / "geneval.run.json").write_text("{}")
    with pytest.raises(InputError, match="official"):
        open_folder(tmp_path, {"seed": 0})


@pytest.mark.parametrize("content", [b"", b'{"model": ', b"\xff"])
def test_a_damaged_record_is_named_with_its_remedy(tmp_path, content):
    open_folder(tmp_path / "o", {"seed": 0})
    record = tmp_path / "o" / "run.json"
    record.write_bytes(content)
    with pytest.raises(InputError, match=r"run\.json is damaged: delete it"):
        open_folder(tmp_path / "o", {"seed": 0})
    record.unlink()
    open_folder(tmp_path / "o", {"seed": 0})
    first = record.stat()
    open_folder(tmp_path / "o", {"seed": 0})
    assert record.stat() == first and [path.name for path in record.parent.iterdir()] == [
        "run.json"
    ]


@pytest.mark.parametrize("damage", [lambda p: p.unlink(), lambda p: p.write_text("{}\n")])
def test_says_what_is_wrong_with_results(tmp_path, damage):
    evaluate(Truth(), ["world-vocabulary"], out=tmp_path, quick=True)
    damage(tmp_path / "results.jsonl")
    with pytest.raises(InputError, match=r"results\.jsonl"):
        read_run(tmp_path)
