"""OpenVE-Bench (He et al. 2025): 431 edits of videos, of eight types.

As OpenVE-Bench/gemini_benchmark.py of OpenVE-Team/OpenVE-3M (the scorers of its other judges count
alike): a sample's score is the mean of its grades; samples below 1 or above 5 are left out; the
overall score is the mean over all samples, not over types, whose numbers of samples differ.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from vino.errors import InputError
from vino.evaluate.files import write_whole
from vino.evaluate.official.benchmark import (
    Benchmark,
    Case,
    Mean,
    Scores,
    check_different,
    file_name,
    inside,
    mean,
    means_by_kind,
    read_text,
    text_of,
)
from vino.evaluate.official.questions import Question, Verdict
from vino.evaluate.official.rubrics import openve_rubric

PROMPTS = "benchmark_videos.csv"
MADE = "new_result.csv"  # the official scorer's input: the prompts, and where the edits are
MADE_PATH = "edited_result_path"
ROOT = "OpenVE-Bench"  # the folder that some copies' paths begin with
RESULTS = "new_result_score.csv"
SCORE = "score"  # of a sample
Rows = list[dict[str, str]]


class OpenVE(Benchmark):
    """Edited videos: "{name of the source}_edited.mp4", and the scorer's list of them."""

    name, is_clip, samples, count = "openve", True, 1, 431
    task, bounds = "video_edit", (1.0, 5.0)
    is_judged = True
    published = {"overall": 3.18}  # noqa: RUF012
    note = (
        "The paper reports 3.18 with Gemini 2.5 Pro as the judge, and 4.34 with Qwen3-VL. "
        "Overall is the mean over all samples, as the official scorer has it."
    )

    def cases(self, data: Path | None, folder: Path, samples: int | None) -> list[Case]:
        """data: benchmark_videos.csv with the videos beside it, or the folder of both."""
        if data is None:
            raise InputError(f"openve needs --data: {PROMPTS} with the videos beside it")
        path = data / PROMPTS if data.is_dir() else data
        made = []
        for number, row in enumerate(_rows(path), 2):
            where = f"{path}, line {number}"
            named = text_of(row, "original_video", where).removeprefix(f"{ROOT}/")
            source = inside(path.parent, named, where)
            name = file_name(_edited(source.stem), where)
            kind, prompt = text_of(row, "edited_type", where), text_of(row, "prompt", where)
            case = Case(source.stem, (kind,), prompt, (name,), (source,), is_edit=True, record=row)
            made.append(case)
        return check_different(made, path)

    def companions(self, cases: Sequence[Case]) -> list[str]:
        return [MADE]

    def prepare(self, data: Path | None, folder: Path, cases: Sequence[Case]) -> None:
        rows = [
            {**case.record, MADE_PATH: str((folder / case.files[0]).resolve())} for case in cases
        ]
        write_whole(folder / MADE, _table(rows))

    def questions(self, folder: Path, case: Case) -> list[Question]:
        shown = (*case.references, folder / case.files[0])
        return [openve_rubric(case.kinds[0]).question(case.name, shown, case.text)]

    def verdict_files(
        self, cases: Sequence[Case], verdicts: Mapping[str, Verdict], folder: Path
    ) -> dict[str, str]:
        rows = []
        for case in cases:
            if case.name in verdicts:
                titles = [title for title, _ in openve_rubric(case.kinds[0]).criteria]
                scores = verdicts[case.name].scores
                pairs = zip(titles, scores, strict=True)
                said = "\\n".join(f"{title}: {score}" for title, score in pairs)
                rows.append({**case.record, "results": said, "average": f"{mean(scores):.2f}"})
        return {RESULTS: _table(rows)}

    def read_results(self, path: Path, cases: Sequence[Case]) -> Scores:
        """From the scorer's CSV: the prompts' columns, the answers as `results`, and `average`."""
        path = path / RESULTS if path.is_dir() else path
        by_kind: dict[str, list[float]] = {}
        unusable: list[str] = []
        there: set[str] = set()
        samples = {}
        for number, row in enumerate(_rows(path), 2):
            where = f"{path}, line {number}"
            name = Path(text_of(row, "original_video", where)).stem
            there.add(name)
            grades = _grades(row.get("results") or "")
            average = round(mean(grades), 2) if grades else 0.0
            if 1 <= average <= 5:
                by_kind.setdefault(text_of(row, "edited_type", where), []).append(average)
                samples[_edited(name)] = {SCORE: average}
            else:
                unusable.append(name)
        if not by_kind:
            raise InputError(f"{path} has no grades: give the CSV the official scorer wrote")
        everything = [value for values in by_kind.values() for value in values]
        parts = {kind: round(mean(values), 2) for kind, values in sorted(by_kind.items())}
        values = {"overall": round(mean(everything), 2), **parts}
        means = {"overall": Mean(SCORE)}
        means |= means_by_kind(SCORE, parts)
        return Scores(values, self.has_all(cases, there), tuple(unusable), samples, means)


def _edited(name: str) -> str:
    """The file of an edit of the video of this name."""
    return f"{name}_edited.mp4"


def _grades(answer: str) -> list[float]:
    """All numbers behind a colon (as the scorer reads them)."""
    if answer.startswith("ERROR"):
        return []
    return [float(number) for number in re.findall(r":\s*(\d+\.?\d*)", answer)]


def _rows(path: Path) -> Rows:
    """A CSV file with a header; InputError for one without the benchmark's columns."""
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise InputError(f"{path} is damaged ({error}): give the official file") from None
    missing = {"original_video", "prompt", "edited_type"} - set(reader.fieldnames or ())
    if missing or not rows:
        columns = ", ".join(sorted(missing)) or "rows"
        raise InputError(f"{path} has no {columns}: give the official file")
    for number, row in enumerate(rows, 1):
        if None in row or None in row.values():
            raise InputError(
                f"{path}, row {number}, has not as many fields as the header: quote those with "
                "commas, or give the official file"
            )
    return rows


def _table(rows: Sequence[Mapping[str, object]]) -> str:
    """CSV with a header."""
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()
