"""Where records come from: JSONL manifests, task files, shards and plain folders.

`open_records(path)` tells them apart. A collection is indexed once, strictly: the first line that
is no record is an InputError that names it. Afterwards records are read one by one by number, so
millions of lines cost a few bytes each.
"""

import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from vino.data.folder import read_folder
from vino.data.sample import (
    ABOUT,
    NO_RULES,
    Placed,
    Record,
    Refuse,
    Rules,
    load_json,
    parse_record,
    stop,
    typed,
)
from vino.data.shards import Shards, find_shards
from vino.data.tasks import Task, inside, parse_task, read_entries
from vino.errors import InputError

MANIFEST = "manifest.jsonl"
LONGEST_LINE = 1 << 20  # bytes
BESIDE_TASKS = ("target", *ABOUT)


class Records(Protocol):
    """A collection of records, read by number."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int) -> Record: ...

    def tasks(self) -> Mapping[str, Sequence[int]]:
        """Numbers of the records of every task."""
        ...


def open_records(path: str | Path, rules: Rules = NO_RULES, refuse: Refuse = stop) -> Records:
    """The records of a manifest (.jsonl), a task file (.json), shards (.tar) or a folder.

    A folder is searched for a manifest.jsonl, then for shards, then for pictures and clips with
    their captions beside them (`a.jpg`, `a.txt`).

    refuse: called for every line that is no record and every record that breaks `rules`; by
    default the first one is raised. InputError also when nothing is there.
    """
    path = Path(path)
    if path.is_dir():
        if (path / MANIFEST).is_file():
            return Manifest(path / MANIFEST, rules, refuse)
        shards = find_shards(path)
        return Shards(shards, rules, refuse) if shards else Listed(read_folder(path), rules, refuse)
    if not path.exists():
        raise InputError(f"{path} does not exist: give a manifest, a task file or a folder")
    if path.suffix == ".tar":
        return Shards([path], rules, refuse)
    if path.suffix == ".json":
        return Listed(read_task_file(path, refuse=refuse), rules, refuse)
    if path.suffix == ".jsonl":
        return Manifest(path, rules, refuse)
    raise InputError(
        f"{path} is no manifest (.jsonl), task file (.json) or shard (.tar): give one, or a folder"
    )


def _allowed(record: Record, rules: Rules, refuse: Refuse) -> bool:
    try:
        rules.check(record)
    except InputError as error:
        refuse(error)
        return False
    return True


def by_task(tasks: Sequence[str]) -> dict[str, Sequence[int]]:
    """Task of every record -> numbers of the records of every task."""
    found: dict[str, array[int]] = {}
    for number, task in enumerate(tasks):
        found.setdefault(task, array("q")).append(number)
    return dict(found)


class Listed:
    """Records held in memory."""

    def __init__(self, records: Sequence[Record], rules: Rules = NO_RULES, refuse: Refuse = stop):
        self._records = [record for record in records if _allowed(record, rules, refuse)]

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, number: int) -> Record:
        return self._records[number]

    def tasks(self) -> Mapping[str, Sequence[int]]:
        return by_task([record.task for record in self._records])


class Manifest:
    """A JSONL manifest: one record a line, empty lines allowed; paths lie below its folder."""

    def __init__(self, path: Path, rules: Rules = NO_RULES, refuse: Refuse = stop):
        self.path = path
        self._offsets = array("q")
        self._lines = array("q")
        tasks = []
        number = 0
        for number, offset, line in self._scan():
            try:
                record = self._parse(line, number)
                rules.check(record)
            except InputError as error:
                refuse(error)
                continue
            self._offsets.append(offset)
            self._lines.append(number)
            tasks.append(sys.intern(record.task))
        if not number:
            raise InputError(f"{path} holds no records: write one JSON object a line")
        self._tasks = by_task(tasks)

    def _scan(self) -> Iterator[tuple[int, int, bytes]]:
        """Number, place and text of every line that is not empty; of one too long its beginning."""
        number, offset = 0, 0
        try:
            with self.path.open("rb") as file:
                while line := file.readline(LONGEST_LINE + 1):
                    number += 1
                    if line.strip():
                        yield number, offset, line
                    while line and not line.endswith(b"\n"):
                        line = file.readline(LONGEST_LINE)
                    offset = file.tell()
        except OSError as error:
            raise InputError(f"{self.path} cannot be read ({error.strerror})") from None

    def __len__(self) -> int:
        return len(self._offsets)

    def __getitem__(self, number: int) -> Record:
        with self.path.open("rb") as file:
            file.seek(self._offsets[number])
            return self._parse(file.readline(LONGEST_LINE + 1), self._lines[number])

    def tasks(self) -> Mapping[str, Sequence[int]]:
        return self._tasks

    def _parse(self, line: bytes, number: int) -> Record:
        where = f"{self.path}, line {number}"
        if len(line) > LONGEST_LINE:
            raise InputError(f"{where} is longer than {LONGEST_LINE:,} bytes")
        root = self.path.parent
        return parse_record(load_json(line, where), where, str(number), lambda p: inside(p, root))


def read_task_file(path: Path, root: Path | None = None, refuse: Refuse = stop) -> list[Record]:
    """A task file in the published form as records.

    Such files ask and hold no answers; with a field `target` (a path) an entry can be trained on,
    and it may state `licence`, `source`, `consent` and `people` like any record.

    root: folder of the media, by default the file's own.
    """
    root = root or path.parent
    records = []
    for number, entry in read_entries(path, refuse):
        where = f"{path}, entry {number}"
        try:
            task = parse_task(entry, path.stem, root)
            if unknown := sorted(set(task.unknown) - set(BESIDE_TASKS)):
                raise InputError(f"unknown {', '.join(unknown)!s:.80}")
            records.append(_of_task(str(entry["task"]), task, entry, where, root))
        except InputError as error:
            refuse(InputError(f"{where}: {error}"))
    return records


def _of_task(name: str, task: Task, entry: Mapping[str, Any], where: str, root: Path) -> Record:
    media = [Placed("image", place, i == task.base) for i, place in enumerate(task.pictures)]
    if task.video is not None:
        media.append(Placed("video", task.video, base=True))
    asks = Record(name, (*media, task.caption), None, task.index, where)
    target = typed(entry, "target", str, "")
    return replace(
        asks,
        target=Placed("video" if task.kind.is_clip else "image", inside(target, root))
        if target
        else None,
        source=typed(entry, "source", str, ""),
        licence=typed(entry, "licence", str, ""),
        consent=typed(entry, "consent", str, ""),
        people=typed(entry, "people", bool, False),
    )
