"""Who agreed to be shown: records of consent, recognised by the picture itself.

A record is kept by the picture's content hash and likeness, so that a re-encoded or scaled copy is
known too. The file holds names and hashes and no pictures, is readable by its owner alone, and is
an SQLite database, which several processes may use at once.
"""

import json
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from vino.errors import InputError
from vino.govern.home import home
from vino.govern.likeness import Fingerprint

USES = ("generate", "reference", "edit", "animate", "train")
"""What pictures are used for: `generate` has none, `reference` shows them to take from, `edit`
changes one, `animate` moves one, `train` learns from them."""

_LONGEST_NAME = 200
_TABLE = """
CREATE TABLE IF NOT EXISTS consent (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, scope TEXT NOT NULL, until TEXT,
    content TEXT NOT NULL, likenesses TEXT NOT NULL, added REAL NOT NULL, revoked REAL
)"""


@dataclass(frozen=True)
class Consent:
    """One record. scope: uses agreed to. until: the last day, or None. times: Unix seconds."""

    id: str
    name: str
    scope: tuple[str, ...]
    until: date | None
    picture: Fingerprint
    added: float
    revoked: float | None

    def covers(self, use: str, today: date) -> bool:
        """Whether this use is agreed to on that day."""
        return self.revoked is None and use in self.scope and not self.is_over(today)

    def is_over(self, today: date) -> bool:
        return self.until is not None and today > self.until


class Consents:
    """The records in one file, by default `consent.sqlite` in vino's home."""

    def __init__(self, path: Path | None = None):
        self.path = path or home() / "consent.sqlite"

    def add(
        self, picture: Fingerprint, name: str, scope: Sequence[str], until: date | None = None
    ) -> Consent:
        """Register that `name`, shown in the picture, agrees to these uses (see `USES`)."""
        if not 0 < len(name.strip()) <= _LONGEST_NAME or not name.isprintable():
            raise InputError(f"a name has 1 to {_LONGEST_NAME} printable characters")
        scope = tuple(dict.fromkeys(scope))
        if not scope or set(scope) - set(USES):
            raise InputError(f"a scope is one or more of {', '.join(USES)}, not {scope}")
        made = Consent(secrets.token_hex(6), name, scope, until, picture, time.time(), None)
        values = (
            made.id, name, json.dumps(scope), until and until.isoformat(), picture.content,
            json.dumps(picture.likenesses), made.added, None,
        )  # fmt: skip
        with self._open() as database:
            database.execute("INSERT INTO consent VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
        return made

    def records(self) -> list[Consent]:
        """All records, the oldest first, revoked ones too."""
        if not self.path.exists():
            return []
        with self._open() as database:
            return [_consent(row) for row in database.execute(_ALL)]

    def revoke(self, id: str) -> None:
        """No use of the picture is agreed to from now on; InputError when there is no such one."""
        with self._open() as database:
            changed = database.execute(
                "UPDATE consent SET revoked = ? WHERE id = ? AND revoked IS NULL", (time.time(), id)
            )
            if not changed.rowcount:
                raise InputError(f'no consent "{id:.40}" that holds: see vino consent list')

    def find(self, picture: Fingerprint) -> list[Consent]:
        """Records of this very picture, else of pictures or clips that all of it looks like."""
        known = self.records()
        exact = [c for c in known if c.picture.content == picture.content]
        return exact or [c for c in known if picture.copies(c.picture.likenesses)]

    def allows(self, picture: Fingerprint, use: str) -> bool:
        """Whether somebody registered for this picture agrees to the use today."""
        today = datetime.now(UTC).date()
        return any(consent.covers(use, today) for consent in self.find(picture))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            with closing(sqlite3.connect(self.path, timeout=30)) as database, database:
                database.execute(_TABLE)
                yield database
        except (OSError, sqlite3.Error) as error:
            raise InputError(f"{self.path} cannot be used ({error})") from None


_ALL = (
    "SELECT id, name, scope, until, content, likenesses, added, revoked FROM consent ORDER BY added"
)


def _consent(row: tuple) -> Consent:
    id, name, scope, until, content, likenesses, added, revoked = row
    picture = Fingerprint(content, tuple(json.loads(likenesses)))
    last = date.fromisoformat(until) if until else None
    return Consent(id, name, tuple(json.loads(scope)), last, picture, added, revoked)
