"""batch: every task of the task files, each on its own; what is there already is skipped."""

import json
import time
import traceback
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vino.cli.console import Console, one_line
from vino.cli.failures import FAULT, explain
from vino.cli.govern import terms_of
from vino.cli.make import open_model, settings
from vino.cli.progress import Watch
from vino.data.tasks import Task, parse_task, read_entries
from vino.errors import InputError, VinoError
from vino.govern.terms import LOCAL, Terms
from vino.media import Frames
from vino.prompt import Prompt, attach

RESULTS = "results.jsonl"
MADE, FAILED, SKIPPED = "made", "failed", "skipped"

Record = dict[str, Any]
"""One line of results.jsonl; its path is inside the output folder."""


@dataclass(frozen=True)
class Entry:
    """One entry of a task file: its task, or why it is none."""

    file: str
    fields: dict[str, Any]
    task: Task | InputError

    @property
    def name(self) -> str:
        return f"{self.file}/{self.fields['index']}"


def batch(args: Namespace, console: Console) -> int:
    """Run the task files; exit code 1 when a task failed."""
    started = time.monotonic()
    entries = _read(args.tasks, args.root)
    terms = terms_of(args)
    records = []
    for record in _run(entries, args, console, terms):
        records.append(record)
        if record["status"] != SKIPPED:
            _append(args.output / RESULTS, record)
        if record["status"] == MADE and not args.json:
            print(args.output / record["path"], flush=True)
    seconds = time.monotonic() - started
    counts = Counter(record["status"] for record in records)
    totals = {status: counts[status] for status in (MADE, FAILED, SKIPPED)}
    if args.json:
        told = {"folder": str(args.output), **totals, "seconds": round(seconds, 3)}
        print(json.dumps({**told, "results": records}))
    summary = ", ".join(f"{count} {status}" for status, count in totals.items())
    where = args.output / RESULTS
    console.note(f"{len(entries)} tasks: {summary}, in {seconds:.0f} s; told in {where}")
    return FAULT if counts[FAILED] else 0


def _read(files: list[Path], root: Path | None) -> list[Entry]:
    """All entries of all files; InputError, before anything runs, if one is no task file."""
    names = Counter(file.stem for file in files)
    for file in files:
        if names[file.stem] > 1:
            raise InputError(
                f"{file}: another task file has the same name, and results go by it: rename one"
            )
    if root is not None and not root.is_dir():
        raise InputError(f"--root {root} is not a folder: give the one that holds the references")
    entries: list[Entry] = []
    taken: set[Path] = set()
    for file in files:
        for _, fields in read_entries(file):
            task: Task | InputError
            try:
                task = parse_task(fields, file.stem, root or file.parent)
                if task.output in taken:
                    raise InputError("an earlier task has the same index: give it another")
                taken.add(task.output)
            except InputError as problem:
                task = problem
            entries.append(Entry(file.stem, fields, task))
    return entries


def _run(entries: list[Entry], args: Namespace, console: Console, terms: Terms) -> Iterator[Record]:
    """Carry out every entry. A batch that is done already needs no model."""
    waiting = [e for e in entries if isinstance(e.task, Task) and not _path(e.task, args).exists()]
    model = open_model(args, console) if waiting else None
    for number, entry in enumerate(entries, 1):
        console.subject = entry.name
        record: Record = {"file": entry.file, "index": entry.fields["index"]}
        record["task"] = entry.fields["task"]
        try:
            if isinstance(entry.task, InputError):
                raise entry.task
            path = _path(entry.task, args)
            record["path"] = entry.task.output.as_posix()
            if path.exists():
                record["status"] = SKIPPED
            else:
                with Watch(console, f"{number}/{len(entries)} {entry.name}") as watch:
                    record |= _carry_out(entry.task, path, model, args, watch, terms)
        except Exception as error:
            if console.debug and not isinstance(error, VinoError):
                traceback.print_exc()
            line = one_line(explain(error).line)
            console.error(line)
            record |= {"status": FAILED, "error": line}
        console.subject = ""
        yield record


def _path(task: Task, args: Namespace) -> Path:
    folder: Path = args.output
    return folder / task.output


def _carry_out(
    task: Task, path: Path, model: Any, args: Namespace, watch: Watch, terms: Terms
) -> Record:
    """Make and save one result."""
    started = time.monotonic()
    if task.unknown:
        watch.console.warn(f"fields that mean nothing here: {', '.join(task.unknown)}")
    frames = _make(task, model, args, watch)
    terms.save(frames, path, who=LOCAL, job=f"batch {task.output}")
    recipe = frames.recipe or {}
    return {
        "status": MADE,
        "seed": recipe.get("seed"),
        "size": [frames.size.width, frames.size.height],
        "frames": frames.size.frames,
        "worked_at": recipe.get("worked_at"),
        "seconds": round(time.monotonic() - started, 3),
    }


def _make(task: Task, model: Any, args: Namespace, watch: Watch) -> Frames:
    """The result of a task; what it does not say, the options say, then the model's defaults."""
    media = task.references()
    prompt = attach(task.caption, media)
    frames = (task.frames or args.frames or model.defaults.frames) if task.kind.is_clip else 1
    if task.video is not None:
        frames = min(frames, media[-1].frames.size.frames)
    frames_made: Frames = model.generate(
        prompt,
        size=_size(task, prompt, model, args),
        frames=frames,
        seed=(args.seed or 0) if task.seed is None else task.seed,
        watch=watch,
        **(settings(args) | dict(task.sampling)),
    )
    return frames_made


def _size(task: Task, prompt: Prompt, model: Any, args: Namespace) -> tuple[int, int] | None:
    """The size to ask for. Pictures that are edited give theirs, even if none is the base."""
    if prompt.base is not None:
        return None
    if task.kind.edits_picture:
        from vino.references import fit

        fitted = fit(prompt.images[-1], model.defaults.area(is_base=True), model.unit, 1)
        return fitted.content[2:]
    size: tuple[int, int] | None = task.size or args.size
    return size


def _append(path: Path, record: Record) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record, ensure_ascii=False) + "\n")
