"""vino train: the recipe and its settings reach the trainer; mistakes are one line."""

from pathlib import Path

import pytest

from vino.cli import main
from vino.cli.parser import parse

FULL = str(Path(__file__).parents[2] / "recipes" / "full.py")


@pytest.mark.parametrize(
    "words, said",
    [
        ("nowhere.py", "no such recipe"),
        (f"--seed 3 {FULL}", "3: no such recipe; name file.py or file.py:function, then settings"),
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


def test_options_work_behind_the_recipe_as_before_it(tmp_path, capsys):
    (tmp_path / "recipe.py").write_text("raise RuntimeError('a fault')\n")
    recipe = str(tmp_path / "recipe.py")
    for words in ([recipe, "--debug"], ["--debug", recipe], [recipe, "--seed", "3", "--debug"]):
        assert main(["train", *words]) == 1
        assert "Traceback" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["train", FULL, "--seed", "3", "--help"])
    assert "RECIPE [--key value ...]" in capsys.readouterr().out


def test_settings_keep_their_order_and_signs():
    words = "--seed -1 -q --stage2.lr=1e-5 --out runs/a --json --stage1.betas 0.8,0.9"
    args = parse(["train", FULL, *words.split()])
    assert args.quiet and args.json and not args.debug
    told = "--seed -1 --stage2.lr=1e-5 --out runs/a --stage1.betas 0.8,0.9"
    assert args.settings == told.split()
