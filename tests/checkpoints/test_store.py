"""Damaged, foreign and hostile files are refused, by name and with the reason."""

import json
import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from vino.checkpoints import detect
from vino.checkpoints.store import weights_file, weights_in
from vino.errors import CheckpointError


class Command:
    """A pickle that would run a command."""

    def __init__(self, proof: Path):
        self.proof = proof

    def __reduce__(self):
        return os.system, (f"touch {self.proof}",)


def refused(file: Path) -> str:
    """The one line `file` is refused with."""
    with pytest.raises(CheckpointError) as error:
        weights = weights_file(file)
        list(weights.stream(weights.shapes))
    message = str(error.value)
    assert str(file) in message and "\n" not in message
    return message


@pytest.mark.parametrize("form", ["archive", "wrapped", "bare"])
def test_nothing_in_a_pickle_runs(tmp_path, form):
    file, proof = tmp_path / "evil.ckpt", tmp_path / "proof"
    evil = {"x": torch.zeros(2), "y": Command(proof)}
    if form == "bare":
        file.write_bytes(pickle.dumps(evil))
    else:
        torch.save({"module": evil} if form == "wrapped" else evil, file)
    message = refused(file)
    assert not proof.exists()
    assert form == "bare" or "run code" in message


@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt", ".pt", ".bin"])
@pytest.mark.parametrize("content", [b"", b"just some text\n" * 9, bytes(range(256)) * 40])
def test_no_checkpoint_at_all(tmp_path, suffix, content):
    file = tmp_path / f"model{suffix}"
    file.write_bytes(content)
    message = refused(file)
    assert content or "empty" in message


@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
@pytest.mark.parametrize("kept", [0.05, 0.5, 0.99])
def test_truncated(tmp_path, suffix, kept):
    file = tmp_path / f"model{suffix}"
    tensors = {f"x.{i}": torch.randn(50, 50) for i in range(8)}
    if suffix == ".safetensors":
        save_file(tensors, file)
    else:
        torch.save(tensors, file)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * kept)])
    refused(file)


def test_other_contents(tmp_path):
    file = tmp_path / "model.pt"
    for content in (
        [torch.zeros(2)], {}, {"x": 3}, {3: torch.zeros(2)}, {"x": {"y": torch.zeros(2)}},
        {"x": torch.zeros(2).to_sparse()},
    ):  # fmt: skip
        torch.save(content, file)
        refused(file)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme", "no tensors")
    refused(file)


def test_missing_folders_and_odd_endings(tmp_path):
    for path in (tmp_path / "none.safetensors", tmp_path, tmp_path / "none.ckpt"):
        refused(path)
    odd = tmp_path / "model.gguf"
    odd.write_text("x")
    assert ".safetensors" in refused(odd)
    with pytest.raises(CheckpointError, match="weights are missing"):
        weights_in(tmp_path, "model")


def test_a_file_of_another_model(tmp_path):
    file = tmp_path / "other.safetensors"
    save_file({"encoder.layer.weight": torch.zeros(2)}, file)
    with pytest.raises(CheckpointError, match="belong to encoder"):
        detect(file)


def sharded(folder: Path, placed: object) -> None:
    save_file({"a": torch.zeros(2)}, folder / "m-00001-of-00002.safetensors")
    save_file({"b": torch.ones(3)}, folder / "m-00002-of-00002.safetensors")
    (folder / "m.safetensors.index.json").write_text(json.dumps({"weight_map": placed}))


GOOD = {"a": "m-00001-of-00002.safetensors", "b": "m-00002-of-00002.safetensors"}


def test_shards_are_one_checkpoint(tmp_path):
    sharded(tmp_path, GOOD)
    weights = weights_in(tmp_path, "m")
    assert weights.shapes == {"a": (2,), "b": (3,)}
    assert {n: t.sum().item() for n, t in weights.stream(["b", "a"])} == {"a": 0, "b": 3}


@pytest.mark.parametrize("shard", [
    "../secret.safetensors", "/etc/passwd", "sub/m.safetensors", "..", "", "C:\\m.safetensors",
    "m.ckpt", ".hidden.safetensors", 7, None,
])  # fmt: skip
def test_an_index_names_nothing_outside_its_folder(tmp_path, shard):
    save_file({"b": torch.zeros(2)}, tmp_path / "secret.safetensors")
    inner = tmp_path / "inner"
    inner.mkdir()
    sharded(inner, {**GOOD, "b": shard})
    with pytest.raises(CheckpointError, match="refused"):
        weights_in(inner, "m")


@pytest.mark.parametrize("placed", [
    {}, [], "a", {**GOOD, "c": GOOD["a"]}, {**GOOD, "b": "m-3.safetensors"},
])  # fmt: skip
def test_an_index_that_disagrees(tmp_path, placed):
    sharded(tmp_path, placed)
    with pytest.raises(CheckpointError) as error:
        weights_in(tmp_path, "m")
    assert "\n" not in str(error.value)


def test_an_index_that_is_no_json(tmp_path):
    index = tmp_path / "m.safetensors.index.json"
    for content in (b"", b"{", b"[" * 100_000, b"\xff\xfe", b"3"):
        index.write_bytes(content)
        with pytest.raises(CheckpointError, match="get it again"):
            weights_in(tmp_path, "m")


def test_files_are_mapped_anew_and_values_stay(tmp_path):
    """Far more than may lie mapped at once, in both kinds of file."""
    tensors = {f"x.{i}": torch.full((512, 1024), float(i)) for i in range(12)}
    save_file(tensors, tmp_path / "m.safetensors")
    torch.save({"module": tensors}, tmp_path / "m.pt")
    for name in ("m.safetensors", "m.pt"):
        weights = weights_file(tmp_path / name)
        seen = {n: (t.min().item(), t.max().item()) for n, t in weights.stream(tensors)}
        assert seen == {f"x.{i}": (i, i) for i in range(12)}
