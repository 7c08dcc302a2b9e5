"""The official prompt files, and others in their place."""

import json
import shutil

import numpy as np
import pytest

from tests.evaluate.official.conftest import gedit_records
from vino.errors import InputError
from vino.evaluate.official.benchmark import parse_lines
from vino.evaluate.official.run import Settings, run
from vino.evaluate.official.suites import BENCHMARKS
from vino.media import read_picture

FILES = {"imgedit": "basic_edit.json", "gedit": "metadata.jsonl", "openve": "benchmark_videos.csv"}


@pytest.mark.parametrize("name", FILES)
def test_a_file_serves_as_well_as_its_folder(name, data, tmp_path):
    whole = BENCHMARKS[name].cases(data[name], tmp_path, None)
    alone = BENCHMARKS[name].cases(data[name] / FILES[name], tmp_path, None)
    assert [case.files for case in whole] == [case.files for case in alone]


@pytest.mark.parametrize("name", FILES)
def test_what_does_not_come_with_the_package_has_to_be_given(name, tmp_path):
    with pytest.raises(InputError, match=f"{name} needs --data"):
        run(BENCHMARKS[name], Settings(tmp_path), lambda: None)


@pytest.mark.parametrize("name", [*FILES, "geneval", "vbench", "opens2v"])
def test_data_that_is_not_there_is_named_before_anything_is_written(name, tmp_path):
    settings = Settings(tmp_path / "out", data=tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"nowhere.* missing"):
        run(BENCHMARKS[name], settings, lambda: None)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["opens2v", "imgedit", "gedit", "openve"])
def test_a_missing_picture_is_named(name, data, model, tmp_path):
    shutil.copytree(data[name], tmp_path / "data")
    lost = sorted(p for p in (tmp_path / "data").rglob("*") if p.suffix in (".png", ".jpg", ".mp4"))
    lost[0].unlink()
    settings = Settings(tmp_path / "out", "random", tmp_path / "data", limit=3)
    with pytest.raises(InputError, match=lost[0].name):
        run(BENCHMARKS[name], settings, lambda: model)


def test_opens2v_without_its_pictures_says_what_to_give(tmp_path):
    with pytest.raises(InputError, match="give the official folder with --data"):
        run(BENCHMARKS["opens2v"], Settings(tmp_path / "out", limit=3), lambda: None)


GOOD = {
    "geneval": {"tag": "colors", "include": [], "prompt": "a red cup"},
    "imgedit": {"id": "a.png", "prompt": "go", "edit_type": "add"},
    "gedit": {"key": "a", "task_type": "ps_human", "instruction": "go",
              "instruction_language": "en"},
    "opens2v": {"img_paths": ["a.png"], "prompt": "a cup"},
    "vbench": {"prompt_en": "a cup", "dimension": ["color"]},
}  # fmt: skip
OUTSIDE = "../a.png"
BROKEN = [
    ("geneval", {"tag": "hats"}), ("geneval", {"include": None}), ("geneval", {"prompt": ""}),
    ("imgedit", {"id": OUTSIDE}), ("imgedit", {"id": "/etc/passwd"}), ("imgedit", {"prompt": 5}),
    ("imgedit", {"edit_type": None}),
    ("gedit", {"task_type": "dance"}), ("gedit", {"key": OUTSIDE}), ("gedit", {"key": ".x"}),
    ("gedit", {"instruction_language": "../en"}),
    ("opens2v", {"img_paths": []}), ("opens2v", {"img_paths": [OUTSIDE]}),
    ("opens2v", {"img_paths": "a.png"}), ("opens2v", {"prompt": None}),
    ("vbench", {"prompt_en": "a/b"}), ("vbench", {"prompt_en": "x" * 300}),
    ("vbench", {"dimension": ["beauty"]}), ("vbench", {"dimension": []}),
]  # fmt: skip


