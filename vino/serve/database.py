"""The tables, and transactions in SQLite (one process) or PostgreSQL (several)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from vino.errors import InputError

WRITING = 0x76696E6F  # PostgreSQL's advisory lock that every writing transaction takes
_tables = MetaData()

# Requests, results and errors are JSON in ASCII, so any text fits either database.
jobs_table = Table(
    "jobs", _tables,
    Column("id", String(48), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("owner", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("request", Text, nullable=False),
    Column("idempotency", String(64)),
    Column("fingerprint", String(64), nullable=False),
    Column("pack", String(48), nullable=False),
    Column("cost", Float, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("worker", String(32)),
    Column("lease_until", Float),
    Column("step", Integer, nullable=False, default=0),
    Column("steps", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("finished_at", Float),
    Column("outputs", Text, nullable=False, default="[]"),
    Column("error", Text),
    UniqueConstraint("owner", "idempotency"),
    Index("jobs_waiting", "state", "priority", "created_at"),
    Index("jobs_of_owner", "owner", "created_at"),
)  # fmt: skip

sessions_table = Table(
    "sessions", _tables,
    Column("id", String(48), primary_key=True),
    Column("owner", String(32), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("start", Text, nullable=False),
    Index("sessions_of_owner", "owner", "created_at"),
)  # fmt: skip

turns_table = Table(
    "turns", _tables,
    Column("job", String(48), primary_key=True),
    Column("session", String(48), nullable=False),
    Column("parent", String(48)),
    Column("output", Integer, nullable=False),
    Index("turns_of_session", "session"),
)  # fmt: skip

keys_table = Table(
    "keys", _tables,
    Column("id", String(32), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("max_open", Integer, nullable=False),
    Column("per_minute", Integer, nullable=False),
    Column("max_priority", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("revoked_at", Float),
)  # fmt: skip


class Database:
    """Transactions on the tables, which are made when they are missing.

    Writing transactions run one at a time, in every process: what one of them reads stays true
    until it commits. Readers never wait. A commit is on the disk when it returns.
    """

    def __init__(self, url: str | None, folder: Path):
        self.is_shared = url is not None
        self._engine = _postgres(url) if url is not None else _sqlite(folder / "jobs.sqlite")
        self._writer = self._engine.execution_options(writing=True)
        event.listen(self._engine, "begin", _begin)
        try:
            with self.writing() as connection:
                _tables.create_all(connection)
        except SQLAlchemyError as error:
            raise InputError(f"the database cannot be used: {_reason(error)}") from None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that changes nothing."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is committed at the end, or undone by an exception."""
        with self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        self._engine.dispose()


def behind(query: Select[Any], table: Table, after: Any, newest_first: bool) -> Select[Any]:
    """The query's rows by age, those behind the one called `after` (with created_at and id)."""
    created, id = table.c.created_at, table.c.id
    if after is not None:
        tied = created == after.created_at
        if newest_first:
            query = query.where((created < after.created_at) | (tied & (id < after.id)))
        else:
            query = query.where((created > after.created_at) | (tied & (id > after.id)))
    return query.order_by(*(c.desc() if newest_first else c for c in (created, id)))


def _sqlite(path: Path) -> Engine:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})

    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions begin where `_begin` says
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    event.listen(engine, "connect", connected)
    return engine


def _postgres(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InputError("--database is no URL: give postgresql://USER@HOST/NAME") from None
    if parsed.get_backend_name() != "postgresql":
        raise InputError(
            "--database takes PostgreSQL (postgresql://USER@HOST/NAME); without it, SQLite is used"
        )
    return create_engine(parsed.set(drivername="postgresql+pg8000"), pool_pre_ping=True)


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
    elif writing:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITING})"))


def _reason(error: SQLAlchemyError) -> str:
    """The database's own words, without the statement (or the password in a URL)."""
    cause = getattr(error, "orig", None) or type(error).__name__
    return " ".join(str(cause).split())[:200]
