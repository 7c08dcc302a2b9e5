"""Webdataset shards: tar files in which the files of one record share a name up to the first dot.

Two layouts are read. Records of every task have a `KEY.json` in the form of a manifest's line,
whose paths are the endings of the record's other files ({"image": "hat.png"} is `KEY.hat.png`).
Plain captioned shards have a picture or clip and a `KEY.txt`, and may say `license`, `source` or
`url`, `people` and `consent` in `KEY.json`.

Shards are indexed and read by place instead of streamed: any record can be read at any time, which
an exact resumption and one order for all ranks need.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vino.data.folder import PICTURE_ENDINGS
from vino.data.members import Member, files_in
from vino.data.sample import (
    CLIP_ENDINGS,
    NO_RULES,
    Placed,
    Record,
    Refuse,
    Rules,
    kind_of,
    load_json,
    parse_record,
    stop,
)
from vino.errors import InputError


def find_shards(folder: Path) -> list[Path]:
    """The tar files of a folder in order of names."""
    return sorted(p for p in folder.glob("*.tar") if p.is_file())


@dataclass(frozen=True)
class _Group:
    """The files of one record: shard, key, and (ending, offset, size) of each."""

    shard: int
    key: str
    files: tuple[tuple[str, int, int], ...]


class Shards:
    """Records in tar shards."""

    def __init__(self, shards: Sequence[Path], rules: Rules = NO_RULES, refuse: Refuse = stop):
        self._shards = list(shards)
        self._groups: list[_Group] = []
        tasks: dict[str, array[int]] = {}
        refused = 0
        for group in self._all(refuse):
            try:
                record = self._record(group)
                rules.check(record)
            except InputError as error:
                refuse(error)
                refused += 1
                continue
            tasks.setdefault(record.task, array("q")).append(len(self._groups))
            self._groups.append(group)
        if not self._groups and not refused:
            raise InputError(f"{', '.join(map(str, shards))!s:.200}: no records in these shards")
        self._tasks: dict[str, Sequence[int]] = dict(tasks)

    def __len__(self) -> int:
        return len(self._groups)

    def __getitem__(self, number: int) -> Record:
        return self._record(self._groups[number])

    def tasks(self) -> Mapping[str, Sequence[int]]:
        return self._tasks

    def _all(self, refuse: Refuse) -> Iterator[_Group]:
        """Records of all shards; of one that is damaged those before the damage."""
        for number, shard in enumerate(self._shards):
            try:
                yield from _groups(shard, number)
            except InputError as error:
                refuse(error)

    def _record(self, group: _Group) -> Record:
        shard = self._shards[group.shard]
        members = {
            ending: Member(shard, f"{group.key}.{ending}", offset, size)
            for ending, offset, size in group.files
        }
        where = f"{shard}:{group.key}"

        def locate(path: str) -> Member:
            if path not in members:
                raise InputError(f"the shard has no {group.key}.{path}")
            return members[path]

        about = load_json(members["json"].text(), where) if "json" in members else {}
        if isinstance(about, dict) and "prompt" in about:
            return parse_record(about, where, group.key, locate)
        return _captioned(members, about, where, group.key)


def _groups(shard: Path, number: int) -> Iterator[_Group]:
    """Records of a shard in order: neighbours of the same key belong together."""
    key = ""
    files: list[tuple[str, int, int]] = []
    for member in files_in(shard):
        folder, slash, name = member.name.rpartition("/")
        stem, _, ending = name.partition(".")
        found = folder + slash + stem
        if found != key and files:
            yield _Group(number, key, tuple(files))
            files = []
        key = found
        files.append((ending, member.offset, member.size))
    if files:
        yield _Group(number, key, tuple(files))


def _captioned(members: Mapping[str, Member], about: Any, where: str, key: str) -> Record:
    """A record of a plain captioned shard."""
    endings = (*PICTURE_ENDINGS, *CLIP_ENDINGS)
    media = [e for e in members if f".{e}".lower() in endings]
    if len(media) != 1 or "txt" not in members:
        raise InputError(
            f"{where} holds {', '.join(members)}: a record is a .json with a prompt, or one "
            "picture or clip and its .txt"
        )
    ending = media[0]
    text = members["txt"].text().decode("utf-8", errors="replace").strip()
    kind = kind_of(f"a.{ending}")
    fields = about if isinstance(about, dict) else {}
    licence = fields.get("licence") or fields.get("license") or ""
    return Record(
        task="t2v" if kind == "video" else "t2i",
        segments=(text,),
        target=Placed(kind, members[ending]),
        key=key,
        where=where,
        source=str(fields.get("source") or fields.get("url") or ""),
        licence=str(licence),
        consent=str(fields.get("consent") or ""),
        people=bool(fields.get("people")),
    )
