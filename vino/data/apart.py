"""Collections kept apart: what is held out for validation is never trained on."""

import os
from array import array
from collections.abc import Mapping, Sequence

from vino.data.manifest import Records, by_task
from vino.data.members import Member
from vino.data.sample import Record


class Apart:
    """A collection without the records whose targets are those of another.

    Targets are the same when they are one file, by whatever path, or one member of a shard.
    """

    def __init__(self, records: Records, others: Records):
        held_out = {_target(others[number]) for number in range(len(others))} - {""}
        self._records = records
        self._numbers = array("q")
        tasks = []
        for number in range(len(records)):
            record = records[number]
            if _target(record) not in held_out:
                self._numbers.append(number)
                tasks.append(record.task)
        self._tasks = by_task(tasks)

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, number: int) -> Record:
        return self._records[self._numbers[number]]

    def tasks(self) -> Mapping[str, Sequence[int]]:
        return self._tasks


def _target(record: Record) -> str:
    """Where a record's target lies; empty when it has none."""
    if record.target is None:
        return ""
    place = record.target.place
    if isinstance(place, Member):
        return f"{os.path.realpath(place.shard)}:{place.name}"
    return os.path.realpath(place)
