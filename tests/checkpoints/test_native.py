"""Our own format: what is written is read back, and whatever does not fit is refused."""

import json
from dataclasses import replace

import pytest
import torch

from tests import tiny
from vino import checkpoints
from vino.checkpoints import (
    Card,
    Checkpoint,
    Origin,
    Saving,
    read_manifest,
    write_diffusers,
    write_native,
)
from vino.checkpoints.card import AutoencoderCard
from vino.errors import CheckpointError, InputError
from vino.model.conditioner import Conditioner
from vino.model.mmdit import MMDiT

CARD = Card(
    sampling={"picture": {"steps": 8}, "size": [64, 64]},
    compat={"published_timestamps": True},
    licence="Apache-2.0",
    provenance=(Origin("transformer", "trained in a test", "Apache-2.0"),),
)


@pytest.fixture(scope="module")
def model():
    return tiny.vino()


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    return write_native(tmp_path_factory.mktemp("native") / "model", Checkpoint.of(model, CARD))


def state(vino) -> dict[str, torch.Tensor]:
    return vino.state_dict()


def test_read_back_exactly(model, folder):
    read = checkpoints.read(folder)
    ours, theirs = state(model), state(read.vino())
    assert set(ours) == set(theirs) and all(torch.equal(ours[n], theirs[n]) for n in ours)
    assert replace(read.card, hash=None) == CARD
    assert read.vlm.vision == replace(model.vlm.vision, published_timestamps=True)
    assert read.vae.config == model.vae.config
    chat = "<|im_start|>user\na red apple"
    assert read.vlm.tokenizer(chat)["input_ids"] == model.vlm.tokenizer(chat)["input_ids"]
    assert (
        read.vlm.model.generation_config.eos_token_id
        == model.vlm.model.generation_config.eos_token_id
    )


def test_variants_of_the_model_are_remembered(tmp_path):
    variant = tiny.vino()
    torch.manual_seed(0)
    variant.mmdit = MMDiT(replace(variant.mmdit.config, boundaries=False, schedule="diagonal"))
    sizes = replace(variant.conditioner.config, queries=0, references="latents")
    variant.conditioner = Conditioner(sizes)
    read = checkpoints.read(write_native(tmp_path / "m", Checkpoint.of(variant, CARD)))
    assert read.mmdit.config == variant.mmdit.config and read.conditioner.config == sizes
    with pytest.raises(InputError, match="diffusers has no"):
        write_diffusers(tmp_path / "d", read)


def test_the_folder_is_as_documented(folder):
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "vino.json", "transformer.safetensors", "conditioner.safetensors", "vae.safetensors",
        "vlm", "README.md", "NOTICE",
    }  # fmt: skip
    data = json.loads((folder / "vino.json").read_text())
    assert (data["format"], data["version"]) == ("vino", 1)
    assert data["mmdit"]["heads"] == tiny.MMDIT.heads
    card = (folder / "README.md").read_text()
    assert card.startswith("---\n") and "\nlicense: apache-2.0\n" in card
    assert data["hash"] in card
    assert checkpoints.save.file_hash(folder / "vae.safetensors") in card


def test_shards(model, tmp_path):
    limit = Saving(shard=20_000)
    write_native(tmp_path / "m", Checkpoint.of(model, CARD), limit)
    assert (tmp_path / "m" / "transformer.safetensors.index.json").exists()
    assert len(list((tmp_path / "m" / "vlm").glob("model-*.safetensors"))) > 1
    read = checkpoints.read(tmp_path / "m")
    ours, theirs = state(model), state(read.vino())
    assert all(torch.equal(ours[n], theirs[n]) for n in ours)


def test_types_when_writing_and_reading(model, tmp_path, folder):
    half = write_native(tmp_path / "m", Checkpoint.of(model, CARD), Saving(torch.bfloat16))
    assert checkpoints.load(half).mmdit.final_proj.weight.dtype == torch.bfloat16
    full = checkpoints.load(half, dtype=torch.float32)
    assert {p.dtype for p in full.parameters()} == {torch.float32}
    weight = model.mmdit.final_proj.weight
    assert torch.equal(full.mmdit.final_proj.weight, weight.bfloat16().float())
    assert checkpoints.read(half).card.hash != checkpoints.read(folder).card.hash


def test_hash_is_of_the_tensors_alone(model, folder, tmp_path):
    first = checkpoints.read(folder)
    assert first.hash() == first.card.hash
    again = replace(first, card=Card(licence="other"))
    assert again.hash() == first.card.hash
    sharded = write_native(tmp_path / "m", again, Saving(shard=20_000))
    assert read_manifest(sharded).card.hash == first.card.hash
    with torch.no_grad():
        first.mmdit.final_proj.bias[0] += 1
    assert replace(first, card=CARD).hash() != first.card.hash


def test_a_base_in_our_format(model, tmp_path):
    base = Checkpoint("base", model.mmdit, vae=model.vae)
    read = checkpoints.read(write_native(tmp_path / "base", base))
    assert read.conditioner is None and read.vlm is None
    assert "base for training" in read.refusal
    assert "cannot generate" in (tmp_path / "base" / "README.md").read_text()


