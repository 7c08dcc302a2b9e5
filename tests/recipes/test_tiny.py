"""The embedded model's recipe: parts and every stage for a moment, stopped, resumed, used."""

import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vino import checkpoints, generate
from vino.data.buckets import Meter
from vino.data.world.tasks import TASKS
from vino.errors import InputError
from vino.train.begin import begin
from vino.train.config import TrainConfig
from vino.train.feed import Wanted
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


def test_the_shipped_model_samples_as_the_recipe_says_and_keeps_its_card():
    shipped, config = checkpoints.read("tiny").card, read("onward")
    assert read("recipe").card.sampling == shipped.sampling
    assert begin(config, ALONE.device)[1] == shipped
    _, made = begin(replace(config, reference_area=900), ALONE.device)
    areas = {"reference_area": 900, "base_area": 64 * 64}
    assert made == replace(shipped, sampling={**shipped.sampling, **areas})


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"manifest": "data.jsonl"}, "manifest: this recipe draws its examples"),
        ({"held_out": "data.jsonl"}, "held_out: this recipe draws"),
        ({"policy": Path("policy.toml")}, "policy: this recipe draws"),
        ({"area": 32 * 32}, "stage3.area: this recipe's examples have 4096 pixels, not 1024"),
    ],
)
def test_settings_that_would_change_nothing_are_refused(changes, said):
    """Before parts are trained, and where there are none to train."""
    config = read("onward")
    if "area" in changes:
        changes = {"stages": (replace(config.stages[0], **changes),)}
    config = replace(config, **changes)
    with pytest.raises(InputError, match=said):
        config.feeds(Wanted(config, config.stages[0], Meter()))
    with pytest.raises(InputError, match=said):
        read("recipe").build(config)


def test_clips_are_as_long_as_the_stage_says():
    config = replace(read("onward"), workers=0)
    stage = replace(config.stages[0], mixture={"t2v": 1}, frames=9)
    meter = Meter(patch=(1, 1, 1), reference_area=64 * 64, queries=16, width=256)
    examples = next(iter(config.feeds(Wanted(config, stage, meter))))
    assert {len(example.target.pixels) for example in examples} == {9}
