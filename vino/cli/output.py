"""Names of the files written."""

import errno
import os
from dataclasses import dataclass
from itertools import count
from pathlib import Path


@dataclass(frozen=True)
class Names:
    """How the results of one command are named.

    asked: the file or folder given with -o, or None. seeds: of all results, in order.
    A file that was asked for is replaced; a name made here is always a free one.
    """

    asked: str | None
    seeds: range

    def name(self, index: int, is_clip: bool) -> Path:
        """Where the index-th result goes."""
        path = Path(self.asked or "")
        if not self.asked or self.asked.endswith(("/", os.sep)) or path.is_dir():
            stem = path / f"vino-{self.seeds[index]}"
            return _free(stem, ".mp4" if is_clip else ".png")
        if len(self.seeds) == 1:
            return path
        return path.with_name(f"{path.stem}-{index}{path.suffix}")


def preview_of(path: Path, is_clip: bool) -> Path:
    """Where the preview of a result is shown: beside it."""
    return path.with_name(f"{path.stem}.preview{'.gif' if is_clip else '.png'}")


def check_writable(path: Path) -> None:
    """PermissionError when a file cannot be made there; asked before the work begins."""
    folder = next(f for f in path.absolute().parents if f.exists())
    if not os.access(folder, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def _free(stem: Path, ending: str) -> Path:
    """`stem` with its ending, or the first number behind it that is not taken."""
    numbers = ("" if n == 1 else f"-{n}" for n in count(1))
    names = (stem.with_name(f"{stem.name}{number}{ending}") for number in numbers)
    return next(name for name in names if not name.exists())
