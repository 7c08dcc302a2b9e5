"""vino train: the recipe and its settings reach the trainer; mistakes are one line."""

from pathlib import Path

import pytest

from vino.cli import main

FULL = str(Path(__file__).parents[2] / "recipes" / "full.py")


@pytest.mark.parametrize(
    "words, said",
    [
        ("nowhere.py", "no such recipe"),
        (f"{FULL} --seeds 3", "did you mean seed?"),
        (f"{FULL} --stage1.lr fast", "it takes a number"),
    ],
)
def test_mistakes(words, said, capsys):
    assert main(["train", *words.split()]) == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1


def test_keys_of_a_recipe(capsys):
    assert main(["train", FULL, "--keys"]) == 0
    assert "--stage3.mixture" in capsys.readouterr().out.split()
