"""Training on a manifest of one's own pictures and clips, packed and one task at a time."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.train.fake import SIDE, STAGE, recipe
from vino.data.buckets import Meter
from vino.errors import InputError
from vino.media import Frames
from vino.model.autoencoder import CausalAutoencoder
from vino.model.vlm import VLM
from vino.train.config import Watching
from vino.train.feed import Wanted
from vino.train.log import read_lines
from vino.train.loop import train
from vino.train.parallel import Ranks
from vino.train.recorded import feeds, held_out

ALONE = Ranks(0, 1, torch.device("cpu"))


@pytest.fixture
def manifest(tmp_path):
    """Six records of two tasks."""
    rng = np.random.default_rng(0)
    lines = []
    for i in range(6):
        name = f"{i}.png"
        Frames(rng.integers(0, 256, (1, 40, 44, 3), dtype=np.uint8)).save(tmp_path / name)
        asked = ["a thing"] if i % 2 else [{"image": "0.png", "base": True}, "make it blue"]
        task = "t2i" if i % 2 else "image_edit"
        lines.append(json.dumps({"task": task, "prompt": asked, "target": {"image": name}}))
    path = tmp_path / "manifest.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def others(manifest):
    """The last record of each task, held out by a manifest of its own."""
    path = manifest.with_name("others.jsonl")
    path.write_text("".join(manifest.read_text().splitlines(keepends=True)[-2:]))
    return path


@pytest.mark.parametrize("mode", [{"batch": 2, "one_task": True}, {"batch": 0, "tokens": 400}])
def test_it_trains_and_resumes(manifest, others, tmp_path, mode):
    stage = replace(STAGE, steps=4, mixture={"t2i": 1, "image_edit": 3}, area=SIDE * SIDE)
    config = recipe(
        stages=(stage,), feeds=feeds, validation=held_out, manifest=str(manifest),
        held_out=str(others), watching=Watching(log=1, validate=4, samples=0), **mode,
    )  # fmt: skip
    whole, part = replace(config, out=tmp_path / "whole"), replace(config, out=tmp_path / "part")
    with warnings.catch_warnings(action="ignore"):
        train(whole, ALONE)
        with pytest.raises(KeyboardInterrupt):
            train(part, ALONE, stop=lambda: len(read_lines(part.out)) == 1)
        train(part, ALONE)
    logs = [[line["loss"] for line in read_lines(c.out) if "loss" in line] for c in (whole, part)]
    assert len(logs[0]) == 4 and logs[0] == logs[1]
    assert set(read_lines(whole.out)[-1]["validation"]) == {"all", "t2i", "image_edit"}


def test_a_later_stage_without_data_is_told_before_the_first(manifest, tmp_path):
    first = replace(STAGE, mixture={"t2i": 1}, area=SIDE * SIDE)
    stages = (first, replace(first, name="later", mixture={"t2i": 1, "t2v": 1}))
    config = recipe(out=tmp_path / "run", stages=stages, feeds=feeds, manifest=str(manifest))
    with pytest.raises(InputError, match="asks for t2v"):
        train(config, ALONE)
    assert not (tmp_path / "run").exists()


def test_what_is_held_out_is_never_trained_on(manifest, others, tmp_path):
    """By whatever path it is named."""
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    config = recipe(manifest=str(tmp_path / "link" / manifest.name), held_out=str(others))
    stage = replace(STAGE, mixture={"t2i": 1, "image_edit": 1}, area=SIDE * SIDE)
    meter = Meter(patch=(1, 1, 1), reference_area=SIDE * SIDE, queries=4, width=64)
    loader = feeds(Wanted(config, stage, meter))
    names = {source.name(i).rpartition(" ")[2] for source in loader.corpus.sources.values()
             for i in range(source.length)}  # fmt: skip
    assert names == {"1", "2", "3", "4"}
    with pytest.raises(InputError, match="holds out all of"):
        feeds(Wanted(replace(config, held_out=str(manifest)), stage, meter))


def test_held_out_records_that_cannot_be_used_are_left_out(manifest, tmp_path, caplog):
    (tmp_path / "1.png").write_bytes(b"broken")
    config = recipe(held_out=str(manifest), watching=Watching(validation=5))
    meter = Meter(patch=(1, 1, 1), reference_area=SIDE * SIDE, queries=4, width=64)
    stage = replace(STAGE, area=SIDE * SIDE)
    assert len(held_out(Wanted(config, stage, meter))) == 5
    assert "1.png" in caplog.text


def test_a_cache_spares_the_work_and_changes_nothing(manifest, tmp_path, monkeypatch):
    """A second run computes no latents and no prompt states."""
    stage = replace(STAGE, steps=2, mixture={"t2i": 1, "image_edit": 1}, area=SIDE * SIDE)
    config = recipe(stages=(stage,), feeds=feeds, manifest=str(manifest))
    with warnings.catch_warnings(action="ignore"):
        train(replace(config, out=tmp_path / "plain"), ALONE)
        train(replace(config, out=tmp_path / "fills", cache=tmp_path / "cache"), ALONE)
        monkeypatch.setattr(VLM, "read", None)
        monkeypatch.setattr(CausalAutoencoder, "encode", None)
        train(replace(config, out=tmp_path / "takes", cache=tmp_path / "cache"), ALONE)
    curves = [[x["loss"] for x in read_lines(tmp_path / n)] for n in ("plain", "fills", "takes")]
    assert curves[1] == pytest.approx(curves[0], rel=1e-5) and curves[2] == curves[1]


def test_no_data_is_told(tmp_path):
    config = recipe(out=tmp_path, feeds=feeds)
    with pytest.raises(InputError, match="--manifest"):
        train(config, ALONE)
