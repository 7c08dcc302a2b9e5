"""compare and study on the command line, on runs whose answers are known."""

import http.client
import json
import os
import signal
import subprocess
import sys

import pytest

from tests.evaluate.running import line, scored, write_run
from vino.evaluate.runs import read_run
from vino.evaluate.study.blind import open_study
from vino.evaluate.study.votes import Vote


@pytest.fixture
def runs(tmp_path):
    a = scored(9, 1, lambda scene, seed: {"done": float(scene == 0)})
    b = scored(10, 1, lambda scene, seed: {"done": 1.0})
    return write_run(tmp_path / "a", a), write_run(tmp_path / "b", b, 100)


def test_compare_prints_a_table_and_writes_a_file(vino, runs, tmp_path):
    said = vino("compare", *runs, "--out", "made/difference.md")
    assert (said.code, said.err) == (0, "")
    assert "1 in B only" in said.out and "+0.889" in said.out
    assert "| done | 0.111 | 1.000 | +0.889 |" in (tmp_path / "made/difference.md").read_text()


def test_compare_as_json(vino, runs):
    told = json.loads(vino("compare", *runs, "--json").out)
    assert (told["paired"], told["only_a"], told["only_b"]) == (9, 0, 1)
    (done,) = told["differences"]
    assert done["p"] == done["p_holm"] == 2 / 2**8


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["compare", "a", "nowhere"], "nowhere/results.jsonl cannot be read"),
        (["compare", "a", "b", "--out", "x.txt"], "no Markdown file"),
        (["compare", "a"], "RUN_B"),
        (["study", "a", "b"], "--out"),
        (["study", "a", "b", "--out", "new", "--report"], "holds no votes"),
        (["study", "a", "b", "--out", "new", "--port", "70000"], "--port"),
        (["study", "a", "b", "--out", "new", "--limit", "0"], "--limit"),
    ],
)
def test_what_cannot_be_used_is_one_line(vino, runs, tmp_path, words, named):
    said = vino(*words)
    assert (said.code, said.out) == (2, "")
    assert named in said.err and said.err.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_study_reports(vino, runs, tmp_path):
    study = open_study(*map(read_run, runs), tmp_path / "votes", limit=4)
    for item in range(4):
        study.votes.cast(Vote("Ann", item, "looks", "B", "A"))
    said = vino("study", *runs, "--out", "votes", "--report")
    assert said.code == 0 and "B preferred    1.000" in said.out and "One rater:" in said.out
    told = json.loads(vino("study", *runs, "--out", "votes", "--report", "--json").out)
    assert told["questions"][0]["shares"]["B"] == [1.0, 0.3976, 1.0]


def test_study_serves_until_it_is_interrupted(tmp_path):
    runs = [write_run(tmp_path / name, [line(0)]) for name in ("a", "b")]
    command = [sys.executable, "-m", "vino.cli", "study", *runs, "--out", tmp_path / "votes"]
    started = subprocess.Popen(
        [*map(str, command), "--port", "0", "--json"], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, preexec_fn=_hear_interrupts,
    )  # fmt: skip
    assert started.stdout is not None
    url = json.loads(started.stdout.readline())["url"]
    connection = http.client.HTTPConnection(url.removeprefix("http://").rstrip("/"), timeout=10)
    connection.request("GET", "/api/item?rater=Ann")
    assert json.loads(connection.getresponse().read())["total"] == 1
    connection.close()
    os.kill(started.pid, signal.SIGINT)
    _, err = started.communicate(timeout=20)
    assert started.returncode == 0
    assert "0 votes are kept" in err


def _hear_interrupts():
    """A process that a shell started in the background ignores them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
