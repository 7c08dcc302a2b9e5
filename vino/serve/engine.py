"""The worker: one thread that owns the model and makes what waits, packed."""

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vino.errors import InputError, VinoError
from vino.govern.guard import RefusedByPolicy
from vino.govern.terms import Terms
from vino.media import Frames
from vino.request import Request
from vino.serve.config import Settings
from vino.serve.files import Files, synced
from vino.serve.jobs import CANCELLED, DONE, FAILED, Job, Jobs
from vino.serve.log import fault, say
from vino.serve.metrics import Metrics
from vino.serve.order import FORMATS, Order
from vino.serve.sessions import Sessions

if TYPE_CHECKING:
    from vino.generate import Model, Progress

IDLE = 0.25  # seconds between looks at the queue: another process may have filled it
BEAT = 0.25  # seconds between notes of progress, at most
PREVIEWS = 8  # of one run, about
TIDY = 600.0  # seconds between sweeps
PREVIEW = "preview.webp"


class _Stopped(Exception):
    """The server stops: the run's jobs go back into the queue."""


class _Unwanted(Exception):
    """Every job of the run was cancelled."""


class Engine:
    """Loads the model in the background, then runs jobs until it is stopped."""

    def __init__(
        self,
        settings: Settings,
        jobs: Jobs,
        sessions: Sessions,
        files: Files,
        metrics: Metrics,
        load: Callable[[], "Model"],
    ):
        self.settings, self.jobs, self.files, self.metrics = settings, jobs, files, metrics
        self.sessions = sessions
        self.worker = secrets.token_hex(8)
        self.model: Model | None = None
        self.failure: str | None = None
        self.stopping = threading.Event()
        self._load = load
        self._running: set[str] = set()
        self._filled = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name="vino-engine"),
            threading.Thread(target=self._keep, name="vino-keeper", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask for the end: the step that runs is finished, its jobs wait for the next start."""
        self.stopping.set()
        self._filled.set()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def wake(self) -> None:
        """Something was put into the queue."""
        self._filled.set()

    def _work(self) -> None:
        try:
            started = time.monotonic()
            model = self.model = self._load()
        except Exception as error:
            self.failure = str(error) if isinstance(error, VinoError) else "see the server's log"
            fault("the model could not be loaded")
            return
        self.metrics.ready.set(1)
        say("ready", model=self.settings.model, seconds=round(time.monotonic() - started, 2))
        width, height = model.defaults.clip_size
        budget = float(width * height * model.defaults.frames)
        while not self.stopping.is_set():
            self._filled.clear()
            try:
                batch = self.jobs.claim(self.worker, budget)
                if batch:
                    self._running = {job.id for job in batch}
                    self._make(model, batch)
                else:
                    self._filled.wait(IDLE)
            except Exception:  # the database or the disk: it may come back
                fault("the queue cannot be worked on")
                self.stopping.wait(1.0)
            finally:
                self._running = set()  # what was left running is taken up when its lease ends

    def _make(self, model: "Model", batch: Sequence[Job]) -> None:
        """Run jobs together; when that fails, each alone, so that only the culprit fails."""
        plans: list[tuple[Job, list[Request]]] = []
        for job in batch:
            try:
                order = Order.from_json(job.request)
                paths = self.files.media(job.id)
                requests = order.requests(paths, model, self.settings)
                # Asked once more: consent may have been revoked while the job waited.
                is_clip = model.check(requests[0]).frames > 1
                self.settings.terms.admit(requests[0].prompt, is_clip, job.owner)
                plans.append((job, requests))
            except Exception as error:
                self.fail(job, error)
        run = _Run(self, [job for job, _ in plans])
        try:
            if plans:
                made = model.run([r for _, requests in plans for r in requests], run.watch)
                run.done(made, [len(requests) for _, requests in plans])
        except _Stopped:
            self.jobs.release(self.worker, run.ids)
            say("released", jobs=sorted(run.ids))
        except _Unwanted:
            say("abandoned", jobs=sorted(run.ids))
        except Exception as error:
            if len(plans) == 1:
                self.fail(plans[0][0], error)
                return
            wanted = self.jobs.advance(self.worker, run.ids, 0)
            for job, _ in plans:
                if job.id in wanted:
                    self._make(model, [job])

    def fail(self, job: Job, error: Exception) -> None:
        """A client's mistake is told; a fault of the server's is logged and only named."""
        if isinstance(error, VinoError):
            told = str(error)
        elif isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
            told = "not enough memory: ask for a smaller size, fewer frames or fewer references"
        else:
            fault("a job failed", job=job.id)
            told = "the server failed; its log says why"
        if self.jobs.fail(self.worker, job.id, told):
            self.ended(job, FAILED)

    def ended(self, job: Job, state: str) -> None:
        self.metrics.jobs.labels(job.kind, state).inc()
        say("ended", job=job.id, kind=job.kind, state=state)

    def _keep(self) -> None:
        """Signs of life, and tidying up."""
        tidied = 0.0
        while not self.stopping.wait(self.settings.lease_seconds / 6):
            try:
                self.jobs.renew(self.worker, self._running)
                if time.monotonic() - tidied > TIDY:
                    tidied = time.monotonic()
                    self._tidy()
            except Exception:
                fault("a sign of life failed")

    def _tidy(self) -> None:
        """Forget old jobs and sessions, and remove folders that belong to none."""
        before = time.time() - self.settings.keep_days * 86_400
        for id in (*self.jobs.forget(before), *self.sessions.forget(before)):
            self.files.remove(id)
        for id in self.files.abandoned():
            if not (self.jobs.exists(id) or self.sessions.exists(id)):
                self.files.remove(id)


class _Run:
    """One run of the model: progress, previews, an early end, and delivery."""

    def __init__(self, engine: Engine, jobs: Sequence[Job]):
        self.engine, self.jobs = engine, jobs
        self.orders = [Order.from_json(job.request) for job in jobs]
        self.ids = {job.id for job in jobs}
        self._started = time.monotonic()
        self._beaten = 0.0
        now = time.time()
        for job in jobs:
            engine.metrics.waited.observe(now - job.created_at)
        engine.metrics.packed.observe(len(jobs))

    def watch(self, progress: "Progress") -> None:
        """After every step."""
        engine = self.engine
        engine.metrics.steps.inc()
        if engine.stopping.is_set():
            raise _Stopped
        if time.monotonic() - self._started > engine.settings.job_seconds:
            raise InputError(f"it took longer than {engine.settings.job_seconds:g} seconds")
        if time.monotonic() - self._beaten > BEAT:
            self._beaten = time.monotonic()
            if not engine.jobs.advance(engine.worker, self.ids, progress.step):
                raise _Unwanted
        every = max(1, progress.steps // PREVIEWS)
        due = progress.step % every == 0 and progress.step < progress.steps
        if due and any(order.shown for order in self.orders):
            self._preview(progress.preview())

    def _preview(self, frames: Sequence[Frames]) -> None:
        first = 0
        for job, order in zip(self.jobs, self.orders, strict=True):
            if order.shown and (folder := self.engine.files.folder(job.id)).is_dir():
                with suppress(RefusedByPolicy):
                    shown = self.engine.settings.terms.shown(frames[first])
                    replace(shown, recipe=None, sound=None).save(folder / PREVIEW)
                    (folder / PREVIEW).chmod(0o600)
            first += order.n

    def done(self, made: Sequence[Frames], counts: Sequence[int]) -> None:
        """Deliver every job's results."""
        self.engine.metrics.ran.observe(time.monotonic() - self._started)
        first = 0
        for job, order, count in zip(self.jobs, self.orders, counts, strict=True):
            try:
                self._deliver(job, order, made[first : first + count])
            except Exception as error:  # a full disk, say: the others may be small enough
                self.engine.fail(job, error)
            first += count

    def _deliver(self, job: Job, order: Order, results: Sequence[Frames]) -> None:
        """Write the files, then tell in one transaction; a job nobody wants leaves none."""
        engine = self.engine
        folder = engine.files.folder(job.id)
        outputs: list[dict[str, Any]] = []
        try:
            for i, frames in enumerate(results):
                stem = folder / f"out-{job.attempts}-{i}"
                outputs.append(_save(frames, order, stem, job, engine.settings.terms))
            synced(folder)
        except BaseException:  # one of them may not leave, say: then none is kept
            _remove(folder, outputs)
            raise
        if engine.jobs.finish(engine.worker, job.id, outputs):
            engine.ended(job, DONE)
            return
        engine.ended(job, CANCELLED)
        _remove(folder, outputs)
        if not engine.jobs.exists(job.id):
            engine.files.remove(job.id)


def _remove(folder: Path, outputs: Sequence[dict[str, Any]]) -> None:
    for output in outputs:
        (folder / output["file"]).unlink(missing_ok=True)


def _save(frames: Frames, order: Order, stem: Path, job: Job, terms: Terms) -> dict[str, Any]:
    """Write one result, as the server's terms have it; what is told about it."""
    form = order.form or ("mp4" if frames.is_clip else "png")
    path = stem.with_name(f"{stem.name}.{form}")
    terms.save(frames, path, who=job.owner, job=job.id, quality=order.quality)
    synced(path).chmod(0o600)
    recipe = frames.recipe or {}
    return {
        "file": path.name,
        "type": FORMATS[form],
        "width": frames.size.width,
        "height": frames.size.height,
        "frames": frames.size.frames,
        "fps": frames.fps,
        "seed": recipe.get("seed"),
        "bytes": path.stat().st_size,
    }
