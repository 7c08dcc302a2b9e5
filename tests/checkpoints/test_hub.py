"""Where a model lies: packaged, on disk, on the hub; and what is said when nowhere."""

from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

import vino
from vino.checkpoints import resolve
from vino.errors import InputError


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """What the hub is asked for; it answers with a folder."""
    calls = []

    def download(repo, **options):
        calls.append((repo, options))
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    return calls


def test_paths_come_first(tmp_path, asked, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "first").mkdir(parents=True)
    (tmp_path / "model.ckpt").write_text("x")
    assert resolve("runs/first") == Path("runs/first")
    assert resolve(tmp_path / "model.ckpt") == tmp_path / "model.ckpt"
    assert not asked


def test_the_packaged_model(monkeypatch, tmp_path):
    monkeypatch.setattr(vino, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(InputError, match="tiny"):
        resolve("tiny")
    (tmp_path / "assets" / "tiny").mkdir(parents=True)
    assert resolve("tiny") == tmp_path / "assets" / "tiny"


def test_the_hub_gives_tensors_and_texts_only(asked, tmp_path):
    assert resolve("someone/model-1.0") == tmp_path
    (repo, options), = asked
    assert repo == "someone/model-1.0"
    patterns = options["allow_patterns"]
    assert "*.safetensors" in patterns
    assert not any(p.endswith((".py", ".pt", ".ckpt", ".bin", ".pkl")) for p in patterns)


@pytest.mark.parametrize("model", [
    "no-such-model", "/no/such/folder", "./no/such", "a/b/c", "no/such folder", "missing.ckpt", "",
    "../up", "https://host/model",
])  # fmt: skip
def test_names_that_lead_nowhere(asked, model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="tiny") as error:
        resolve(model)
    assert not asked and repr(model) in str(error.value) and "\n" not in str(error.value)


def test_a_hub_that_does_not_answer(monkeypatch):
    def offline(repo, **options):
        raise LocalEntryNotFoundError("cannot find the snapshot\nin the cache")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    with pytest.raises(InputError, match="hub gave none") as error:
        resolve("someone/model")
    assert "'someone/model'" in str(error.value) and "\n" not in str(error.value)
