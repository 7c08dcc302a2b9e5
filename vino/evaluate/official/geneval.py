"""GenEval (Ghosh et al. 2023): objects, counts, colours and places of 553 prompts.

A detector judges; its official scorer (djghosh13/geneval, evaluation/evaluate_images.py) writes
one line for every picture, and summary_scores.py averages the accuracies of the six tags.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from vino.errors import InputError
from vino.evaluate.files import write_whole
from vino.evaluate.official.benchmark import (
    Benchmark,
    Case,
    Mean,
    Scores,
    mean,
    means_by_kind,
    parse_lines,
    read_text,
    shipped,
    text_of,
)

TAGS = ("single_object", "two_object", "counting", "colors", "position", "color_attr")
CORRECT = "correct"


class GenEval(Benchmark):
    """Pictures from text: 00000/metadata.jsonl and 00000/samples/0000.png for every prompt."""

    name, is_clip, samples, count = "geneval", False, 4, 553
    task, bounds, is_yes_or_no = "t2i", (0.0, 1.0), True
    published = {"overall": 0.59}  # noqa: RUF012  (0.75 with rewritten prompts)
    note = "Score the pictures with the official evaluation/evaluate_images.py."

    def cases(self, data: Path | None, folder: Path, samples: int | None) -> list[Case]:
        text = shipped("geneval.jsonl") if data is None else read_text(data)
        made = []
        for index, record in enumerate(parse_lines(text, data or self.name)):
            where = f"{data or self.name}, prompt {index}"
            tag = text_of(record, "tag", where)
            if tag not in TAGS or not isinstance(record.get("include"), list):
                raise InputError(f"{where}, is no GenEval record: give the official file")
            names = (f"{index:05}/samples/{i:04}.png" for i in range(samples or self.samples))
            prompt = text_of(record, "prompt", where)
            made.append(Case(f"{index:05}", (tag,), prompt, tuple(names), record=record))
        return made

    def companions(self, cases: Sequence[Case]) -> list[str]:
        return [f"{case.name}/metadata.jsonl" for case in cases]

    def prepare(self, data: Path | None, folder: Path, cases: Sequence[Case]) -> None:
        for case in cases:
            write_whole(folder / case.name / "metadata.jsonl", json.dumps(case.record))

    def read_results(self, path: Path, cases: Sequence[Case]) -> Scores:
        """From results.jsonl: {tag, prompt, correct, filename, ...} of every picture."""
        hits: dict[str, list[bool]] = {}
        there, samples, why = set(), {}, {}
        for number, line in enumerate(parse_lines(read_text(path), path), 1):
            where = f"{path}, line {number},"
            tag, correct = text_of(line, "tag", where), line.get("correct")
            if tag not in TAGS or not isinstance(correct, bool):
                raise InputError(f"{where} is no result of GenEval: give the scorer's .jsonl file")
            hits.setdefault(tag, []).append(correct)
            file = "/".join(Path(str(line.get("filename", ""))).parts[-3:])
            there.add((text_of(line, "prompt", where), file))
            samples[file] = {CORRECT: float(correct)}
            why[file] = str(line.get("reason") or "")
        parts = {tag: mean(hits[tag]) for tag in TAGS if tag in hits}
        wanted = {(case.text, file) for case in cases for file in case.files}
        is_whole = len(cases) == self.count and wanted <= there
        means = {"overall": Mean(CORRECT, tuple(frozenset({tag}) for tag in parts))}
        means |= means_by_kind(CORRECT, parts)
        values = {"overall": mean(parts.values()), **parts}
        return Scores(values, is_whole, samples=samples, means=means, why=why)