def write(name, record, folder, key="1"):
    """A file in the official form that holds one record."""
    if name in ("geneval", "gedit"):
        text = json.dumps(record)
    else:
        text = json.dumps([record] if name == "vbench" else {key: record})
    path = folder / {"imgedit": "basic_edit.json"}.get(name, "data.json")
    path.write_text(text)
    return path


@pytest.mark.parametrize(("name", "change"), BROKEN)
def test_records_of_another_form_are_named(name, change, tmp_path):
    good = write(name, GOOD[name], tmp_path)
    assert len(BENCHMARKS[name].cases(good, tmp_path, None)) == 1
    path = write(name, GOOD[name] | change, tmp_path)
    with pytest.raises(InputError) as refusal:
        BENCHMARKS[name].cases(path, tmp_path, None)
    assert str(path) in str(refusal.value) and "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["imgedit", "opens2v"])
@pytest.mark.parametrize("key", ["../1", "", "a/b", ".a"])
def test_keys_are_names_of_files(name, key, tmp_path):
    with pytest.raises(InputError, match="no file can have"):
        BENCHMARKS[name].cases(write(name, GOOD[name], tmp_path, key), tmp_path, None)


@pytest.mark.parametrize("name", [*GOOD, "openve"])
@pytest.mark.parametrize("content", [b"", b"{", b"5", b"\xff\xfe\x00", b"[" * 100_000])
def test_files_of_another_form_are_refused(name, content, tmp_path):
    path = tmp_path / "data.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"data\.txt"):
        BENCHMARKS[name].cases(path, tmp_path, None)


def test_two_edits_of_one_name_are_refused(tmp_path):
    path = tmp_path / "benchmark_videos.csv"
    path.write_text("edited_type,prompt,original_video\n" + "local_add,go,a.mp4\n" * 2)
    with pytest.raises(InputError, match="has a twice"):
        BENCHMARKS["openve"].cases(path, tmp_path, None)


def test_a_comma_that_is_not_quoted_is_noticed(tmp_path):
    path = tmp_path / "benchmark_videos.csv"
    path.write_text("edited_type,prompt,original_video\nlocal_add,go, and stop,a.mp4\n")
    with pytest.raises(InputError, match="row 1, has not as many fields"):
        BENCHMARKS["openve"].cases(path, tmp_path, None)


def test_a_line_ends_where_json_lines_do():
    """Not at the other separators of Unicode, which JSON strings may hold."""
    (record,) = parse_lines('{"prompt": "one\u2028two"}\n', "here")
    assert record["prompt"] == "one\u2028two"


def test_gedit_reads_the_official_parquet_files(model, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    records = gedit_records(tmp_path / "pictures")
    for part in (0, 1):
        rows = [
            {key: value for key, value in record.items() if key != "file_name"}
            | {"input_image": {"bytes": (tmp_path / "pictures" / record["file_name"]).read_bytes(),
                               "path": None}}
            for record in records[3 * part : 3 * part + 3]
        ]  # fmt: skip
        folder = tmp_path / "data"
        folder.mkdir(exist_ok=True)
        parquet.write_table(pyarrow.Table.from_pylist(rows), folder / f"train-{part}.parquet")
    settings = Settings(tmp_path / "out", "random", tmp_path / "data", limit=5)
    assert run(BENCHMARKS["gedit"], settings, lambda: model).is_complete
    for record in records[:5]:
        at = f"{record['task_type']}/{record['instruction_language']}/{record['key']}"
        source = read_picture(tmp_path / f"out/gedit/random/fullset/{at}_SRCIMG.png")
        expected = read_picture(tmp_path / "pictures" / record["file_name"])
        assert np.array_equal(source.pixels, expected.pixels)
    (tmp_path / "data" / "train-1.parquet").write_bytes(b"no parquet")
    with pytest.raises(InputError, match=r"train-1\.parquet is damaged"):
        BENCHMARKS["gedit"].cases(tmp_path / "data", tmp_path, None)


def test_parquet_files_without_a_reader_say_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.parquet").write_bytes(b"")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(InputError, match="needs pyarrow"):
        BENCHMARKS["gedit"].cases(tmp_path, tmp_path, None)
