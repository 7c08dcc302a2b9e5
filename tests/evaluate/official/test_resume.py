"""A folder is gone on with by the same model, seed and prompts alone."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.evaluate.official.conftest import IDENTITY, draw
from vino.errors import InputError
from vino.evaluate.official.layout import PARTIAL
from vino.evaluate.official.run import Settings, run
from vino.evaluate.official.suites import BENCHMARKS
from vino.generate import Model
from vino.media import Frames, read_picture

PROMPTS = ("a red cup", "a blue cup", "a green cup")


def prompts(path: Path, *texts: str) -> Path:
    lines = [{"tag": "colors", "include": [], "prompt": text} for text in texts]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


@pytest.fixture
def settings(tmp_path) -> Settings:
    """Of two prompts out of three, once each."""
    data = prompts(tmp_path / "prompts.jsonl", *PROMPTS)
    return Settings(tmp_path / "out", "random", data, samples=1, limit=2)


def go(settings, model, name="geneval"):
    return run(BENCHMARKS[name], settings, lambda: model)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_nothing_is_made_twice(settings, model, monkeypatch):
    go(settings, model)
    kept, lost = (settings.out / f"geneval/0000{i}/samples/0000.png" for i in range(2))
    before, pixels = kept.stat().st_mtime_ns, read_picture(lost).pixels.astype(int)
    lost.unlink()
    go(settings, model)
    assert kept.stat().st_mtime_ns == before
    assert np.abs(read_picture(lost).pixels - pixels).max() <= 1  # packed with others, or alone
    monkeypatch.setattr(type(model), "run", None)
    assert go(settings, model).is_complete


@pytest.mark.parametrize(
    ("identity", "named"),
    [
        ({"name": "other"}, r"random \(0123456789ab\) with seed 0, not of other"),
        ({"hash": "f" * 64}, r"not of random \(ffffffffffff\)"),
        ({"lora": [{"name": "ink", "hash": "a" * 64, "strength": 0.5}]},
         r"not of random \(0123456789ab; ink at 0.5, aaaaaaaaaaaa\)"),
    ],
)  # fmt: skip
def test_another_model_needs_another_folder_even_if_nothing_is_missing(
    identity, named, settings, model
):
    go(settings, model)
    before = contents(settings.out)
    other = Model(model.vino, model.defaults, {**IDENTITY, **identity})
    with pytest.raises(InputError, match=named):
        go(settings, other)
    assert contents(settings.out) == before


def test_so_do_another_seed_and_other_sampling_defaults(settings, model):
    go(settings, model)
    with pytest.raises(InputError, match=r"with seed 0, not of random .* with seed 5"):
        go(replace(settings, seed=5), model)
    slower = replace(model.defaults, picture=replace(model.defaults.picture, steps=2))
    with pytest.raises(InputError, match="drawn by other sampling defaults"):
        go(settings, Model(model.vino, slower, IDENTITY))
    record = json.loads((settings.out / "geneval.run.json").read_text())
    assert record["defaults"]["picture"]["steps"] == model.defaults.picture.steps


def test_rewritten_prompts_need_another_folder(settings, model):
    go(settings, model)
    before = contents(settings.out)
    prompts(settings.data, PROMPTS[0], "a blue cup, rewritten", PROMPTS[2])
    with pytest.raises(InputError, match="another prompt or reference of 00001: give the --data"):
        run(BENCHMARKS["geneval"], settings, lambda: pytest.fail("no model is needed for that"))
    scored = settings.out.parent / "results.jsonl"
    scored.write_text(json.dumps({"tag": "colors", "prompt": "a", "correct": True}))
    with pytest.raises(InputError, match="another prompt or reference of 00001"):
        go(replace(settings, results=scored), model)
    assert contents(settings.out) == before


def test_more_prompts_and_more_samples_of_the_same_go_on(settings, model):
    go(settings, model)
    assert go(replace(settings, limit=3), model).is_complete
    assert go(replace(settings, samples=2), model).is_complete
    prompts(settings.data, *PROMPTS[:2], "a third")
    assert go(settings, model).is_complete  # what is asked now is as it was
    with pytest.raises(InputError, match="another prompt or reference of 00002"):
        go(replace(settings, limit=3), model)


@pytest.mark.parametrize("name", ["opens2v", "imgedit", "gedit", "openve"])
def test_other_references_need_another_folder(name, data, model, tmp_path):
    shutil.copytree(data[name], tmp_path / "data")
    settings = Settings(tmp_path / "out", "random", tmp_path / "data", limit=1)
    case = BENCHMARKS[name].cases(tmp_path / "data", tmp_path, None)[0]
    source = tmp_path / "data/0.png" if name == "gedit" else case.references[0]
    go(settings, model, name)
    draw(source, 9, frames=9 if source.suffix == ".mp4" else 1)
    with pytest.raises(InputError, match=f"another prompt or reference of {case.name}"):
        go(settings, model, name)


@pytest.mark.parametrize("text", ['{"model": {"name": "random"}, "seed": 0}', "[]", "{"])
def test_a_record_that_does_not_say_it_all_is_refused(text, settings, model):
    go(settings, model)
    (settings.out / "geneval.run.json").write_text(text)
    with pytest.raises(InputError, match=r"geneval\.run\.json"):
        go(settings, model)


def test_what_a_killed_process_left_is_removed(settings, model, monkeypatch):
    """Under the names that vino's own writers give."""
    go(settings, model)
    folder, names = settings.out / "geneval", []
    replaced = os.replace
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", lambda a, b: (names.append(Path(a).name), replaced(a, b)))
        Frames(np.zeros((1, 8, 8, 3), np.uint8)).save(settings.out / "a.png")
        Frames(np.zeros((2, 8, 8, 3), np.uint8), 8.0).save(settings.out / "a.mp4")
    assert len(names) == 2 and all(map(PARTIAL.fullmatch, names))
    for name in (*names, ".metadata.jsonl.part"):
        (folder / "00000" / name).write_bytes(b"half")
    (folder / ".keep").write_text("")
    assert go(settings, model).problems == (".keep does not belong there",)


def test_answers_on_the_emoji_world_are_not_written_over(settings, model):
    settings.out.mkdir()
    (settings.out / "run.json").write_text("{}")
    with pytest.raises(InputError, match="holds answers on the emoji world"):
        go(settings, model)
    assert len(list(settings.out.iterdir())) == 1
