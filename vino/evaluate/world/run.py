"""One suite of the world: ask, judge, and measure the judge."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import Path

import cv2
import numpy as np

from vino.data.world.samples import Sample
from vino.data.world.sheet import contact_sheet
from vino.data.world.vocabulary import FULL, Vocabulary
from vino.evaluate.answers import collect, output_of, read_answer, unanswered, write_references
from vino.evaluate.candidate import Candidate
from vino.evaluate.results import Answered, Result
from vino.evaluate.statistics import SHARE, mean_with_interval
from vino.evaluate.world.damage import damages
from vino.evaluate.world.judging import Bench
from vino.evaluate.world.pace import Pace, Watcher
from vino.evaluate.world.suites import MEASUREMENTS, SUITES
from vino.evaluate.world.trials import Course, Trial
from vino.evaluate.world.verdicts import Verdict

SHOWN = 48  # answers on a sheet
ENLARGED = 2
NAMED = ("in its style", "named")  # what has to be right of a word: the first that is asked
MANY = 10  # seeds that tell what is known
KNOWN = 0.8  # share of the seeds in which a word has to be drawn right to count as known


@dataclass(frozen=True, eq=False)
class Examination:
    """What all suites of a run share."""

    candidate: Candidate
    course: Course
    bench: Bench
    pace: Pace
    out: Path
    watch: Watcher


def measure(name: str, exam: Examination) -> Result:
    """What a suite without questions measures."""
    measurement = MEASUREMENTS[name]
    exam.watch(name, 0, 1, exam.pace.seconds_left)
    values = measurement.take(exam.candidate, exam.course)
    scores = {
        m: mean_with_interval(v, SHARE if m in measurement.shares else None)
        for m, v in values.items()
    }
    counts = {metric: len(scenes) for metric, scenes in values.items()}
    return Result(name, measurement.about, scores, counts, {}, [])


Judged = list[tuple[str, Trial, Future[Verdict]]]
"""Verdicts on true answers, each with the name of the damage done to it."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A suite whose answers are there, while verdicts come in.

    verdicts: by the keys of the trials. accuracy: the judge on true answers
    """

    name: str
    trials: Sequence[Trial]
    verdicts: Mapping[str, Future[Verdict]]
    accuracy: Judged

    def pending(self) -> list[Future[Verdict]]:
        """Verdicts that are not there yet; raises what went wrong with the others."""
        every = [*self.verdicts.values(), *(seen for _, _, seen in self.accuracy)]
        for one in every:
            if one.done():
                one.result()
        return [one for one in every if not one.done()]


def ask(name: str, trials: Sequence[Trial], exam: Examination) -> Asked:
    """Have a candidate answer the questions of one suite, and have the answers judged."""
    ideals = {t.scene: exam.candidate.reconstruct(t.sample.target) for t in _scenes(trials)}
    accuracy = judge_accuracy(exam, trials, ideals)
    verdicts = {
        trial.key: exam.bench.judge(trial, answer, ideals[trial.scene])
        for trial, answer in _answers(name, exam, trials)
    }
    return Asked(name, trials, verdicts, accuracy)


def score(asked: Asked, exam: Examination) -> Result:
    """Score a suite, when all verdicts on it are there."""
    trials, accuracy = asked.trials, asked.accuracy
    metrics = {trial.scene: seen.result().judged for _, trial, seen in accuracy}
    tally, answered = Tally(), []
    for trial in trials:
        made = asked.verdicts[trial.key].result().of(metrics.get(trial.scene, ()))
        tally.add(trial, made)
        answered.append(_record(trial, made, exam.out))
    scenes = _scenes(trials)
    seeds = len(trials) // max(1, len(scenes))
    tally.add_known(seeds)
    if seeds >= MANY:
        tally.add_coverage(exam.course.world.vocabulary, seeds)
    _write_sheets(exam.out, asked.name, answered, trials)
    counts = {metric: len(values) for metric, values in tally.rows().items()}
    about = f"{SUITES[asked.name].about} {_seeds(trials)}".strip()
    return Result(asked.name, about, tally.scores(), counts, _shares(accuracy, seeds), answered)


def known_in(seeds: int) -> str:
    """The metric of what is drawn right with nearly every seed."""
    return f"known in {ceil(KNOWN * seeds)} of {seeds} seeds"


def pairs_of(vocabulary: Vocabulary) -> int:
    """How many concepts there are, each in every style."""
    return len(vocabulary.concepts) * len(vocabulary.styles)


@dataclass
class Tally:
    """Values of every metric by group and scene; verdicts are told by group too."""

    values: dict[str, dict[str, dict[str, list[float]]]] = field(default_factory=dict)
    judged: set[str] = field(default_factory=set)
    shares: set[str] = field(default_factory=set)

    def add(self, trial: Trial, made: Verdict) -> None:
        self.judged |= set(made.judged)
        self.shares |= {m for m, value in made.measured.items() if isinstance(value, bool)}
        for metric, value in (made.judged | made.measured).items():
            group = self.values.setdefault(metric, {}).setdefault(trial.group, {})
            group.setdefault(trial.scene, []).append(value)

    def add_known(self, seeds: int) -> None:
        """Add the share of words that are drawn right, in their style, with nearly every seed."""
        metric = next((m for m in NAMED if m in self.values), None)
        if metric is None:
            return
        name = known_in(seeds)
        self.judged.add(name)
        self.values[name] = {
            group: {scene: [float(np.mean(hits) >= KNOWN)] for scene, hits in scenes.items()}
            for group, scenes in self.values[metric].items()
        }

    def add_coverage(self, vocabulary: Vocabulary, seeds: int) -> None:
        """Add how much of the whole world that is: what a smaller vocabulary lacks is not known."""
        if (known := self.values.get(known_in(seeds))) is None:
            return
        share = pairs_of(vocabulary) / pairs_of(FULL)
        self.values[f"known of all {pairs_of(FULL):,} pairs"] = {
            group: {scene: [value * share for value in values] for scene, values in scenes.items()}
            for group, scenes in known.items()
        }

    def rows(self) -> dict[str, dict[str, list[float]]]:
        """Metric -> scene -> values; the rows of the groups stand below their metric's."""
        rows: dict[str, dict[str, list[float]]] = {}
        for metric, groups in self.values.items():
            rows[metric] = {scene: v for scenes in groups.values() for scene, v in scenes.items()}
            if metric in self.judged and len(groups) > 1:
                rows.update({f"{metric}: {group}": scenes for group, scenes in groups.items()})
        return rows

    def scores(self) -> dict[str, list[float]]:
        yes_or_no = self.judged | self.shares
        return {
            metric: mean_with_interval(
                values, SHARE if metric.partition(": ")[0] in yes_or_no else None
            )
            for metric, values in self.rows().items()
        }


