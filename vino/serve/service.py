"""What the endpoints do: accept an order, find a job, wait for its end, tell about it."""

import asyncio
import base64
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool

from vino.errors import InputError
from vino.govern.guard import RefusedByPolicy
from vino.serve.config import Settings
from vino.serve.engine import PREVIEW, Engine
from vino.serve.fetch import Fetcher, Link
from vino.serve.files import Files
from vino.serve.history import History, Origin, result
from vino.serve.jobs import (
    CANCELLED,
    FAILED,
    OPEN,
    Full,
    Gone,
    Job,
    Jobs,
    Mismatch,
    NewJob,
    Turn,
)
from vino.serve.keys import Caller
from vino.serve.log import fault, say
from vino.serve.order import Order
from vino.serve.replies import Refusal
from vino.serve.sessions import Session

Result = TypeVar("Result")

_ID = re.compile(r"[a-z]+_[0-9a-f]{32}")
POLL = 0.1  # seconds between looks at a job that is waited for
SILENCE = 15.0  # seconds after which an event stream says that it is alive
DECODERS = 2  # requests whose media are decoded at once
FETCHES = 8  # requests whose media are fetched at once


@dataclass(frozen=True)
class Wish:
    """An order with its media, and how it is to be treated. origin: what a turn edits, if one."""

    order: Order
    media: Sequence[bytes | Link] = ()
    priority: int = 0
    idempotency: str | None = None
    model: str | None = None
    origin: Origin | None = None

    @property
    def files(self) -> list[bytes]:
        """The media, once those behind URLs are here."""
        return [medium for medium in self.media if isinstance(medium, bytes)]

    @property
    def fingerprint(self) -> str:
        """Equal for equal requests, as they were sent: of a URL itself, whatever is behind it."""
        sent = [m.url.encode("utf-8", "replace") if isinstance(m, Link) else m for m in self.media]
        return self.order.fingerprint(sent, "" if self.origin is None else str(self.origin))

    def editing(self, base: Sequence[bytes]) -> "Wish":
        """The same with what a turn edits, if its session has anything yet."""
        order = self.order.editing(len(self.media)) if base else self.order
        return replace(self, order=order, media=(*self.media, *base))


