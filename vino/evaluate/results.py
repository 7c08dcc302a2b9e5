"""What was asked, answered and found: results.jsonl, one line an answer."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vino.errors import InputError
from vino.evaluate.files import write_whole

NAME = "results.jsonl"


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One answer and its verdict, as a line of results.jsonl.

    key: names the answer; scene: names the question, asked with every seed
    group: what sort of question it is within its suite ("unseen", "held-out style", ...)
    references, output: files, relative to the results' folder
    judged: metric -> from 0 to 1, where the judge may err; measured: metric -> number
    why: what was expected and seen, where a metric does not hold
    """

    suite: str
    key: str
    scene: str
    seed: int
    task: str
    group: str
    prompt: str
    references: tuple[str, ...]
    output: str
    judged: Mapping[str, float] = field(default_factory=dict)
    measured: Mapping[str, float] = field(default_factory=dict)
    why: tuple[str, ...] = ()

    @property
    def is_success(self) -> bool:
        """Whether every verdict is good; an answer without verdicts is none."""
        return bool(self.judged) and min(self.judged.values()) == 1


@dataclass(frozen=True, eq=False)
class Result:
    """One suite's.

    scores: metric -> [value, low, high], or [value] of what has no interval. counts: metric ->
    questions, where that is known. accuracy: metric -> damage
    -> the judge's own accuracy on the truth so damaged
    """

    suite: str
    about: str
    scores: Mapping[str, list[float]]
    counts: Mapping[str, int]
    accuracy: Mapping[str, Mapping[str, float]]
    answered: Sequence[Answered]


def scores_of(results: Iterable[Result]) -> dict[str, dict[str, list[float]]]:
    """Suite -> metric -> [value, low, high]."""
    return {result.suite: dict(result.scores) for result in results}


def write_results(folder: Path, answered: Iterable[Answered]) -> None:
    """Write results.jsonl into a folder."""
    write_whole(folder / NAME, "".join(json.dumps(asdict(one)) + "\n" for one in answered))


def read_results(folder: Path) -> list[Answered]:
    """What `write_results` wrote, none if it did not; InputError names the line that is damaged."""
    path, found = folder / NAME, []
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                parts: dict[str, Any] = json.loads(line)
                lists = {key: tuple(value) for key, value in parts.items() if type(value) is list}
                found.append(Answered(**(parts | lists)))
            except (ValueError, TypeError, AttributeError):
                raise InputError(
                    f"{path}, line {number}, is no answer: move the file away, or choose another "
                    "folder"
                ) from None
    return found
