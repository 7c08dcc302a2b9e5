"""Files inside tar shards, read by their place."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from vino.errors import InputError


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