def test_parts_can_be_given_from_elsewhere(model, folder, qwen_folder, tmp_path):
    bare = Checkpoint("m", model.mmdit, model.conditioner, model.vae)
    write_native(tmp_path / "m", bare)
    with pytest.raises(CheckpointError, match="no vision-language model"):
        checkpoints.load(tmp_path / "m")
    read = checkpoints.read(tmp_path / "m", vlm=qwen_folder, vae=folder)
    assert read.card.hash is None and read.vino().vae.config == model.vae.config


# ---- refusals --------------------------------------------------------------------------------


def edited(folder, tmp_path, **changes):
    """A copy of vino.json with other values; None removes one."""
    data = json.loads((folder / "vino.json").read_text())
    for name, value in changes.items():
        table, _, key = name.rpartition("__")
        place = data[table] if table else data
        if value is None:
            del place[key]
        else:
            place[key] = value
    (tmp_path / "vino.json").write_text(json.dumps(data))
    return tmp_path


@pytest.mark.parametrize("changes", [
    {"format": "other"}, {"version": 2}, {"version": "1"}, {"version": None}, {"surprise": 1},
    {"mmdit": None}, {"mmdit": 3}, {"mmdit__surprise": 1}, {"mmdit__heads": 0},
    {"mmdit__heads": 1.5}, {"mmdit__heads": True}, {"mmdit__heads": "2"}, {"mmdit__heads": 10**9},
    {"mmdit__patch": [1, 2]}, {"mmdit__patch": [1, 2, 0]}, {"mmdit__rope_axes": [4, 6, 8]},
    {"mmdit__rope_theta": -1.0}, {"mmdit__rope_theta": float("nan")}, {"mmdit__guidance_embed": 1},
    {"conditioner__queries": -4}, {"conditioner": "yes"}, {"vae__kind": "other"},
    {"vae__config": {"surprise": 1}}, {"vae__config": []}, {"compat": {"surprise": True}},
    {"compat": {"published_resize": "no"}}, {"licence": 3}, {"provenance": [{"part": "x"}]},
    {"mmdit__schedule": "sideways"}, {"conditioner__references": ["both"]},
    {"mmdit__heads": 60_000, "mmdit__head_dim": 60_000, "mmdit__rope_axes": [20_000] * 3},
])  # fmt: skip
def test_vino_json_is_strict(folder, tmp_path, changes):
    for path in folder.iterdir():
        if path.name != "vino.json":
            (tmp_path / path.name).symlink_to(path)
    with pytest.raises(CheckpointError) as error:
        checkpoints.read(edited(folder, tmp_path, **changes))
    assert "\n" not in str(error.value)


def test_unknown_autoencoder_arguments(folder, tmp_path):
    card = {"kind": "hunyuan", "config": {"latent_channels": 4, "surprise": 1}}
    data = json.loads((folder / "vino.json").read_text()) | {"vae": card}
    (tmp_path / "vino.json").write_text(json.dumps(data))
    assert read_manifest(tmp_path).vae == AutoencoderCard(**card)
    with pytest.raises(CheckpointError, match="surprise"):
        checkpoints.vae.empty_vae(AutoencoderCard(**card), tmp_path)


def test_a_part_of_another_size(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "vino.json").unlink()
    with pytest.raises(CheckpointError, match=r"unexpected: \d+ \(single_blocks"):
        checkpoints.read(edited(folder, tmp_path, mmdit__single_blocks=1))


# ---- written whole or not at all -------------------------------------------------------------


def test_a_folder_in_use_is_kept(model, tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "thesis.txt").write_text("three years")
    for again in (False, True):
        with pytest.raises(InputError):
            write_native(tmp_path / "m", Checkpoint.of(model, CARD), replace_old=again)
    assert [p.name for p in tmp_path.rglob("*")] == ["m", "thesis.txt"]


def test_replacing_a_model(model, tmp_path):
    write_native(tmp_path / "m", Checkpoint.of(model, CARD))
    write_native(tmp_path / "m", Checkpoint.of(model, replace(CARD, licence="b")), replace_old=True)
    assert read_manifest(tmp_path / "m").card.licence == "b"
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_who_may_read_any_file_of_a_user_may_read_the_model(model, tmp_path):
    (tmp_path / "any").touch()
    usual = (tmp_path / "any").stat().st_mode
    folder = write_native(tmp_path / "m", Checkpoint.of(model, CARD))
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.stat().st_mode for path in files} == {usual}


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_nothing_is_left_half_written(model, tmp_path, monkeypatch, error):
    write_native(tmp_path / "m", Checkpoint.of(model, CARD))

    def fail(*args):
        raise error

    monkeypatch.setattr("vino.checkpoints.native.write_readme", fail)
    refused = InputError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(refused, match=r"No space left" if refused is InputError else None):
        write_native(tmp_path / "m", Checkpoint.of(model, CARD), replace_old=True)
    assert [p.name for p in tmp_path.iterdir()] == ["m"]
    checkpoints.load(tmp_path / "m")
