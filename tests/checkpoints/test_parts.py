"""Folders of the frozen parts by themselves."""

import json
import shutil
from contextlib import suppress
from dataclasses import asdict

import pytest
import torch
from safetensors.torch import save_file
from transformers import Qwen3VLForConditionalGeneration

from tests import tiny
from tests.checkpoints import upstream
from vino.checkpoints import Placement, read_vae, read_vlm
from vino.errors import CheckpointError


def test_qwen_folder(qwen_folder):
    vlm = read_vlm(qwen_folder, compat={"published_resize": True})
    theirs = Qwen3VLForConditionalGeneration.from_pretrained(qwen_folder)
    ours, meant = vlm.model.state_dict(), theirs.state_dict()
    assert set(ours) == set(meant) and all(torch.equal(ours[n], meant[n]) for n in ours)
    buffers = dict(theirs.named_buffers())
    assert all(torch.equal(b, buffers[n]) for n, b in vlm.model.named_buffers())
    assert vlm.vision.published_resize and not any(p.requires_grad for p in vlm.parameters())
    ids = torch.arange(6)[None]
    assert torch.equal(vlm.model(ids).logits, theirs.eval()(ids).logits)


def broken(folder, tmp_path, name, change):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    data = json.loads((copy / name).read_text())
    change(data)
    (copy / name).write_text(json.dumps(data))
    return copy


@pytest.mark.parametrize(("name", "change"), [
    ("config.json", lambda d: d.update(model_type="llama")),
    ("config.json", lambda d: d["text_config"].update(hidden_size=-4)),
    ("config.json", lambda d: d["text_config"].update(hidden_size="many")),
    ("config.json", lambda d: d["text_config"].update(hidden_size=64)),
    ("config.json", lambda d: d["text_config"].update(num_hidden_layers=3)),
    ("config.json", lambda d: d.update(vision_config=3)),
    ("preprocessor_config.json", lambda d: d.pop("size")),
    ("tokenizer.json", lambda d: d.clear()),
])  # fmt: skip
def test_other_and_damaged_qwen_folders(qwen_folder, tmp_path, name, change):
    with pytest.raises(CheckpointError) as error:
        read_vlm(broken(qwen_folder, tmp_path, name, change))
    assert "copy" in str(error.value) and "\n" not in str(error.value)


def test_a_tokenizer_brings_no_code(qwen_folder, tmp_path):
    def code(data):
        data["auto_map"] = {"AutoTokenizer": ["evil.Tokenizer", None]}
        data["tokenizer_class"] = "EvilTokenizer"

    folder = broken(qwen_folder, tmp_path, "tokenizer_config.json", code)
    proof = tmp_path / "proof"
    (folder / "evil.py").write_text(f"open({str(proof)!r}, 'w')\nclass Tokenizer: pass\n")
    with suppress(CheckpointError):  # read without the code, or refused
        read_vlm(folder)
    assert not proof.exists()


def test_hunyuan_autoencoder(hunyuan_folder):
    for folder in (hunyuan_folder, hunyuan_folder / "vae"):
        vae = read_vae(folder, Placement(torch.bfloat16))
        meant = upstream.autoencoder().state_dict()
        stored = vae.model.state_dict()
        assert all(torch.equal(stored[n], t.bfloat16()) for n, t in meant.items())
    with pytest.raises(CheckpointError, match="HunyuanVideoTransformer3DModel"):
        read_vae(hunyuan_folder / "transformer")


def test_small_autoencoder_as_its_recipe_leaves_it(tmp_path):
    vae = tiny.vino().vae
    weights = {n: t.contiguous() for n, t in vae.state_dict().items()}
    save_file(weights, tmp_path / "vae.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(asdict(vae.config)))
    read = read_vae(tmp_path)
    video = torch.rand(1, 3, 5, 16, 16) * 2 - 1
    assert torch.equal(read.encode(video), vae.encode(video))
    (tmp_path / "config.json").write_text(json.dumps({"latent_channels": 4, "surprise": 1}))
    with pytest.raises(CheckpointError, match="surprise"):
        read_vae(tmp_path)
