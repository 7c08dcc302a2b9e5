"""Shards hold what the manifest did; reading them back gives the same examples."""

import sys

import pytest

from tests.data.making import folder_of_everything, picture, record, write_manifest
from vino.cli import main
from vino.data.manifest import open_records
from vino.data.sharding import write_shards
from vino.data.sources.records import record_sources
from vino.errors import InputError
from vino.media import Limits, content_hash
from vino.sizes import PixelSize


def test_there_and_back(tmp_path):
    pytest.importorskip("webdataset")
    folder_of_everything(tmp_path)
    records = open_records(tmp_path)
    (tmp_path / "p4.png").write_bytes(b"broken")
    refused: list[str] = []
    shards = write_shards(
        records, tmp_path / "out", shard_bytes=3_000, refuse=lambda e: refused.append(str(e))
    )
    assert len(shards) > 1 and len(refused) == 2 and all("p4.png" in why for why in refused)
    back = open_records(tmp_path / "out")
    assert len(back) == len(records) - 2
    assert {t: len(n) for t, n in back.tasks().items()} == {"t2i": 5, "ti2i": 5, "t2v": 3}
    for task, source in record_sources(back).items():
        example = source.example(0, PixelSize(1, 32, 48))
        same = record_sources(records)[task].example(0, PixelSize(1, 32, 48))
        assert content_hash(example.target) == content_hash(same.target)
        assert (example.prompt.text, example.licence) == (same.prompt.text, same.licence)
        assert [m.base for m in example.prompt.media] == [m.base for m in same.prompt.media]
    stated = [m.size for i in range(len(back)) for m in (*back[i].media, back[i].target) if m]
    assert None not in stated
    with pytest.raises(InputError, match="is not empty"):
        write_shards(records, tmp_path / "out")


def test_files_that_are_gone_or_too_large_are_refused(tmp_path):
    pytest.importorskip("webdataset")
    for name in "abc":
        picture(level=ord(name)).save(tmp_path / f"{name}.png")
    with (tmp_path / "b.png").open("ab") as file:
        file.truncate(100_000)
    medium = {"image": "a.png", "size": [96, 64, 1]}
    lines = [record(medium | {"image": f"{name}.png"}) for name in "abcd"]
    write_manifest(tmp_path, *lines)
    refused: list[str] = []
    write_shards(
        open_records(tmp_path),
        tmp_path / "out",
        limits=Limits(max_bytes=99_999),
        refuse=lambda e: refused.append(str(e)),
    )
    assert len(open_records(tmp_path / "out")) == 2
    assert len(refused) == 2
    assert "b.png has 100,000 bytes" in refused[0] and "d.png does not exist" in refused[1]


def test_a_pack_that_fails_leaves_nothing(tmp_path):
    pytest.importorskip("webdataset")
    folder_of_everything(tmp_path, 2)
    (tmp_path / "p1.png").unlink()
    with pytest.raises(InputError, match=r"p1\.png does not exist"):
        write_shards(open_records(tmp_path), tmp_path / "packed" / "out")
    assert not list((tmp_path / "packed").iterdir())


def test_without_the_library(tmp_path, monkeypatch):
    folder_of_everything(tmp_path, 2)
    monkeypatch.setitem(sys.modules, "webdataset", None)
    with pytest.raises(InputError, match=r"its extra \[train\]"):
        write_shards(open_records(tmp_path), tmp_path / "out")


def test_on_the_command_line(tmp_path, capsys):
    pytest.importorskip("webdataset")
    folder_of_everything(tmp_path, 2)
    assert main(["data", "pack", str(tmp_path), "-o", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'out' / '000000.tar'}\n"
    assert len(open_records(tmp_path / "out")) == 5
    assert main(["data", "pack", str(tmp_path)]) == 2
    (tmp_path / "p1.png").write_bytes(b"broken")
    assert main(["data", "pack", str(tmp_path), "-o", str(tmp_path / "b"), "--json"]) == 1
    assert "p1.png" in capsys.readouterr().err
