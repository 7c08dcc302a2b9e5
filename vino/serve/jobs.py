"""Jobs in the database: accepted once, claimed by one worker, finished once.

queued -> running -> done | failed, and queued | running -> cancelled. Every change of state is
one transaction that names the state it expects, so nothing is lost or delivered twice whatever
moment a process dies at: its jobs run until their lease ends, and wait again.
"""

import json
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, case, delete, func, insert, select, update

from vino.serve.config import Settings
from vino.serve.database import Database, behind
from vino.serve.database import jobs_table as jobs
from vino.serve.database import sessions_table as sessions
from vino.serve.database import turns_table as turns
from vino.serve.keys import Caller

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
OPEN = (QUEUED, RUNNING)
CAREFUL = 2  # attempts after which a job runs alone and last: it may be what kills its process
KILLED = "the server died each time it made this"


class Full(Exception):
    """No job more for now; the message says whose limit it is. retry_after: seconds."""

    def __init__(self, message: str, retry_after: int):
        super().__init__(message)
        self.retry_after = retry_after


class Mismatch(Exception):
    """An idempotency key that was used for another request."""


class Gone(Exception):
    """The session of a turn was deleted, or takes no more turns; the message says which."""


@dataclass(frozen=True)
class Turn:
    """A job's place in an edit session: it edits this output of that job, or the start (None)."""

    session: str
    parent: str | None
    output: int


