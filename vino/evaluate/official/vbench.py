"""VBench (Huang et al. 2023): sixteen dimensions of clips from 946 prompts.

Totals as scripts/cal_final_score.py and constant.py of Vchitect/VBench compute them.
"""

import json
import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
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
    mean,
    parse_json,
    read_text,
    shipped,
    text_of,
)
from vino.evaluate.official.measures import temporal_flickering
from vino.media import read_clip

FLICKERING = "temporal_flickering"
FLICKERING_SAMPLES = 25  # of its prompts, of which the official scorer keeps the still ones


@dataclass(frozen=True)
class Dimension:
    """Scores from `low` to `high` become 0 to 1 before they are averaged with their weight."""

    low: float = 0.0
    high: float = 1.0
    weight: float = 1.0

    def normalised(self, score: float) -> float:
        return (score - self.low) / (self.high - self.low)


QUALITY = {
    "subject_consistency": Dimension(0.1462),
    "background_consistency": Dimension(0.2615),
    FLICKERING: Dimension(0.6293),
    "motion_smoothness": Dimension(0.706, 0.9975),
    "dynamic_degree": Dimension(weight=0.5),
    "aesthetic_quality": Dimension(),
    "imaging_quality": Dimension(),
}
SEMANTIC = {
    "object_class": Dimension(),
    "multiple_objects": Dimension(),
    "human_action": Dimension(),
    "color": Dimension(),
    "spatial_relationship": Dimension(),
    "scene": Dimension(high=0.8222),
    "appearance_style": Dimension(0.0009, 0.2855),
    "temporal_style": Dimension(high=0.364),
    "overall_consistency": Dimension(high=0.364),
}
DIMENSIONS = QUALITY | SEMANTIC
QUALITY_WEIGHT = 4  # of the total, against 1 of the semantic score


class VBench(Benchmark):
    """Clips from text, all in one folder: "{prompt}-0.mp4" to "-4.mp4" ("-24" for flickering)."""

    name, is_clip, samples, count = "vbench", True, FLICKERING_SAMPLES, 944
    task, bounds = "t2v", (0.0, 100.0)
    published = {  # noqa: RUF012
        "total": 82.80, "quality": 84.00, "semantic": 78.01, "subject_consistency": 95.99,
        "background_consistency": 97.65, "temporal_flickering": 99.31, "motion_smoothness": 98.73,
        "dynamic_degree": 58.33, "aesthetic_quality": 65.58, "imaging_quality": 64.43,
        "object_class": 91.09, "multiple_objects": 69.04, "human_action": 94.00, "color": 90.77,
        "spatial_relationship": 67.85, "scene": 46.74, "appearance_style": 24.73,
        "temporal_style": 26.29, "overall_consistency": 26.83,
    }  # fmt: skip
    note = (
        "vino itself computes temporal flickering alone, and over all clips: the official filter "
        "that keeps the still ones needs a network (RAFT). The official scorer gives the rest."
    )

    def cases(self, data: Path | None, folder: Path, samples: int | None) -> list[Case]:
        text = shipped("vbench.json") if data is None else read_text(data)
        records = parse_json(text, data or self.name)
        if not isinstance(records, list) or not records:
            raise InputError(f"{data} is no list of records: give the official file")
        made: dict[str, Case] = {}
        for index, record in enumerate(records):
            case = self._case(record, f"{data or self.name}, record {index},", samples)
            if case.text in made:  # two prompts serve different dimensions twice
                case = replace(case, kinds=(*made[case.text].kinds, *case.kinds))
            made[case.text] = case
        return list(made.values())

    def _case(self, record: Any, where: str, samples: int | None) -> Case:
        prompt = file_name(text_of(record, "prompt_en", where), where)
        kinds = record.get("dimension")
        if not isinstance(kinds, list) or not kinds or not set(map(str, kinds)) <= set(DIMENSIONS):
            raise InputError(f"{where} has no VBench dimensions: give the official file")
        count = samples or (FLICKERING_SAMPLES if FLICKERING in kinds else 5)
        names = tuple(f"{prompt}-{i}.mp4" for i in range(count))
        return Case(prompt, tuple(kinds), prompt, names, record=record)

    def measure(self, folder: Path, cases: Sequence[Case], results: Path) -> None:
        """Temporal flickering of the clips that there are."""
        paths = [folder / n for case in cases if FLICKERING in case.kinds for n in case.files]
        there = [path for path in paths if path.exists()]
        if not there:
            return
        found = [(path.name, temporal_flickering(read_clip(path))) for path in there]
        details = [{"video_path": name, "video_results": value} for name, value in found]
        score = mean(value for _, value in found)
        written = json.dumps({FLICKERING: [score, details]}, indent=1)
        write_whole(results / f"{FLICKERING}_eval_results.json", written)

    def read_results(self, path: Path, cases: Sequence[Case]) -> Scores:
        """From {dimension: [score, details]} in one file, or in the files of a folder."""
        found: dict[str, Result] = {}
        for file in sorted(path.glob("*.json")) if path.is_dir() else [path]:
            found |= _results(parse_json(read_text(file), file), file)
        if not found:
            raise InputError(f"{path} has no score of VBench: give *_eval_results.json")
        scores = {name: result.score for name, result in found.items()}
        is_whole = len(cases) == self.count and found.keys() == DIMENSIONS.keys()
        samples: dict[str, dict[str, float]] = {}
        for name, result in found.items():
            for clip, value in result.parts.items():
                samples.setdefault(clip, {})[name] = 100 * value
        return Scores(
            {**totals(scores), **{k: 100 * scores[k] for k in DIMENSIONS if k in scores}},
            is_whole and all(_is_covered(d, cases, r.clips.keys()) for d, r in found.items()),
            samples=samples,
            means={name: Mean(name) for name, result in found.items() if result.parts},
        )


