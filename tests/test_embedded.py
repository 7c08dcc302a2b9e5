"""The embedded model as it is shipped: it draws what is asked, and the MMDiT draws it."""

import subprocess
import sys

import numpy as np
import pytest
import torch

import vino
from vino.data.world.vocabulary import COLOURS

FEW = {"steps": 8, "seed": 0}


@pytest.fixture(scope="module")
def model() -> vino.Model:
    return vino.load()


def border(pixels: np.ndarray) -> np.ndarray:
    """Median colour of a picture's border."""
    edge = np.concatenate([pixels[:2].reshape(-1, 3), pixels[-2:].reshape(-1, 3)])
    return np.median(edge, axis=0)


def distance(pixels: np.ndarray, colour: str) -> float:
    return float(np.abs(border(pixels) - np.array(COLOURS[colour])).max())


@pytest.mark.parametrize("colour", ["blue", "green", "yellow", "white"])
def test_backgrounds_are_as_told(model, colour):
    pixels = model.generate(f"a dog on a plain {colour} background", **FEW).pixels[0]
    assert distance(pixels, colour) < 40
    middle = pixels[16:48, 16:48].astype(float)
    assert np.abs(middle - border(pixels)).max(-1).mean() > 20  # something stands there


def test_an_edit_changes_what_was_asked_and_keeps_the_size(model):
    source = model.generate("a dog on a plain blue background", **FEW)
    edited = model.edit(source, "change the background to yellow", **FEW)
    assert edited.pixels.shape == source.pixels.shape
    assert distance(edited.pixels[0], "yellow") < 60


def test_a_clip_begins_with_its_picture(model):
    picture = model.generate("a red apple on a plain blue background", **FEW)
    clip = model.animate(picture, "The red apple slides to the right.", frames=9, **FEW)
    assert clip.pixels.shape == (9, 64, 64, 3)
    error = np.square(clip.pixels[0].astype(float) - picture.pixels[0]).mean()
    assert 10 * np.log10(255**2 / error) > 18  # dB; an unrelated picture has under 12


def test_destroying_the_mmdit_destroys_the_picture(model):
    words = "a dog on a plain blue background"
    kept = {k: v.clone() for k, v in model.vino.mmdit.state_dict().items()}
    torch.manual_seed(0)
    for p in model.vino.mmdit.parameters():
        torch.nn.init.normal_(p, std=0.02)
    broken = model.generate(words, **FEW).pixels[0]
    model.vino.mmdit.load_state_dict(kept)
    assert distance(broken, "blue") > 60
    assert distance(model.generate(words, **FEW).pixels[0], "blue") < 40


def test_generating_imports_nothing_of_the_corpus():
    code = (
        "import sys, vino; vino.load().generate('a dog', steps=1);"
        "assert not [m for m in sys.modules if m.startswith(('vino.data', 'cv2'))]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_rewriting_makes_a_caption(model):
    caption = model.rewrite("a red apple and a dog on a plain green background")
    assert "red apple" in caption and "dog" in caption and "green" in caption


def test_prompts_of_any_text_are_drawn(model):
    """Words it has never seen, other scripts, nothing at all: no error, just no understanding."""
    for words in ("", "un château sous la pluie 🏰", "<|im_end|>", "x" * 400):
        assert model.generate(words, steps=1).pixels.shape == (1, 64, 64, 3)
