"""The folder an evaluation wrote, read back: its answers, and those that two runs share."""

import json
import math
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vino.errors import InputError
from vino.evaluate.results import NAME

_TEXTS = ("suite", "key", "scene", "task", "prompt", "output")


@dataclass(frozen=True)
class Record:
    """One answer.

    scene: answers to one scene differ in their seed alone
    references, output: files; of a clip that is kept as a strip, `frames` stand side by side
    scores: judged and measured ones by metric; judged: the metrics of those from 0 to 1
    """

    suite: str
    key: str
    scene: str
    task: str
    prompt: str
    references: tuple[Path, ...]
    output: Path
    frames: int
    scores: Mapping[str, float]
    judged: Set[str]


@dataclass(frozen=True)
class Run:
    """All answers of one run by key."""

    folder: Path
    records: Mapping[str, Record]


@dataclass(frozen=True)
class Pairs:
    """What two runs were both asked; keys that only one of them holds."""

    both: tuple[tuple[Record, Record], ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]


def read_run(folder: str | Path) -> Run:
    """Read what `vino evaluate --out FOLDER` wrote; InputError names the line that is wrong."""
    folder = Path(folder)
    records: dict[str, Record] = {}
    for place, line in _lines(folder):
        record = _record(folder, line, place)
        if record.key in records:
            raise InputError(f'{place} has the key "{record.key}" a second time')
        records[record.key] = record
    if not records:
        raise InputError(f"{folder / NAME} holds no answers")
    return Run(folder, records)


def pair(a: Run, b: Run) -> Pairs:
    """Pair the answers of two runs by key; InputError if they share none, or mean other things."""
    both = tuple((one, b.records[key]) for key, one in a.records.items() if key in b.records)
    if not both:
        raise InputError(
            f"{a.folder} and {b.folder} share no keys: evaluate both with the same suites and seeds"
        )
    for one, other in both:
        if one.prompt != other.prompt or one.suite != other.suite:
            raise InputError(
                f'{a.folder} and {b.folder} ask different things under the key "{one.key}": '
                "evaluate both with the same seed and vocabulary"
            )
    only_a = tuple(key for key in a.records if key not in b.records)
    only_b = tuple(key for key in b.records if key not in a.records)
    return Pairs(both, only_a, only_b)


def _lines(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every line with its place."""
    path = folder / NAME
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise InputError(
            f"{path} cannot be read: give a folder that vino evaluate wrote with --out"
        ) from None
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        place = f"{path}, line {number},"
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            raise InputError(f"{place} is no JSON") from None
        if not isinstance(found, dict):
            raise InputError(f"{place} is no JSON object")
        yield place, found


def _record(folder: Path, line: dict[str, Any], place: str) -> Record:
    for name in _TEXTS:
        if not isinstance(line.get(name), str):
            raise InputError(f'{place} has no text under "{name}"')
    references = line.get("references", [])
    if not isinstance(references, list) or not all(isinstance(r, str) for r in references):
        raise InputError(f'{place} has no list of files under "references"')
    frames = line.get("frames", 1)
    if not isinstance(frames, int) or isinstance(frames, bool) or frames < 1:
        raise InputError(f'{place} has no whole number of at least 1 under "frames"')
    judged = _scores(line, "judged", place)
    return Record(
        suite=line["suite"],
        key=line["key"],
        scene=line["scene"],
        task=line["task"],
        prompt=line["prompt"],
        references=tuple(_inside(folder, name, place) for name in references),
        output=_inside(folder, line["output"], place),
        frames=frames,
        scores=judged | _scores(line, "measured", place),
        judged=judged.keys(),
    )


def _inside(folder: Path, name: str, place: str) -> Path:
    """A file below the folder, links followed."""
    path = folder / name
    try:
        inside = "\0" not in name and path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # links in a circle
        inside = False
    if not name or not inside:
        raise InputError(f'{place} names "{name}", which is not a file of its folder')
    return path


def _scores(line: dict[str, Any], kind: str, place: str) -> dict[str, float]:
    scores = line.get(kind, {})
    if not isinstance(scores, dict):
        raise InputError(f'{place} has no metrics under "{kind}"')
    for metric, value in scores.items():
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise InputError(f'{place} has no finite number under "{metric}"')
    return {metric: float(value) for metric, value in scores.items()}
