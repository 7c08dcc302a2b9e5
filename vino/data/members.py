"""Files inside tar shards, read by their place."""

import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from vino.errors import InputError

MOST_TEXT = 1 << 20  # bytes of a member that is text, and of a header that goes on for long

_LONG_HEADERS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
# What tarfile raises on headers that no program writes.
_DAMAGE = (OSError, tarfile.TarError, ValueError, OverflowError, IndexError, RecursionError)


@dataclass(frozen=True)
class Member:
    """One file of a tar: where its bytes begin and how many they are."""

    shard: Path
    name: str
    offset: int
    size: int

    def __str__(self) -> str:
        return f"{self.shard}:{self.name}"

    def read(self) -> bytes:
        """The bytes; InputError when the shard is shorter than it was or cannot be read."""
        try:
            with self.shard.open("rb") as file:
                file.seek(self.offset)
                data = file.read(self.size)
        except OSError as error:
            raise InputError(f"{self.shard} cannot be read ({error.strerror})") from None
        if len(data) < self.size:
            raise InputError(f"{self} is cut off: get the shard again")
        return data

    def text(self) -> bytes:
        """The bytes of a member that is text; InputError when they are too many for one."""
        if self.size > MOST_TEXT:
            raise InputError(f"{self} has {self.size:,} bytes of text: that is no record")
        return self.read()


class _Header(tarfile.TarInfo):
    """A header whose size is checked before anything is read or left out by it."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        length = os.fstat(cast(IO[bytes], tar.fileobj).fileno()).st_size
        most = min(length, MOST_TEXT) if self.type in _LONG_HEADERS else length
        _check_size(self, most)
        found: tarfile.TarInfo = super()._proc_member(tar)  # type: ignore[misc]
        _check_size(found, length - found.offset_data)  # a header before it may change it
        return found


def _check_size(header: tarfile.TarInfo, most: int) -> None:
    if not 0 <= header.size <= most:
        raise tarfile.ReadError(f"a header says {header.size} bytes")


def files_in(shard: Path) -> Iterator[Member]:
    """The plain files of a tar in order; InputError where it is damaged."""
    try:
        with tarfile.open(shard, "r:", tarinfo=_Header) as tar:
            for info in tar:
                if info.isfile():
                    yield Member(shard, info.name, info.offset_data, info.size)
    except _DAMAGE as error:
        raise InputError(f"{shard} is no intact tar file ({error!s:.80}): get it again") from None


@contextmanager
def on_disk(place: Path | Member, most: int) -> Iterator[Path]:
    """A file to read: the path itself, or a member copied out for as long as this lasts.

    most: bytes of a member; more are refused with InputError.
    """
    if isinstance(place, Path):
        yield place
        return
    if place.size > most:
        raise InputError(f"{place} has {place.size:,} bytes; the limit is {most:,}")
    folder = Path(tempfile.mkdtemp(prefix="vino-"))
    try:
        path = folder / f"member{PurePosixPath(place.name).suffix}"
        path.write_bytes(place.read())
        yield path
    finally:
        shutil.rmtree(folder, ignore_errors=True)
