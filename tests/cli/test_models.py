"""convert and info, on the random model written as a folder."""

import json
from pathlib import Path

import pytest

from tests import tiny
from vino import checkpoints
from vino.cli import models
from vino.cli.console import Console


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    card = checkpoints.Card(sampling={"frames": 5, "size": [32, 32]}, licence="Apache-2.0")
    path = tmp_path_factory.mktemp("models") / "native"
    return checkpoints.write_native(path, checkpoints.Checkpoint.of(tiny.vino(), card))


def test_info_for_people(vino, folder):
    said = vino("info", folder)
    assert (said.code, said.err) == (0, "")
    lines = dict(line.split("  ", 1) for line in said.out.splitlines())
    assert lines["licence"].strip() == "Apache-2.0"
    assert "32x32" in lines["pictures"]
    assert "5 frames" in lines["clips"].replace("  ", " ")


def test_info_as_json(vino, folder):
    told = json.loads(vino("info", folder, "--json").out)
    whole = tiny.vino()
    assert told["parameters"]["transformer"] == sum(p.numel() for p in whole.mmdit.parameters())
    counted = sum(n for part, n in told["parameters"].items() if part != "total")
    assert told["parameters"]["total"] == counted
    assert told["hash"] == json.loads((folder / "vino.json").read_text())["hash"]
    assert told["generates"] is True and told["refusal"] is None
    assert told["defaults"]["frames"] == 5


def test_convert_to_diffusers_and_back(vino, folder):
    assert vino("convert", folder, "there", "--to", "diffusers").out == "there\n"
    base = vino("info", "there").out
    assert "a base for training" in base and "making pictures" not in base
    said = vino("convert", folder, "again", "--to", "native", "--json")
    assert json.loads(said.out) == {"path": "again", "format": "native"}
    first, second = (json.loads(vino("info", m, "--json").out) for m in (folder, "again"))
    assert first["hash"] == second["hash"]


def test_what_cannot_be_converted(vino, folder, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    (tmp_path / "cut.ckpt").write_bytes(b"PK\x03\x04 cut off")
    for source, dest in ((folder, "full"), ("cut.ckpt", "new"), ("missing", "new")):
        said = vino("convert", source, dest, "--to", "native")
        assert said.code == 2 and said.err.count("\n") == 1
        assert not (tmp_path / "new").exists()
    said = vino("info", "cut.ckpt")
    assert said.code == 2 and "cut.ckpt" in said.err


def test_the_bar_follows_what_is_done(capsys):
    bar = models._Bar(Console(verbose=True))
    bar("reading a", 1, 4)
    first = bar._bar
    bar("reading a", 2, 4)
    assert bar._bar is first and first is not None and first.n == 2
    bar("writing b", 0, 1)
    bar.close()
    shown = capsys.readouterr().err
    assert "reading a" in shown and "writing b" in shown
