"""What every official benchmark says of itself: its prompts, its files, its results, its totals."""

import gzip
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from vino.checkpoints.save import file_hash
from vino.errors import InputError
from vino.evaluate.official.questions import Question, Verdict

LONGEST_NAME = 230  # bytes of a file's name, which most systems bound at 255


@dataclass(frozen=True, eq=False)
class Case:
    """One prompt of a benchmark.

    name: how reports call it. kinds: its tag, its dimensions or its type of edit. files: what the
    official scorer reads, one for every sample, below the folder of samples. references: what
    stands beside the prompt. is_edit: the one reference is what is edited. record: the official one
    """

    name: str
    kinds: tuple[str, ...]
    text: str
    files: tuple[str, ...]
    references: tuple[Path, ...] = ()
    is_edit: bool = False
    record: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Mean:
    """A value that is the mean of a metric over samples, then over groups of them.

    groups: what a case's kinds hold, of every group; of the empty one are all cases
    """

    metric: str
    groups: tuple[frozenset[str], ...] = (frozenset(),)


def means_by_kind(metric: str, kinds: Iterable[str]) -> dict[str, Mean]:
    """The mean over the samples of every kind, by its name."""
    return {kind: Mean(metric, (frozenset({kind}),)) for kind in kinds}


@dataclass(frozen=True)
class Scores:
    """What a result file comes to.

    values: totals first, then their parts, as the paper prints them. is_whole: all of the
    benchmark is in it, so that it compares with published numbers. unusable: names of cases whose
    result says nothing, which no mean counts. samples: file -> metric -> value, the one that
    decides first. means: those values that are means of samples. why: file -> the scorer's reason
    """

    values: Mapping[str, float]
    is_whole: bool
    unusable: tuple[str, ...] = ()
    samples: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    means: Mapping[str, Mean] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)


class Benchmark(ABC):
    """One official benchmark.

    name: of the suite. task: what it asks for. is_clip: it asks for clips. samples: of a prompt, at
    most. count: prompts. bounds: of a sample's score. is_yes_or_no: that score is a verdict, 0 or
    1. is_judged: a vision-language model grades it. published: the paper's values of the published
    model. note: what a reader of scores should know
    """

    name: str
    task: str
    is_clip: bool
    samples: int
    count: int
    bounds: tuple[float, float]
    is_yes_or_no: bool = False
    is_judged: bool = False
    published: Mapping[str, float]
    note: str = ""

    @abstractmethod
    def cases(self, data: Path | None, folder: Path, samples: int | None) -> list[Case]:
        """All prompts, from the official file (or the shipped copy) in its order.

        folder: where the samples are. samples: of every prompt, or None for the official number.
        Raises InputError for files that are missing or of another form.
        """

    @abstractmethod
    def read_results(self, path: Path, cases: Sequence[Case]) -> Scores:
        """The official totals of what the official scorer wrote; InputError if it is not that."""

    def has_all(self, cases: Sequence[Case], names: Set[str]) -> bool:
        """Whether results of so many names are those of the whole benchmark."""
        return len(cases) == self.count and {case.name for case in cases} <= names

    def folder(self, out: Path, model: str) -> Path:
        """Where the samples of a model go: nothing but what the official scorer reads."""
        return out / self.name

    def reference_hashes(self, data: Path | None, cases: Sequence[Case]) -> list[list[str]]:
        """Of the first cases, what stands beside their prompts in the official data, hashed."""
        return [[file_hash(path) for path in case.references] for case in cases]

    def companions(self, cases: Sequence[Case]) -> list[str]:
        """Files that the official scorer reads beside the samples."""
        return []

    def prepare(self, data: Path | None, folder: Path, cases: Sequence[Case]) -> None:
        """Write the companions that are not there."""
        return None

    def measure(self, folder: Path, cases: Sequence[Case], results: Path) -> None:
        """Compute what needs no network, and write it as the official scorer would."""
        return None

    def questions(self, folder: Path, case: Case) -> list[Question]:
        """What a judge is asked of a case; none where the benchmark has no judge."""
        return []

    def verdict_files(
        self, cases: Sequence[Case], verdicts: Mapping[str, Verdict], folder: Path
    ) -> dict[str, str]:
        """A judge's verdicts, by the question's name, as the official scorer would write them.

        Name -> content of every file.
        """
        return {}


def shipped(name: str) -> str:
    """The text of a prompt file that comes with the package."""
    packed = files("vino.evaluate.official").joinpath("assets", f"{name}.gz").read_bytes()
    return gzip.decompress(packed).decode()


def read_text(path: Path) -> str:
    """A text file; InputError if it is none."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path} is missing: give the official file or folder") from None
    except (IsADirectoryError, UnicodeDecodeError):
        raise InputError(f"{path} is no text file: give the official file") from None


def parse_json(text: str, name: object) -> Any:
    """JSON; InputError if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(f"{name} is not JSON: give the official file") from None


def parse_lines(text: str, name: object) -> list[dict[str, Any]]:
    """JSON lines, each an object; InputError that names the line which is not."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            record = parse_json(line, f"{name}, line {number},")
            if not isinstance(record, dict):
                raise InputError(f"{name}, line {number}, is no record: give the official file")
            found.append(record)
    if not found:
        raise InputError(f"{name} is empty: give the official file")
    return found


def text_of(record: Mapping[str, Any], key: str, name: object) -> str:
    """A text field of a record; InputError if there is none."""
    value = record.get(key) if isinstance(record, Mapping) else None
    if not isinstance(value, str) or not value.strip():
        raise InputError(f'{name} has no "{key}": give the official file')
    return value


def file_name(value: str, where: object) -> str:
    """A value that is to name a file; InputError if it would lead elsewhere."""
    unsafe = any(mark in value for mark in "/\\\0\n")
    if unsafe or value.startswith(".") or not 0 < len(value.encode()) <= LONGEST_NAME:
        raise InputError(f'{where} has the name "{value[:80]}", which no file can have')
    return value


def inside(root: Path, name: str, where: object) -> Path:
    """A file below a root; InputError if it would lie outside."""
    if os.path.isabs(name) or os.path.normpath(name).startswith("..") or "\0" in name:
        raise InputError(f"{where} names {name!r}, which is outside {root}")
    return root / name


def check_different(cases: Sequence[Case], name: object) -> list[Case]:
    """The cases; InputError if two would write the same file."""
    seen: set[str] = set()
    for case in cases:
        if seen & set(case.files):
            raise InputError(f"{name} has {case.name} twice: give the official file")
        seen |= set(case.files)
    return list(cases)


def mean(values: Iterable[float]) -> float:
    """The mean of at least one value."""
    listed = list(values)
    return sum(listed) / len(listed)
