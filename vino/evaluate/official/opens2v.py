"""OpenS2V-Eval (Yuan et al. 2025): clips of given subjects, 180 open-domain prompts.

Totals as eval/merge_result.py of OpenS2V-Nexus (version 1.1) computes them.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vino.errors import InputError
from vino.evaluate.files import write_whole
from vino.evaluate.official.benchmark import (
    Benchmark,
    Case,
    Mean,
    Scores,
    file_name,
    inside,
    mean,
    parse_json,
    read_text,
    shipped,
    text_of,
)
from vino.evaluate.official.measures import motion_amplitude
from vino.evaluate.official.questions import Question, Verdict
from vino.evaluate.official.rubrics import NATURAL
from vino.media import read_clip

NATURAL_FRAMES = 16  # of a clip, that the judge of naturalness sees
DOMAIN = "Open-Domain_Eval.json"
HUMAN = {"singlehuman", "singleface"}  # kinds of the human domain, which has no nexus score


@dataclass(frozen=True)
class Metric:
    """One of the scorers: what it writes, and how that becomes a score from 0 to 1.

    title: in the merged file. file, field: the scorer's own. weights: in the total of open and
    single domain, and of the human domain. low, high: become 0 and 1; values are clipped to
    `high`, and to a `low` that is not 0. of_all: it scores every clip, whatever is in it
    """

    title: str
    file: str
    field: str
    weights: tuple[float, float]
    low: float = 0.0
    high: float = 1.0
    of_all: bool = True

    def score(self, values: Sequence[float]) -> float:
        """The mean of the clipped values, from 0 to 1."""
        floor = self.low or -math.inf
        clipped = [min(max(value, floor), self.high) for value in values]
        return (mean(clipped) - self.low) / (self.high - self.low)


METRICS = (
    Metric("aes_score", "aesthetic_score", "aes_score", (0.16, 0.18), 4, 7),
    Metric("motion_smoothness", "motion_smoothness", "motion_smoothness", (0.06, 0.09)),
    Metric("motion_amplitude", "motion_amplitude", "motion_fb", (0.02, 0.03)),
    Metric("facesim_cur", "facesim", "cur_score", (0.20, 0.25), of_all=False),
    Metric("gme_score", "gmescore", "gme_score", (0.12, 0.15)),
    Metric("nexus_score", "nexusscore", "nexus_score", (0.20, 0.0), 0, 0.05, of_all=False),
    Metric("natural_score", "naturalscore", "", (0.24, 0.30), 1, 5),
)


class OpenS2V(Benchmark):
    """Clips of the subjects in one to three pictures: "{id}.mp4", all in one folder."""

    name, is_clip, samples, count = "opens2v", True, 1, 180
    task, bounds = "subject_clip", (0.0, 100.0)
    is_judged = True
    published = {"total": 57.85}  # noqa: RUF012
    note = (
        "vino itself computes motion amplitude, and naturalness with --judge; put the other .json "
        "files of the official scorers beside those, and read the folder with --results."
    )

    def cases(self, data: Path | None, folder: Path, samples: int | None) -> list[Case]:
        """data: the official folder, with its Images; or one of its *_Eval.json files."""
        if data is not None and data.is_file():
            root, source = data.parent, str(data)
            records = parse_json(read_text(data), data)
        else:
            root, source = data or Path("OpenS2V-Eval"), DOMAIN
            records = parse_json(shipped("opens2v.json"), source)
        if not isinstance(records, dict) or not records:
            raise InputError(f"{source} is no object of prompts: give the official file")
        return [_case(key, record, root, f"{source}, {key}") for key, record in records.items()]

    def measure(self, folder: Path, cases: Sequence[Case], results: Path) -> None:
        """Motion amplitude of the clips that there are."""
        there = [case for case in cases if (folder / case.files[0]).exists()]
        found = {
            case.name: {"motion_fb": motion_amplitude(read_clip(folder / case.files[0]))}
            for case in there
        }
        if found:
            write_whole(results / "motion_amplitude.json", json.dumps(found, indent=1))

    def questions(self, folder: Path, case: Case) -> list[Question]:
        return [NATURAL.question(case.name, (folder / case.files[0],), frames=NATURAL_FRAMES)]

    def verdict_files(
        self, cases: Sequence[Case], verdicts: Mapping[str, Verdict], folder: Path
    ) -> dict[str, str]:
        scores = {name: str(verdict.scores[0]) for name, verdict in verdicts.items()}
        return {"naturalscore_1.json": json.dumps(scores, indent=1)}

    def read_results(self, path: Path, cases: Sequence[Case]) -> Scores:
        """From the scorers' .json files in a folder, or from the merged {total_score, ...}."""
        domain = 1 if {case.kinds[0] for case in cases} <= HUMAN else 0
        needed = [metric for metric in METRICS if metric.weights[domain] > 0]
        samples: dict[str, dict[str, float]] = {}
        if path.is_dir():
            values = {metric: _values(path, metric) for metric in needed}
            found = {m.title: m.score(list(v.values())) for m, v in values.items() if v}
            is_whole = all(self.has_all(cases, values[m].keys()) for m in needed if m.of_all)
            for metric in reversed(needed):  # naturalness first: that weighs most
                for name, value in values[metric].items():
                    score = 100 * metric.score([value])
                    samples.setdefault(f"{name}.mp4", {})[metric.title] = score
        else:
            merged = parse_json(read_text(path), path)
            found = {m.title: _number(merged, m.title, path) for m in needed if m.title in merged}
            is_whole = len(cases) == self.count  # as far as a merged file says
        if not found:
            raise InputError(f"{path} has no score of OpenS2V: give the scorers' .json files")
        parts = {title: 100 * score for title, score in found.items()}
        means = {title: Mean(title) for title in parts}
        if len(found) < len(needed):
            return Scores(parts, False, samples=samples, means=means)
        total = sum(metric.weights[domain] * parts[metric.title] for metric in needed)
        return Scores({"total": total, **parts}, is_whole, samples=samples, means=means)


