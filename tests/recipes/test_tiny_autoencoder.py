import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from vino.data.world.vocabulary import HELD_OUT_CONCEPTS, TRAINING_CONCEPTS
from vino.model.autoencoder import AutoencoderConfig, CausalAutoencoder

RECIPE = Path(__file__).resolve().parents[2] / "recipes/tiny_autoencoder.py"


@pytest.fixture(scope="module")
def recipe():
    spec = importlib.util.spec_from_file_location("tiny_autoencoder", RECIPE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.START_PICTURES = 20
    return module


@pytest.fixture
def settings(recipe, tmp_path):
    config = AutoencoderConfig(latent_channels=4, fine_width=8, coarse_width=8)
    return recipe.Settings(out=tmp_path, steps=6, frame_budget=1, warmup=2, config=config)


def test_batches_depend_on_seed_and_step_alone(recipe, settings):
    for step in range(8):
        videos = recipe.batch(settings, step)
        assert videos.shape[1] == 3 and videos.shape[2] % 4 == 1
        assert videos.abs().max() <= 1
        assert torch.equal(videos, recipe.batch(settings, step))
    assert not torch.equal(videos, recipe.batch(replace(settings, seed=1), step))


def test_training_never_draws_a_held_out_concept(recipe):
    rng = np.random.default_rng(0)
    drawn = {
        thing.concept
        for _ in range(2000)
        for thing in recipe.draw_scene(rng, TRAINING_CONCEPTS, ("flat",)).objects
    }
    assert len(drawn) == len(TRAINING_CONCEPTS)
    assert not drawn & set(HELD_OUT_CONCEPTS)


def test_a_resumed_run_continues_with_the_same_losses(recipe, settings, tmp_path):
    whole = recipe.begin(settings)
    path = tmp_path / "training.safetensors"
    for _ in range(4):
        whole.take_step(settings)
    recipe.save_checkpoint(whole, path)
    expected = [whole.take_step(settings) for _ in range(2)]
    resumed = recipe.begin(settings)
    recipe.load_checkpoint(resumed, path)
    assert [resumed.take_step(settings) for _ in range(2)] == expected


def test_the_result_loads_and_has_unit_variance(recipe, settings, monkeypatch):
    monkeypatch.setattr(recipe, "JUDGED", {"pictures": (8, (1, 64, 64))})
    recipe.main(settings)
    folder = settings.out / "final"
    config = AutoencoderConfig(**json.loads((folder / "config.json").read_text()))
    autoencoder = CausalAutoencoder(config)
    autoencoder.load_state_dict(load_file(folder / "vae.safetensors"))
    pictures = recipe.draw_videos(
        np.random.default_rng(3), TRAINING_CONCEPTS, ("flat",), 64, (1, 64, 64)
    )
    with torch.no_grad():
        latents = autoencoder.encode(pictures)
    assert 0.7 < latents.std() < 1.4
