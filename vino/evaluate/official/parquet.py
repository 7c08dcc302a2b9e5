"""The official form of a dataset whose pictures are packed into Parquet files."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from vino.errors import InputError
from vino.media import Frames, read_picture

ROWS = 16  # held at once; each has pictures


def read_columns(paths: Sequence[Path], columns: Sequence[str]) -> list[dict[str, Any]]:
    """All rows of some columns; InputError if a file is damaged or lacks one."""
    return [row for batch in _batches(paths, columns) for row in batch.to_pylist()]


def read_pictures(
    paths: Sequence[Path], column: str, wanted: set[int]
) -> Iterator[tuple[int, Frames]]:
    """(number of the row, its picture) of the wanted rows."""
    values = (value for batch in _batches(paths, [column]) for value in batch.column(0))
    with TemporaryDirectory() as folder:
        for row in range(max(wanted, default=-1) + 1):
            value = next(values)
            if row in wanted:
                file = Path(folder) / f"row {row} of {paths[0].parent.name}"
                file.write_bytes((value.as_py() or {}).get("bytes") or b"")
                yield row, read_picture(file)
                file.unlink()


def _batches(paths: Sequence[Path], columns: Sequence[str]) -> Iterator[Any]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise InputError(
            "reading .parquet files needs pyarrow: install vino again with its extra [benchmarks]"
        ) from None
    for path in paths:
        try:
            with ParquetFile(path) as file:
                if missing := set(columns) - set(file.schema_arrow.names):
                    names = ", ".join(sorted(missing))
                    raise InputError(f"{path} has no column {names}: give the official files")
                yield from file.iter_batches(ROWS, columns=list(columns))
        except (ArrowException, OSError) as error:
            line = str(error).partition("\n")[0]
            raise InputError(f"{path} is damaged ({line}): give the official file") from None
