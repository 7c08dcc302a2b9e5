"""The loader: ranks share one plan, broken files are replaced, resumption is exact."""

import json
import logging
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from tests.data.making import clip, folder_of_everything, picture, record, write_manifest
from vino.data.buckets import Buckets, Fitting, Meter
from vino.data.loader import Loader
from vino.data.manifest import open_records
from vino.data.packing import Batching
from vino.data.planner import Corpus
from vino.data.sample import Example
from vino.data.sources.records import record_sources
from vino.errors import InputError
from vino.media import Frames, content_hash

FITTING = Fitting(
    Buckets(area=64 * 64, unit=8, frames=17, enlarge=4),
    Meter(patch=(1, 1, 1), reference_area=64 * 64, queries=16, width=256),
)
WEIGHTS = {"t2i": 5, "ti2i": 4, "t2v": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    folder_of_everything(folder)
    return folder


def corpus(folder, tokens: int = 1500, weights=WEIGHTS, **more) -> Corpus:
    sources = record_sources(open_records(folder))
    return Corpus(sources, weights, FITTING, Batching(tokens=tokens, lookahead=16), **more)


def said(examples: list[Example]) -> list[tuple[str, str, str]]:
    return [(e.key, content_hash(e.target), e.prompt.text) for e in examples]


def first(loader: Loader, count: int) -> list[list[tuple[str, str, str]]]:
    return [said(examples) for examples in islice(loader, count)]


def test_micro_batches_are_decoded_and_mixed(folder):
    batches = list(islice(Loader(corpus(folder)), 12))
    tasks = {e.task for examples in batches for e in examples}
    assert tasks == {"t2i", "ti2i", "t2v"}
    assert any(len({e.task for e in examples}) > 1 for examples in batches)
    for example in (e for examples in batches for e in examples):
        height, width = example.target.pixels.shape[1:3]
        assert height % 8 == width % 8 == 0 and abs(height * width / 64**2 - 1) < 0.2
        if example.task == "ti2i":
            assert example.prompt.base is not None
            assert example.prompt.base.frames.size == example.target.size
        assert example.licence == "CC0-1.0"


def test_no_key_comes_twice(folder):
    """Noise and times follow from the key: an example seen twice in a step has others."""
    keys = [key for batch in first(Loader(corpus(folder)), 12) for key, _, _ in batch]
    assert len({key.partition("+")[0] for key in keys}) < len(set(keys)) == len(keys)


@pytest.mark.parametrize("workers", [0, 2])
def test_resumption_is_exact(folder, workers):
    loader = Loader(corpus(folder), workers=workers)
    batches = iter(loader)
    for _ in range(7):
        next(batches)
    state = json.loads(json.dumps(loader.state_dict()))
    rest = [said(next(batches)) for _ in range(9)]
    again = Loader(corpus(folder))
    again.load_state_dict(state)
    assert first(again, 9) == rest
    assert first(Loader(corpus(folder)), 3) != rest[:3]


def test_iterating_again_goes_on(folder):
    loader = Loader(corpus(folder))
    whole = first(Loader(corpus(folder)), 6)
    assert [first(loader, 2), first(loader, 4)] == [whole[:2], whole[2:]]


def test_workers_change_nothing(folder):
    assert first(Loader(corpus(folder), workers=3), 8) == first(Loader(corpus(folder)), 8)


def test_ranks_share_one_plan(folder):
    ranks = [first(Loader(corpus(folder, seed=5), r, 2), 6) for r in range(2)]
    plan = Loader(corpus(folder, seed=5), 0, 2).planner
    for step in range(6):
        row = plan.next()
        for rank in range(2):
            assert len(ranks[rank][step]) == len(row[rank])
    assert Loader(corpus(folder), 0, 2).state_dict() == Loader(corpus(folder), 1, 2).state_dict()


def test_broken_files_are_replaced_counted_and_named(tmp_path, caplog):
    folder_of_everything(tmp_path)
    whole = (tmp_path / "p0.png").read_bytes()
    (tmp_path / "p0.png").write_bytes(whole[: len(whole) // 2])  # its header is intact
    (tmp_path / "p1.png").write_bytes(b"nothing")  # it has none
    (tmp_path / "p2.png").unlink()
    with caplog.at_level(logging.WARNING, "vino.data"):
        loader = Loader(corpus(tmp_path))
        batches = first(loader, 30)
    assert all(batches)
    keys = {key for examples in batches for key, _, _ in examples}
    assert not any(f"line {2 * i + 1}#" in key for key in keys for i in range(3))
    skipped = " ".join(f"{name} {why}" for name, why in loader.reasons.items())
    assert loader.skipped >= 3
    for i in range(3):
        assert f"p{i}.png" in skipped
    assert "line 1" in skipped and "damaged" in skipped and "does not exist" in skipped
    assert "skipped t2i" in caplog.text
    state = loader.state_dict()
    again = Loader(corpus(tmp_path))
    again.load_state_dict(state)
    assert first(again, 5) == first(loader, 5)


def test_the_plan_knows_nothing_of_what_only_one_rank_decodes(tmp_path, monkeypatch):
    """Nor where so many sizes are known that the first are forgotten."""
    monkeypatch.setattr("vino.data.sources.records.MOST_SIZES", 1)
    folder_of_everything(tmp_path)
    whole = (tmp_path / "p0.png").read_bytes()
    (tmp_path / "p0.png").write_bytes(whole[: len(whole) // 2])
    decodes, idle = (Loader(corpus(tmp_path, tokens=0), rank, 2) for rank in range(2))
    first(decodes, 20)
    plan = [idle.planner.next() for _ in range(20)]
    assert any("p0.png" in why for why in decodes.broken.reasons.values()) and all(plan)
    assert decodes.state_dict() == idle.planner.state_dict()


def test_a_clip_cut_off_is_broken(tmp_path):
    clip(17).save(tmp_path / "a.gif")
    lines = [
        record({"video": "a.gif", "size": [96, 64, 33]}, "x", "t2v"),
        record({"video": "a.gif"}, "y", "t2v"),
    ]
    write_manifest(tmp_path, *lines)
    fitting = replace(FITTING, buckets=replace(FITTING.buckets, frames=33))
    loader = Loader(replace(corpus(tmp_path, 1000, {"t2v": 1}), fitting=fitting))
    texts = {text for examples in first(loader, 8) for _, _, text in examples}
    assert texts == {"y"}
    assert "only 17 of 33 frames" in str(loader.reasons)


def test_nothing_that_can_be_used(tmp_path):
    Frames(np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), np.uint8)).save(
        tmp_path / "a.png"
    )
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[:-2000])
    write_manifest(tmp_path, record("a.png"), record("a.png"))
    with pytest.raises(InputError, match="in its place cannot be used"):
        next(iter(Loader(corpus(tmp_path, weights={"t2i": 1}))))


def test_wrong_ranks_and_wrong_data(folder, tmp_path):
    with pytest.raises(InputError, match="rank 2 of 2"):
        Loader(corpus(folder), 2, 2)
    state = Loader(corpus(folder))
    next(iter(state))
    picture(64, 64).save(tmp_path / "a.png")
    write_manifest(tmp_path, record("a.png"))
    other = Loader(corpus(tmp_path, weights={"t2i": 1}))
    with pytest.raises(InputError, match="the same data"):
        other.load_state_dict(state.state_dict())


@pytest.mark.parametrize("change", [lambda r: r[:-1], lambda r: r[::-1], lambda r: [*r, r[0]]])
def test_a_manifest_changed_while_a_run_was_stopped(tmp_path, change):
    for i in range(6):
        picture(96, 64, level=i).save(tmp_path / f"{i}.png")
    lines = [record(f"{i}.png", f"slope {i}") for i in range(6)]
    write_manifest(tmp_path, *lines)
    weights = {"t2i": 1}
    loader = Loader(corpus(tmp_path, weights=weights))
    first(loader, 2)
    state = json.loads(json.dumps(loader.state_dict()))
    Loader(corpus(tmp_path, weights=weights)).load_state_dict(state)
    write_manifest(tmp_path, *change(lines))
    again = Loader(corpus(tmp_path, weights=weights))
    with pytest.raises(InputError, match=r"the t2i examples .* had 6: .* with the same data"):
        again.load_state_dict(state)
    del state["data"]  # as it was saved before
    write_manifest(tmp_path, *lines[:1])
    with pytest.raises(InputError, match="with the same data"):
        Loader(corpus(tmp_path, weights=weights)).load_state_dict(state)
    write_manifest(tmp_path, *lines)
    Loader(corpus(tmp_path, weights=weights)).load_state_dict(state)


def test_a_file_gone_while_a_run_was_stopped(tmp_path):
    folder_of_everything(tmp_path)
    loader = Loader(corpus(tmp_path))
    first(loader, 5)
    for i in range(5):
        (tmp_path / f"p{i}.png").unlink()
    again = Loader(corpus(tmp_path))
    again.load_state_dict(loader.state_dict())
    assert all(first(again, 10))
    assert any("p3.png" in why for why in again.reasons.values())
