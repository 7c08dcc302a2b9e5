"""What every benchmark leaves: results.jsonl, report.html and report.md, of all in a folder."""

import html
import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.evaluate.official.conftest import answer_to
from vino.errors import InputError
from vino.evaluate.compare import compare
from vino.evaluate.official.answered import intervals
from vino.evaluate.official.run import Settings, run
from vino.evaluate.official.suites import BENCHMARKS
from vino.evaluate.page import page
from vino.evaluate.results import Answered, Result, read_results
from vino.evaluate.runs import read_run
from vino.evaluate.statistics import mean_of_groups
from vino.evaluate.study.blind import open_study
from vino.generate import Model

LIMIT, SAMPLES = 2, {"geneval": 2, "vbench": 2}
REFERENCES = {"geneval": 0, "vbench": 0}  # else one


def settings_of(name, data, out, **changes) -> Settings:
    settings = Settings(out, "random", data[name], samples=SAMPLES.get(name), limit=LIMIT)
    return replace(settings, **changes)


def go(name, settings, model):
    return run(BENCHMARKS[name], settings, lambda: model)


def media(page: Path) -> list[Path]:
    names = re.findall(r'<(?:img|video)[^>]* src="([^"]+)"', page.read_text())
    return [page.parent / unquote(html.unescape(name)) for name in names]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_sample_has_its_line_and_its_place_on_the_page(name, data, model, tmp_path):
    go(name, settings_of(name, data, tmp_path), model)
    lines, count = read_results(tmp_path), LIMIT * SAMPLES.get(name, 1)
    case = BENCHMARKS[name].cases(data[name], tmp_path, None)[0]
    assert len({one.key for one in lines}) == len(lines) == count
    assert [one.seed for one in lines] == [i for _ in range(LIMIT) for i in range(count // LIMIT)]
    assert (lines[0].suite, lines[0].scene, lines[0].prompt) == (name, case.name, case.text)
    assert lines[0].group == ", ".join(case.kinds)
    assert all(len(one.references) == REFERENCES.get(name, 1) for one in lines)
    shown = media(tmp_path / "report.html")
    assert len(shown) == sum(1 + len(one.references) for one in lines)
    assert all(path.is_file() for path in shown)
    is_clip = BENCHMARKS[name].is_clip
    assert ('<video class="answer"' in (tmp_path / "report.html").read_text()) == is_clip
    assert f"## {name}\n" in (tmp_path / "report.md").read_text()


@pytest.mark.parametrize("name", ["opens2v", "imgedit", "openve"])
def test_references_are_kept_as_they_are_below_the_folder(name, data, model, tmp_path):
    go(name, settings_of(name, data, tmp_path), model)
    cases = BENCHMARKS[name].cases(data[name], tmp_path, None)
    for case, one in zip(cases, read_results(tmp_path), strict=False):
        kept = [(tmp_path / reference).read_bytes() for reference in one.references]
        assert kept == [path.read_bytes() for path in case.references]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_two_runs_are_compared_by_numbers_and_by_people(name, data, model, tmp_path):
    for side in "ab":
        other = Model(model.vino, model.defaults, {"name": side, "hash": side * 64})
        go(name, settings_of(name, data, tmp_path / side, model=side), other)
    a, b = read_run(tmp_path / "a"), read_run(tmp_path / "b")
    made = compare(a, b)
    assert made.paired == len(a.records) and made.only_a == made.only_b == 0
    measured = {"vbench": "temporal_flickering", "opens2v": "motion_amplitude"}
    assert [d.metric for d in made.differences] == [measured[n] for n in [name] if n in measured]
    assert len(open_study(a, b, tmp_path / "study", seed=0, limit=None).items) == made.paired


@pytest.mark.parametrize(
    ("name", "metric", "grades"),
    [
        ("imgedit", "score", {"Instruction Adherence", "Image-editing Quality",
                              "Detail Preservation"}),
        ("gedit", "O", {"SC", "PQ", "Success", "Restraint", "Naturalness", "Cleanness"}),
        ("openve", "score", {"Instruction Compliance", "Visual Quality and Stability",
                             "Consistency and Detail"}),
        ("opens2v", "natural_score", {"Naturalness", "motion_amplitude"}),
    ],
)  # fmt: skip
def test_grades_and_reasons_stand_beside_their_samples(
    name, metric, grades, endpoint, data, model, tmp_path
):
    endpoint.always = lambda text: answer_to(text).replace("4", str(3 + len(endpoint.asked) % 2))
    judge = endpoint.judge(at_once=1)
    outcome = go(name, settings_of(name, data, tmp_path, judge=judge), model)
    for one in read_results(tmp_path):
        assert next(iter(one.measured)) == metric and one.measured.keys() == grades | {metric}
        assert one.judged == {} and one.why[0].startswith("It is done. ")
    page = (tmp_path / "report.html").read_text()
    assert f"1 of the highest {metric}" in page and f"1 of the lowest {metric}" in page
    assert outcome.intervals and "It is done." in page


def test_a_malformed_answer_is_said_beside_its_sample(endpoint, data, model, tmp_path):
    endpoint.always = "I would rather not say."
    judge = endpoint.judge(attempts=1)
    go("imgedit", settings_of("imgedit", data, tmp_path, judge=judge), model)
    assert [one.why for one in read_results(tmp_path)] == [
        (f"no readable answer of the judge to {key}",) for key in "01"
    ]


def test_a_result_file_is_put_beside_the_samples(data, model, tmp_path):
    go("geneval", settings_of("geneval", data, tmp_path, seed=7), model)
    assert "4 answers</summary>" in (tmp_path / "report.html").read_text()
    said = [
        {"filename": f"/x/{path.relative_to(tmp_path / 'geneval')}", "tag": "single_object",
         "prompt": "a photo of a bench", "correct": i > 0, "reason": "" if i else "no bench"}
        for i, path in enumerate(sorted((tmp_path / "geneval").rglob("*.png")))
    ]  # fmt: skip
    results = tmp_path / "official.jsonl"
    results.write_text("\n".join(map(json.dumps, said)))
    settings = settings_of("geneval", data, tmp_path, model="tiny", results=results)
    outcome = go("geneval", settings, None)
    lines = read_results(tmp_path)
    assert [one.judged for one in lines] == [{"correct": int(i > 0)} for i in range(4)]
    assert lines[0].why == ("no bench",) and lines[1].why == ()
    assert [one.seed for one in lines] == [7, 8, 7, 8]
    assert outcome.intervals["overall"][0] == LIMIT  # prompts
    page = (tmp_path / "report.html").read_text()
    assert "3 successes</summary>" in page and "1 failures</summary>" in page
    assert "| overall | 0.750 | 0.198 to 1.000 | 2 |  |" in (tmp_path / "report.md").read_text()
    assert "| overall | 0.75 | 0.1979 to 1 |" in (tmp_path / "geneval.md").read_text()
    assert json.loads((tmp_path / "geneval.json").read_text())["intervals"]["overall"] == [
        0.1979,
        1,
    ]


def test_results_of_gedit_find_the_samples_of_the_model_that_made_them(data, model, tmp_path):
    go("gedit", settings_of("gedit", data, tmp_path), model)
    row = read_results(tmp_path)[0].output
    csv = tmp_path / "a_score.csv"
    csv.write_text(
        f"edited_image,instruction_language,sementics_score,quality_score\n/x/{row},en,9,4\n"
    )
    go("gedit", settings_of("gedit", data, tmp_path, model="tiny", results=csv), None)
    first, second = read_results(tmp_path)
    assert first.measured == {"O": 6, "SC": 9, "PQ": 4} and second.measured == {}


def test_benchmarks_run_one_by_one_share_a_folder(data, model, tmp_path):
    names = ["vbench", "geneval", "imgedit"]
    for name in (*names, "vbench"):
        go(name, settings_of(name, data, tmp_path), model)
    assert sorted({one.suite for one in read_results(tmp_path)}) == sorted(names)
    assert len(read_results(tmp_path)) == 4 + 4 + 2
    page, report = ((tmp_path / f"report.{e}").read_text() for e in ("html", "md"))
    for name in names:
        assert f'<h2 id="{name}">' in page and f"[{name}.md]({name}.md)" in report
    assert re.search(r"\| temporal_flickering \| \d+\.\d{3} \| [\d.]+ to [\d.]+ \| 2 \|", report)


def test_a_line_that_is_no_answer_is_named_before_anything_is_made(data, tmp_path):
    (tmp_path / "results.jsonl").write_text('{"suite": "geneval"}\n')
    with pytest.raises(InputError, match=r"results\.jsonl, line 1, is no answer"):
        go("geneval", settings_of("geneval", data, tmp_path), None)
    assert [path.name for path in tmp_path.iterdir()] == ["results.jsonl"]


def test_what_is_no_mean_of_known_samples_has_no_interval(tmp_path):
    details = [{"video_path": f"In a still frame, a stop sign-{i}.mp4", "video_results": i / 10}
               for i in range(5)]  # fmt: skip
    path = tmp_path / "r.json"
    benchmark, cases = BENCHMARKS["vbench"], BENCHMARKS["vbench"].cases(None, tmp_path, None)
    for score, has in ((0.2, True), (0.9, False)):
        path.write_text(json.dumps({"temporal_flickering": [score, details]}))
        scores = benchmark.read_results(path, cases)
        assert (intervals(benchmark, cases, scores) != {}) == has
        assert (scores.samples != {}) == has


def test_any_name_of_a_file_leads_to_it():
    one = Answered(suite="a", key="a", scene="a", seed=0, task="t2v", group="", prompt="50% #1?",
                   references=(), output='vbench/50% "#1?"-0.mp4')  # fmt: skip
    text = page("a", "", [Result("a", "", {"total": [0.5]}, {}, {}, [one])])
    (source,) = re.findall(r'<video[^>]* src="([^"]+)"', text)
    assert unquote(html.unescape(source)) == one.output and not set("#?") & set(source)
    assert "<td>0.500</td><td></td>" in text and "1 answers</summary>" in text


def test_a_score_of_more_samples_than_are_known_has_no_interval(tmp_path):
    benchmark, cases = BENCHMARKS["geneval"], BENCHMARKS["geneval"].cases(None, tmp_path, None)
    known = {"tag": "single_object", "prompt": "a", "correct": True,
             "filename": f"/x/{cases[0].files[0]}"}  # fmt: skip
    path = tmp_path / "r.jsonl"
    for lines, has in (
        ([known], True),
        ([known, known | {"filename": "b", "correct": False}], False),
    ):
        path.write_text("\n".join(map(json.dumps, lines)))
        assert (intervals(benchmark, cases, benchmark.read_results(path, cases)) != {}) == has


def test_groups_weigh_alike_whatever_they_hold():
    """By hand: the mean of 1 and 0 is a half, and nothing was drawn that could move it."""
    large, small = {str(i): [1.0] for i in range(9)}, {"a": [0.0]}
    assert mean_of_groups([large, small]) == [0.5, 0.5, 0.5]
    mixed = {"a": [0.0], "b": [1.0]}
    assert mean_of_groups([mixed, small])[1:] == [0, 0.5]
    assert mean_of_groups([small, small], (0, 1)) == pytest.approx([0, 0, 1 - 0.025**0.5], abs=1e-4)
