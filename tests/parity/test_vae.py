"""HunyuanVAE against recorded latents and frames of the published code's autoencoder."""

import json

import pytest
import torch
from safetensors.torch import load_file

from tests.parity import golden
from vino.model.vae import HunyuanVAE

GOLDEN = golden.FOLDER
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def vae() -> HunyuanVAE:
    vae = HunyuanVAE(json.loads((GOLDEN / "C_vae.json").read_text()))
    weights = load_file(GOLDEN / "C_vae.safetensors")
    vae.model.load_state_dict({name: weight.float() for name, weight in weights.items()})
    return vae.eval()


@pytest.fixture(scope="module")
def recorded() -> dict[str, torch.Tensor]:
    return load_file(GOLDEN / "C_0_vae.safetensors")


def lengths() -> list[str]:
    case = GOLDEN / "C_0_vae.json"
    return list(json.loads(case.read_text())["cases"]) if case.exists() else []


@pytest.mark.parametrize("length", lengths())
@torch.no_grad()
def test_latents_equal_the_recorded_ones(vae, recorded, length):
    latents = vae.encode(recorded[f"x_{length}"])
    expected = recorded[f"z_mode_{length}"] * vae.scaling_factor
    torch.testing.assert_close(latents, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("length", lengths())
@torch.no_grad()
def test_frames_equal_the_recorded_ones(vae, recorded, length):
    frames = vae.decode(recorded[f"z_mode_{length}"] * vae.scaling_factor)
    torch.testing.assert_close(frames, recorded[f"y_{length}"], rtol=0, atol=TOLERANCE)