@dataclass(frozen=True, eq=False)
class Service:
    """One server's parts."""

    settings: Settings
    jobs: Jobs
    history: History
    files: Files
    engine: Engine
    fetcher: Fetcher
    _decoders: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(DECODERS))
    _fetches: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(FETCHES))

    async def accept(self, kind: str, wish: Wish, caller: Caller) -> Job:
        """Check everything, write it to the disk, and promise to make it.

        A request that comes again under its idempotency key is the job it was, and fetches nothing.
        """
        fingerprint = await run_in_threadpool(lambda: wish.fingerprint)
        with refusing():
            known = await run_in_threadpool(self.jobs.known, caller, wish.idempotency, fingerprint)
        if known is not None:
            return known
        async with self._fetched(wish.media, caller) as media:
            wish = replace(wish, media=media)
            job = await self.decoding(self._accept, kind, wish, fingerprint, caller)
        self.engine.wake()
        return job

    async def begin(self, media: Sequence[bytes | Link], kind: str, caller: Caller) -> Session:
        """Begin an edit session with one medium, or with none."""
        async with self._fetched(media, caller) as fetched:
            with refusing():
                return await self.decoding(self.history.begin, fetched, kind, caller)

    async def decoding(self, work: Callable[..., Result], *args: Any) -> Result:
        """What some work that decodes strangers' media returns; only so much of it goes on."""
        async with self._decoders:
            return await run_in_threadpool(work, *args)

    async def find(self, id: str, caller: Caller, kind: str | None = None) -> Job:
        """A job of the caller's; nobody else's is known to exist."""
        job = None
        if _ID.fullmatch(id):
            job = await run_in_threadpool(self.jobs.get, id, caller.id, kind)
        if job is None:
            raise Refusal(404, "you have no such job")
        return job

    async def finished(self, job: Job, caller: Caller) -> Job:
        """The job when it is over; Refusal when it was without success, or takes too long."""
        until = time.monotonic() + self.settings.wait_seconds
        while job.state in OPEN:
            if self.engine.stopping.is_set():
                raise Refusal(503, f"the server stops; {job.id} goes on later", promised=True)
            if time.monotonic() > until:
                message = f"it takes longer: ask for /v1/jobs/{job.id} later"
                raise Refusal(504, message, promised=True)
            await asyncio.sleep(POLL)
            job = await self.find(job.id, caller)
        if job.state == FAILED:
            raise Refusal(422, job.error or "it failed", code="generation_failed")
        if job.state == CANCELLED:
            raise Refusal(409, f"{job.id} was cancelled", code="cancelled", promised=True)
        return job

    async def events(self, job: Job, caller: Caller) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """(event, data) while a job waits and runs: progress, preview, then its last state."""
        told: tuple[Any, ...] = ()
        shown, spoken = 0, time.monotonic()
        while True:
            if (now := (job.state, job.step, job.attempts)) != told and job.state in OPEN:
                told, spoken = now, time.monotonic()
                yield "progress", {"id": job.id, "state": job.state, "step": job.step,
                                   "steps": job.steps, "progress": job.progress}  # fmt: skip
            preview = await run_in_threadpool(_preview, self.files.folder(job.id) / PREVIEW, shown)
            if preview is not None and job.state in OPEN:
                shown, data = preview
                yield "preview", {"id": job.id, "type": "image/webp", "data": data}
            if job.state not in OPEN:
                yield job.state, self.told(job)
                return
            if self.engine.stopping.is_set():
                yield "stopping", {"id": job.id, "state": job.state}
                return
            if time.monotonic() - spoken > SILENCE:
                spoken = time.monotonic()
                yield "", {}
            await asyncio.sleep(POLL)
            try:
                job = await self.find(job.id, caller)
            except Refusal:  # deleted meanwhile
                yield CANCELLED, {"id": job.id, "state": CANCELLED}
                return

    async def cancel(self, job: Job, caller: Caller) -> Job:
        await run_in_threadpool(self.jobs.cancel, job.id, caller.id)
        return await self.find(job.id, caller)

    async def delete(self, job: Job, caller: Caller) -> None:
        """Cancel if need be; forget the job and all its files."""
        await run_in_threadpool(self.jobs.delete, job.id, caller.id)
        await run_in_threadpool(self.files.remove, job.id)

    def output(self, job: Job, index: int) -> tuple[Path, dict[str, Any]]:
        """A result's file and what is told about it."""
        return result(self.files, job, index)

    def told(self, job: Job) -> dict[str, Any]:
        """A job as its owner sees it."""
        outputs = [
            {k: v for k, v in output.items() if k != "file"}
            | {"url": f"/v1/jobs/{job.id}/content/{i}"}
            for i, output in enumerate(job.outputs)
        ]
        return {
            "id": job.id, "object": "job", "kind": job.kind, "state": job.state,
            "progress": job.progress, "step": job.step, "steps": job.steps,
            "priority": job.priority, "seed": job.request["seed"], "n": job.request["n"],
            "created_at": job.created_at, "started_at": job.started_at,
            "finished_at": job.finished_at, "error": job.error, "outputs": outputs,
        }  # fmt: skip

    @asynccontextmanager
    async def _fetched(
        self, media: Sequence[bytes | Link], caller: Caller
    ) -> AsyncIterator[Sequence[bytes]]:
        """The media, once those behind URLs are here; what is fetched is in memory, so few at a
        time, and for callers alone from whom a job would be accepted.
        """
        found = [medium for medium in media if not isinstance(medium, Link)]
        if len(found) == len(media):
            yield found
            return
        async with self._fetches:
            with refusing():
                await run_in_threadpool(self.jobs.check, caller)
                found = await self.fetcher.fetch(media)
            yield found

    def _accept(self, kind: str, wish: Wish, fingerprint: str, caller: Caller) -> Job:
        model = self.engine.model
        if self.engine.stopping.is_set():
            raise Refusal(503, "the server is stopping", retry_after=10)
        if model is None:
            raise Refusal(503, self.engine.failure or "the model is loading", retry_after=2)
        name = model.identity["name"]
        if wish.model not in (None, name):
            raise Refusal(404, f'the model here is "{name}"', param="model", code="model_not_found")
        if not 0 <= wish.priority <= caller.max_priority:
            message = f"your priority is from 0 to {caller.max_priority}"
            raise Refusal(400, message, param="priority")
        with refusing():
            wish.order.check(self.settings)
            self.jobs.check(caller)
            turn = None
            if wish.origin is not None:
                base, turn = self.history.resolve(wish.origin, caller)
                wish = wish.editing(base)
            return self._store(kind, wish, caller, fingerprint, turn)

    def _store(
        self, kind: str, wish: Wish, caller: Caller, fingerprint: str, turn: Turn | None
    ) -> Job:
        """Files first, then the row: a folder without one is no promise, and swept."""
        id = f"{kind}_{secrets.token_hex(16)}"
        try:
            paths = self.files.accept(id, wish.files)
            new = self._new(id, kind, wish, fingerprint, paths, caller)
            job = self.jobs.add(replace(new, turn=turn), caller)
        except BaseException:
            self.files.remove(id)
            raise
        if job.id != id:  # the same request, accepted while this one was read
            self.files.remove(id)
        say("accepted", job=job.id, kind=kind, key=caller.id, priority=job.priority)
        return job

    def _new(
        self,
        id: str,
        kind: str,
        wish: Wish,
        fingerprint: str,
        paths: Sequence[Path],
        caller: Caller,
    ) -> NewJob:
        model, order = self.engine.model, wish.order
        assert model is not None
        requests = order.requests(paths, model, self.settings)
        size = model.check(requests[0])
        self.settings.terms.admit(requests[0].prompt, size.frames > 1, caller.id)
        if size.frames > 1 and order.form in ("png", "jpeg"):
            raise InputError(f"a clip cannot be {order.form}: ask for mp4, webp or gif")
        sampling = requests[0].sampling
        if sampling.steps > self.settings.max_steps:
            raise InputError(f"steps must be at most {self.settings.max_steps} here")
        references = sum(model.defaults.area(m.base) for m in requests[0].prompt.media)
        stored = order.to_json() | {"seed": order.seed}
        if order.seed is None:
            stored["seed"] = secrets.randbelow(2**31)
        return NewJob(
            id=id,
            kind=kind,
            request=stored,
            priority=wish.priority,
            pack=f"{sampling.steps} {sampling.solver}",
            cost=float(order.n * (size.frames * size.height * size.width + references)),
            steps=sampling.steps,
            fingerprint=fingerprint,
            idempotency=wish.idempotency,
        )


@contextmanager
def refusing() -> Iterator[None]:
    """Refusals for what can go wrong while something is accepted."""
    try:
        yield
    except RefusedByPolicy as refused:
        raise Refusal(403, str(refused), code="content_policy_violation") from None
    except InputError as error:
        raise Refusal(400, str(error)) from None
    except Full as full:
        raise Refusal(429, str(full), retry_after=full.retry_after) from None
    except Gone as gone:
        raise Refusal(404, str(gone)) from None
    except Mismatch:
        message = "this idempotency key was used for another request"
        raise Refusal(409, message, code="idempotency_mismatch") from None
    except OSError:
        fault("a request cannot be stored")
        raise Refusal(503, "there is no room for it now", retry_after=60) from None


def _preview(path: Path, newer_than: int) -> tuple[int, str] | None:
    """(its time, base64) of a preview that was not shown yet."""
    try:
        time_ns = path.stat().st_mtime_ns
        if time_ns <= newer_than:
            return None
        return time_ns, base64.b64encode(path.read_bytes()).decode()
    except OSError:
        return None
