"""Records: strict reading, every form of collection, paths that stay below their root, licences."""

import json
import os
import tarfile
from pathlib import Path

import pytest

from tests.data.making import (
    clip,
    extended,
    header,
    picture,
    record,
    write_manifest,
    write_tar,
)
from tests.media.making import moving, write_clip
from vino.data.manifest import open_records
from vino.data.sample import Rules
from vino.data.sources.records import outline_of, record_sources
from vino.errors import InputError
from vino.prompt import Image
from vino.sizes import PixelSize

TASKS = Path(__file__).parents[1] / "cli" / "tasks"


def test_a_record_says_everything(tmp_path):
    prompt = [
        "put Image 1 on ",
        {"image": "hat.png"},
        {"image": "man.png", "base": True, "size": [64, 48, 1]},
    ]
    about = {"licence": "CC-BY-4.0", "source": "mine", "people": True, "consent": "release 17"}
    path = write_manifest(tmp_path, record("out.png", prompt, "ti2i", id="x7", **about))
    found = open_records(path)[0]
    assert (found.task, found.key, found.text) == ("ti2i", "x7", "put Image 1 on ")
    assert [m.base for m in found.media] == [False, True]
    assert found.media[1].size == PixelSize(1, 48, 64)
    assert found.target and found.target.place == tmp_path / "out.png"
    assert (found.licence, found.source, found.consent) == ("CC-BY-4.0", "mine", "release 17")
    assert found.people and found.where == f"{path}, line 1"


WRONG = {
    "not JSON": "{",
    "not JSON ": '{"task": "t2i", "prompt": NaN, "target": "a.png"}',
    "not JSON .*surrogates": '{"task": "t2i", "prompt": "\\ud800", "target": "a.png"}',
    "at most 64 media": record(prompt=[{"image": "a.png"}] * 65),
    "JSON object": "[1]",
    "lacks target": {"task": "t2i", "prompt": "a"},
    "unknown license": record(license="CC0"),
    "task must be text": record(task=3),  # type: ignore[arg-type]
    "task must not be empty": record(task=""),
    "prompt must be text": record(prompt=7),
    "prompt must be text, or": record(prompt=[]),
    "a medium is": record(prompt=[{"image": "a.png", "video": "b.mp4"}]),
    "unknown weight": record(prompt=[{"image": "a.png", "weight": 2}]),
    "image must be text": record(prompt=[{"image": 3}]),
    "only one medium": record(prompt=[{"image": "a", "base": True}, {"image": "b", "base": True}]),
    "base must be true or false": record(prompt=[{"image": "a.png", "base": 1}]),
    "a base is one of": record(target={"image": "a.png", "base": True}),
    "size must be": record(prompt=[{"image": "a.png", "size": [1, 2]}]),
    "is impossible": record(prompt=[{"image": "a.png", "size": [8, 8, 2]}]),
    "people must be": record(people="yes"),
    "outside": record("../secret.png"),
    "outside the": record("/etc/passwd"),
    "outside the root": record(prompt=[{"image": "x/../../b.png"}]),
}


@pytest.mark.parametrize("says", WRONG, ids=str)
def test_wrong_records_are_named(tmp_path, says):
    path = tmp_path / "m.jsonl"
    line = WRONG[says] if isinstance(WRONG[says], str) else json.dumps(WRONG[says])
    path.write_text(json.dumps(record()) + "\n\n" + line + "\n")
    with pytest.raises(InputError, match=says.strip()) as error:
        open_records(path)
    assert f"{path}, line 3" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_line_too_long_is_one_line(tmp_path):
    path = write_manifest(tmp_path, record(), record(prompt="x" * 3_000_000), {}, record("b.png"))
    refused: list[str] = []
    records = open_records(path, refuse=lambda e: refused.append(str(e)))
    assert [why.partition(" ")[0] for why in refused] == [f"{path},"] * 2
    assert "line 2 is longer than" in refused[0] and "line 3: the record lacks" in refused[1]
    assert [records[i].where for i in range(len(records))] == [f"{path}, line {n}" for n in (1, 4)]
    assert records[1].target and records[1].target.place == tmp_path / "b.png"


def test_rules(tmp_path):
    path = write_manifest(tmp_path, record(licence="CC0-1.0"), record(people=True))
    assert len(open_records(path)) == 2
    with pytest.raises(InputError, match="line 2 names no licence"):
        open_records(path, Rules(licence=True))
    with pytest.raises(InputError, match="line 2 shows people"):
        open_records(path, Rules(consent=True))


