"""The embedded model's recipe: every stage for two steps, stopped, resumed, exported, used."""

import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests import tiny
from vino import generate
from vino.checkpoints import Card, Checkpoint, write_native
from vino.train.log import read_lines
from vino.train.loop import train
from vino.train.overrides import read_recipe
from vino.train.parallel import Ranks

RECIPE = str(Path(__file__).parents[2] / "recipes" / "tiny.py")


def test_smoke(tmp_path):
    parts = write_native(tmp_path / "parts", Checkpoint.of(tiny.vino(), Card()))
    config = read_recipe(f"{RECIPE}:smoke")
    sys.modules.pop("vino_recipe_tiny", None)
    config = replace(config, vlm=str(parts / "vlm"), vae=str(parts), out=tmp_path / "run")
    here = Ranks(0, 1, torch.device("cpu"))
    with warnings.catch_warnings(action="ignore"):
        with pytest.raises(KeyboardInterrupt):
            train(config, here, stop=lambda: len(read_lines(config.out)) >= 5)
        folder = train(config, here)
    steps = [line["step"] for line in read_lines(config.out) if "loss" in line]
    assert steps == list(range(1, 9))
    model = generate.load(folder, device="cpu", dtype="float32")
    assert model.generate("a dog on a plain green background", steps=2).size.width == 64
