"""The data folder: what jobs were given and what was made, readable by the server alone.

jobs/ID/in-0 ...        media of the request, as they came; what a session begins with
jobs/ID/out-1-0.png ... results, by attempt
jobs/ID/preview.webp    what is there so far
"""

import fcntl
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from vino.errors import InputError

_SWEPT_AFTER = 3600.0  # seconds: a folder without a job this old belongs to no request on its way


class Files:
    """Folders of jobs. Names come from here or from the database, never from a client."""

    def __init__(self, root: Path):
        self.root = root
        self._lock: int | None = None
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        (root / "jobs").mkdir(mode=0o700, exist_ok=True)

    def lock(self) -> None:
        """Keep other servers off; InputError when one has this folder."""
        self._lock = os.open(self.root / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.unlock()
            raise InputError(
                f"another server uses {self.root}: stop it, give --data another folder, or let "
                "both share a PostgreSQL with --database"
            ) from None

    def unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def folder(self, id: str) -> Path:
        return self.root / "jobs" / id

    def accept(self, id: str, media: Sequence[bytes]) -> list[Path]:
        """Write the media of a new job to the disk; their paths."""
        folder = self.folder(id)
        folder.mkdir(mode=0o700)
        paths = [folder / f"in-{i}" for i in range(len(media))]
        for path, data in zip(paths, media, strict=True):
            with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        synced(folder)
        return paths

    def remove(self, id: str) -> None:
        shutil.rmtree(self.folder(id), ignore_errors=True)

    def abandoned(self) -> list[str]:
        """Ids of folders old enough to belong to a job; the caller knows which do."""
        found = []
        for folder in (self.root / "jobs").iterdir():
            if folder.stat().st_mtime < time.time() - _SWEPT_AFTER:
                found.append(folder.name)
        return found


def synced(path: Path) -> Path:
    """The file or folder, once its content is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return path
