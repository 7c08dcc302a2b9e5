"""The embedded model's recipe: parts and every stage for a moment, stopped, resumed, used."""

import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vino import generate
from vino.data.world.tasks import TASKS
from vino.train.config import TrainConfig
from vino.train.log import read_lines
from vino.train.loop import train
from vino.train.overrides import read_recipe
from vino.train.parallel import Ranks

RECIPE = str(Path(__file__).parents[2] / "recipes" / "tiny.py")
ALONE = Ranks(0, 1, torch.device("cpu"))


def read(function: str) -> TrainConfig:
    config = read_recipe(f"{RECIPE}:{function}")
    sys.modules.pop("vino_recipe_tiny", None)
    return config


@pytest.fixture(scope="module")
def smoke(tmp_path_factory) -> TrainConfig:
    """The smoke recipe, carried out: stopped after five looks, and gone on with."""
    config = replace(read("smoke"), out=tmp_path_factory.mktemp("smoke"))
    with warnings.catch_warnings(action="ignore"):
        with pytest.raises(KeyboardInterrupt):
            train(config, ALONE, stop=lambda: len(read_lines(config.out)) >= 5)
        train(config, ALONE)
    return config


def test_smoke_trains_parts_and_every_stage(smoke):
    lines = [line for line in read_lines(smoke.out) if "loss" in line]
    assert [line["step"] for line in lines] == list(range(1, 9))
    assert [line["stage"] for line in lines[::2]] == ["base", "stage1", "stage2", "stage3"]
    assert (smoke.out / "autoencoder/done").exists() and (smoke.out / "vlm/done").exists()
    model = generate.load(smoke.out / "model", device="cpu", dtype="float32")
    assert model.generate("a dog on a plain green background", steps=2).size.width == 64


def test_the_whole_world_trains(smoke, tmp_path):
    config = read("whole")
    last = config.stages[-1]
    assert set(last.mixture) <= set(TASKS)
    parts = {"vlm": str(smoke.out / "vlm/final"), "vae": str(smoke.out / "autoencoder/final")}
    config = replace(
        config, **parts, out=tmp_path, stages=(replace(last, steps=1),), tokens=4000, workers=0,
        watching=replace(config.watching, validate=0, samples=0),
    )  # fmt: skip
    with warnings.catch_warnings(action="ignore"):
        folder = train(config, ALONE)
    assert generate.load(folder, device="cpu").defaults.size == (128, 128)