def test_reading_by_number_and_by_task(tmp_path):
    lines = [record(f"{i}.png", task="t2i" if i % 2 else "edit") for i in range(7)]
    records = open_records(write_manifest(tmp_path, *lines))
    assert [r.target.place.name for r in (records[6], records[0])] == ["6.png", "0.png"]
    assert {t: list(n) for t, n in records.tasks().items()} == {
        "edit": [0, 2, 4, 6],
        "t2i": [1, 3, 5],
    }


@pytest.mark.parametrize("path", sorted(TASKS.glob("*.json")), ids=lambda p: p.stem)
def test_published_task_files(path):
    records = open_records(path)
    entries = json.loads(path.read_text())
    assert len(records) == len(entries)
    assert [records[i].text for i in range(len(records))] == [e["caption"] for e in entries]
    with pytest.raises(InputError, match="has no target"):
        outline_of(records[0])


def test_task_file_with_targets(tmp_path):
    entry = {"index": "1", "task": "ti2i", "caption": "x", "ref_image_paths": ["a.png", "b.png"]}
    more = {"ref_image_have_base": True, "target": "c.png", "licence": "CC0-1.0"}
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps([entry | more]))
    found = open_records(path, Rules(licence=True))[0]
    assert [m.base for m in found.media] == [False, True]
    assert found.target and found.target.place == tmp_path / "c.png"
    path.write_text(json.dumps([entry | {"targte": "c.png"}]))
    with pytest.raises(InputError, match="entry 1: unknown targte"):
        open_records(path)


def test_folder_with_captions(tmp_path):
    (tmp_path / "deep").mkdir()
    picture().save(tmp_path / "deep" / "a.png")
    (tmp_path / "deep" / "a.txt").write_text(" a slope\n")
    clip().save(tmp_path / "b.mp4")
    (tmp_path / "LICENCE.txt").write_text("CC0-1.0\nno rights reserved")
    records = open_records(tmp_path, Rules(licence=True))
    said = [(r.task, r.key, r.text, r.licence) for r in (records[0], records[1])]
    assert said == [("t2v", "b.mp4", "", "CC0-1.0"), ("t2i", "deep/a.png", "a slope", "CC0-1.0")]


def test_folders_of_other_endings(tmp_path):
    write_clip(tmp_path / "a.ts", moving(5))
    write_clip(tmp_path / "b.flv", moving(5))
    write_clip(tmp_path / "c.mpg", moving(5), rate=25, codec="mpeg2video")
    picture().save(tmp_path / "d.jpg").rename(tmp_path / "d.jfif")
    (tmp_path / "e.heic").write_bytes(b"\0\0\0\x18ftypheic")
    records = open_records(tmp_path)
    assert [records[i].key for i in range(len(records))] == [
        *("a.ts", "b.flv", "c.mpg", "d.jfif", "e.heic")
    ]
    assert [outline_of(records[i]).target.frames for i in range(4)] == [5, 5, 5, 1]
    with pytest.raises(InputError, match=r"HEIC picture.*export it as JPEG"):
        outline_of(records[4])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_caption_that_is_a_pipe_is_none(tmp_path):
    picture().save(tmp_path / "a.png")
    os.mkfifo(tmp_path / "a.txt")
    assert open_records(tmp_path)[0].text == ""


def test_shards_of_records_and_of_captions(tmp_path):
    picture().save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    about = record({"image": "out.png"}, [{"image": "in.png", "base": True}, "lighter"], "ti2i")
    write_tar(
        tmp_path / "0.tar",
        {"x/1.json": json.dumps(about).encode(), "x/1.in.png": data, "x/1.out.png": data},
    )
    write_tar(
        tmp_path / "1.tar", {"2.jpg": data, "2.txt": b"a slope", "2.json": b'{"license":"M"}'}
    )
    records = open_records(tmp_path)
    assert len(records) == 2 and records[1].text == "a slope" and records[1].licence == "M"
    sources = record_sources(records)
    example = sources["ti2i"].example(0, PixelSize(1, 64, 96))
    assert isinstance(example.prompt.base, Image)
    assert (example.prompt.base.frames.pixels == example.target.pixels).all()
    assert sources["t2i"].outline(0).target == PixelSize(1, 64, 96)


