"""Votes, kept in SQLite: on the disk before they are confirmed, one of a rater and question."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vino.errors import InputError

QUESTIONS = ("instruction", "looks")
CHOICES = ("A", "B", "same")
PATIENCE = 30.0  # seconds that a vote waits for another one
SCHEMA = """
CREATE TABLE IF NOT EXISTS study (one INTEGER PRIMARY KEY CHECK (one = 1), facts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS votes (
    rater TEXT NOT NULL,
    item INTEGER NOT NULL,
    question TEXT NOT NULL CHECK (question IN ('instruction', 'looks')),
    choice TEXT NOT NULL CHECK (choice IN ('A', 'B', 'same')),
    left_side TEXT NOT NULL CHECK (left_side IN ('A', 'B')),
    at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    PRIMARY KEY (rater, item, question)
);
"""
CAST = """
INSERT INTO votes (rater, item, question, choice, left_side) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (rater, item, question)
DO UPDATE SET choice = excluded.choice, left_side = excluded.left_side, at = excluded.at
"""


@dataclass(frozen=True)
class Vote:
    """One answer of one rater. left: which run stood on the left; choice: of `CHOICES`."""

    rater: str
    item: int
    question: str
    choice: str
    left: str


class Votes:
    """The votes of one study. Every call has a connection of its own: any thread may call."""

    def __init__(self, path: Path):
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self._open() as database:
                database.execute("PRAGMA journal_mode = WAL")
                database.executescript(SCHEMA)
        except sqlite3.DatabaseError as error:
            raise InputError(f"{path} cannot hold votes ({error}): choose another folder") from None

    def facts(self) -> dict[str, Any] | None:
        """What the votes are about, None as long as nobody said."""
        with self._open() as database:
            row = database.execute("SELECT facts FROM study").fetchone()
        return None if row is None else json.loads(row[0])

    def begin(self, facts: Mapping[str, Any]) -> None:
        """Say what the votes are about; once."""
        with self._open() as database:
            database.execute("INSERT OR IGNORE INTO study VALUES (1, ?)", (json.dumps(facts),))

    def cast(self, vote: Vote) -> None:
        """Keep a vote, in the place of an earlier one."""
        values = vote.rater, vote.item, vote.question, vote.choice, vote.left
        with self._open() as database:
            database.execute(CAST, values)

    def of(self, rater: str) -> dict[int, dict[str, str]]:
        """Item -> question -> choice."""
        found: dict[int, dict[str, str]] = {}
        with self._open() as database:
            query = "SELECT item, question, choice FROM votes WHERE rater = ?"
            for item, question, choice in database.execute(query, (rater,)):
                found.setdefault(item, {})[question] = choice
        return found

    def all(self) -> list[Vote]:
        """Every vote."""
        query = "SELECT rater, item, question, choice, left_side FROM votes ORDER BY 1, 2, 3"
        with self._open() as database:
            return [Vote(*row) for row in database.execute(query)]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection; what is done with it is kept whole or not at all."""
        database = sqlite3.connect(self.path, timeout=PATIENCE)
        try:
            database.execute("PRAGMA synchronous = FULL")
            with database:
                yield database
        finally:
            database.close()
