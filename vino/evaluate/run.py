"""The evaluation: ask, judge, measure the judge, report."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vino.errors import InputError
from vino.evaluate import measurements
from vino.evaluate.answers import collect, open_folder
from vino.evaluate.candidate import Candidate, ModelCandidate
from vino.evaluate.damage import damages
from vino.evaluate.judge import Judge
from vino.evaluate.report import Answered, Result, write_report
from vino.evaluate.statistics import mean_with_interval
from vino.evaluate.trials import MEASUREMENTS, SUITES, WORLDS, Course, Trial, check_suites
from vino.evaluate.verdicts import verdict
from vino.generate import Model

Results = dict[str, dict[str, list[float]]]
"""Suite -> metric -> [value, low, high]."""
Watcher = Callable[[str, int, int], None]
"""(what is being done, done, of how many)."""

ALL_SUITES = (*SUITES, *MEASUREMENTS)


def evaluate(
    model: Model | Candidate,
    suites: Iterable[str] = ALL_SUITES,
    *,
    seeds: Sequence[int] = (0,),
    out: str | Path,
    quick: bool = False,
    world: str = "first-light",
    watch: Watcher = lambda what, done, total: None,
) -> Results:
    """Score a model on held-out scenes of the emoji world.

    suites: of `ALL_SUITES`. seeds: the first also draws the scenes. out: folder for answers,
    results and reports; answers that are there already are not made again. quick: a few scenes of
    each kind. world: what the model knows, a key of `WORLDS`.
    Raises InputError for unknown names and for a folder that holds another run.
    """
    chosen, out = tuple(suites), Path(out)
    check_suites(chosen)
    if world not in WORLDS:
        raise InputError(f'no world "{world}": choose from {", ".join(WORLDS)}')
    if not seeds:
        raise InputError("there are no seeds: give at least one")
    candidate = ModelCandidate(model) if isinstance(model, Model) else model
    course = Course(WORLDS[world], tuple(seeds), candidate.size, candidate.frames, quick)
    record = {"model": candidate.identity, "seed": course.seeds[0], "world": world, "quick": quick}
    folder = open_folder(out, record)
    judge = Judge(course.world.vocabulary.styles)
    found = [_run(suite, candidate, course, judge, folder, watch) for suite in chosen]
    write_report(out, record, found)
    return {result.suite: dict(result.scores) for result in found}


@dataclass
class _Values:
    """Values of every metric by scene."""

    by_metric: dict[str, dict[str, list[float]]]

    def add(self, scores: dict[str, float], scene: str) -> None:
        for metric, value in scores.items():
            self.by_metric.setdefault(metric, {}).setdefault(scene, []).append(value)

    def scores(self) -> dict[str, list[float]]:
        return {metric: mean_with_interval(v) for metric, v in self.by_metric.items()}


def _run(
    suite: str, candidate: Candidate, course: Course, judge: Judge, folder: Path, watch: Watcher
) -> Result:
    if suite in MEASUREMENTS:
        watch(suite, 0, 1)
        values = getattr(measurements, suite)(candidate, course)
        counts = {metric: len(v) for metric, v in values.items()}
        return Result(suite, _Values(values).scores(), counts, {}, [])
    trials = list(SUITES[suite](course))
    asked = 0

    def done(number: int) -> None:
        nonlocal asked
        asked += number
        watch(suite, asked, len(trials))

    values, answered = _Values({}), []
    for trial, answer in zip(trials, collect(candidate, trials, folder, done), strict=True):
        ideal = candidate.reconstruct(trial.sample.target)
        made = verdict(judge, trial, answer, ideal)
        values.add(made.judged | made.measured, trial.scene)
        answered.append(Answered(trial, answer, made))
    if suite == "vocabulary":
        named = values.by_metric["named"]
        values.by_metric["known in 8 of 10 seeds"] = {
            scene: [float(np.mean(hits) >= 0.8)] for scene, hits in named.items()
        }
    counts = {metric: len(v) for metric, v in values.by_metric.items()}
    accuracy = judge_accuracy(judge, trials, candidate, watch)
    return Result(suite, values.scores(), counts, accuracy, answered)


def judge_accuracy(
    judge: Judge, trials: Sequence[Trial], candidate: Candidate, watch: Watcher
) -> dict[str, dict[str, float]]:
    """Metric -> damage -> share of true answers, damaged so, that the judge scores as true."""
    scenes = list({trial.scene: trial for trial in trials}.values())
    found: dict[str, dict[str, list[float]]] = {}
    for number, trial in enumerate(scenes):
        ideal = candidate.reconstruct(trial.sample.target)
        for name, damage in damages(lambda _, ideal=ideal: ideal).items():  # type: ignore[misc]
            seen = verdict(judge, trial, damage(trial.sample.target), ideal)
            for metric, value in seen.judged.items():
                found.setdefault(metric, {}).setdefault(name, []).append(value)
        watch(f"{trial.suite}: the judge itself", number + 1, len(scenes))
    return {
        metric: {name: round(float(np.mean(v)), 4) for name, v in rows.items()}
        for metric, rows in found.items()
    }
