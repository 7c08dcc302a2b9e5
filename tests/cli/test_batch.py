"""Task files: the published ones unchanged, isolation of failures, reruns, and no way out."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vino.data.tasks import KINDS, parse_task
from vino.errors import InputError
from vino.media import Frames, read_clip, read_picture, read_recipe

PUBLISHED = sorted((Path(__file__).parent / "tasks").glob("*.json"))
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path) -> Write:
    def write(*entries: object, name: str = "tasks") -> Path:
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(list(entries)))
        return path

    return write


def entry(index: object = "1", task: str = "t2i", caption: object = "a dog", **more: object):
    return {"index": index, "task": task, "caption": caption, **more}


def draw_references(root: Path) -> None:
    """Pictures and clips of our own in place of those the published files name."""
    for number, path in enumerate(sorted(references())):
        pixels = np.full((9, 40, 56 + 8 * (number % 3), 3), 255, np.uint8)
        pixels[:, 10:30, 10:30] = (30 * number % 256, 90, 200)
        kept = pixels if path.suffix == ".mp4" else pixels[:1]
        Frames(kept, fps=8.0).save(root / path)


def references() -> set[Path]:
    paths = set()
    for file in PUBLISHED:
        for task in json.loads(file.read_text()):
            paths |= {Path(p) for p in task.get("ref_image_paths", [])}
            paths |= {Path(task["ref_video_path"])} if "ref_video_path" in task else set()
    return paths


def test_all_published_files(vino, tmp_path):
    assert len(PUBLISHED) == 11
    draw_references(tmp_path)
    said = vino("batch", *PUBLISHED, "--root", tmp_path, "-o", "out", "--steps", 1)
    tasks = {file.stem: json.loads(file.read_text()) for file in PUBLISHED}
    count = sum(len(entries) for entries in tasks.values())
    assert said.code == 0
    assert f"{count} tasks: {count} made, 0 failed, 0 skipped" in said.err.splitlines()[-1]
    assert len(said.paths) == count
    for name, entries in tasks.items():
        for task in entries:
            check_published(Path("out") / name, task)
    lines = Path("out/results.jsonl").read_text().splitlines()
    assert [json.loads(line)["status"] for line in lines] == ["made"] * count

    again = vino("batch", *PUBLISHED, "--root", tmp_path, "-o", "out", "--steps", 1)
    assert (again.code, again.out) == (0, "")
    assert f"0 made, 0 failed, {count} skipped" in again.err


def check_published(folder: Path, task: dict) -> None:
    """Kind of file, length, and which reference is the base."""
    is_picture = task["task"] in ("t2i", "ti2i")
    path = folder / f"{task['index']}{'.png' if is_picture else '.mp4'}"
    made = read_picture(path) if is_picture else read_clip(path)
    assert made.size.frames == (1 if is_picture else 5)
    segments = read_recipe(path)["prompt"]
    based = [s["name"] for s in segments if s.get("base")]
    if "ref_video_path" in task:
        assert based == [Path(task["ref_video_path"]).name]
    elif task["task"] in ("ti2i", "i2v"):
        assert based == [Path(task["ref_image_paths"][-1]).name]
    else:
        assert based == []
    assert segments[-1] == {"kind": "text", "text": task["caption"]}


def test_several_pictures_without_a_base_still_give_the_size(vino, write, tmp_path):
    Frames(np.zeros((1, 20, 40, 3), np.uint8)).save(tmp_path / "wide.png")
    Frames(np.zeros((1, 40, 20, 3), np.uint8)).save(tmp_path / "tall.png")
    paths = ["wide.png", "tall.png"]
    write(
        entry(1, "ti2i", "Image 1 and Image 2", ref_image_paths=paths),
        entry(2, "ti2i", "Image 1 and Image 2", ref_image_paths=paths, ref_image_have_base=True),
    )
    assert vino("batch", "tasks.json", "-o", "out").code == 0
    free, based = read_picture("out/tasks/1.png").size, read_picture("out/tasks/2.png").size
    assert (free.width, free.height) == (based.width, based.height)
    assert free.height > free.width
    assert not any(s.get("base") for s in read_recipe("out/tasks/1.png")["prompt"])


def test_tasks_come_before_options_and_options_before_defaults(vino, write):
    write(
        entry(1, height=24, width=40, seed=9, negative_prompt="blur", steps=1),
        entry(2, "t2v", num_frames=9),
        entry(3, "t2v"),
    )
    said = vino("batch", "tasks.json", "-o", "out", "--size", "16x24", "--frames", 1,
                "--seed", 4, "--steps", 3)  # fmt: skip
    assert said.code == 0
    first, second, third = (
        read_recipe(f"out/tasks/{name}") for name in ("1.png", "2.mp4", "3.mp4")
    )
    assert (first["size"], first["seed"], first["sampling"]["steps"]) == ([40, 24], 9, 1)
    assert first["sampling"]["negative"] == "blur"
    assert (second["size"], second["seed"], second["frames"]) == ([16, 24], 4, 9)
    assert (third["frames"], third["sampling"]["steps"]) == (1, 3)


def test_a_failing_task_stops_no_other(vino, write, tmp_path, random_model, monkeypatch):
    (tmp_path / "text.png").write_text("no picture")
    write(
        entry(1),
        entry(2, "t2x"),
        entry(3, "ti2i", ref_image_paths=["missing.png"]),
        entry(4, "ti2i", ref_image_paths=["text.png"]),
        entry(5, caption="the dog in Image 1"),
        entry(6, seed=-1),
        entry(7, caption="break"),
        entry(8),
    )
    run = random_model.generate

    def generate(prompt, **options):
        if prompt.text == "break":
            raise KeyError("a fault")
        return run(prompt, **options)

    monkeypatch.setattr(random_model, "generate", generate)
    said = vino("batch", "tasks.json", "-o", "out")
    assert said.code == 1
    assert [p.name for p in said.paths] == ["1.png", "8.png"]
    assert said.err.count("vino: error: tasks/") == 6
    assert "8 tasks: 2 made, 6 failed, 0 skipped" in said.err
    assert "Traceback" not in said.err
    records = [json.loads(line) for line in Path("out/results.jsonl").read_text().splitlines()]
    assert [r["status"] for r in records] == ["made", *["failed"] * 6, "made"]
    assert all(r["error"] for r in records[1:-1])
    (tmp_path / "text.png").unlink()
    again = vino("batch", "tasks.json", "-o", "out", "--json")
    told = json.loads(again.out)
    assert (again.code, told["made"], told["failed"], told["skipped"]) == (1, 0, 6, 2)


def test_a_batch_that_is_done_loads_no_model(vino, write, monkeypatch):
    write(entry(1))
    vino("batch", "tasks.json", "-o", "out")
    assert vino("batch", "tasks.json", "-o", "out", "--model", "no/such").code == 0
    write(entry(2))
    said = vino("batch", "tasks.json", "-o", "out", "--model", "no/such")
    assert said.code == 2 and said.err.count("\n") == 1


@pytest.mark.parametrize(
    "path", ["../a.png", "x/../../a.png", "/etc/a.png", "..\\a.png", "a\0.png"]
)
def test_references_stay_under_the_root(path):
    with pytest.raises(InputError, match="outside the root"):
        parse_task(entry(task="ti2i", ref_image_paths=[path]), "tasks", Path("root"))


def test_paths_inside_the_root_may_turn():
    task = parse_task(entry(task="ti2i", ref_image_paths=["./x/../a.png"]), "tasks", Path("root"))
    assert task.pictures == (Path("root/a.png"),)


@pytest.mark.parametrize(
    "index",
    ["../1", "/1", "a/b", "a\\b", "..", ".", "", " ", ".hidden", "a\nb", "x" * 300, None, []],
)
def test_an_index_is_a_name(index):
    with pytest.raises(InputError, match="index"):
        parse_task(entry(index=index), "tasks", Path())


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"caption": 5}, "caption"),
        ({"width": 64}, "height"),
        ({"width": 0, "height": 64}, "width"),
        ({"height": 6.5, "width": 64}, "height"),
        ({"num_frames": True}, "num_frames"),
        ({"num_frames": 0}, "num_frames"),
        ({"seed": "x"}, "seed"),
        ({"task": "ti2i"}, "ref_image_paths"),
        ({"task": "tv2v"}, "ref_video_path"),
        ({"task": ["t2i"]}, "unknown task"),
        ({"ref_image_paths": ["a.png"]}, "t2i takes no ref_image_paths"),
        ({"task": "tv2v", "ref_video_path": ["a.mp4", "b.mp4"]}, "one ref_video_path"),
        ({"task": "ti2i", "ref_image_paths": [5]}, "ref_image_paths"),
    ],
)
def test_fields_that_cannot_be_used_are_named(fields, named):
    with pytest.raises(InputError, match=named):
        parse_task(entry() | fields, "tasks", Path())


@pytest.mark.parametrize(
    "content",
    ["", "{", "5", "[]", "{}", "[5]", '[{"index": 1}]', '[{"task": "t2i", "caption": "x"}]',
     "[" * 100_000, "\ud800"],
)  # fmt: skip
def test_a_file_that_is_no_task_file(vino, tmp_path, content, write):
    write(entry(1), name="good")
    (tmp_path / "bad.json").write_bytes(content.encode("utf-8", "surrogatepass"))
    said = vino("batch", "good.json", "bad.json", "-o", "out")
    assert said.code == 2
    assert "bad.json" in said.err and said.err.count("\n") == 1
    assert not Path("out").exists()


def test_files_of_one_name_and_a_root_that_is_none(vino, write, tmp_path):
    write(entry(1))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "tasks.json").write_text(json.dumps([entry(1)]))
    assert "same name" in vino("batch", "tasks.json", "other/tasks.json", "-o", "out").err
    assert "--root nowhere" in vino("batch", "tasks.json", "--root", "nowhere", "-o", "out").err


def test_two_tasks_of_one_index_and_unknown_fields(vino, write):
    write(entry(1, mood="calm"), entry("1"))
    said = vino("batch", "tasks.json", "-o", "out")
    assert said.code == 1
    assert "same index" in said.err
    assert "vino: warning: tasks/1: fields that mean nothing here: mood" in said.err


def test_every_task_of_the_paper_has_its_kind():
    assert set(KINDS) == {"t2i", "t2v", "i2v", "ti2v", "ti2i", "tv2v", "tiv2v"}
