"""Examples decoded from records."""

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from vino.data.buckets import fill
from vino.data.manifest import Records
from vino.data.members import on_disk
from vino.data.sample import Example, Placed, Record
from vino.data.source import Outline
from vino.errors import InputError
from vino.media import DEFAULT_LIMITS, Frames, Limits, read_clip, read_picture, read_size
from vino.prompt import Image, Prompt, Segment, Video
from vino.sizes import PixelSize

MOST_SIZES = 1_000_000  # sizes remembered
MOST_PRINTED = 256  # records that a fingerprint is made of
T = TypeVar("T")
Admit = Callable[[Record, Frames], None]


def record_sources(
    records: Records,
    limits: Limits = DEFAULT_LIMITS,
    short: bool = False,
    admit: Admit | None = None,
) -> dict[str, "RecordSource"]:
    """A source for every task of a collection, with the short prompts if asked.

    admit: is shown every medium of a record before it is used, and raises InputError when it must
    not be.
    """
    return {
        task: RecordSource(records, numbers, limits, short, admit)
        for task, numbers in records.tasks().items()
    }


@dataclass(frozen=True, eq=False)
class RecordSource:
    """Examples of some records, by default bounded like all media (`Limits`).

    short: with their short prompts. Sizes, and which records are broken, are remembered: those
    without a size, which every rank finds, apart from those that only the rank that decodes them
    finds, for the plan of all ranks follows from sizes alone.
    """

    records: Records
    numbers: Sequence[int]
    limits: Limits = DEFAULT_LIMITS
    short: bool = False
    admit: Admit | None = None
    _outlines: dict[int, Outline] = field(default_factory=dict, init=False, repr=False)
    _sizeless: dict[int, str] = field(default_factory=dict, init=False, repr=False)
    _undecodable: dict[int, str] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @property
    def length(self) -> int:
        return len(self.numbers)

    @cached_property
    def fingerprint(self) -> str:
        """Of records at even distances: their keys, their words and their targets' names."""
        count = min(self.length, MOST_PRINTED)
        digest = hashlib.sha256()
        for i in range(count):
            record = self.records[self.numbers[i * self.length // count]]
            target = record.target.place.name if record.target else ""
            digest.update(repr((record.key, record.text, record.short, target)).encode())
        return digest.hexdigest()

    def name(self, number: int) -> str:
        return self.records[self.numbers[number]].where

    def outline(self, number: int) -> Outline:
        if (known := self._outlines.get(number)) is not None:
            return known
        outline = self._try(number, self._sizeless, lambda r: outline_of(r, self.limits))
        with self._lock:
            if len(self._outlines) >= MOST_SIZES:
                self._outlines.pop(next(iter(self._outlines)))
            self._outlines[number] = outline
        return outline

    def example(self, number: int, bucket: PixelSize) -> Example:
        return self._try(
            number, self._undecodable, lambda r: decode(r, bucket, self.limits, self.admit)
        )

    def _try(self, number: int, failures: dict[int, str], make: Callable[[Record], T]) -> T:
        """What is made of a record; what failed once is not tried again."""
        if number in failures:
            raise InputError(failures[number])
        try:
            record = self.records[self.numbers[number]]
            return make(record.shortened() if self.short else record)
        except InputError as error:
            failures[number] = str(error)
            raise


def outline_of(record: Record, limits: Limits = DEFAULT_LIMITS) -> Outline:
    """Sizes of a record's media: as it says, else from the files' headers."""
    base = next((i for i, m in enumerate(record.media) if m.base), None)
    return Outline(
        target=size_of(_target(record), limits),
        references=tuple((m.kind, size_of(m, limits)) for m in record.media),
        base=base,
        characters=len(record.text),
        withheld=record.withhold_latents,
    )


def size_of(placed: Placed, limits: Limits = DEFAULT_LIMITS) -> PixelSize:
    """Size of one medium; InputError when its file cannot be used.

    Of a clip longer than the limits it is that of the first frames, as many as they allow.
    """
    if placed.size is not None:
        return allowed(placed.size, placed, limits)
    most = limits.max_frames
    is_clip = placed.kind == "video"
    return with_file(
        placed, limits, lambda path: read_size(path, is_clip=is_clip, limits=limits, most=most)
    )


def allowed(size: PixelSize, placed: Placed, limits: Limits) -> PixelSize:
    """A size that a record states, with no more frames than the limits allow."""
    most = limits.most_frames(str(placed.place), size.width, size.height)
    return replace(size, frames=min(size.frames, most))


def read(placed: Placed, limits: Limits = DEFAULT_LIMITS, most: int | None = None) -> Frames:
    """One medium, decoded; InputError names the file that cannot be used.

    most: frames of a clip that are read of a longer one; without it that is InputError beyond the
    limits.
    """
    if placed.kind == "image":
        return with_file(placed, limits, lambda path: read_picture(path, limits))
    return with_file(placed, limits, lambda path: read_clip(path, limits, most=most))


def decode(
    record: Record,
    bucket: PixelSize,
    limits: Limits = DEFAULT_LIMITS,
    admit: Admit | None = None,
) -> Example:
    """The example of a record. The base is cropped like the target, so that they stay aligned."""

    def admitted(placed: Placed, most: int) -> Frames:
        frames = read(placed, limits, most)
        if admit is not None:
            admit(record, frames)
        return frames

    segments: list[Segment | str] = []
    for segment in record.segments:
        if isinstance(segment, str):
            segments.append(segment)
            continue
        frames = admitted(segment, bucket.frames if segment.base else limits.max_frames)
        if segment.base:
            frames = fill(frames, _cut(bucket, frames.size.frames))
        make = Image if segment.kind == "image" else Video
        segments.append(make(frames, base=segment.base))
    return Example(
        prompt=Prompt(*segments),
        target=fill(admitted(_target(record), bucket.frames), bucket),
        task=record.task,
        key=f"{record.where}#{record.key}",
        withhold_latents=record.withhold_latents,
        licence=record.licence,
    )


def _cut(bucket: PixelSize, frames: int) -> PixelSize:
    """The bucket of a base: a picture stays one; a clip shorter than the target is refused."""
    return PixelSize(1 if frames == 1 else bucket.frames, bucket.height, bucket.width)


def _target(record: Record) -> Placed:
    if record.target is None:
        raise InputError(f"{record.where} has no target: it asks, and cannot be trained on")
    return record.target


def with_file(placed: Placed, limits: Limits, look: Callable[..., T]) -> T:
    """What `look` finds in a medium's file; of a member the error names the shard, not the copy."""
    with on_disk(placed.place, limits.max_bytes) as path:
        try:
            return look(path)
        except InputError as error:
            raise InputError(str(error).replace(str(path), str(placed.place))) from None
