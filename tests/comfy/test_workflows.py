"""Workflows run by a small executor with ComfyUI's rules: the shipped ones, caching, refusals."""

import copy
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

import vino
from tests import tiny
from tests.comfy.executor import Comfy, Refused
from tests.test_generate import DEFAULTS, noise
from vino.comfy import NODE_CLASS_MAPPINGS, nodes
from vino.errors import InputError
from vino.generate import Model
from vino.media import Frames, read_clip, read_picture

SHIPPED = Path(nodes.__file__).parent / "workflows"


def shipped(name: str, steps: int):
    """A shipped workflow, in few steps for the sake of time."""
    made = json.loads((SHIPPED / name).read_text())
    for node in made.values():
        if node["class_type"] == "VinoSample":
            node["inputs"]["steps"] = steps
    return made


def sampler(**changes):
    asked = dict(
        model=["1", 0], prompt=["2", 0], seed=3, steps=0, guidance=0, image_guidance=0, width=0,
        height=0, frames=0, batch_size=1,
    )  # fmt: skip
    return {"class_type": "VinoSample", "inputs": asked | changes}


def workflow(**changes):
    load = {"model": "tiny", "device": "cpu", "dtype": "float32"}
    return {
        "1": {"class_type": "VinoLoad", "inputs": load},
        "2": {"class_type": "VinoPrompt", "inputs": {"text": "a dog"}},
        "3": sampler(**changes),
        "4": {"class_type": "VinoDecode", "inputs": {"model": ["1", 0], "latent": ["3", 0]}},
        "5": {"class_type": "SaveImage", "inputs": {"images": ["4", 0], "filename_prefix": "p"}},
    }


def referring(base: str, **changes):
    """A workflow whose prompt has the picture in.png as a reference, and another as its base."""
    made = workflow(**changes)
    made["6"] = {"class_type": "LoadImage", "inputs": {"image": "in.png"}}
    made["7"] = {
        "class_type": "VinoReference",
        "inputs": {"images": ["6", 0], "kind": "pictures", "fps": 24.0},
    }
    made["8"] = {"class_type": "LoadImage", "inputs": {"image": base}}
    made["2"] = {
        "class_type": "VinoEdit",
        "inputs": {
            "images": ["8", 0], "text": "Image 1 on Image 2", "kind": "picture", "fps": 24.0,
            "references": ["7", 0],
        },
    }  # fmt: skip
    return made


@pytest.fixture
def model(monkeypatch):
    """A small random model in place of the loaded one."""
    made = Model(tiny.vino(), DEFAULTS, {"name": "test", "hash": "0"})
    monkeypatch.setattr(nodes, "load", lambda *_, **__: made)
    return made


@pytest.fixture
def comfy(model, tmp_path):
    Frames(noise(1, 16, 16, 3)).save(tmp_path / "in.png")
    Frames(noise(1, 40, 24, 3)).save(tmp_path / "base.png")
    return Comfy(NODE_CLASS_MAPPINGS, tmp_path)


def test_text_then_edit_as_shipped(tmp_path):
    Comfy(NODE_CLASS_MAPPINGS, tmp_path).run(shipped("text_then_edit.json", 2))
    model = vino.load("tiny")
    first = model.generate("a red apple and a dog on a plain green background", steps=2)
    assert np.array_equal(read_picture(tmp_path / "picture_00000.png").pixels, first.pixels)
    second = model.edit(first, "replace the dog with a top hat", steps=2)
    assert np.array_equal(read_picture(tmp_path / "edited_00000.png").pixels, second.pixels)


def test_picture_to_clip_as_shipped(tmp_path):
    Frames(noise(1, 64, 64, 3)).save(tmp_path / "apple.png")
    Comfy(NODE_CLASS_MAPPINGS, tmp_path).run(shipped("picture_to_clip.json", 1))
    clip = read_clip(tmp_path / "clip_00000.webp")
    assert clip.size.frames == 17 and clip.fps == pytest.approx(12, rel=0.01)


def test_settings_reach_the_model(comfy, model, tmp_path):
    comfy.run(workflow(seed=9, steps=1, guidance=2.0, width=40, height=24, negative="blur"))
    made = model.generate("a dog", seed=9, steps=1, guidance=2.0, size=(40, 24), negative="blur")
    assert np.array_equal(read_picture(tmp_path / "p_00000.png").pixels, made.pixels)


def test_references_count_on_and_the_base_is_last(comfy, model, tmp_path):
    comfy.run(referring("base.png"))
    made = model.edit(
        tmp_path / "base.png", "Image 1 on Image 2", references=[tmp_path / "in.png"], seed=3
    )
    assert np.array_equal(read_picture(tmp_path / "p_00000.png").pixels, made.pixels)


