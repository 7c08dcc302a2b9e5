"""One official benchmark, from prompts to totals: `run`."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vino.errors import InputError
from vino.evaluate.files import write_whole
from vino.evaluate.official import layout
from vino.evaluate.official.benchmark import (
    Benchmark,
    Case,
    Scores,
    parse_json,
    read_text,
)
from vino.evaluate.official.generate import Failure, generate, missing_samples
from vino.evaluate.official.questions import Estimate
from vino.evaluate.official.report import Outcome, write_report
from vino.evaluate.official.vlm_judge import Hearing, Judge, Log, hear
from vino.generate import Model

Watcher = Callable[[str, int, int], None]
"""(what is being done, done, of how many)."""
Note = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """What is asked of a benchmark.

    out: folder for samples and scores. model: its name. data: the official prompts, where they do
    not come with the package. results: what the official scorer wrote; nothing is made then.
    samples: of every prompt, or None for the official number. limit: the first prompts only. seed:
    of the first sample of every prompt. judge: asked about what was made
    """

    out: Path
    model: str = "tiny"
    data: Path | None = None
    results: Path | None = None
    samples: int | None = None
    limit: int | None = None
    seed: int = 0
    judge: Judge | None = None


def run(
    benchmark: Benchmark,
    settings: Settings,
    load: Callable[[], Model],
    watch: Watcher = lambda what, done, total: None,
    note: Note = lambda text: None,
) -> Outcome:
    """Make what is missing, score what can be scored here, and report.

    load: the model, asked for only if something is missing. Raises InputError for data, results
    and judges that cannot be used, and for a folder that holds another model's samples.
    """
    folder = benchmark.folder(settings.out, Path(settings.model).name)
    known = benchmark.cases(settings.data, folder, None)
    if settings.results is not None:
        scores = benchmark.read_results(settings.results, known)
        outcome = Outcome(benchmark, _record(benchmark, settings.out), None, scores)
    else:
        _check(benchmark, settings)
        outcome = _made(benchmark, settings, folder, known, load, watch, note)
    write_report(settings.out, outcome)
    return outcome


def _made(
    benchmark: Benchmark,
    settings: Settings,
    folder: Path,
    known: list[Case],
    load: Callable[[], Model],
    watch: Watcher,
    note: Note,
) -> Outcome:
    every = benchmark.cases(settings.data, folder, settings.samples)
    cases = every[: settings.limit]
    _check_references(cases, folder)
    benchmark.prepare(settings.data, folder, cases)
    record, failed = _generate(benchmark, settings, folder, cases, load, watch)
    results = settings.out / f"{benchmark.name}.results"
    done = [case for case in cases if all((folder / name).exists() for name in case.files)]
    benchmark.measure(folder, done, results)
    heard = Hearing({}, ())
    if settings.judge is not None:
        heard = _hear(benchmark, settings, folder, done, watch, note)
        if heard.verdicts:
            benchmark.write_verdicts(cases, heard.verdicts, folder, results)
    problems = layout.check_layout(benchmark, folder, cases, [*known, *every])
    return Outcome(
        benchmark,
        record,
        len(cases),
        _scores(benchmark, results, known),
        tuple(failed),
        tuple(problems),
        heard.malformed,
        settings.judge.model if settings.judge else "",
    )


def _generate(
    benchmark: Benchmark,
    settings: Settings,
    folder: Path,
    cases: Sequence[Case],
    load: Callable[[], Model],
    watch: Watcher,
) -> tuple[dict[str, Any], list[Failure]]:
    """Make what is missing; the model and seed of the folder, and what failed."""
    record = _record(benchmark, settings.out)
    total = sum(len(case.files) for case in cases)
    missing = missing_samples(cases, folder)
    settled = total - len(missing)
    watch(benchmark.name, settled, total)
    asked = Path(settings.model).name, settings.seed
    if record is not None and (record["model"].get("name"), record["seed"]) != asked:
        raise _other(settings.out, record)
    if not missing and record is not None:
        return record, []
    model = load()
    mine = {"model": model.identity, "seed": settings.seed}
    if record is not None and record != mine:
        raise _other(settings.out, record)
    write_whole(_record_path(benchmark, settings.out), json.dumps(mine, indent=1) + "\n")

    def done(more: int) -> None:
        nonlocal settled
        settled += more
        watch(benchmark.name, settled, total)

    return mine, generate(model, benchmark, missing, folder, settings.seed, done)


def _hear(
    benchmark: Benchmark,
    settings: Settings,
    folder: Path,
    cases: Sequence[Case],
    watch: Watcher,
    note: Note,
) -> Hearing:
    """Ask the judge about every case that was made."""
    assert settings.judge is not None
    questions = [question for case in cases for question in benchmark.questions(folder, case)]
    answered = 0
    name = settings.judge.model

    def begin(cost: Estimate, had: int) -> None:
        note(f"{benchmark.name}: asking {name}: {cost}; {had:,} answers are here")
        done(had)

    def done(more: int) -> None:
        nonlocal answered
        answered += more
        watch(f"{benchmark.name}: {name}", answered, len(questions))

    log = Log(settings.out / f"{benchmark.name}.judge.jsonl")
    return hear(settings.judge, questions, log, begin, done)


def _scores(benchmark: Benchmark, results: Path, cases: Sequence[Case]) -> Scores | None:
    """Of what was computed and judged here, if anything was."""
    is_there = results.is_dir() and any(results.iterdir())
    return benchmark.read_results(results, cases) if is_there else None


def _record_path(benchmark: Benchmark, out: Path) -> Path:
    return out / f"{benchmark.name}.run.json"


def _record(benchmark: Benchmark, out: Path) -> dict[str, Any] | None:
    """The model and seed whose samples a folder holds, if it holds some."""
    path = _record_path(benchmark, out)
    return parse_json(read_text(path), path) if path.exists() else None


def _check(benchmark: Benchmark, settings: Settings) -> None:
    """InputError for settings that the benchmark has no use for."""
    if (settings.samples or 1) > benchmark.samples:
        raise InputError(
            f"{benchmark.name} takes {benchmark.samples} of a prompt at most: lower --seeds, or "
            "run again with another --seed and --out"
        )
    if settings.judge is not None and not benchmark.is_judged:
        raise InputError(f"{benchmark.name} has no questions for a judge: leave --judge out")


def _check_references(cases: Sequence[Case], folder: Path) -> None:
    """InputError, before anything is written, if a reference is missing that is not made here."""
    given = [p for case in cases for p in case.references if not p.is_relative_to(folder)]
    missing = [path for path in given if not path.is_file()]
    if missing:
        more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise InputError(f"{missing[0]} is missing{more}: give the official folder with --data")


def _other(out: Path, record: dict[str, Any]) -> InputError:
    model = record["model"].get("name")
    return InputError(
        f"{out} holds samples of {model} with seed {record['seed']}: give its --model and --seed, "
        "or choose another --out"
    )
