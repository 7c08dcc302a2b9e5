"""Instruction pairs made of a collection: its pictures and clips, each altered in known ways.

A new folder takes the sources' copies, what was made of them, and a manifest in the record form,
whose field `made` says how. The same seed makes the same, whatever was done before: every step
draws from the hash of its source alone, so an augmentation that was stopped goes on.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from vino.data.alterations import Op, Pair
from vino.data.manifest import MANIFEST, Records
from vino.data.members import on_disk
from vino.data.sample import Kind, Placed, Record, Refuse, load_json
from vino.data.sources.records import read
from vino.errors import InputError
from vino.media import DEFAULT_LIMITS, Frames, Limits

SOURCES = "sources"
TASKS = {"image": "image_edit", "video": "video_edit"}


@dataclass(frozen=True)
class Plan:
    """What is made of every source. each: variants of every op, drawn anew."""

    ops: tuple[Op, ...]
    each: int = 1
    seed: int = 0
    inverses: bool = True


@dataclass
class Outcome:
    """How many records were written, were there already, and which sources are broken."""

    made: int = 0
    there: int = 0
    broken: list[str] = field(default_factory=list)


def augment(
    records: Records,
    out: Path,
    plan: Plan,
    refuse: Refuse,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[Outcome]:
    """Alter the target of every record; yields where it stands after each of them.

    refuse: called for every source or step that fails, which stops no other. InputError at once
    when `out` holds something else.
    """
    done, outcome = _begun(out), Outcome()
    for number in range(len(records)):
        record = records[number]
        try:
            source = _Source(record, out, limits)
            asked = _steps(source, plan)
            steps = [step for step in asked if step.key not in done]
            outcome.there += len(asked) - len(steps)
            if steps:
                frames = source.read()
                for step in steps:
                    try:
                        outcome.made += _carry_out(step, source, frames, plan.inverses, done)
                    except InputError as error:
                        _note(outcome, record, error, refuse)
        except InputError as error:
            _note(outcome, record, error, refuse)
        yield outcome


def _note(outcome: Outcome, record: Record, error: InputError, refuse: Refuse) -> None:
    told = str(error) if record.where in str(error) else f"{record.where}: {error}"
    outcome.broken.append(told)
    refuse(InputError(told))


def _begun(out: Path) -> set[str]:
    """Ids that the folder's manifest has; a last line of ours that was cut off is taken away."""
    path = out / MANIFEST
    if not path.exists():
        if out.is_dir() and any(out.iterdir()):
            raise InputError(f"{out} is not empty and holds no {MANIFEST}: name a new folder")
        return set()
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    lines = [load_json(line, str(path)) for line in whole.splitlines() if line.strip()]
    ours = all(isinstance(line, dict) and {"id", "made"} <= set(line) for line in lines)
    if data and not (lines and ours):
        raise InputError(f"{path} was not written by vino augment: name a new folder")
    if whole != data:
        with path.open("r+b") as file:
            file.truncate(len(whole))
    return {line["id"] for line in lines}


class _Source:
    """The target of a record: its hash, and its copy in the new folder."""

    def __init__(self, record: Record, out: Path, limits: Limits):
        if record.target is None:
            raise InputError("there is no target to alter")
        self.record, self.out, self.limits = record, out, limits
        self.placed: Placed = record.target
        self.name = Path(self.placed.place.name).name
        try:
            with on_disk(self.placed.place, limits.max_bytes) as path, path.open("rb") as file:
                self.hash = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise InputError(f"{self.placed.place} cannot be read ({error.strerror})") from None

    def read(self) -> Frames:
        return read(self.placed, self.limits)

    def copy(self) -> str:
        """Bring the file itself into the folder, once; its path there."""
        path = self.out / SOURCES / f"{self.hash[:16]}{Path(self.name).suffix.lower()}"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name(f".{path.name}")
            with on_disk(self.placed.place, self.limits.max_bytes) as original:
                shutil.copyfile(original, fresh)
            fresh.replace(path)
        return path.relative_to(self.out).as_posix()


@dataclass(frozen=True)
class _Step:
    """One op on one source. drawn: what its random numbers come from; key: its name."""

    op: Op
    drawn: str
    key: str
    about: dict[str, Any]


def _steps(source: _Source, plan: Plan) -> list[_Step]:
    """All that the plan asks of a source."""
    steps = []
    for op in plan.ops:
        if op.clips_only and source.placed.kind == "image":
            continue
        for variant in range(plan.each):
            drawn = f"{plan.seed} {source.hash} {op.name} {variant}"
            digest = hashlib.sha256(drawn.encode()).hexdigest()[:16]
            about = {
                "op": op.name,
                "seed": plan.seed,
                "variant": variant,
                "source": {"file": source.name, "sha256": source.hash},
            }
            steps.append(_Step(op, drawn, f"{op.name.partition(':')[0]}-{digest}", about))
    return steps


def _carry_out(step: _Step, source: _Source, frames: Frames, inverses: bool, done: set[str]) -> int:
    """Alter, save, and write the records down; how many."""
    pair = step.op.alter(frames, Random(step.drawn))
    made = _records(step, source, frames, pair, inverses)
    # The inverse first: the other line says that the step is done.
    lines = [line for line in reversed(made) if line["id"] not in done]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    with (source.out / MANIFEST).open("a", encoding="utf-8") as file:
        file.write(text)
    done |= {line["id"] for line in lines}
    return len(lines)


def _records(
    step: _Step, source: _Source, frames: Frames, pair: Pair, inverses: bool
) -> Sequence[dict[str, Any]]:
    """Save what was made; the record of the step, and that of the way back."""
    kind = source.placed.kind
    after = _saved(kind, pair.after, source.out, step.key)
    if pair.before is None:
        before = {kind: source.copy(), "size": _size(frames)}
    else:
        before = _saved(kind, pair.before, source.out, f"{step.key}-before")
    given = source.record
    carried = {
        "source": given.source,
        "licence": given.licence,
        "people": given.people,
        "consent": given.consent,
    }
    carried = {name: value for name, value in carried.items() if value}

    def record(name: str, base: dict[str, Any], words: str, target: dict[str, Any]) -> Any:
        prompt = [{**base, "base": True}, words]
        fields = {"task": TASKS[kind], "prompt": prompt, "target": target, "id": name}
        return {**fields, **carried, "made": {**step.about, "parameters": pair.parameters}}

    made = [record(step.key, before, pair.instruction, after)]
    if inverses and pair.inverse:
        made.append(record(f"{step.key}-inverse", after, pair.inverse, before))
    return made


def _saved(kind: Kind, frames: Frames, out: Path, name: str) -> dict[str, Any]:
    """Write a medium, without loss where that is possible; as a record names it."""
    if kind == "image":
        return {kind: frames.save(out / f"{name}.png").name, "size": _size(frames)}
    path = frames.save(out / f"{name}.mp4")
    width, height, count = _size(frames)
    return {kind: path.name, "size": [width + width % 2, height + height % 2, count]}


def _size(frames: Frames) -> list[int]:
    return [frames.size.width, frames.size.height, frames.size.frames]