@dataclass(frozen=True)
class Result:
    """Of one dimension, a score from 0 to 1; clips: what its details say, by the clip's name."""

    score: float
    clips: Mapping[str, Any]

    @property
    def parts(self) -> Mapping[str, float]:
        """The scores of clips, where those are what the score is the mean of."""
        values = [v for v in self.clips.values() if isinstance(v, int | float)]
        is_mean = len(values) == len(self.clips) > 0 and math.isclose(
            mean(values), self.score, abs_tol=1e-4
        )
        return self.clips if is_mean else {}


def totals(scores: Mapping[str, float]) -> dict[str, float]:
    """Total, quality and semantic score in percent, as far as their dimensions are there."""
    found = {}
    for title, dimensions in (("quality", QUALITY), ("semantic", SEMANTIC)):
        if dimensions.keys() <= scores.keys():
            whole = sum(d.weight * d.normalised(scores[name]) for name, d in dimensions.items())
            found[title] = 100 * whole / sum(d.weight for d in dimensions.values())
    if len(found) < 2:
        return found
    weighted = QUALITY_WEIGHT * found["quality"] + found["semantic"]
    return {"total": weighted / (QUALITY_WEIGHT + 1), **found}


def _results(results: Any, path: Path) -> dict[str, Result]:
    """What is said of every dimension."""
    found: dict[str, Result] = {}
    for key, value in results.items() if isinstance(results, dict) else ():
        name = key.replace(" ", "_")
        score = value[0] if isinstance(value, list) and value else value
        if name not in DIMENSIONS:
            raise InputError(f'{path} has "{key}", which is no dimension of VBench')
        if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
            raise InputError(f"{path}: the score of {key} must be from 0 to 1, not {score}")
        found[name] = Result(float(score), _clips(value))
    return found


def _clips(result: Any) -> dict[str, Any]:
    """What the details of a result say of every clip, by its name."""
    details = result[1] if isinstance(result, list) and len(result) > 1 else None
    if not isinstance(details, list):
        return {}
    named = [(one.get("video_path"), one) for one in details if isinstance(one, dict)]
    return {Path(p).name: one.get("video_results") for p, one in named if isinstance(p, str)}


def _is_covered(dimension: str, cases: Sequence[Case], clips: Set[str]) -> bool:
    """Whether all clips are there: of flickering, which takes still ones alone, one a prompt."""
    wanted = [set(case.files) for case in cases if dimension in case.kinds]
    return all(files & clips if dimension == FLICKERING else files <= clips for files in wanted)
