"""Conversions: layouts their own libraries load, with the licences along."""

import json

import pytest
import torch
from diffusers import AutoencoderKLHunyuanVideo, HunyuanVideoTransformer3DModel
from transformers import Qwen3VLForConditionalGeneration

from tests import tiny
from tests.checkpoints import upstream
from vino import checkpoints
from vino.checkpoints import Card, Checkpoint, Saving, convert, write_diffusers
from vino.checkpoints.keys import CLIP_BRANCH
from vino.errors import CheckpointError, InputError


def test_published_to_native(published_file, qwen_folder, hunyuan_folder, tmp_path):
    seen = []
    convert(
        published_file, tmp_path / "vino", vlm=qwen_folder, vae=hunyuan_folder,
        watch=lambda what, done, total: seen.append((what, done, total)),
    )  # fmt: skip
    made = checkpoints.load(tmp_path / "vino")
    direct = checkpoints.load(published_file, vlm=qwen_folder, vae=hunyuan_folder)
    ours, theirs = made.state_dict(), direct.state_dict()
    assert set(ours) == set(theirs) and all(torch.equal(ours[n], theirs[n]) for n in ours)
    assert seen and all(0 <= done <= total for _, done, total in seen)
    same = Qwen3VLForConditionalGeneration.from_pretrained(tmp_path / "vino" / "vlm").state_dict()
    assert all(torch.equal(same[n], t) for n, t in made.vlm.model.state_dict().items())


def test_licences_travel(published_file, qwen_folder, hunyuan_folder, tmp_path):
    convert(published_file, tmp_path / "a", vlm=qwen_folder, vae=hunyuan_folder)
    convert(tmp_path / "a", tmp_path / "b")
    for folder in (tmp_path / "a", tmp_path / "b"):
        names = {path.name for path in folder.iterdir()}
        assert {"LICENSE-vlm", "LICENSE-vae.txt", "NOTICE", "README.md"} <= names
        assert (folder / "LICENSE-vlm").read_text() == "the licence of the language model\n"
        notice = (folder / "NOTICE").read_text()
        for licence in ("CC BY-NC 4.0", "Tencent Hunyuan Community License", "Apache-2.0"):
            assert licence in notice and licence in (folder / "README.md").read_text()
        assert "license: cc-by-nc-4.0" in (folder / "README.md").read_text()
        assert str(tmp_path) not in (folder / "vino.json").read_text()


def test_original_to_diffusers(tmp_path):
    model = upstream.transformer()
    torch.save(upstream.original(model.state_dict()), tmp_path / "states.pt")
    (tmp_path / "LICENSE.txt").write_text("the base's\n")
    convert(tmp_path / "states.pt", tmp_path / "made", to="diffusers")
    loaded, report = HunyuanVideoTransformer3DModel.from_pretrained(
        tmp_path / "made", subfolder="transformer", output_loading_info=True
    )
    assert not any(report.values())
    made, meant = loaded.state_dict(), model.state_dict()
    for name, tensor in meant.items():
        if not name.startswith(CLIP_BRANCH):
            assert torch.equal(made[name], tensor), name
        else:
            assert not made[name].any()
    assert (tmp_path / "made" / "LICENSE-transformer.txt").exists()
    assert "Tencent" in (tmp_path / "made" / "NOTICE").read_text()


def test_published_to_diffusers_and_back_as_a_base(
    published_file, qwen_folder, hunyuan_folder, tmp_path
):
    convert(published_file, tmp_path / "made", to="diffusers", vae=hunyuan_folder)
    vae, report = AutoencoderKLHunyuanVideo.from_pretrained(
        tmp_path / "made", subfolder="vae", output_loading_info=True
    )
    assert not any(report.values())
    meant = upstream.autoencoder().state_dict()
    assert all(torch.equal(t, meant[n]) for n, t in vae.state_dict().items())
    base = checkpoints.read(tmp_path / "made")
    assert "base for training" in base.refusal
    direct = checkpoints.read(published_file).mmdit.state_dict()
    assert all(torch.equal(t, direct[n]) for n, t in base.mmdit.state_dict().items())


def test_diffusers_layout_in_shards_and_half(tmp_path):
    model = upstream.transformer()
    model.save_pretrained(tmp_path / "source")
    base = checkpoints.read(tmp_path / "source")
    write_diffusers(tmp_path / "made", base, Saving(torch.bfloat16, shard=100_000))
    assert len(list((tmp_path / "made" / "transformer").glob("*.safetensors"))) > 2
    loaded = HunyuanVideoTransformer3DModel.from_pretrained(
        tmp_path / "made", subfolder="transformer", torch_dtype=torch.bfloat16
    )
    assert torch.equal(loaded.proj_out.weight, model.proj_out.weight.bfloat16())


def test_a_small_autoencoder_has_no_place_in_diffusers(tmp_path):
    checkpoint = Checkpoint.of(tiny.vino(), Card(licence="Apache-2.0"))
    write_diffusers(tmp_path / "made", checkpoint)
    config = json.loads((tmp_path / "made" / "transformer" / "config.json").read_text())
    assert config["patch_size"] == 1 and config["guidance_embeds"] is False
    assert not (tmp_path / "made" / "vae").exists()
    HunyuanVideoTransformer3DModel.from_pretrained(tmp_path / "made", subfolder="transformer")


def test_a_trained_model_is_not_written_in_part(published_file, qwen_folder, tmp_path):
    with pytest.raises(InputError, match=r"\(vlm\)"):
        convert(published_file, tmp_path / "made")
    with pytest.raises(InputError, match=r"\(vae\)"):
        convert(published_file, tmp_path / "made", vlm=qwen_folder)
    with pytest.raises(InputError, match="native or diffusers"):
        convert(published_file, tmp_path / "made", to="onnx")
    with pytest.raises(CheckpointError):
        convert(qwen_folder, tmp_path / "made")
    assert not list(tmp_path.iterdir())
