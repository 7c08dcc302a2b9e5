"""What was asked, made and said, as lines of results.jsonl; and intervals of the scores."""

from collections.abc import Sequence
from pathlib import Path

from vino.evaluate.files import copy_whole
from vino.evaluate.official.benchmark import Benchmark, Case, Mean, Scores
from vino.evaluate.official.judged import Judgement
from vino.evaluate.results import Answered
from vino.evaluate.statistics import mean_of_groups

ROUNDED = 0.006  # what rounding to two decimals may change of a score
NOTHING_SAID = Scores({}, False)


def answered(
    benchmark: Benchmark,
    cases: Sequence[Case],
    folder: Path,
    out: Path,
    seed: int,
    scores: Scores | None,
    judgement: Judgement | None,
) -> list[Answered]:
    """One line for every sample that there is.

    folder: of the samples, below `out`. seed: of the first sample of every prompt.
    """
    scores, made = scores or NOTHING_SAID, []
    for case in cases:
        there = [(i, f) for i, f in enumerate(case.files) if (folder / f).is_file()]
        given = _references(benchmark, case, folder, out) if there else ()
        grades, said = _said(benchmark, case, folder, judgement) if there else ({}, [])
        if case.name in scores.unusable:
            said.append("the result says nothing")
        for index, file in there:
            found = {m: round(value, 4) for m, value in scores.samples.get(file, {}).items()}
            is_verdict = benchmark.is_yes_or_no
            made.append(
                Answered(
                    suite=benchmark.name,
                    key=f"{benchmark.name}/{case.name}/{seed + index}",
                    scene=case.name,
                    seed=seed + index,
                    task=benchmark.task,
                    group=", ".join(case.kinds),
                    prompt=case.text,
                    references=given,
                    output=(folder / file).relative_to(out).as_posix(),
                    judged={m: int(value) for m, value in found.items()} if is_verdict else {},
                    measured=grades if is_verdict else found | grades,
                    why=tuple(filter(None, [*said, scores.why.get(file, "")])),
                )
            )
    return made


def intervals(
    benchmark: Benchmark, cases: Sequence[Case], scores: Scores
) -> dict[str, tuple[int, float, float]]:
    """(prompts, low, high): 95 % of every value that the known samples come to."""
    found = {}
    for name, whole in scores.means.items():
        groups = [_values(whole, kinds, cases, scores) for kinds in whole.groups]
        if all(groups):
            value, low, high = mean_of_groups(groups, benchmark.bounds)
            if abs(value - scores.values[name]) <= ROUNDED:
                found[name] = sum(map(len, groups)), low, high
    return found


def _values(
    whole: Mean, kinds: frozenset[str], cases: Sequence[Case], scores: Scores
) -> dict[str, list[float]]:
    """Values of a group's samples by prompt."""
    found: dict[str, list[float]] = {}
    for case in cases:
        if kinds <= set(case.kinds):
            for file in case.files:
                if whole.metric in scores.samples.get(file, {}):
                    found.setdefault(case.name, []).append(scores.samples[file][whole.metric])
    return found


def _said(
    benchmark: Benchmark, case: Case, folder: Path, judgement: Judgement | None
) -> tuple[dict[str, float], list[str]]:
    """The judge's grades by criterion, and its answers in a line each."""
    grades: dict[str, float] = {}
    said: list[str] = []
    if judgement is not None:
        for question in benchmark.questions(folder, case):
            answer = judgement.answers.get(question.name)
            if answer is not None and (verdict := question.read(answer)) is not None:
                grades |= zip(question.criteria, map(float, verdict.scores), strict=True)
                said.append(" ".join(answer.split()))
            elif question.name in judgement.malformed:
                said.append(f"no readable answer of the judge to {question.name}")
    return grades, said


def _references(benchmark: Benchmark, case: Case, folder: Path, out: Path) -> tuple[str, ...]:
    """Files below `out`; those of the official data are copied there once."""
    names = []
    for number, source in enumerate(case.references, 1):
        if source.is_relative_to(folder):
            names.append(source.relative_to(out).as_posix())
            continue
        name = f"references/{benchmark.name}-{case.name}-{number}{source.suffix.lower()}"
        if not (out / name).exists() and source.is_file():
            copy_whole(source, out / name)
        if (out / name).exists():
            names.append(name)
    return tuple(names)
