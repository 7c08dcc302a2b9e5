"""The embedded model, through everything, with few steps."""

import base64

import numpy as np

import vino
from vino.media import read_picture


def test_the_embedded_model_is_served(start, tmp_path):
    model = vino.load(device="cpu")
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
