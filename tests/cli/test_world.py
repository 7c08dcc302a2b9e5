"""vino world."""

import json

import pytest

from vino.cli import showing
from vino.data.world.tasks import TASKS
from vino.data.world.vocabulary import VOCABULARIES
from vino.media import read_picture


def test_shows_samples_as_a_sheet(vino):
    said = vino("world", "show", "--task", "t2i", "remove", "--count", 2, "--size", 32,
                "--seed", 3, "-o", "deep/sheet.png", "--json")  # fmt: skip
    assert said.code == 0
    facts = json.loads(said.out)
    assert [sample["task"] for sample in facts["samples"]] == ["t2i", "t2i", "remove", "remove"]
    assert read_picture(facts["sheet"]).pixels.std() > 20


def test_another_seed_shows_others(vino):
    words = ["world", "show", "--task", "t2i", "--count", 2, "--size", 32, "-o"]
    sheets = []
    for seed in (0, 1, 0):
        (path,) = vino(*words, f"{len(sheets)}.png", "--seed", seed).paths
        sheets.append(read_picture(path).pixels.tobytes())
    assert sheets[0] == sheets[2] != sheets[1]


def test_tasks_that_a_vocabulary_does_not_have_are_left_out(vino):
    words = ["world", "show", "--vocabulary", "second-light", "--split", "held-out"]
    said = vino(*words, "--count", 1, "--size", 16, "-o", "everything.png", "--json")
    assert said.code == 0
    drawn = [sample["task"] for sample in json.loads(said.out)["samples"]]
    left_out = [line.split(": ")[2] for line in said.err.splitlines()]
    assert [*left_out, *drawn] != drawn and {*left_out, *drawn} == set(TASKS)
    assert "restyle" in left_out and "t2i" in drawn


@pytest.mark.parametrize(
    "words, named",
    [
        (["--vocabulary", "second-light", "--task", "t2i", "restyle"], "restyle: this vocabulary"),
        (["--task", "t3d"], "the tasks are"),
        (["--task", "t2i", "--count", "1", "-o", "sheet.doc"], "sheet.doc"),
        (["--task", "t2i", "--count", "0"], "--count"),
    ],
)
def test_wrong_options_are_one_line(vino, words, named):
    said = vino("world", "show", *words)
    assert said.code == 2 and said.err.count("\n") == 1 and named in said.err


def test_the_parser_knows_the_vocabularies():
    """Repeated there so that it need not import them."""
    assert tuple(VOCABULARIES) == showing.VOCABULARIES
