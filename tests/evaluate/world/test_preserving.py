"""The preservation suite with candidates whose drift is known beforehand."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from tests.evaluate.pretending import Idle, Truth
from vino.data.world.vocabulary import FIRST_LIGHT
from vino.errors import InputError
from vino.evaluate.compare import compare
from vino.evaluate.runs import read_run
from vino.evaluate.world import preserving, trials
from vino.evaluate.world.preserving import EDITS, evaluate_preservation
from vino.evaluate.world.repeated import chains, floor
from vino.media import read_picture


class Drifting(Truth):
    """Answers with the truth moved a pixel further with every edit, and darker."""

    def answer(self, trials):
        return [self._moved(trial) for trial in trials]

    def _moved(self, trial):
        number = int(trial.scene[-1])
        video = np.roll(trial.sample.target, number, axis=2)
        return np.clip(video.astype(int) - 4 * number, 0, 255).astype(np.uint8)

    def reconstruct(self, video):
        return video


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Two scenes of three kinds of edits, and one of a kind that leaves nothing alone."""
    world = trials.WORLDS["second-light"]
    edits = ("background", "replace", "edit_ref", "look")
    monkeypatch.setitem(trials.WORLDS, "second-light", replace(world, edits=edits))
    monkeypatch.setattr(preserving, "FEW", 2)


def lines(folder):
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


def row(task, edits=EDITS, count=2):
    return list(chains(task, 0, count, edits, FIRST_LIGHT, 64, 9))


@pytest.mark.parametrize("task", ["background", "replace"])
def test_edits_go_there_and_back(task):
    for chain in row(task):
        assert len(chain.samples) == EDITS
        first, second, third, _ = chain.samples
        assert first.target_scene == second.source_scene == third.target_scene
        assert second.target_scene == first.source_scene
        assert np.array_equal(second.target, first.segments[0])
        assert not np.array_equal(second.target, first.target)
        assert np.abs(second.target.astype(int) - first.target)[chain.untouched].max() == 0
        assert third.prompt == first.prompt != second.prompt


def test_going_back_is_asked_for_in_plain_words():
    (chain, _) = row("background")
    colour = chain.samples[0].source_scene.background.first
    assert chain.samples[1].prompt == f"change the background to {colour}"
    (chain, _) = row("replace")
    assert chain.samples[1].prompt.startswith("replace the ")


def test_every_edit_is_made_on_the_last_answer():
    (chain, _) = row("replace")
    answer = np.full_like(chain.samples[0].target, 7)
    assert chain.sample(0, None) is chain.samples[0]
    sample = chain.sample(1, answer)
    assert sample.segments[0] is answer and sample.segments[1] == chain.samples[1].prompt
    assert len(row("remove")[0].samples) == len(row("edit_ref")[0].samples) == 1


def test_the_floor_is_the_autoencoder_as_often():
    class Darker(Truth):
        def reconstruct(self, video):
            return video - 1

    found = floor(Darker(), [np.full((1, 4, 4, 3), 100, np.uint8)] * 3)
    assert [int(video[0, 0, 0, 0]) for video in found] == [99, 98, 97]


def test_drift_grows_with_every_edit(tmp_path):
    results = evaluate_preservation(Drifting(), out=tmp_path, quick=True)["preservation"]
    assert json.loads((tmp_path / "results.json").read_text()) == {"preservation": results}
    for metric, sign in (("outside PSNR dB", -1), ("colour dE", 1), ("L drift", -1)):
        values = [results[f"{metric}, edit {number}"][0] for number in range(1, EDITS + 1)]
        assert (np.diff(np.multiply(values, sign)) > 0).all(), metric
    found = [line["measured"].get("shift px, edit 1") for line in lines(tmp_path)]
    known = [value for value in found if value is not None]
    assert known and np.median(known) == pytest.approx(1, abs=0.1)
    report = (tmp_path / "report.md").read_text()
    assert "## background, 2 scenes" in report and "| metric | 1 edit | 2 edits |" in report
    assert "Not asked, since they leave nothing alone: look, clip_look." in report
    page = (tmp_path / "report.html").read_text()
    sources = set(re.findall(r'src="([^"]+)"', page))
    assert 'id="clip_replace"' in page and sources
    assert all((tmp_path / name).is_file() for name in sources)
    assert "[60.000]" in report  # the autoencoder of this candidate loses nothing


def test_records_are_those_of_every_evaluation(tmp_path):
    evaluate_preservation(Truth(), out=tmp_path / "a", quick=True)
    evaluate_preservation(Idle(), out=tmp_path / "b", quick=True)
    found = compare(read_run(tmp_path / "a"), read_run(tmp_path / "b"))
    assert found.only_a == found.only_b == 0
    scores = {difference.metric: difference for difference in found.differences}
    assert scores["inside PSNR dB, edit 1"].difference < -3
    for line in lines(tmp_path / "a"):
        files = [*line["references"], line["output"]]
        assert all((tmp_path / "a" / name).is_file() for name in files)
        assert line["autoencoder"].keys() >= {f"outside SSIM, {line['group']}"}
    second = next(line for line in lines(tmp_path / "a") if line["group"] == "edit 2")
    (first,) = (tmp_path / "a" / "answers").glob(f"{second['scene']}-edit1-seed0-*.png")
    given = read_picture(tmp_path / "a" / second["references"][0])
    assert np.array_equal(given.pixels, read_picture(first).pixels)


def test_clips_are_kept_with_every_frame(tmp_path, monkeypatch):
    world = replace(trials.WORLDS["second-light"], edits=("replace", "look"))
    monkeypatch.setitem(trials.WORLDS, "clips", world)
    evaluate_preservation(Drifting(), out=tmp_path, quick=True, world="clips")
    clips = [line for line in lines(tmp_path) if line["task"] == "clip_replace"]
    line = next(line for line in clips if line["group"] == "edit 2")
    assert line["output"].endswith(".webp") and (tmp_path / line["output"]).is_file()
    assert len(line["by frame"]["colour dE"]) == Drifting.frames
    mean = np.mean(line["by frame"]["colour dE"])
    assert line["measured"]["colour dE, edit 2"] == pytest.approx(mean, abs=1e-4)


def test_nothing_is_asked_twice(tmp_path):
    first, again = Truth(), Truth()
    results = evaluate_preservation(first, out=tmp_path, quick=True)
    assert len(first.asked) == len(set(first.asked)) > 0
    (answer,) = (tmp_path / "answers").glob(f"{first.asked[0]}-*.png")
    answer.unlink()
    assert evaluate_preservation(again, out=tmp_path, quick=True) == results
    assert again.asked == first.asked[:1]


def test_another_run_and_another_world_are_refused(tmp_path):
    with pytest.raises(InputError, match="no world"):
        evaluate_preservation(Truth(), out=tmp_path, world="mars")
    evaluate_preservation(Truth(), out=tmp_path, quick=True)
    with pytest.raises(InputError, match="another model"):
        evaluate_preservation(Idle(), out=tmp_path, quick=True)
