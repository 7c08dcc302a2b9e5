"""The application, and the server that runs it."""

import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from vino.errors import InputError
from vino.serve import api, editing, manual, openai
from vino.serve.answers import Status, tells
from vino.serve.config import Settings
from vino.serve.database import Database
from vino.serve.engine import Engine
from vino.serve.fetch import Fetcher
from vino.serve.files import Files
from vino.serve.gate import Gate
from vino.serve.history import History
from vino.serve.jobs import Jobs
from vino.serve.keys import Keys
from vino.serve.log import say
from vino.serve.metrics import Metrics
from vino.serve.replies import Refusal, reply
from vino.serve.schema import document
from vino.serve.service import Service
from vino.serve.sessions import Sessions

if TYPE_CHECKING:
    from vino.generate import Model

_CONNECTIONS = 512
_GRACE = 30  # seconds for answers on their way when the server stops


class Server:
    """Everything of one server: `run` serves until SIGINT or SIGTERM.

    load: gives the model; called in the background. Raises InputError when settings, data folder
    or database cannot be used.
    """

    def __init__(self, settings: Settings, load: Callable[[], "Model"]):
        self.settings = settings
        files = Files(settings.data)
        if settings.database is None:
            files.lock()
        self.database = Database(settings.database, settings.data)
        self.keys = Keys(self.database)
        if not settings.is_loopback and not self.keys.exist():
            raise InputError(
                f"{settings.host} can be reached by others, and there is no key: make one with "
                "vino keys create NAME"
            )
        self.files = files
        self.jobs = Jobs(self.database, settings)
        self.metrics = Metrics()
        sessions = Sessions(self.database, settings)
        self.engine = Engine(settings, self.jobs, sessions, files, self.metrics, load)
        history = History(settings, sessions, files)
        fetcher = Fetcher(settings)
        self.service = Service(settings, self.jobs, history, files, self.engine, fetcher)

    def app(self) -> ASGIApp:
        """The application; the engine runs as long as it does."""
        app = FastAPI(lifespan=self._lifespan, docs_url=None, redoc_url=None, openapi_url=None)
        app.state.service = self.service
        app.include_router(openai.router)
        app.include_router(api.router)
        app.include_router(editing.router)
        app.add_api_route("/health", self._health, **tells(Status))
        ready = tells(Status)
        ready["responses"][503] = {"description": "Not ready", "model": Status}
        app.add_api_route("/ready", self._ready, **ready)
        app.add_api_route("/metrics", self._figures, **tells("text/plain"))
        told = document(app.routes)
        app.add_route("/openapi.json", _always(json.dumps(told), "application/json"))
        app.add_route("/docs", _always(manual.page(told), "text/html", manual.POLICY))
        app.add_exception_handler(Refusal, _refused)
        app.add_exception_handler(HTTPException, _unknown)
        app.add_exception_handler(RequestValidationError, _invalid)
        return Gate(app, self.settings, self.keys, self.metrics)

    def run(self, started: Callable[[str], None]) -> None:
        """Serve; `started` is told the address once it is open. InputError if it is taken."""
        config = uvicorn.Config(
            self.app(), host=self.settings.host, port=self.settings.port, log_config=None,
            access_log=False, server_header=False, limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_GRACE, timeout_keep_alive=20,
        )  # fmt: skip
        try:
            _Uvicorn(config, self.engine, started).run()
        except SystemExit:  # uvicorn's answer to a port it cannot have
            place = f"{self.settings.host}:{self.settings.port}"
            message = f"cannot listen on {place}: give another --port (or --host)"
            raise InputError(message) from None
        finally:
            self.close()

    def close(self) -> None:
        self.database.close()
        self.files.unlock()

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        if not self.database.is_shared:
            say("recovered", jobs=self.jobs.recover())
        self.engine.start()
        yield
        self.engine.stop()
        await run_in_threadpool(self.engine.join)
        say("stopped", **self.jobs.counts())

    async def _health(self) -> Response:
        """The process answers."""
        return reply({"status": "ok"})

    async def _ready(self) -> Response:
        """Whether requests are taken: 503 while the model is loading, or the server stopping."""
        if self.engine.stopping.is_set():
            return reply({"status": "stopping"}, 503)
        if self.engine.model is None:
            status = "failed" if self.engine.failure else "loading"
            return reply({"status": status}, 503)
        try:
            await run_in_threadpool(self.jobs.counts)
        except SQLAlchemyError:
            return reply({"status": "no database"}, 503)
        return reply({"status": "ready"})

    async def _figures(self) -> Response:
        """Figures for Prometheus."""
        for state, count in (await run_in_threadpool(self.jobs.counts)).items():
            self.metrics.open.labels(state).set(count)
        if (model := self.engine.model) is not None:
            self.metrics.encoded.set(model.encoded.nbytes)
            self.metrics.reused.labels("yes").set(model.encoded.hits)
            self.metrics.reused.labels("no").set(model.encoded.misses)
        return Response(self.metrics.text(), media_type="text/plain; version=0.0.4")


class _Uvicorn(uvicorn.Server):
    """Tells the engine of the end at once, so that waiting answers and streams end too."""

    def __init__(self, config: uvicorn.Config, engine: Engine, started: Callable[[str], None]):
        super().__init__(config)
        self._engine, self._told = engine, started

    async def startup(self, sockets: list | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self._told(f"http://{f'[{host}]' if ':' in host else host}:{port}")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._engine.stop()
        super().handle_exit(sig, frame)
        if sig == signal.SIGINT:
            self.force_exit = False  # a second Ctrl-C would cut the step that is running


def _always(
    content: str, kind: str, policy: str | None = None
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint whose answer never changes. policy: what browsers may load for it."""
    headers = {} if policy is None else {"Content-Security-Policy": policy}

    async def answer(request: Request) -> Response:
        return Response(content, headers=headers, media_type=kind)

    return answer


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return error.response()


async def _unknown(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    messages = {404: "there is nothing at this address", 405: "this method is not for this address"}
    return Refusal(error.status_code, messages.get(error.status_code, error.detail)).response()


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()[0]
    name = str(found["loc"][-1])
    return Refusal(400, f"{name} in the address: {found['msg']}", param=name).response()
