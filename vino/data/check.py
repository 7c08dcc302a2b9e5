"""What a collection holds and what is wrong with it: everything is decoded once."""

import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from vino.data.buckets import Buckets, reaches
from vino.data.manifest import open_records
from vino.data.sample import NO_RULES, Placed, Record, Rules
from vino.data.sources.records import Admit, allowed, read
from vino.errors import InputError
from vino.govern.guard import RefusedByPolicy
from vino.media import DEFAULT_LIMITS, Frames, Limits, MediaWarning, content_hash
from vino.sizes import PixelSize

RATIOS = (1 / 4, 9 / 16, 2 / 3, 3 / 4, 1.0, 4 / 3, 3 / 2, 16 / 9, 4.0)
LENGTHS = (5, 17, 33, 49, 85, 129)  # frames; upper ends of the ranges that are counted
Watch = Callable[[int, int], None]


@dataclass
class Report:
    """Figures of a collection. Records are named by file and line.

    records: all that were found. refused: lines that are no record or break the rules. broken:
    records with a file that cannot be decoded. damaged: files of which a part can. left_out: sound
    records that no bucket takes. duplicates: targets of the same pixels, first seen and again.
    """

    path: str
    records: int = 0
    refused: list[str] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    duplicates: list[tuple[str, str]] = field(default_factory=list)
    tasks: Counter[str] = field(default_factory=Counter)
    sizes: Counter[PixelSize] = field(default_factory=Counter)
    references: Counter[int] = field(default_factory=Counter)
    captions: list[int] = field(default_factory=list)
    captions_again: int = 0
    licences: Counter[str] = field(default_factory=Counter)
    without_consent: int = 0
    without_target: int = 0
    buckets: Counter[PixelSize] = field(default_factory=Counter)

    @property
    def usable(self) -> int:
        """Records a run would train on."""
        return sum(self.buckets.values())

    @property
    def without_caption(self) -> int:
        return self.captions.count(0)

    @property
    def without_licence(self) -> int:
        return self.licences[""]

    @property
    def is_sound(self) -> bool:
        """Whether every record and file can be used."""
        return not self.refused and not self.broken

    @property
    def ratios(self) -> dict[str, int]:
        """Width to height of the targets, by the nearest usual one."""
        counts: Counter[float] = Counter()
        for size, count in self.sizes.items():
            ratio = size.width / size.height
            nearest = min(RATIOS, key=lambda r: max(r / ratio, ratio / r))
            counts[nearest] += count
        return {_as_ratio(r): counts[r] for r in RATIOS if counts[r]}

    @property
    def lengths(self) -> dict[str, int]:
        """Frames of the targets: pictures, then ranges of clips."""
        counts: Counter[str] = Counter()
        for size, count in self.sizes.items():
            counts[_range_of(size.frames)] += count
        names = dict.fromkeys(_range_of(n) for n in (1, *(m + d for m in LENGTHS for d in (0, 1))))
        return {name: counts[name] for name in names if counts[name]}


def check(
    path: str | Path,
    buckets: Buckets,
    rules: Rules = NO_RULES,
    limits: Limits = DEFAULT_LIMITS,
    watch: Watch | None = None,
    admit: Admit | None = None,
) -> Report:
    """Examine every record of a manifest, task file, shard or folder.

    watch: called with (done, of how many). admit: is shown every medium of a record, and raises
    InputError when it must not be used. InputError only when there is nothing to examine.
    """
    report = Report(str(path))
    records = open_records(path, rules, lambda error: report.refused.append(str(error)))
    report.records = len(records) + len(report.refused)
    seen: dict[str, str] = {}
    texts: set[str] = set()
    for number in range(len(records)):
        record = records[number]
        _count_words(report, record, texts)
        _look(report, record, buckets, limits, seen, admit)
        if watch:
            watch(number + 1, len(records))
    return report


def _count_words(report: Report, record: Record, texts: set[str]) -> None:
    text = record.text.strip()
    report.tasks[record.task] += 1
    report.captions.append(len(text))
    report.captions_again += bool(text) and text in texts
    texts.add(text)
    report.licences[record.licence.strip()] += 1
    report.without_consent += record.people and not record.consent.strip()
    report.references[len(record.media)] += 1


def _look(
    report: Report,
    record: Record,
    buckets: Buckets,
    limits: Limits,
    seen: dict[str, str],
    admit: Admit | None,
) -> None:
    """Decode all media of a record."""
    try:
        bases = []
        for medium in record.media:
            given = _read(report, medium, limits)
            _admit(record, given, admit)
            bases += [given.size] if medium.base else []
        if record.target is None:
            report.without_target += 1
            return
        frames = _read(report, record.target, limits)
        _admit(record, frames, admit)
    except RefusedByPolicy as refusal:
        report.refused.append(str(refusal))
        return
    except InputError as error:
        report.broken.append((record.where, str(error)))
        return
    size, digest = frames.size, content_hash(frames)
    report.sizes[size] += 1
    if digest in seen:
        report.duplicates.append((seen[digest], record.where))
    seen.setdefault(digest, record.where)
    try:
        bucket = buckets.bucket(size, record.task)
        for base in bases:
            reaches(base, bucket)
        report.buckets[bucket] += 1
    except InputError as error:
        report.left_out.append((record.where, str(error)))


def _admit(record: Record, frames: Frames, admit: Admit | None) -> None:
    if admit is not None:
        admit(record, frames)


def _read(report: Report, medium: Placed, limits: Limits) -> Frames:
    """A medium; damage that decoders work around is noted."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        frames = read(medium, limits, limits.max_frames)
    report.damaged += [str(w.message) for w in caught if issubclass(w.category, MediaWarning)]
    stated, found = medium.size, frames.size
    if stated is not None and allowed(stated, medium, limits) != found:
        raise InputError(
            f"{medium.place} is {found.width}x{found.height} with {found.frames} frames, not "
            f"{stated.width}x{stated.height} with {stated.frames} as stated"
        )
    return frames


def _range_of(frames: int) -> str:
    if frames == 1:
        return "picture"
    least = 2
    for most in LENGTHS:
        if frames <= most:
            return f"{least}-{most} frames"
        least = most + 1
    return f"{least} frames and more"


def _as_ratio(ratio: float) -> str:
    names = {1 / 4: "1:4", 9 / 16: "9:16", 2 / 3: "2:3", 3 / 4: "3:4", 1.0: "1:1", 4 / 3: "4:3"}
    return (names | {3 / 2: "3:2", 16 / 9: "16:9", 4.0: "4:1"})[ratio]
