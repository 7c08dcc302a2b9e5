"""Folders as the official scorers read them, made once, with refusals by name."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vino.errors import InputError
from vino.evaluate.official.layout import check_layout
from vino.evaluate.official.run import Settings, run
from vino.evaluate.official.suites import BENCHMARKS
from vino.media import read_clip, read_picture, read_recipe

LIMIT, SAMPLES = 3, {"geneval": 2, "vbench": 2}


def made(name, data, model, out, **changes):
    settings = Settings(out, "random", data[name], samples=SAMPLES.get(name), limit=LIMIT)
    return run(BENCHMARKS[name], replace(settings, **changes), lambda: model)


def read_geneval(folder: Path, _: Path) -> int:
    """As evaluate_images.py."""
    count = 0
    for sub in folder.iterdir():
        assert sub.name.isdigit()
        metadata = json.loads((sub / "metadata.jsonl").read_text())
        assert {"tag", "prompt", "include"} <= metadata.keys()
        for path in (sub / "samples").iterdir():
            assert re.match(r"\d+\.png", path.name)
            prompt = read_recipe(path)["prompt"]
            assert prompt == [{"kind": "text", "text": metadata["prompt"]}]
            assert read_picture(path).size.frames == 1
            count += 1
    return count


def read_vbench(folder: Path, _: Path) -> int:
    """As build_full_info_json of vbench/__init__.py."""
    names = {path.name for path in folder.iterdir()}
    prompts = {name.rpartition("-")[0] for name in names}
    for prompt in prompts:
        for i in range(2):
            assert f"{prompt}-{i}.mp4" in names
            path = folder / f"{prompt}-{i}.mp4"
            assert read_clip(path).size.frames == 5
            assert read_recipe(path)["prompt"][0]["text"] == prompt
            assert read_recipe(path)["seed"] == i
    return len(names)


def read_opens2v(folder: Path, _: Path) -> int:
    """As get_motion_amplitude.py, and every clip with its pictures."""
    paths = list(folder.iterdir())
    for path in paths:
        assert re.fullmatch(r"[a-z]+_\d+\.mp4", path.name)
        kinds = [segment["kind"] for segment in read_recipe(path)["prompt"]]
        assert kinds == ["image", "text"] and read_clip(path).size.frames == 5
    return len(paths)


def read_imgedit(folder: Path, data: Path) -> int:
    """As basic_bench.py."""
    edits = json.loads((data / "basic_edit.json").read_text())
    for path in folder.iterdir():
        source = read_picture(data / edits[path.stem]["id"]).size
        size = read_picture(path).size
        assert size.width / size.height == pytest.approx(source.width / source.height, rel=0.15)
        assert path.suffix == ".png"
    return len(list(folder.iterdir()))


def read_gedit(folder: Path, data: Path) -> int:
    """As the scorer of VIEScore: both pictures of every row."""
    paths = [path for path in (folder / "random").rglob("*") if path.is_file()]
    for line in (data / "metadata.jsonl").read_text().splitlines()[:LIMIT]:
        row = json.loads(line)
        at = f"random/fullset/{row['task_type']}/{row['instruction_language']}/{row['key']}"
        source = read_picture(folder / f"{at}_SRCIMG.png")
        assert np.array_equal(source.pixels, read_picture(data / row["file_name"]).pixels)
        assert read_picture(folder / f"{at}.png").size.frames == 1
    return len(paths) // 2


def read_openve(folder: Path, data: Path) -> int:
    """As gemini_benchmark.py."""
    with (folder / "new_result.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        source = Path(row["original_video"])
        assert Path(row["edited_result_path"]).name == f"{source.stem}_edited.mp4"
        assert read_clip(row["edited_result_path"]).size.frames == 9
        assert row["prompt"] == f'make it "{row["edited_type"]}", now'
    return len(rows)


READERS = {
    "geneval": (read_geneval, 6), "vbench": (read_vbench, 6), "opens2v": (read_opens2v, 3),
    "imgedit": (read_imgedit, 3), "gedit": (read_gedit, 3), "openve": (read_openve, 3),
}  # fmt: skip


@pytest.mark.parametrize("name", READERS)
def test_the_official_scorer_can_read_what_is_made(name, data, model, tmp_path):
    outcome = made(name, data, model, tmp_path)
    read, count = READERS[name]
    assert outcome.is_complete and outcome.prompts == LIMIT
    assert read(tmp_path / name, data[name]) == count
    assert json.loads((tmp_path / f"{name}.json").read_text())["run"]["model"] == model.identity
    assert f"3 of {BENCHMARKS[name].count} prompts" in (tmp_path / f"{name}.md").read_text()


@pytest.mark.parametrize("name", READERS)
def test_the_layout_check_names_what_is_wrong(name, data, model, tmp_path):
    made(name, data, model, tmp_path)
    benchmark, folder = BENCHMARKS[name], BENCHMARKS[name].folder(tmp_path, "random")
    known = benchmark.cases(data[name], folder, None)
    cases = benchmark.cases(data[name], folder, SAMPLES.get(name))[:LIMIT]
    assert check_layout(benchmark, folder, cases, known) == []
    first, second, third = (folder / case.files[0] for case in cases)
    first.unlink()
    second.write_bytes(b"no picture")
    (third.parent / "notes.txt").write_text("")
    problems = check_layout(benchmark, folder, cases, known)
    assert {problem.partition(" ")[2] for problem in problems} >= {"does not belong there"}
    assert len(problems) == 3
    assert f"{cases[0].files[0]} is missing" in problems
    assert f"{cases[1].files[0]} cannot be read" in problems


def test_a_whole_benchmark_has_its_official_size(tmp_path):
    cases = {name: BENCHMARKS[name].cases(None, tmp_path, None) for name in
             ("geneval", "vbench", "opens2v")}  # fmt: skip
    assert {name: len(found) for name, found in cases.items()} == {
        name: BENCHMARKS[name].count for name in cases
    }
    files = {name: [f for case in found for f in case.files] for name, found in cases.items()}
    assert all(len(found) == len(set(found)) for found in files.values())
    assert len(files["geneval"]) == 553 * 4
    assert len(files["vbench"]) == 75 * 25 + (944 - 75) * 5
    assert cases["geneval"][7].files[3] == "00007/samples/0003.png"
    assert cases["vbench"][0].files[24] == "In a still frame, a stop sign-24.mp4"


def test_a_prompt_that_is_refused_is_named_and_stops_no_other(data, model, tmp_path, monkeypatch):
    refused, asked = "a photo of a cow", []
    go = type(model).run

    def run_some(self, requests, watch=None):
        asked.append(len(requests))
        if any(request.prompt.text == refused for request in requests):
            raise InputError("the prompt is too long")
        return go(self, requests, watch)

    monkeypatch.setattr(type(model), "run", run_some)
    outcome = made("geneval", data, model, tmp_path)
    assert [(f.name, f.error) for f in outcome.failed] == [("00001", "the prompt is too long")]
    assert not outcome.is_complete and asked == [6, 1, 1, 1, 1, 1, 1]
    assert list((tmp_path / "geneval/00001").glob("samples/*")) == []
    assert len(list((tmp_path / "geneval").glob("*/samples/*.png"))) == 4
    assert "00001: the prompt is too long" in (tmp_path / "geneval.md").read_text()


def test_more_samples_than_the_layout_holds_are_refused(data, model, tmp_path):
    with pytest.raises(InputError, match="openve takes 1 of a prompt"):
        made("openve", data, model, tmp_path, samples=2)
    assert list(tmp_path.iterdir()) == []
