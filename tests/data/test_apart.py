"""What is held out is left out of what is trained on."""

from tests.data.making import record, write_manifest, write_tar
from vino.data.apart import Apart
from vino.data.manifest import open_records


def keys(records) -> list[str]:
    return [records[i].key for i in range(len(records))]


def test_targets_of_another_manifest_are_left_out(tmp_path):
    lines = [record(f"{i}.png", task="t2i" if i % 2 else "edit", id=str(i)) for i in range(6)]
    records = open_records(write_manifest(tmp_path, *lines))
    shown = [{"image": "4.png"}, "another"]
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "3.png").symlink_to(tmp_path / "3.png")
    others = [record("0.png"), record("9.png", shown), record("deep/3.png")]
    apart = Apart(records, open_records(write_manifest(tmp_path, *others, name="others.jsonl")))
    assert keys(apart) == ["1", "2", "4", "5"]
    assert {task: list(numbers) for task, numbers in apart.tasks().items()} == {
        "t2i": [0, 3],
        "edit": [1, 2],
    }


def test_members_of_shards_are_left_out(tmp_path):
    for name in "ab":
        files = {f"{i}.{ending}": b"x" for i in range(3) for ending in ("png", "txt")}
        write_tar(tmp_path / f"{name}.tar", files)
    apart = Apart(open_records(tmp_path), open_records(tmp_path / "b.tar"))
    assert keys(apart) == ["0", "1", "2"] and {apart[i].where[-7:] for i in range(3)} == {
        f"a.tar:{i}" for i in range(3)
    }
