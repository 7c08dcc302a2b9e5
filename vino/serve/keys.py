"""API keys: shown once, kept as a hash, with limits of their own."""

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from vino.errors import InputError
from vino.serve.database import Database
from vino.serve.database import keys_table as keys

HIGHEST_PRIORITY = 9
_FORM = re.compile(r"vino_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks, and what they may: jobs waiting or running at once, requests a minute, priority."""

    id: str
    max_open: int = 64
    per_minute: int = 600
    max_priority: int = HIGHEST_PRIORITY


@dataclass(frozen=True)
class Key:
    """A key as it is listed: without its secret, which is nowhere."""

    id: str
    name: str
    max_open: int
    per_minute: int
    max_priority: int
    created_at: float
    revoked_at: float | None


# Owns what is made on this machine while no key exists.
LOCAL = Caller(id="local", max_open=1_000_000, per_minute=1_000_000)


class Keys:
    """The keys of one server."""

    def __init__(self, database: Database):
        self.database = database

    def create(
        self, name: str, *, max_open: int = 64, per_minute: int = 600, max_priority: int = 0
    ) -> str:
        """Make a key and return it; it cannot be shown again."""
        if not 0 < len(name) <= 100 or not name.isprintable():
            raise InputError("a key's name has 1 to 100 printable characters")
        id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        limits = {"max_open": max_open, "per_minute": per_minute, "max_priority": max_priority}
        with self.database.writing() as connection:
            connection.execute(
                insert(keys).values(
                    id=id, name=name, digest=_digest(secret), created_at=time.time(), **limits
                )
            )
        return f"vino_{id}_{secret}"

    def caller(self, token: str) -> Caller | None:
        """Whose key this is; None for unknown and revoked keys."""
        parts = _FORM.fullmatch(token)
        if parts is None:
            return None
        query = select(keys).where(keys.c.id == parts[1], keys.c.revoked_at.is_(None))
        with self.database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None or not hmac.compare_digest(row.digest, _digest(parts[2])):
            return None
        return Caller(
            id=row.id,
            max_open=row.max_open,
            per_minute=row.per_minute,
            max_priority=row.max_priority,
        )

    def list(self) -> list[Key]:
        """All keys, revoked ones too."""
        columns = [keys.c[name] for name in Key.__dataclass_fields__]
        with self.database.reading() as connection:
            rows = connection.execute(select(*columns).order_by(keys.c.created_at))
            return [Key(*row) for row in rows]

    def revoke(self, id: str) -> None:
        """Refuse a key from now on; what it made stays. InputError when there is none."""
        with self.database.writing() as connection:
            changed = connection.execute(
                update(keys)
                .where(keys.c.id == id, keys.c.revoked_at.is_(None))
                .values(revoked_at=time.time())
            )
        if not changed.rowcount:
            raise InputError(f'no key "{id}" that is not revoked: see vino keys list')

    def exist(self) -> bool:
        """Whether a key was ever made: then one is needed, even if all are revoked."""
        with self.database.reading() as connection:
            return connection.execute(select(keys.c.id).limit(1)).first() is not None


def _digest(secret: str) -> str:
    # 256 random bits: there is nothing to guess, so a fast hash does.
    return hashlib.sha256(secret.encode()).hexdigest()