def test_a_batch_and_latents_apart_from_their_decoding(comfy, model):
    done = comfy.run(workflow(batch_size=2))
    latent = done["3"][0]
    assert latent["samples"].shape == (2, 4, 1, 4, 4)
    images, fps = done["4"]
    assert images.shape == (2, 32, 32, 3) and fps == DEFAULTS.fps
    bare = {"samples": latent["samples"][1:]}  # as saved and loaded by ComfyUI's own nodes
    again, _ = nodes.Decode().decode(model, bare)
    assert torch.equal(again, images[1:])
    with pytest.raises(InputError, match=r"is not this model's: connect one"):
        nodes.Decode().decode(model, {"samples": torch.zeros(1, 4, 8, 8)})


def test_clips_keep_their_rate_and_length(model):
    frames = torch.from_numpy(noise(5, 24, 40, 3)).float() / 255
    (references,) = nodes.Reference().add(frames, "clip", 10.0)
    assert references[0].frames.fps == 10.0 and references[0].frames.size.frames == 5
    (prompt,) = nodes.Edit().edit(frames, "at night", "clip", 10.0)
    asked = sampler()["inputs"] | {"model": model, "prompt": prompt}
    (latent,) = nodes.Sampler().sample(**asked)
    images, fps = nodes.Decode().decode(model, latent)
    assert fps == 10.0 and len(images) == 5
    with pytest.raises(InputError, match="batch of 5 images"):
        nodes.Edit().edit(frames, "at night", "picture", 24.0)
    far = frames + 1.5 * (frames > 0.5)  # beyond 1, as upscaling leaves it
    (pictures,) = nodes.Reference().add(far, "pictures", 24.0)
    assert len(pictures) == 5 and pictures[0].frames.pixels.max() == 255


def test_only_what_changed_runs_again(comfy):
    comfy.run(workflow())
    assert set(comfy.ran) == {"1", "2", "3", "4", "5"}
    comfy.run(workflow())
    assert comfy.ran == []
    comfy.run(workflow(seed=4))
    assert set(comfy.ran) == {"3", "4", "5"}
    renamed = workflow(seed=4)
    renamed["5"]["inputs"]["filename_prefix"] = "q"
    comfy.run(renamed)
    assert comfy.ran == ["5"]  # decoded and sampled before


def test_a_model_that_was_trained_on_is_loaded_again(comfy, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "vino.json").write_text("{}")
    mine = workflow()
    mine["1"]["inputs"]["model"] = str(folder)
    comfy.run(mine)
    comfy.run(mine)
    assert comfy.ran == []
    (folder / "transformer.safetensors").write_bytes(b"new")
    comfy.run(mine)
    assert "1" in comfy.ran


def changed(where: str, name: str, value):
    made = copy.deepcopy(workflow())
    made[where]["inputs"][name] = value
    return made


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (changed("1", "model", " "), "name a model"),
        (changed("1", "lora", "nowhere"), "there is no folder nowhere"),
        (changed("1", "device", "tpu"), "value not in list"),
        (changed("2", "text", " "), "it is empty"),
        (changed("3", "steps", 5000), "5000 is not from 0 to 1000"),
        (changed("3", "steps", "many"), "'many' is no INT"),
        (changed("3", "model", ["2", 0]), "return type mismatch"),
        (changed("3", "model", "tiny"), "must be linked"),
        (changed("4", "latent", ["4", 0]), "return type mismatch"),
        (changed("3", "wdith", 64), "there is no input wdith"),
    ],
)
def test_wrong_workflows_are_refused_before_anything_runs(comfy, asked, says):
    with pytest.raises(Refused, match=says):
        comfy.run(asked)
    assert comfy.ran == []


def test_text_may_come_from_another_node(comfy):
    class Words:
        RETURN_TYPES, FUNCTION = ("STRING",), "say"

        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {}}

        def say(self):
            return ("a dog",)

    comfy.nodes["Words"] = Words
    linked = workflow()
    linked["6"] = {"class_type": "Words", "inputs": {}}
    linked["2"]["inputs"]["text"] = ["6", 0]
    comfy.run(linked)
    assert "5" in comfy.ran


def test_one_side_alone_is_refused(comfy):
    with pytest.raises(InputError, match="both width and height"):
        comfy.run(workflow(width=32))


class Stopped(Exception):
    pass


def test_progress_previews_and_interruption(comfy, monkeypatch):
    """`comfy`, when it is there, is told of every step and asked whether to go on."""
    told, stop = [], []

    class Bar:
        def __init__(self, total):
            pass

        def update_absolute(self, value, total, preview):
            told.append((value, total, preview))

    def throw():
        if stop:
            raise Stopped

    utils, management = ModuleType("comfy.utils"), ModuleType("comfy.model_management")
    utils.ProgressBar = Bar
    management.throw_exception_if_processing_interrupted = throw
    package = ModuleType("comfy")
    package.utils, package.model_management = utils, management
    for module in (package, utils, management):
        monkeypatch.setitem(sys.modules, module.__name__, module)

    comfy.run(workflow(previews=True))
    assert [(value, total) for value, total, _ in told] == [(1, 2), (2, 2)]
    kind, picture, _ = told[0][2]
    assert kind == "JPEG" and picture.size == (32, 32)
    comfy.run(workflow(seed=5))
    assert told[-1] == (2, 2, None)
    stop.append(True)
    with pytest.raises(Stopped):
        comfy.run(workflow(seed=6))
