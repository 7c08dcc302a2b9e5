"""A policy decides what is trained on, as it decides what is made."""

import json

import pytest

from tests.data.making import picture, record, write_manifest
from vino.cli import main
from vino.data.buckets import Meter
from vino.errors import InputError
from vino.govern.consent import Consents
from vino.govern.likeness import fingerprint
from vino.train.config import Stage, TrainConfig
from vino.train.feed import Wanted
from vino.train.recorded import held_out

STAGE = Stage(
    name="one", trainable=("*",), steps=1, mixture={"t2i": 1}, lr=1e-4, area=64 * 48, frames=1
)
METER = Meter(patch=(1, 1, 1), reference_area=64 * 64, queries=16, width=256)


@pytest.fixture
def manifest(tmp_path, monkeypatch):
    """Four pictures: of people, of people, with another licence, and nothing in particular."""
    monkeypatch.setenv("VINO_HOME", str(tmp_path / "home"))
    for i in range(4):
        picture(64, 48, level=5 * i).save(tmp_path / f"{i}.png")
    return write_manifest(
        tmp_path,
        record("0.png", people=True, consent="release 1", licence="CC0-1.0"),
        record("1.png", people=True, licence="CC0-1.0"),
        record("2.png", licence="proprietary"),
        record("3.png", licence="CC0-1.0"),
    )


def checked(manifest, policy, capsys):
    """What `vino data check` refuses, by line of the manifest."""
    (manifest.parent / "policy.toml").write_text(policy)
    words = ["data", "check", str(manifest), "--policy", str(manifest.parent / "policy.toml")]
    code = main([*words, "--size", "64x48", "--unit", "8", "--json", "--quiet"])
    told = json.loads(capsys.readouterr().out)
    lines = sorted(int(r.partition("line ")[2].split()[0].strip(":")) for r in told["refused"])
    assert code == (1 if lines else 0) and told["usable"] == 4 - len(lines)
    return lines


def test_what_records_state(manifest, capsys):
    assert checked(manifest, "", capsys) == []
    assert checked(manifest, "[training]\nconsent = true", capsys) == [2]
    assert checked(manifest, '[training]\nlicences = ["CC0-1.0"]', capsys) == [3]


def test_what_pictures_show(manifest, capsys):
    seen = [fingerprint(picture(64, 48, level=5 * i)) for i in range(4)]
    listed = f'[refused]\npictures = ["content:{seen[3].content}"]'
    assert checked(manifest, listed, capsys) == [4]
    registered = "[training]\nregistered = true"
    assert checked(manifest, registered, capsys) == [1, 2]
    Consents().add(seen[0], "Ann", ["train"])
    Consents().add(seen[1], "Bob", ["edit"])
    assert checked(manifest, registered, capsys) == [2]


def test_training_uses_the_same_policy(manifest, tmp_path, caplog):
    policy = tmp_path / "policy.toml"
    config = TrainConfig(stages=(STAGE,), held_out=str(manifest), policy=policy)
    wanted = Wanted(config, STAGE, METER)
    policy.write_text("")
    assert len(held_out(wanted)) == 4
    policy.write_text("[training]\nconsent = true")
    with pytest.raises(InputError, match="line 2 shows people and states no consent"):
        held_out(wanted)
    policy.write_text("[training]\nregistered = true")
    assert len(held_out(wanted)) == 2
    assert "line 1 is not registered" in caplog.text
    seen = [fingerprint(picture(64, 48, level=5 * i)) for i in range(4)]
    policy.write_text(f"[refused]\npictures = {[f'content:{one.content}' for one in seen]}")
    with pytest.raises(InputError, match="none of its 4 records can be used"):
        held_out(wanted)
    policy.write_text("[trainings]")
    with pytest.raises(InputError, match="did you mean training"):
        held_out(wanted)
