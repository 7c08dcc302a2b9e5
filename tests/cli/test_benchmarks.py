"""vino evaluate, on official benchmarks."""

import json
from pathlib import Path

import pytest

from vino.cli.evaluate import _OF_THE_WORLD
from vino.cli.learning import JUDGE, OFFICIAL
from vino.cli.parser import build
from vino.evaluate.official.suites import BENCHMARKS
from vino.evaluate.official.vlm_judge import RECOMMENDED


@pytest.fixture(autouse=True)
def named_tiny(random_model, monkeypatch):
    """A model is called what it was loaded by."""
    monkeypatch.setitem(random_model.identity, "name", "tiny")


def test_the_parser_knows_the_benchmarks_and_the_judge():
    """Repeated there so that it need not import them."""
    assert tuple(BENCHMARKS) == OFFICIAL
    assert JUDGE == RECOMMENDED


def test_the_commands_know_the_defaults_of_the_worlds_options():
    args = build()[1]["evaluate"].parse_args(["world"])
    assert {name: getattr(args, name) for name in _OF_THE_WORLD} == _OF_THE_WORLD


def test_several_benchmarks_and_again(vino):
    words = ("evaluate", "geneval", "vbench", "--limit", 1, "--seeds", 2, "--out", "out")
    said = vino(*words)
    assert said.code == 0 and said.paths == [Path("out/geneval.md"), Path("out/vbench.md")]
    assert sorted(p.name for p in Path("out/vbench").iterdir()) == [
        f"In a still frame, a stop sign-{i}.mp4" for i in range(2)
    ]
    said = vino(*words, "--json")
    told = json.loads(said.out)
    assert [b["suite"] for b in told["benchmarks"]] == ["geneval", "vbench"]
    assert set(told["benchmarks"][1]["scores"]) == {"temporal_flickering"}
    assert set(told["benchmarks"][1]["intervals"]) == {"temporal_flickering"}


def test_what_they_leave_is_compared(vino):
    for out in "ab":
        vino("evaluate", "geneval", "vbench", "--limit", 2, "--seeds", 1, "--out", out)
        assert {"report.html", "report.md", "results.jsonl"} <= {
            p.name for p in Path(out).iterdir()
        }
    said = vino("compare", "a", "b", "--json")
    assert said.code == 0 and json.loads(said.out)["paired"] == 4


def test_results_are_read_back_beside_the_model_that_made_them(vino):
    vino("evaluate", "geneval", "--limit", 1, "--seeds", 1, "--out", "out")
    line = {"tag": "single_object", "prompt": "a photo of a bench", "correct": True}
    Path("results.jsonl").write_text(json.dumps(line))
    said = vino("evaluate", "geneval", "--out", "out", "--results", "results.jsonl", "--json")
    (told,) = json.loads(said.out)["benchmarks"]
    assert said.code == 0 and told["scores"] == {"overall": 1.0, "single_object": 1.0}
    assert told["run"]["model"]["name"] == "tiny" and told["published"] == {}
    assert "| overall | 1 |" in Path("out/geneval.md").read_text()


def test_a_refused_prompt_makes_the_exit_code_1(vino, tmp_path):
    record = {"tag": "colors", "include": []}
    lines = [record | {"prompt": text} for text in ("a red cup", "dog " * 3000, "a blue cup")]
    Path("prompts.jsonl").write_text("\n".join(map(json.dumps, lines)))
    said = vino("evaluate", "geneval", "--data", "prompts.jsonl", "--seeds", 1, "--out", "out")
    assert said.code == 1 and said.paths == [Path("out/geneval.md")]
    errors = [line for line in said.err.splitlines() if line.startswith("vino: error: ")]
    assert len(errors) == 1 and "geneval/00001" in errors[0] and "tokens" in errors[0]
    assert len(list(Path("out/geneval").glob("*/samples/0000.png"))) == 2


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["evaluate", "dance"], '"dance"'),
        (["evaluate"], "SUITE"),
        (["evaluate", "world", "geneval"], "alone"),
        (["evaluate", "preservation", "world-edit"], "preservation is evaluated alone"),
        (["evaluate", "world-edit", "--limit", "2"], "world-edit has no use for --limit"),
        (["evaluate", "world", "--judge", "http://a/v1"], "no use for --judge"),
        (["evaluate", "world", "--judge-model", "a"], "no use for --judge-model"),
        (["evaluate", "world", "--results", "x"], "no use for --results"),
        (["evaluate", "world", "--data", "x"], "no use for --data"),
        (["evaluate", "geneval", "--quick"], "geneval has no use for --quick"),
        (["evaluate", "geneval", "--card", "x"], "no use for --card"),
        (["evaluate", "geneval", "--vocabulary", "whole"], "no use for --vocabulary"),
        (["evaluate", "preservation", "--card", "x"], "no use for --card"),
        (["evaluate", "preservation", "--limit", "2"], "no use for --limit"),
        (["evaluate", "geneval", "vbench", "--data", "x"], "one by one"),
        (["evaluate", "geneval", "--results", "x.jsonl"], "x.jsonl is missing"),
        (["evaluate", "imgedit"], "needs --data"),
        (["evaluate", "imgedit", "--data", "x"], "x is missing"),
        (["evaluate", "imgedit", "--judge", "localhost"], "is no address"),
        (["evaluate", "opens2v", "--seeds", "2"], "--seeds"),
        (["evaluate", "geneval", "--limit", "0"], "--limit"),
    ],
)
def test_wrong_words_are_one_line(vino, words, named):
    said = vino(*words)
    assert said.code == 2 and said.out == ""
    lines = [line for line in said.err.splitlines() if line.startswith("vino: error: ")]
    assert len(lines) == 1 and named in lines[0]
    assert not Path("scores").exists()