def _case(key: str, record: Any, root: Path, where: str) -> Case:
    prompt = text_of(record, "prompt", where)
    paths = record.get("img_paths")
    if not isinstance(paths, list) or not paths or not all(isinstance(p, str) for p in paths):
        raise InputError(f"{where}, has no img_paths: give the official file")
    kind = key.rpartition("_")[0] or key
    references = tuple(inside(root, path, where) for path in paths)
    return Case(key, (kind,), prompt, (f"{file_name(key, where)}.mp4",), references, record=record)


def _values(folder: Path, metric: Metric) -> dict[str, float]:
    """Clip -> the value of a metric; naturalness is the mean of up to three files.

    A nexus score of 0 is left out, as the official scorer does: nothing was found to compare.
    """
    found: dict[str, list[float]] = {}
    files = [folder / f"{metric.file}.json"]
    if not metric.field:
        files = [folder / f"{metric.file}_{i}.json" for i in (1, 2, 3)]
    for file in files:
        records = parse_json(read_text(file), file) if file.exists() else {}
        if not isinstance(records, dict):
            raise InputError(f"{file} is no result of OpenS2V: give the scorer's file")
        for name, record in records.items():
            value = _number(record if metric.field else {"": record}, metric.field, file)
            if metric.file in ("motion_amplitude", "motion_smoothness"):
                value = abs(value)
            if metric.file != "nexusscore" or value != 0:
                found.setdefault(name, []).append(value)
    return {name: mean(values) for name, values in found.items()}


def _number(record: Any, key: str, path: Path) -> float:
    """A number, which some scorers write as text."""
    try:
        value = record[key]
        if isinstance(value, bool) or not math.isfinite(number := float(value)):
            raise ValueError
        return number
    except (LookupError, TypeError, ValueError):
        raise InputError(f"{path} has a result without the number {key or 'it needs'}") from None
