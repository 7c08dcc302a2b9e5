"""One official benchmark, from prompts to totals: `run`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vino.errors import InputError
from vino.evaluate.official import layout
from vino.evaluate.official.answered import answered, intervals
from vino.evaluate.official.benchmark import Benchmark, Case
from vino.evaluate.official.generate import Failure, generate, missing_samples
from vino.evaluate.official.judged import (
    Judgement,
    has_results,
    read_judgement,
    write_judgement,
)
from vino.evaluate.official.questions import Estimate
from vino.evaluate.official.record import (
    Record,
    asked_of,
    check_asked,
    prompt_hash,
    read_record,
    record_of,
    write_record,
)
from vino.evaluate.official.report import Outcome, write_report
from vino.evaluate.official.vlm_judge import Hearing, Judge, Log, hear
from vino.evaluate.results import read_results
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

    load: the model that makes samples, or made those that are there; reading results needs none.
    Raises InputError for data, results and judges that cannot be used, and for a folder that holds
    samples of another model or other prompts.
    """
    if (settings.out / "run.json").exists():
        raise InputError(f"{settings.out} holds answers on the emoji world: choose another --out")
    read_results(settings.out)  # to fail before the work, not after it
    if settings.results is not None:
        outcome = _read(benchmark, settings, settings.results)
    else:
        _check(benchmark, settings)
        outcome = _made(benchmark, settings, load, watch, note)
    write_report(settings.out, outcome)
    return outcome


def _read(benchmark: Benchmark, settings: Settings, results: Path) -> Outcome:
    """What a scorer wrote, beside the samples that are there."""
    record = read_record(_record_path(benchmark, settings.out))
    name = settings.model if record is None else str(record.model["name"])
    folder = benchmark.folder(settings.out, Path(name).name)
    known = benchmark.cases(settings.data, folder, None)
    if record is not None:
        prompts = {asked: hashes[:1] for asked, hashes in record.asked.items()}
        check_asked(prompts, {case.name: [prompt_hash(case)] for case in known}, settings.out)
    scores = benchmark.read_results(results, known)
    outcome = Outcome(benchmark, record, None, scores, judgement=read_judgement(results))
    return _with_samples(outcome, known, known, folder, settings.out)


def _made(
    benchmark: Benchmark,
    settings: Settings,
    load: Callable[[], Model],
    watch: Watcher,
    note: Note,
) -> Outcome:
    """What is made, computed and judged here."""
    folder = benchmark.folder(settings.out, Path(settings.model).name)
    known = benchmark.cases(settings.data, folder, None)
    every = benchmark.cases(settings.data, folder, settings.samples)
    cases = every[: settings.limit]
    _check_references(cases, folder)
    model, record = _begin(benchmark, settings, cases, load)
    results = settings.out / f"{benchmark.name}.results"
    layout.remove_partial(folder)
    layout.remove_partial(results)
    benchmark.prepare(settings.data, folder, cases)
    failed = _generate(benchmark, settings, folder, cases, model, watch)
    done = [case for case in cases if all((folder / name).exists() for name in case.files)]
    benchmark.measure(folder, done, results)
    judgement = _judgement(benchmark, settings, folder, done, watch, note)
    problems = layout.check_layout(benchmark, folder, cases, [*known, *every])
    outcome = Outcome(
        benchmark,
        record,
        len(cases),
        benchmark.read_results(results, known) if has_results(results) else None,
        failed=tuple(failed),
        problems=tuple(problems),
        judgement=judgement,
    )
    return _with_samples(outcome, known, cases, folder, settings.out)


def _begin(
    benchmark: Benchmark, settings: Settings, cases: Sequence[Case], load: Callable[[], Model]
) -> tuple[Model, Record]:
    """The model, and the record of what the folder is to hold; InputError if it holds other."""
    path, asked = _record_path(benchmark, settings.out), asked_of(benchmark, settings.data, cases)
    held = read_record(path)
    if held is not None:
        check_asked(held.asked, asked, settings.out)
    model = load()
    if held is None:
        record = record_of(model, settings.seed, asked)
    else:
        record = held.go_on(model, settings.seed, asked, settings.out)
    write_record(path, record)
    return model, record


def _generate(
    benchmark: Benchmark,
    settings: Settings,
    folder: Path,
    cases: Sequence[Case],
    model: Model,
    watch: Watcher,
) -> list[Failure]:
    """Make what is missing; returns what failed."""
    total = sum(len(case.files) for case in cases)
    missing = missing_samples(cases, folder)
    done = _counting(watch, benchmark.name, total)
    done(total - len(missing))
    return generate(model, benchmark, missing, folder, settings.seed, done)


def _judgement(
    benchmark: Benchmark,
    settings: Settings,
    folder: Path,
    cases: Sequence[Case],
    watch: Watcher,
    note: Note,
) -> Judgement | None:
    """What the judge says of the cases; without one, what the last said."""
    results = settings.out / f"{benchmark.name}.results"
    if settings.judge is None:
        return read_judgement(results)
    heard = _hear(benchmark, settings, folder, cases, watch, note)
    texts = benchmark.verdict_files(cases, heard.verdicts, folder) if heard.verdicts else {}
    return write_judgement(results, settings.judge.model, heard, texts)


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
    name = settings.judge.model
    done = _counting(watch, f"{benchmark.name}: {name}", len(questions))

    def begin(cost: Estimate, had: int) -> None:
        note(f"{benchmark.name}: asking {name}: {cost}; {had:,} answers are here")
        done(had)

    log = Log(settings.out / f"{benchmark.name}.judge.jsonl")
    return hear(settings.judge, questions, log, begin, done)


def _counting(watch: Watcher, what: str, total: int) -> Callable[[int], None]:
    """Takes how many more are done, and tells how many are."""
    settled = 0

    def done(more: int) -> None:
        nonlocal settled
        settled += more
        watch(what, settled, total)

    return done


def _with_samples(
    outcome: Outcome, known: Sequence[Case], cases: Sequence[Case], folder: Path, out: Path
) -> Outcome:
    """With a line for every sample of the cases, and with intervals."""
    benchmark, scores = outcome.benchmark, outcome.scores
    seed = outcome.record.seed if outcome.record else 0
    lines = answered(benchmark, cases, folder, out, seed, scores, outcome.judgement)
    spread = intervals(benchmark, known, scores) if scores else {}
    return replace(outcome, answered=lines, intervals=spread)


def _record_path(benchmark: Benchmark, out: Path) -> Path:
    return out / f"{benchmark.name}.run.json"


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