def judge_accuracy(
    exam: Examination, trials: Sequence[Trial], ideals: Mapping[str, np.ndarray]
) -> Judged:
    """Have the judge look at every true answer, damaged in every way."""
    made = []
    for trial in _scenes(trials):
        ideal = ideals[trial.scene]
        again = lambda _, ideal=ideal: ideal  # noqa: E731
        for name, damage in damages(again, exam.course.quick).items():
            damaged = damage(trial.sample.target)  # kept as well as it can be, then
            made.append((name, trial, exam.bench.judge(trial, damaged, damaged)))
    return made


def _shares(judged: Judged, seeds: int) -> dict[str, dict[str, float]]:
    """Metric -> damage -> share of true answers, damaged so, that the judge scores as true.

    seeds: with which every scene was asked
    """
    tallies: dict[str, Tally] = {}
    for name, trial, seen in judged:
        tallies.setdefault(name, Tally()).add(trial, replace(seen.result(), measured={}))
    found: dict[str, dict[str, float]] = {}
    for name, tally in tallies.items():
        tally.add_known(seeds)
        for metric, values in tally.rows().items():
            found.setdefault(metric, {})[name] = float(np.mean([*values.values()]))
    return found


def _seeds(trials: Sequence[Trial]) -> str:
    """With how many seeds pictures and clips were asked."""
    told = []
    for kind, is_clip in (("pictures", False), ("clips", True)):
        if few := [trial for trial in trials if trial.is_clip == is_clip]:
            count = len(few) // len(_scenes(few))
            told.append(f"{kind} with {count} seed{'s' * (count > 1)}")
    return f"Asked: {', '.join(told)}." if told else ""


def _scenes(trials: Sequence[Trial]) -> list[Trial]:
    """One trial of every scene."""
    return list({trial.scene: trial for trial in trials}.values())


def _answers(
    name: str, exam: Examination, trials: Sequence[Trial]
) -> Iterator[tuple[Trial, np.ndarray]]:
    """All answers as they are made, and word of how far that has come."""
    missing, done = set(unanswered(trials, exam.out)), 0
    for pack in collect(exam.candidate, trials, exam.out):
        exam.pace.answered([trial for trial, _ in pack if trial in missing])
        done += len(pack)
        exam.watch(name, done, len(trials), exam.pace.seconds_left)
        yield from pack


def _record(trial: Trial, made: Verdict, out: Path) -> Answered:
    return Answered(
        suite=trial.suite,
        key=trial.key,
        scene=trial.scene,
        seed=trial.seed,
        task=trial.sample.task,
        group=trial.group,
        prompt=trial.sample.prompt,
        references=write_references(trial, out),
        output=output_of(trial),
        judged=made.judged,
        measured={metric: round(value, 4) for metric, value in made.measured.items()},
        why=tuple(made.why),
    )


def _write_sheets(
    out: Path, suite: str, answered: Sequence[Answered], trials: Sequence[Trial]
) -> None:
    """Contact sheets of successes and of failures."""
    folder = out / "sheets"
    folder.mkdir(exist_ok=True)
    for name, wanted in (("successes", True), ("failures", False)):
        path = folder / f"{suite}-{name}.png"
        path.unlink(missing_ok=True)
        both = zip(answered, trials, strict=True)
        chosen = [trial for one, trial in both if one.is_success == wanted][:SHOWN]
        if chosen:
            sheet = contact_sheet([_enlarged(t.sample, read_answer(t, out)) for t in chosen])
            cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


def _enlarged(sample: Sample, answer: np.ndarray) -> Sample:
    """The sample with an answer for its target, all of it enlarged."""
    larger = lambda video: video.repeat(ENLARGED, 1).repeat(ENLARGED, 2)  # noqa: E731
    segments = tuple(s if isinstance(s, str) else larger(s) for s in sample.segments)
    return replace(sample, segments=segments, target=larger(answer))
