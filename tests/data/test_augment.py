"""Augmented folders: what is written, again and again, and what is left alone."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from tests.data.making import clip, picture, record, write_manifest
from vino.data.alterations import PLAIN, Op, Pair
from vino.data.augment import Outcome, Plan, augment
from vino.data.buckets import Buckets
from vino.data.check import check
from vino.data.manifest import open_records
from vino.data.sample import stop
from vino.data.sharding import write_shards
from vino.errors import InputError
from vino.media import read_clip, read_picture

BUCKETS = Buckets(area=96 * 64, unit=8, frames=17)
ALL = tuple(PLAIN.values())


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two pictures and a clip with their licence, people and consent."""
    made = tmp_path / "photos"
    picture(96, 64).save(made / "a.png")
    picture(64, 64, level=3).save(made / "b.webp")
    clip(9, 65, 63).save(made / "c.webp", quality=100)
    write_manifest(
        made,
        record("a.png", "a slope", licence="CC0-1.0", source="https://example.org/a"),
        record("b.webp", "steep", people=True, consent="release 17"),
        record({"video": "c.webp"}, "lighter", "t2v", licence="CC BY 4.0"),
    )
    return made


def run(folder: Path, out: Path, refuse=stop, **plan) -> Outcome:
    *_, outcome = augment(open_records(folder), out, Plan(**{"ops": ALL, **plan}), refuse)
    return outcome


def lines(out: Path):
    return [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]


def files(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def test_all_of_it_can_be_trained_on(folder, tmp_path):
    before = files(folder)
    outcome = run(folder, tmp_path / "out")
    assert (outcome.made, outcome.there, outcome.broken) == (2 * 13 + 17, 0, [])
    report = check(tmp_path / "out", BUCKETS)
    assert report.is_sound and report.usable == report.records == outcome.made
    assert report.tasks == {"image_edit": 26, "video_edit": 17}
    assert files(folder) == before


def test_the_manifest_says_what_was_done(folder, tmp_path):
    out = tmp_path / "out"
    run(folder, out, ops=(PLAIN["flip"],), seed=5)
    back, flipped = lines(out)[:2]  # of a.png
    base, words = flipped["prompt"]
    assert base["base"] is True and words
    assert (out / base["image"]).read_bytes() == (folder / "a.png").read_bytes()
    source, target = (read_picture(out / p) for p in (base["image"], flipped["target"]["image"]))
    axis = 2 if flipped["made"]["parameters"]["way"] == "left to right" else 1
    assert np.array_equal(np.flip(source.pixels, axis), target.pixels)
    digest = hashlib.sha256((folder / "a.png").read_bytes()).hexdigest()
    assert flipped["made"] == {
        "op": "flip", "seed": 5, "variant": 0, "source": {"file": "a.png", "sha256": digest},
        "parameters": flipped["made"]["parameters"],
    }  # fmt: skip
    assert back["target"] == {"image": base["image"], "size": [96, 64, 1]}
    assert flipped["licence"] == back["licence"] == "CC0-1.0"
    assert flipped["source"] == "https://example.org/a"
    people = [line for line in lines(out) if line.get("people")]
    assert len(people) == 2 and all(line["consent"] == "release 17" for line in people)
    video = [line for line in lines(out) if line["task"] == "video_edit"]
    assert read_clip(out / video[0]["prompt"][0]["video"]).size.frames == 9


def test_the_same_seed_makes_the_same_and_another_does_not(folder, tmp_path):
    few = {"ops": (PLAIN["hue"], PLAIN["crop"], PLAIN["speed"]), "each": 2}
    run(folder, tmp_path / "one", **few)
    run(folder, tmp_path / "two", **few)
    assert files(tmp_path / "one") == files(tmp_path / "two")
    run(folder, tmp_path / "three", **few, seed=1)
    made = [{line["id"] for line in lines(tmp_path / name)} for name in ("one", "three")]
    assert not made[0] & made[1]


def test_a_run_that_was_stopped_goes_on(folder, tmp_path):
    run(folder, tmp_path / "whole")
    out = tmp_path / "out"
    plan = Plan(ops=ALL)
    next(augment(open_records(folder), out, plan, stop))
    data = (out / "manifest.jsonl").read_bytes()
    (out / "manifest.jsonl").write_bytes(data[: len(data) - 40])  # killed while it wrote
    outcome = run(folder, out)
    assert outcome.there == 6 and outcome.made == 30 + 1
    assert sorted(lines(out), key=str) == sorted(lines(tmp_path / "whole"), key=str)
    again = run(folder, out)
    assert again.made == 0 and again.there == 7 + 7 + 9


def test_nothing_is_decoded_when_all_is_there(folder, tmp_path, monkeypatch):
    run(folder, tmp_path / "out")
    monkeypatch.setattr("vino.data.augment.read", lambda *_: pytest.fail("decoded again"))
    assert run(folder, tmp_path / "out").made == 0


def test_broken_files_are_named_once_and_stop_no_other(folder, tmp_path):
    (folder / "a.png").write_bytes((folder / "a.png").read_bytes()[:60])
    (folder / "b.webp").unlink()
    told = []
    outcome = run(folder, tmp_path / "out", refuse=lambda e: told.append(str(e)))
    assert len(outcome.broken) == len(told) == 2
    assert "a.png" in told[0] and "b.webp" in told[1]
    assert outcome.made == 17 and check(tmp_path / "out", BUCKETS).is_sound


def test_a_step_that_fails_stops_no_other(folder, tmp_path):
    def fail(frames, rng):
        raise InputError("the numbers overflowed")

    told = []
    ops = (Op("edit:paint it", fail), PLAIN["blur"])
    outcome = run(folder, tmp_path / "out", ops=ops, refuse=lambda e: told.append(str(e)))
    assert len(told) == 3 and "a.png" not in told[0] and "line 1" in told[0]
    assert outcome.made == 6


def test_instructions_of_any_length_name_no_file(folder, tmp_path):
    op = Op("edit:" + "../" * 200 + "\n", lambda f, rng: Pair(f, "go up"))
    run(folder, tmp_path / "out", ops=(op,))
    names = [line["target"].get("image", "") for line in lines(tmp_path / "out")]
    assert all("/" not in name and len(name) < 40 for name in names)


def test_folders_of_something_else_are_refused(folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        run(folder, other)
    (other / "manifest.jsonl").write_text('{"task": "t2i", "prompt": "a slope", "target": "a.png"}')
    with pytest.raises(InputError, match="not written by vino augment"):
        run(folder, other)
    write_manifest(other, record(licence="MIT"), record(licence="MIT"))
    mine = (other / "manifest.jsonl").read_text()[:-2]  # its last line is not whole
    (other / "manifest.jsonl").write_text(mine)
    with pytest.raises(InputError, match="not written by vino augment"):
        run(folder, other)
    assert (other / "manifest.jsonl").read_text() == mine


def test_without_inverses(folder, tmp_path):
    outcome = run(folder, tmp_path / "out", inverses=False)
    assert outcome.made == 7 + 7 + 9
    assert not any(line["id"].endswith("-inverse") for line in lines(tmp_path / "out"))


def test_shards_are_read_and_keep_what_was_done(folder, tmp_path):
    write_shards(open_records(folder), tmp_path / "shards")
    run(tmp_path / "shards", tmp_path / "out", ops=(PLAIN["blur"],))
    write_shards(open_records(tmp_path / "out"), tmp_path / "again")
    packed = open_records(tmp_path / "again")
    assert {packed[i].made["op"] for i in range(len(packed))} == {"blur"}
    assert packed[0].licence == "CC0-1.0"
