"""Settings of one server."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from vino.govern.home import home
from vino.govern.terms import Terms
from vino.media import Limits
from vino.serve.sites import Site

STRANGERS_MEDIA = Limits(
    max_pixels=25_000_000,
    max_side=16_384,
    max_frames=600,
    max_clip_pixels=300_000_000,
    max_bytes=64 << 20,
)
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


def data_folder() -> Path:
    """Where jobs are kept unless told otherwise."""
    return home() / "serve"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a server is told; the defaults suit one machine and strangers as clients.

    data: folder of requests and results. database: URL of PostgreSQL, for several processes that
    share the data folder; None: SQLite inside it.
    max_queue: jobs that wait or run at once; one more is answered with 429. max_body: bytes of a
    request, which must arrive within body_seconds; max_bodies: of all that are being answered.
    max_prompt: characters. max_references, max_outputs, max_steps: of one request. media: what
    is refused before it is decoded; max_media_pixels: of all references of one request together.
    max_sessions: of one key; max_turns: of one session.
    allow_urls: where media may be fetched; all of one request must arrive within url_seconds.
    job_seconds: longest run; wait_seconds: longest answer of an endpoint that waits for a result.
    keep_days: how long results stay, and sessions in which nothing happens. lease_seconds: after
    this long without a sign of life a process is taken for dead and its jobs are made by another;
    max_attempts: how often.
    pack_jobs: jobs that share one run. terms: who may ask for what, what outputs carry, and what is
    noted of them.
    """

    model: str = "tiny"
    host: str = "127.0.0.1"
    port: int = 8000
    data: Path = field(default_factory=data_folder)
    database: str | None = None
    max_queue: int = 256
    max_body: int = 64 << 20
    max_bodies: int = 1 << 30
    body_seconds: float = 60.0
    max_prompt: int = 10_000
    max_references: int = 64
    max_outputs: int = 10
    max_steps: int = 100
    media: Limits = STRANGERS_MEDIA
    max_media_pixels: int = 300_000_000
    max_sessions: int = 1_000
    max_turns: int = 1_000
    allow_urls: tuple[Site, ...] = ()
    url_seconds: float = 30.0
    job_seconds: float = 3600.0
    wait_seconds: float = 600.0
    keep_days: float = 30.0
    lease_seconds: float = 60.0
    max_attempts: int = 10
    pack_jobs: int = 16
    terms: Terms = field(default_factory=Terms)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host in LOOPBACK_NAMES
