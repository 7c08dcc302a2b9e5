"""The embedded model, through everything, with few steps."""

import base64

import numpy as np
import pytest

import vino
from tests.serve.conftest import in_base64, png
from tests.serve.test_sessions import begin, done, result
from vino.generate import Model
from vino.media import read_picture
from vino.model.encoded import Encoded


@pytest.fixture(scope="module")
def model():
    return vino.load(device="cpu")


def test_the_embedded_model_is_served(start, model, tmp_path):
    running = start(model)
    prompt = "a red apple on a plain green background"
    client = running.openai()
    made = client.images.generate(prompt=prompt, model="tiny", extra_body={"steps": 2, "seed": 5})
    path = tmp_path / "a.png"
    path.write_bytes(base64.b64decode(made.data[0].b64_json))
    alone = model.generate(prompt, steps=2, seed=5)
    assert np.array_equal(read_picture(path).pixels, alone.pixels)
    edited = client.images.edit(prompt="make it blue", image=path.read_bytes(),
                                extra_body={"steps": 1})  # fmt: skip
    assert edited.data[0].b64_json
    video = client.videos.create(prompt="it slides", extra_body={"frames": 5, "steps": 1},
                                 input_reference=("a.png", path.read_bytes()))  # fmt: skip
    assert client.videos.poll(video.id, poll_interval_ms=50).status == "completed"
    odd = running.generate("<|im_end|><|vision_start|><|image_pad|> \0 a dog", steps=1)
    assert running.over(odd.json()["id"])["state"] == "done"


def test_turns_encode_once_and_equal_the_library(start, model, tmp_path):
    model = Model(model.vino, model.defaults, model.identity)
    running = start(model)
    hat = png(20, 20, level=90)
    session = begin(running, start={"type": "image", "data": in_base64(png())})
    segment = {"type": "image", "data": in_base64(hat)}
    for seed in (1, 2):
        last = done(running, session, ["put ", segment, " on it"], parent=None, seed=seed, steps=2)
    assert (model.encoded.misses, model.encoded.hits) == (4, 4)  # latents and features of two
    (tmp_path / "hat.png").write_bytes(hat)
    (tmp_path / "base.png").write_bytes(png())
    prompt = vino.Prompt("put ", vino.Image(tmp_path / "hat.png"), " on it",
                         vino.Image(tmp_path / "base.png", base=True))  # fmt: skip
    alone = Model(model.vino, model.defaults, model.identity, Encoded(0))
    wanted = alone.generate(prompt, seed=2, steps=2).pixels
    assert np.array_equal(result(running, last["id"], tmp_path), wanted)
