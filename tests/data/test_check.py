"""`vino data check`: forty broken files among sound ones, duplicates, captions, buckets."""

import json

import pytest

from tests.data.breaking import BROKEN
from tests.data.making import (
    clip,
    folder_of_everything,
    picture,
    record,
    write_manifest,
    write_tar,
)
from vino.cli import main
from vino.data.buckets import Buckets, Fitting, Meter
from vino.data.check import check
from vino.data.loader import Loader
from vino.data.manifest import open_records
from vino.data.packing import Batching
from vino.data.planner import Corpus
from vino.data.sample import Rules
from vino.data.sources.records import record_sources
from vino.errors import InputError
from vino.media import Limits
from vino.sizes import PixelSize

SMALL = Buckets(area=64 * 64, unit=8, frames=17, enlarge=4)


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """Forty and more broken files, four sound ones."""
    folder = tmp_path_factory.mktemp("broken")
    for name, make in BROKEN.items():
        make(folder / name)
    for i in range(3):
        picture(level=i).save(folder / f"sound {i}.png")
        (folder / f"sound {i}.txt").write_text(f"slope {i}")
    clip().save(folder / "sound.mp4")
    return folder


def test_forty_broken_files(broken):
    assert len(BROKEN) >= 40
    report = check(broken, SMALL)
    found = {record.rpartition("/")[2]: why for record, why in report.broken}
    assert set(found) == set(BROKEN)
    for name, why in found.items():
        assert name in why and "\n" not in why and len(why) < 400, why
    assert (report.records, report.usable) == (len(BROKEN) + 4, 4)
    assert not report.refused and not report.is_sound


def test_training_goes_past_forty_broken_files(broken):
    meter = Meter(patch=(1, 1, 1), reference_area=64 * 64, queries=16, width=256)
    sources = record_sources(open_records(broken))
    batching = Batching(tokens=1000, lookahead=8, window=2)
    loader = Loader(Corpus(sources, {"t2i": 1, "t2v": 1}, Fitting(SMALL, meter), batching))
    batches = iter(loader)
    keys = {e.key.rpartition("#")[2].partition("+")[0] for _ in range(40) for e in next(batches)}
    assert keys == {"sound 0.png", "sound 1.png", "sound 2.png", "sound.mp4"}
    assert loader.skipped >= 35


def test_report_of_a_manifest(tmp_path):
    folder_of_everything(tmp_path)
    lines = (tmp_path / "manifest.jsonl").read_text().splitlines()
    lines += [
        "{",
        json.dumps(record("../x.png")),
        json.dumps(record("p1.png", "slope 1", people=True)),
        json.dumps(record({"image": "p2.png", "size": [5, 5, 1]}, "")),
    ]
    (tmp_path / "manifest.jsonl").write_text("\n".join(lines))
    report = check(tmp_path, SMALL)
    assert report.records == 19 and len(report.refused) == 2
    assert "line 16" in report.refused[0] and "outside" in report.refused[1]
    assert [why.partition(" is ")[2][:10] for _, why in report.broken] == ["128x64 wit"]
    assert report.tasks == {"t2i": 8, "ti2i": 6, "t2v": 3}
    assert report.lengths == {"picture": 13, "6-17 frames": 1, "18-33 frames": 2}
    assert sum(report.ratios.values()) == 16 and report.ratios["3:2"] > 2
    assert (report.without_caption, report.captions_again) == (1, 6)
    assert (report.licences["CC0-1.0"], report.without_licence, report.without_consent) == (
        15,
        2,
        1,
    )
    assert [again.rpartition(" ")[2] for _, again in report.duplicates] == ["18"]
    assert report.usable == 16
    assert all(s.frames in (1, 17) and s.width % 8 == 0 for s in report.buckets)
    assert len(check(tmp_path, SMALL, Rules(licence=True)).refused) == 4


def test_small_and_narrow_targets_are_left_out(tmp_path):
    picture(600, 100).save(tmp_path / "narrow.png")
    picture(20, 20).save(tmp_path / "small.png")
    clip(3).save(tmp_path / "short.gif")
    picture(64, 64).save(tmp_path / "right.png")
    report = check(tmp_path, Buckets(area=64 * 64, unit=8, frames=17))
    assert sorted(r.rpartition("/")[2] for r, _ in report.left_out) == [
        "narrow.png",
        "short.gif",
        "small.png",
    ]
    assert report.buckets == {PixelSize(1, 64, 64): 1} and report.is_sound


