"""vino augment, as a person calls it."""

import json

import numpy as np
import pytest

from vino.media import read_picture


@pytest.fixture
def photos(tmp_path, picture):
    folder = tmp_path / "photos"
    folder.mkdir()
    picture.rename(folder / "a.png")
    (folder / "LICENCE.txt").write_text("CC BY 4.0\n")
    return folder


def lines(folder):
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def test_pairs_that_data_check_reads(vino, photos, tmp_path):
    said = vino("augment", photos, "--ops", "flip", "blur", "-o", "pairs")
    assert said.code == 0 and said.out.strip() == "pairs/manifest.jsonl"
    assert "4 examples made" in said.err
    assert {line["licence"] for line in lines(tmp_path / "pairs")} == {"CC BY 4.0"}
    checked = vino("data", "check", "pairs", "--size", "48x32", "--unit", "8", "--json")
    assert checked.code == 0 and json.loads(checked.out)["usable"] == 4
    again = vino("augment", photos, "--ops", "flip", "blur", "-o", "pairs", "--json")
    assert json.loads(again.out) == {
        "manifest": "pairs/manifest.jsonl", "made": 0, "there": 2, "broken": [],
    }  # fmt: skip


def test_edits_by_the_model_carry_their_recipe(vino, random_model, photos, tmp_path):
    said = vino("augment", photos, "--ops", "edit:paint it", "-o", "pairs", "--seed", 4)
    assert said.code == 0
    (line,) = lines(tmp_path / "pairs")
    assert line["prompt"][1] == "paint it"
    recipe = line["made"]["parameters"]["recipe"]
    assert recipe["model"]["name"] == "random" and recipe["prompt"][1]["text"] == "paint it"
    made = random_model.edit(photos / "a.png", "paint it", seed=recipe["seed"])
    saved = read_picture(tmp_path / "pairs" / line["target"]["image"])
    assert np.array_equal(saved.pixels, made.pixels)


def test_broken_files_make_the_exit_code_1(vino, photos):
    (photos / "b.png").write_bytes(b"no picture")
    said = vino("augment", photos, "--ops", "grayscale", "-o", "pairs", "--json")
    told = json.loads(said.out)
    assert said.code == 1 and told["made"] == 2
    assert len(told["broken"]) == 1 and "b.png" in told["broken"][0] in said.err


def test_licences_may_be_required(vino, photos, tmp_path):
    (photos / "LICENCE.txt").unlink()
    said = vino("augment", photos, "--ops", "flip", "-o", "pairs", "--require-licence")
    assert said.code == 1 and "names no licence" in said.err
    assert "0 examples made" in said.err
    assert not (tmp_path / "pairs" / "manifest.jsonl").exists()


@pytest.mark.parametrize(
    ("ops", "out", "says"),
    [
        (["flop"], "pairs", "did you mean flip?"),
        (["edit: "], "pairs", "unknown op"),
        (["flip"], "photos", "lie in each other"),
        (["flip"], "photos/pairs", "lie in each other"),
        (["flip"], ".", "lie in each other"),
    ],
)
def test_mistakes(vino, photos, ops, out, says):
    said = vino("augment", "photos", "--ops", *ops, "-o", out)
    assert said.code == 2 and says in said.err and said.err.count("\n") == 1
    assert {p.name for p in photos.iterdir()} == {"a.png", "LICENCE.txt"}


def test_clips_keep_their_rate(vino, clip, tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    clip.rename(folder / clip.name)
    assert vino("augment", folder, "--ops", "speed", "-o", "pairs").code == 0
    record = lines(tmp_path / "pairs")[-1]
    assert record["task"] == "video_edit"
    assert record["target"]["size"][2] == record["prompt"][0]["size"][2] == 5


def test_pictures_have_no_speed(vino, photos):
    said = vino("augment", photos, "--ops", "speed", "-o", "pairs")
    assert said.code == 0 and said.out == "" and "0 examples made" in said.err
