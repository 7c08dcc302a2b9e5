"""GEdit-Bench (Liu et al. 2025, Step1X-Edit): edits that users asked for, in eleven groups.

Folders as GEdit-Bench/generate_image_example.py of Step1X-Edit writes them. The scorer (VIEScore)
asks twice for two grades from 0 to 10: SC and PQ are the smaller of each pair, O = sqrt(SC PQ) of
every sample; means over the samples of a group, then over groups.
"""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vino.errors import InputError
from vino.evaluate.official.benchmark import (
    Benchmark,
    Case,
    Mean,
    Scores,
    check_different,
    file_name,
    inside,
    mean,
    parse_lines,
    read_text,
    text_of,
)
from vino.evaluate.official.parquet import read_columns, read_pictures
from vino.evaluate.official.questions import Question, Verdict
from vino.evaluate.official.rubrics import GEDIT_QUALITY, GEDIT_SEMANTIC
from vino.media import Frames, content_hash, read_picture

GROUPS = (
    "background_change", "color_alter", "material_alter", "motion_change", "ps_human",
    "style_change", "subject-add", "subject-remove", "subject-replace", "text_change",
    "tone_transfer",
)  # fmt: skip
NO_TEXT = "without text"  # as the paper reports: the model renders no text
FIELDS = ("key", "task_type", "instruction", "instruction_language")
RECORDS = "metadata.jsonl"  # of an unpacked copy: the fields, and the picture as file_name
SEMANTIC, QUALITY, OVERALL = "SC", "PQ", "O"
COLUMNS = ("source_image", "edited_image", "instruction", "sementics_score", "quality_score",
           "intersection_exist", "instruction_language")  # fmt: skip
Grades = dict[str, float]
"""O, SC and PQ of a sample."""


class GEdit(Benchmark):
    """Edited pictures: fullset/{group}/{language}/{key}.png and {key}_SRCIMG.png."""

    name, is_clip, samples, count = "gedit", False, 1, 1212
    task, bounds = "image_edit", (0.0, 10.0)
    is_judged = True
    published = {  # noqa: RUF012
        f"en {SEMANTIC} {NO_TEXT}": 7.26,
        f"en {QUALITY} {NO_TEXT}": 7.71,
        f"en O {NO_TEXT}": 6.88,
    }
    note = "The paper leaves the group text_change out; its judge reads the published rubric."

    def folder(self, out: Path, model: str) -> Path:
        return out / self.name / model

    def cases(self, data: Path | None, folder: Path, samples: int | None) -> list[Case]:
        """data: the official .parquet files, or metadata.jsonl with pictures, or their folder."""
        if data is None:
            raise InputError("gedit needs --data: the folder of the official .parquet files")
        packed = _packed(data)
        path = data if packed else _records(data)
        records = read_columns(packed, FIELDS) if packed else parse_lines(read_text(path), path)
        made = [_case(r, f"{path}, record {i}", folder) for i, r in enumerate(records)]
        return check_different(made, path)

    def reference_hashes(self, data: Path | None, cases: Sequence[Case]) -> list[list[str]]:
        assert data is not None  # or there are no cases
        return [[content_hash(made)] for _, made in _pictures(data, dict(enumerate(cases)))]

    def companions(self, cases: Sequence[Case]) -> list[str]:
        return [_source(case) for case in cases]

    def prepare(self, data: Path | None, folder: Path, cases: Sequence[Case]) -> None:
        assert data is not None  # or there are no cases
        missing = {i: c for i, c in enumerate(cases) if not (folder / _source(c)).exists()}
        for case, picture in _pictures(data, missing):
            picture.save(folder / _source(case))

    def questions(self, folder: Path, case: Case) -> list[Question]:
        source, edited = folder / _source(case), folder / case.files[0]
        return [
            GEDIT_SEMANTIC.question(
                f"{case.name} {SEMANTIC}", (source, edited), case.text, like=source
            ),
            GEDIT_QUALITY.question(f"{case.name} {QUALITY}", (edited,), like=source),
        ]

    def verdict_files(
        self, cases: Sequence[Case], verdicts: Mapping[str, Verdict], folder: Path
    ) -> dict[str, str]:
        rows: dict[str, list[dict[str, Any]]] = {}
        for case in cases:
            asked = f"{case.name} {SEMANTIC}", f"{case.name} {QUALITY}"
            if verdicts.keys() >= set(asked):
                semantic, quality = (min(verdicts[name].scores) for name in asked)
                rows.setdefault(case.kinds[0], []).append(_row(case, folder, semantic, quality))
        return {f"{folder.name}_{group}_gpt_score.csv": _table(rows[group]) for group in rows}

    def read_results(self, path: Path, cases: Sequence[Case]) -> Scores:
        """From one of the scorer's {model}_{group}_gpt_score.csv files, or from their folder."""
        files = sorted(path.glob("*_score.csv")) if path.is_dir() else [path]
        found: dict[frozenset[str], list[Grades]] = {}
        samples: dict[str, Grades] = {}
        languages = set()
        for file in files:
            if path.is_dir() and "_combined_" in file.name:
                continue  # every row a second time
            for group, language, name, grades in _results(file):
                found.setdefault(frozenset({group, language}), []).append(grades)
                samples[name] = grades
                languages.add(language)
        if not found:
            raise InputError(f"{path} has no scores of GEdit: give the *_gpt_score.csv files")
        means: dict[str, Mean] = {}
        for language in sorted(languages, reverse=True):
            means |= _means(language, [g for g in GROUPS if frozenset({g, language}) in found])
        values = {
            title: mean(mean(grades[m.metric] for grades in found[kinds]) for kinds in m.groups)
            for title, m in means.items()
        }
        is_whole = self.has_all(cases, samples.keys())
        of_files = {f"fullset/{name}.png": grades for name, grades in samples.items()}
        return Scores(values, is_whole, samples=of_files, means=means)