def test_a_clip_edited_into_a_longer_one_is_left_out(tmp_path):
    clip(9).save(tmp_path / "short.gif")
    clip(17).save(tmp_path / "long.gif")
    asked = [{"video": "short.gif", "base": True}, "make it longer"]
    lines = [record({"video": "long.gif"}, asked, "video_edit"),
             record({"video": "short.gif"}, asked, "video_edit")]  # fmt: skip
    write_manifest(tmp_path, *lines)
    buckets = Buckets(area=96 * 64, unit=8, frames=17)
    report = check(tmp_path, buckets)
    assert len(report.left_out) == 1 and "has 9 frames, its target 17" in report.left_out[0][1]
    source = record_sources(open_records(tmp_path))["video_edit"]
    fitting = Fitting(buckets, Meter(patch=(1, 1, 1)))
    assert fitting.shape(source.outline(1), "video_edit").bucket.frames == 9
    with pytest.raises(InputError, match="has 9 frames, its target 17"):
        fitting.shape(source.outline(0), "video_edit")


def test_clips_longer_than_the_limits_are_of_use(tmp_path):
    """The run, a pack and the check take their first frames, however many a line states."""
    clip(33).save(tmp_path / "a.mp4")
    asked = [{"video": "a.mp4", "base": True}, "the same"]
    stated = {"video": "a.mp4", "size": [96, 64, 33]}
    lines = [record("a.mp4", task="t2v"), record(stated, task="t2v"), record("a.mp4", asked, "e")]
    write_manifest(tmp_path, *lines)
    limits = Limits(max_frames=20)
    report = check(tmp_path, SMALL, limits=limits)
    assert report.is_sound and report.buckets == {PixelSize(17, 56, 80): 3}
    for source in record_sources(open_records(tmp_path), limits).values():
        bucket = SMALL.bucket(source.outline(0).target, "t2v")
        example = source.example(0, bucket)
        assert source.outline(0).target.frames == 20 and example.target.size == bucket
        assert all(medium.frames.size == bucket for medium in example.prompt.media)


def test_damage_that_decoders_work_around(tmp_path):
    clip(33).save(tmp_path / "a.gif")
    data = (tmp_path / "a.gif").read_bytes()
    (tmp_path / "a.gif").write_bytes(data[: int(len(data) * 0.7)])
    report = check(tmp_path, SMALL)
    assert report.is_sound and len(report.damaged) == 1 and "a.gif" in report.damaged[0]


def test_shards_and_task_files(tmp_path):
    picture().save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    write_tar(tmp_path / "0.tar", {"1.png": data, "1.txt": b"x", "2.png": data, "3.txt": b"y"})
    report = check(tmp_path, SMALL)
    assert report.usable == 1 and len(report.refused) == 2
    tasks = [
        {"index": 1, "task": "t2i", "caption": "a dog"},
        {"index": 2, "task": "?", "caption": ""},
        {"index": 3, "task": "t2i"},
    ]
    (tmp_path / "t.json").write_text(json.dumps(tasks))
    report = check(tmp_path / "t.json", SMALL)
    assert (report.without_target, len(report.refused), report.usable) == (1, 2, 0)
    assert "entry 3 lacks caption" in report.refused[0] + report.refused[1]


def test_on_the_command_line(broken, tmp_path, capsys):
    code = main(["data", "check", str(broken), "--size", "48x48", "--unit", "8", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert code == 1 and len(said["broken"]) == len(BROKEN) and said["usable"] == 4
    assert said["buckets"] == {"56x40": 3, "56x40x17": 1}
    folder_of_everything(tmp_path)
    sized = ["--size", "64x64", "--unit", "8"]
    assert main(["data", "check", str(tmp_path), *sized, "--require-licence"]) == 0
    table = capsys.readouterr().out
    for words in ("15 records, 15 usable", "t2i 6", "3:2", "CC0-1.0 15", "broken: 0", "80x56"):
        assert words in table
    assert max(map(len, table.splitlines())) < 160


def test_nothing_to_check(tmp_path, capsys):
    write_manifest(tmp_path)
    for path in (tmp_path, tmp_path / "none"):
        assert main(["data", "check", str(path)]) == 2
        assert capsys.readouterr().err.count("\n") == 1
