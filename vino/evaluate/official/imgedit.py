"""ImgEdit-Bench (Ye et al. 2025), its basic suite: edits of pictures, of nine types.

As Benchmark/Basic of PKU-YuanGroup/ImgEdit: basic_bench.py writes result.json, step1_get_avgscore
averages the grades of a sample, step2_typescore the samples of a type; the paper reports the mean
over types.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vino.errors import InputError
from vino.evaluate.official.benchmark import (
    Benchmark,
    Case,
    Mean,
    Scores,
    file_name,
    inside,
    mean,
    means_by_kind,
    parse_json,
    read_text,
    text_of,
)
from vino.evaluate.official.questions import Question, Verdict
from vino.evaluate.official.rubrics import imgedit_rubric

PROMPTS = "basic_edit.json"
RESULTS = "result.json"
SCORE = "score"  # of a sample


class ImgEdit(Benchmark):
    """Edited pictures: "{key}.png", all in one folder."""

    name, is_clip, samples, count = "imgedit", False, 1, 737
    task, bounds = "image_edit", (1.0, 5.0)
    is_judged = True
    published = {"overall": 4.18}  # noqa: RUF012
    note = "The paper's judge is GPT-4o with the published rubric."

    def cases(self, data: Path | None, folder: Path, samples: int | None) -> list[Case]:
        """data: basic_edit.json with the pictures beside it, or the folder of both."""
        if data is None:
            raise InputError(f"imgedit needs --data: {PROMPTS} with the pictures beside it")
        path = data / PROMPTS if data.is_dir() else data
        records = parse_json(read_text(path), path)
        if not isinstance(records, dict) or not records:
            raise InputError(f"{path} is no object of edits: give the official {PROMPTS}")
        return [_case(key, record, path) for key, record in records.items()]

    def questions(self, folder: Path, case: Case) -> list[Question]:
        shown = (*case.references, folder / case.files[0])
        return [imgedit_rubric(case.kinds[0]).question(case.name, shown, case.text)]

    def verdict_files(
        self, cases: Sequence[Case], verdicts: Mapping[str, Verdict], folder: Path
    ) -> dict[str, str]:
        said = {}
        for case in cases:
            if case.name in verdicts:
                titles = [title for title, _ in imgedit_rubric(case.kinds[0]).criteria]
                scores = zip(titles, verdicts[case.name].scores, strict=True)
                said[case.name] = "\n".join(f"{title}: {score}" for title, score in scores)
        return {RESULTS: json.dumps(said, indent=1)}

    def read_results(self, path: Path, cases: Sequence[Case]) -> Scores:
        """From result.json: {key: the judge's answer}."""
        path = path / RESULTS if path.is_dir() else path
        answers = parse_json(read_text(path), path)
        if not isinstance(answers, dict):
            raise InputError(f"{path} is no object of answers: give the official result.json")
        by_name = {case.name: case for case in cases}
        samples = {}
        by_kind: dict[str, list[float]] = {}
        unusable = []
        for key, answer in answers.items():
            if key not in by_name:
                raise InputError(f'{path} has a result for "{key}", which --data does not have')
            grades = _grades(answer) if isinstance(answer, str) else []
            if grades:
                score, case = round(mean(grades), 2), by_name[key]
                by_kind.setdefault(case.kinds[0], []).append(score)
                samples[case.files[0]] = {SCORE: score}
            else:
                unusable.append(key)
        if not by_kind:
            raise InputError(f"{path} has no grades: give the official result.json")
        parts = {kind: round(mean(values), 2) for kind, values in sorted(by_kind.items())}
        values = {"overall": mean(parts.values()), **parts}
        means = {"overall": Mean(SCORE, tuple(frozenset({kind}) for kind in parts))}
        means |= means_by_kind(SCORE, parts)
        is_whole = self.has_all(cases, answers.keys())
        return Scores(values, is_whole, tuple(unusable), samples, means)


def _case(key: str, record: Any, path: Path) -> Case:
    where = f"{path}, {key}"
    source = inside(path.parent, text_of(record, "id", where), where)
    kind, prompt = text_of(record, "edit_type", where), text_of(record, "prompt", where)
    name = f"{file_name(key, where)}.png"
    return Case(key, (kind,), prompt, (name,), (source,), is_edit=True, record=record)


def _grades(answer: str) -> list[int]:
    """The whole numbers behind a colon and a space, each alone on its line (as step1 reads)."""
    lines = [line.strip().split(": ") for line in answer.splitlines()]
    return [int(line[1]) for line in lines if len(line) == 2 and line[1].isdecimal()]