def test_captioned_shards_say_who_is_shown(tmp_path):
    shown, consents = b'{"people": true}', b'{"people": true, "consent": "release 17"}'
    for key, about in (("1", shown), ("2", consents)):
        files = {f"{key}.jpg": b"x", f"{key}.txt": b"a face", f"{key}.json": about}
        write_tar(tmp_path / f"{key}.tar", files)
    refused: list[str] = []
    records = open_records(tmp_path, Rules(consent=True), lambda e: refused.append(str(e)))
    assert [(records[i].people, records[i].consent) for i in range(len(records))] == [
        (True, "release 17")
    ]
    assert len(refused) == 1 and "1.tar:1 shows people" in refused[0]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"1.json": b'{"task":"t","prompt":"p","target":"a.png"}'}, "no 1.a.png"),
        ({"1.png": b"x"}, "1 holds png"),
        ({"1.json": b"{", "1.png": b""}, "not JSON"),
    ],
)
def test_wrong_shards_are_named(tmp_path, files, says):
    path = write_tar(tmp_path / "0.tar", files)
    with pytest.raises(InputError, match=says) as error:
        open_records(path)
    assert str(path) in str(error.value)


def test_damaged_shards(tmp_path):
    (tmp_path / "0.tar").write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(InputError, match="no intact tar"):
        open_records(tmp_path)


HOSTILE = {
    "negative": header("b.png", -1024),
    "negative, extended": extended(b"14 size=-1024\n"),
    "negative for all": extended(b"14 size=-1024\n", tarfile.XGLTYPE),
    "beyond the file": header("b.png", 1 << 20),
    "enormous": header("b.png", 1 << 70),
    "enormous, extended": extended(b"31 size=1180591620717411303424\n"),
    "a long name": header("b.png", 1 << 40, tarfile.GNUTYPE_LONGNAME),
    "a very long header": header("x", 3 << 20, tarfile.XHDTYPE) + bytes(3 << 20),
    "a huge record": extended(b"9" * 30 + b" path=a\n"),
    "a sparse map": extended(b"22 GNU.sparse.map=abc\n"),
    "a sparse file cut off": header("b.png", 0, tarfile.GNUTYPE_SPARSE, goes_on=True),
    "headers of headers": b"".join(extended(b"12 path=abc\n")[:1024] for _ in range(2000)),
}


@pytest.mark.parametrize("blocks", HOSTILE.values(), ids=HOSTILE)
def test_hostile_shards_are_damaged(tmp_path, blocks):
    path = write_tar(tmp_path / "0.tar", {"1.png": b"x", "1.txt": b"y", "2.png": b"z"})
    path.write_bytes(path.read_bytes()[:3072] + blocks)
    refused: list[str] = []
    assert len(open_records(tmp_path, refuse=lambda e: refused.append(str(e)))) == 1
    assert len(refused) == 1 and "no intact tar" in refused[0] and "\n" not in refused[0]


def test_long_captions_of_shards_are_refused(tmp_path):
    write_tar(tmp_path / "0.tar", {"1.png": b"x", "1.txt": b"y" * (1 << 20) + b"y"})
    with pytest.raises(InputError, match=r"1\.txt has 1,048,577 bytes of text"):
        open_records(tmp_path)


def test_shards_as_the_webdataset_library_writes_them(tmp_path):
    webdataset = pytest.importorskip("webdataset")
    picture().save(tmp_path / "a.png")
    with webdataset.TarWriter(str(tmp_path / "0.tar")) as tar:
        for i in range(3):
            png = (tmp_path / "a.png").read_bytes()
            tar.write({"__key__": f"{i:05}", "target.png": png, "json": record("target.png", "s")})
    records = open_records(tmp_path / "0.tar")
    assert len(records) == 3
    assert record_sources(records)["t2i"].outline(2).target == PixelSize(1, 64, 96)


def test_nothing_there(tmp_path):
    for path, says in ((tmp_path / "no.jsonl", "does not exist"), (tmp_path, "holds no manifest")):
        with pytest.raises(InputError, match=says):
            open_records(path)
    for name in ("a.gif", "shards.tar.gz", "notes"):
        (tmp_path / name).write_bytes(b"\x1f\x8b\n" * 9)
        with pytest.raises(InputError, match=f"{name} is no manifest"):
            open_records(tmp_path / name)
    (tmp_path / "m.jsonl").write_text("\n")
    with pytest.raises(InputError, match="no records"):
        open_records(tmp_path / "m.jsonl")
