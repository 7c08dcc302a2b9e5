"""Files that are there whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a text file; complete or not at all."""
    with _in_place_of(path) as partial:
        partial.write_text(text, encoding="utf-8")


def copy_whole(source: Path, path: Path) -> None:
    """Copy a file; complete or not at all."""
    with _in_place_of(path) as partial:
        shutil.copyfile(source, partial)


@contextmanager
def _in_place_of(path: Path) -> Iterator[Path]:
    """A file beside another, to be written; it takes the other's place afterwards."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    yield partial
    partial.replace(path)