def _means(language: str, groups: Sequence[str]) -> dict[str, Mean]:
    """SC, PQ and O of one language: without text, of all groups, and O of every group."""
    kinds = {group: frozenset({group, language}) for group in groups}
    without = tuple(kinds[group] for group in groups if group != "text_change")
    found = {}
    for label, chosen in ((f" {NO_TEXT}", without), ("", tuple(kinds.values()))):
        for metric in (SEMANTIC, QUALITY, OVERALL) if chosen else ():
            found[f"{language} {metric}{label}"] = Mean(metric, chosen)
    return found | {f"{language} {OVERALL} {g}": Mean(OVERALL, (kinds[g],)) for g in groups}


def _results(path: Path) -> Iterator[tuple[str, str, str, Grades]]:
    """(group, language, name of the case, O, SC and PQ) of every row."""
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""))
    for number, row in enumerate(reader, 2):
        where = f"{path}, line {number},"
        parts = Path(text_of(row, "edited_image", where).replace("\\", "/")).parts
        language = text_of(row, "instruction_language", where)
        try:
            group = parts[parts.index("fullset") + 1]
            sc, pq = float(row["sementics_score"]), float(row["quality_score"])
        except (ValueError, LookupError, TypeError):
            raise InputError(f"{where} is no result of GEdit: give *_gpt_score.csv") from None
        if group not in GROUPS or not all(0 <= score <= 10 for score in (sc, pq)):
            raise InputError(f"{where} has no group of GEdit, or a score that is not 0 to 10")
        grades = {OVERALL: math.sqrt(sc * pq), SEMANTIC: sc, QUALITY: pq}
        yield group, language, f"{group}/{language}/{Path(parts[-1]).stem}", grades


def _case(record: Mapping[str, Any], where: str, folder: Path) -> Case:
    key, group, prompt, language = (text_of(record, field, where) for field in FIELDS)
    if group not in GROUPS:
        raise InputError(f'{where} has the task_type "{group}", which is no group of GEdit')
    below = f"fullset/{group}/{file_name(language, where)}/{file_name(key, where)}"
    source = folder / f"{below}_SRCIMG.png"
    name = below.removeprefix("fullset/")
    return Case(
        name, (group, language), prompt, (f"{below}.png",), (source,), is_edit=True, record=record
    )


def _pictures(data: Path, cases: Mapping[int, Case]) -> Iterator[tuple[Case, Frames]]:
    """What is edited, from the official data, of cases by the numbers of their records."""
    if packed := _packed(data):
        for index, picture in read_pictures(packed, "input_image", set(cases)):
            yield cases[index], picture
        return
    root = _records(data).parent
    for case in cases.values():
        path = inside(root, text_of(case.record, "file_name", case.name), case.name)
        yield case, read_picture(path)


def _row(case: Case, folder: Path, semantic: int, quality: int) -> dict[str, Any]:
    """What the scorer writes of a sample."""
    values = (
        str(folder / _source(case)),
        str(folder / case.files[0]),
        case.text,
        semantic,
        quality,
        case.record.get("Intersection_exist", ""),
        case.kinds[1],
    )
    return dict(zip(COLUMNS, values, strict=True))


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    """CSV with a header."""
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _source(case: Case) -> str:
    return case.files[0].removesuffix(".png") + "_SRCIMG.png"


def _packed(data: Path) -> list[Path]:
    """The .parquet files, in the order of their names."""
    if data.is_dir():
        return sorted(p for p in data.rglob("*.parquet") if p.is_file())
    return [data] if data.suffix == ".parquet" else []


def _records(data: Path) -> Path:
    return data / RECORDS if data.is_dir() else data
