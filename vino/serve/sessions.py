"""Edit sessions in the database: a first picture or clip, and a tree of turns, which are jobs.

A turn edits a result of its parent turn, or the session's start. Every job keeps a copy of what
it edits, so a turn outlives its parent, and undoing is starting from an earlier one.
"""

import json
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, func, insert, or_, select

from vino.serve.config import Settings
from vino.serve.database import Database, behind
from vino.serve.database import jobs_table as jobs
from vino.serve.database import sessions_table as sessions
from vino.serve.database import turns_table as turns
from vino.serve.jobs import Full, Job, Turn, as_job
from vino.serve.keys import Caller


@dataclass(frozen=True)
class Session:
    """One row. start: what is told of the first picture or clip; None: it begins with text."""

    id: str
    owner: str
    created_at: float
    start: dict[str, Any] | None


class Sessions:
    """The sessions of one server."""

    def __init__(self, database: Database, settings: Settings):
        self.database = database
        self.settings = settings

    def check(self, caller: Caller) -> None:
        """Full when none could be begun now; asked before a medium is read."""
        with self.database.reading() as connection:
            self._admit(connection, caller)

    def add(self, id: str, start: dict[str, Any] | None, caller: Caller) -> Session:
        """Begin one. Raises Full."""
        session = Session(id, caller.id, time.time(), start)
        with self.database.writing() as connection:
            self._admit(connection, caller)
            row = vars(session) | {"start": json.dumps(start)}
            connection.execute(insert(sessions).values(**row))
        return session

    def get(self, id: str, owner: str) -> Session | None:
        """A session of this owner."""
        where = (sessions.c.id == id, sessions.c.owner == owner)
        with self.database.reading() as connection:
            row = connection.execute(select(sessions).where(*where)).one_or_none()
        return None if row is None else _session(row)

    def page(
        self, owner: str, after: Session | None, limit: int, newest_first: bool
    ) -> list[Session]:
        """Sessions of one owner by age, those behind `after`."""
        query = behind(select(sessions).where(sessions.c.owner == owner), sessions, after,
                       newest_first).limit(limit)  # fmt: skip
        with self.database.reading() as connection:
            return [_session(row) for row in connection.execute(query)]

    def turns(self, id: str) -> list[tuple[Job, Turn]]:
        """The turns of a session, oldest first."""
        query = select(jobs, turns).join(turns, turns.c.job == jobs.c.id)
        query = query.where(turns.c.session == id).order_by(jobs.c.created_at, jobs.c.id)
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return [(as_job(row), Turn(row.session, row.parent, row.output)) for row in rows]

    def place(self, job: str) -> Turn | None:
        """Where a job is, if it is a turn."""
        with self.database.reading() as connection:
            row = connection.execute(select(turns).where(turns.c.job == job)).one_or_none()
        return None if row is None else Turn(row.session, row.parent, row.output)

    def delete(self, id: str, owner: str) -> list[str]:
        """Forget a session and its turns, whatever their state; ids whose files can go."""
        return self._delete(sessions.c.id == id, sessions.c.owner == owner)

    def forget(self, before: float) -> list[str]:
        """Forget sessions in which nothing has happened since; ids whose files can go."""
        lately = or_(jobs.c.finished_at.is_(None), jobs.c.finished_at >= before)
        used = exists().where(turns.c.session == sessions.c.id, turns.c.job == jobs.c.id, lately)
        return self._delete(sessions.c.created_at < before, ~used)

    def exists(self, id: str) -> bool:
        with self.database.reading() as connection:
            found = connection.execute(select(sessions.c.id).where(sessions.c.id == id))
            return found.first() is not None

    def _delete(self, *which: ColumnElement[bool]) -> list[str]:
        """In one transaction, so that no turn is accepted between a look and its end."""
        with self.database.writing() as connection:
            found = delete(sessions).where(*which).returning(sessions.c.id)
            ids = list(connection.execute(found).scalars())
            return [gone for id in ids for gone in (id, *_delete_turns(connection, id))]

    def _admit(self, connection: Connection, caller: Caller) -> None:
        mine = select(func.count()).where(sessions.c.owner == caller.id)
        if connection.execute(mine).scalar_one() >= (limit := self.settings.max_sessions):
            raise Full(f"you have {limit} sessions, the limit: delete one", 60)
        lately = mine.where(sessions.c.created_at > time.time() - 60)
        if connection.execute(lately).scalar_one() >= caller.per_minute:
            raise Full(f"your limit is {caller.per_minute} sessions a minute", 10)


def _delete_turns(connection: Connection, session: str) -> list[str]:
    its = delete(turns).where(turns.c.session == session).returning(turns.c.job)
    gone = list(connection.execute(its).scalars())
    connection.execute(delete(jobs).where(jobs.c.id.in_(gone)))
    return gone


def _session(row: Row[Any]) -> Session:
    return Session(row.id, row.owner, row.created_at, json.loads(row.start))