@dataclass(frozen=True)
class Job:
    """One row. request and outputs are JSON values; times are Unix seconds."""

    id: str
    kind: str
    owner: str
    state: str
    priority: int
    request: dict[str, Any]
    attempts: int
    step: int
    steps: int
    created_at: float
    started_at: float | None
    finished_at: float | None
    outputs: list[dict[str, Any]]
    error: str | None

    @property
    def progress(self) -> int:
        """Percent; 100 only when the result is there."""
        if self.state == DONE:
            return 100
        return min(99, 100 * self.step // max(1, self.steps))


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """A job to accept. pack: equal ones can share a run; cost: pixels it takes there."""

    id: str
    kind: str
    request: dict[str, Any]
    priority: int
    pack: str
    cost: float
    steps: int
    fingerprint: str
    idempotency: str | None = None
    turn: Turn | None = None


class Jobs:
    """The queue and its history."""

    def __init__(self, database: Database, settings: Settings):
        self.database = database
        self.settings = settings

    def check(self, caller: Caller) -> None:
        """Full when nothing would be accepted now; asked before a request's media are read."""
        with self.database.reading() as connection:
            self._admit(connection, caller)

    def known(self, caller: Caller, idempotency: str | None, fingerprint: str) -> Job | None:
        """The job that this request became already; Mismatch when it was another request."""
        if idempotency is None:
            return None
        with self.database.reading() as connection:
            return _known(connection, caller, idempotency, fingerprint)

    def add(self, new: NewJob, caller: Caller) -> Job:
        """Accept a job, or return the one its idempotency key stands for. Raises Full, Mismatch."""
        with self.database.writing() as connection:
            if new.idempotency is not None:
                known = _known(connection, caller, new.idempotency, new.fingerprint)
                if known is not None:
                    return known
            self._admit(connection, caller)
            values = vars(new) | {"request": json.dumps(new.request)}
            if (turn := values.pop("turn")) is not None:
                self._place(connection, new.id, turn)
            connection.execute(
                insert(jobs).values(
                    **values, owner=caller.id, state=QUEUED, created_at=time.time()
                )
            )
            return as_job(connection.execute(select(jobs).where(jobs.c.id == new.id)).one())

    def get(self, id: str, owner: str, kind: str | None = None) -> Job | None:
        """A job of this owner."""
        where = [jobs.c.id == id, jobs.c.owner == owner]
        where += [jobs.c.kind == kind] if kind is not None else []
        with self.database.reading() as connection:
            row = connection.execute(select(jobs).where(*where)).one_or_none()
        return None if row is None else as_job(row)

    def page(
        self, owner: str, kind: str | None, after: Job | None, limit: int, newest_first: bool
    ) -> list[Job]:
        """Jobs of one owner by age, those behind `after`."""
        query = select(jobs).where(jobs.c.owner == owner).limit(limit)
        if kind is not None:
            query = query.where(jobs.c.kind == kind)
        query = behind(query, jobs, after, newest_first)
        with self.database.reading() as connection:
            return [as_job(row) for row in connection.execute(query)]

    def claim(self, worker: str, budget: float) -> list[Job]:
        """Jobs to run together: the next one, and those behind it that fit its run and budget."""
        now = time.time()
        suspect = case((jobs.c.attempts >= CAREFUL, 1), else_=0)
        order = (suspect, jobs.c.priority.desc(), jobs.c.created_at, jobs.c.id)
        waiting = select(jobs).where(jobs.c.state == QUEUED).order_by(*order)
        with self.database.writing() as connection:
            self._requeue(connection, jobs.c.lease_until < now)
            first = connection.execute(waiting.limit(1)).one_or_none()
            if first is None:
                return []
            chosen, cost = [first.id], first.cost
            if first.attempts < CAREFUL:
                same = waiting.where(
                    jobs.c.pack == first.pack, jobs.c.attempts < CAREFUL, jobs.c.id != first.id
                )
                for row in connection.execute(same.limit(self.settings.pack_jobs - 1)):
                    if cost + row.cost <= budget:
                        chosen, cost = [*chosen, row.id], cost + row.cost
            taken = jobs.c.id.in_(chosen)
            connection.execute(
                update(jobs).where(taken).values(
                    state=RUNNING, worker=worker, lease_until=now + self.settings.lease_seconds,
                    attempts=jobs.c.attempts + 1, started_at=now, step=0,
                )
            )  # fmt: skip
            claimed = select(jobs).where(taken).order_by(*order)
            return [as_job(row) for row in connection.execute(claimed)]

    def renew(self, worker: str, ids: Collection[str]) -> None:
        """A sign of life for jobs that run."""
        lease = time.time() + self.settings.lease_seconds
        with self.database.writing() as connection:
            connection.execute(
                update(jobs)
                .where(jobs.c.id.in_(ids), jobs.c.worker == worker, jobs.c.state == RUNNING)
                .values(lease_until=lease)
            )

    def advance(self, worker: str, ids: Collection[str], step: int) -> set[str]:
        """Note the step that was done; those that are still wanted."""
        mine = (jobs.c.id.in_(ids), jobs.c.worker == worker, jobs.c.state == RUNNING)
        with self.database.writing() as connection:
            connection.execute(update(jobs).where(*mine).values(step=step))
            return set(connection.execute(select(jobs.c.id).where(*mine)).scalars())

    def finish(self, worker: str, id: str, outputs: Sequence[dict[str, Any]]) -> bool:
        """Deliver; False when the job was cancelled or is another worker's by now."""
        return self._end(worker, id, state=DONE, outputs=json.dumps(list(outputs)))

    def fail(self, worker: str, id: str, error: str) -> bool:
        """End without a result."""
        return self._end(worker, id, state=FAILED, error=error)

    def release(self, worker: str, ids: Collection[str]) -> None:
        """Put jobs back that were begun and stopped in good order: this was no attempt."""
        with self.database.writing() as connection:
            connection.execute(
                update(jobs)
                .where(jobs.c.id.in_(ids), jobs.c.worker == worker, jobs.c.state == RUNNING)
                .values(state=QUEUED, worker=None, lease_until=None, step=0,
                        attempts=jobs.c.attempts - 1)
            )  # fmt: skip

    def recover(self) -> int:
        """Put back everything that runs; for a process that knows it is alone. How many."""
        with self.database.writing() as connection:
            return self._requeue(connection, jobs.c.state == RUNNING)

    def cancel(self, id: str, owner: str) -> None:
        """Cancel a job that is not over; others stay as they are."""
        with self.database.writing() as connection:
            connection.execute(
                update(jobs)
                .where(jobs.c.id == id, jobs.c.owner == owner, jobs.c.state.in_(OPEN))
                .values(state=CANCELLED, worker=None, lease_until=None, finished_at=time.time())
            )

    def delete(self, id: str, owner: str) -> None:
        """Forget a job, whatever its state."""
        with self.database.writing() as connection:
            gone = connection.execute(delete(jobs).where(jobs.c.id == id, jobs.c.owner == owner))
            if gone.rowcount:
                connection.execute(delete(turns).where(turns.c.job == id))

    def forget(self, before: float) -> list[str]:
        """Forget jobs that were over before a time, but for turns of sessions; their ids."""
        with self.database.writing() as connection:
            old = (jobs.c.finished_at < before, jobs.c.id.not_in(select(turns.c.job)))
            gone = delete(jobs).where(*old).returning(jobs.c.id)
            return list(connection.execute(gone).scalars())

    def exists(self, id: str) -> bool:
        with self.database.reading() as connection:
            return connection.execute(select(jobs.c.id).where(jobs.c.id == id)).first() is not None

    def counts(self) -> dict[str, int]:
        """How many jobs wait and run."""
        query = select(jobs.c.state, func.count()).where(jobs.c.state.in_(OPEN))
        with self.database.reading() as connection:
            found = {state: n for state, n in connection.execute(query.group_by(jobs.c.state))}
        return {state: found.get(state, 0) for state in OPEN}

    def _end(self, worker: str, id: str, **values: Any) -> bool:
        with self.database.writing() as connection:
            changed = connection.execute(
                update(jobs)
                .where(jobs.c.id == id, jobs.c.worker == worker, jobs.c.state == RUNNING)
                .values(worker=None, lease_until=None, finished_at=time.time(), **values)
            )
            return changed.rowcount == 1

    def _place(self, connection: Connection, id: str, turn: Turn) -> None:
        """Put a job into its session's tree."""
        session = select(sessions.c.id).where(sessions.c.id == turn.session)
        if connection.execute(session).first() is None:
            raise Gone("you have no such session")
        here, limit = turns.c.session == turn.session, self.settings.max_turns
        if connection.execute(select(func.count()).where(here)).scalar_one() >= limit:
            raise Gone(f"the session has {limit} turns, the limit: begin another")
        connection.execute(insert(turns).values(job=id, **vars(turn)))

    def _requeue(self, connection: Connection, which: Any) -> int:
        """Running jobs whose process died wait again; those that died too often have failed."""
        dead = (jobs.c.state == RUNNING) & which
        spent = jobs.c.attempts >= self.settings.max_attempts
        ended = {"worker": None, "lease_until": None}
        connection.execute(
            update(jobs).where(dead & spent)
            .values(state=FAILED, error=KILLED, finished_at=time.time(), **ended)
        )  # fmt: skip
        back = update(jobs).where(dead).values(state=QUEUED, step=0, **ended)
        return connection.execute(back).rowcount

    def _admit(self, connection: Connection, caller: Caller) -> None:
        def count(*where: Any) -> int:
            return connection.execute(select(func.count()).where(*where)).scalar_one()

        is_open, mine = jobs.c.state.in_(OPEN), jobs.c.owner == caller.id
        if (waiting := count(is_open)) >= self.settings.max_queue:
            raise Full("the queue is full: try again later", min(60, 1 + waiting // 8))
        if count(is_open, mine) >= caller.max_open:
            raise Full(
                f"{caller.max_open} of your jobs wait or run, which is your limit: let one end", 5
            )
        if count(mine, jobs.c.created_at > time.time() - 60) >= caller.per_minute:
            raise Full(f"your limit is {caller.per_minute} requests a minute", 10)


def _known(
    connection: Connection, caller: Caller, idempotency: str, fingerprint: str
) -> Job | None:
    query = select(jobs).where(jobs.c.owner == caller.id, jobs.c.idempotency == idempotency)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise Mismatch
    return as_job(row)


def as_job(row: Row[Any]) -> Job:
    values = {name: getattr(row, name) for name in Job.__dataclass_fields__}
    values |= {"request": json.loads(row.request), "outputs": json.loads(row.outputs)}
    return Job(**values)
