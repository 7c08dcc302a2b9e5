"""A server in a process of its own, which can be killed."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.serve.fake import FakeModel

httpx = pytest.importorskip("httpx2")
pytest.importorskip("fastapi")

Load = Callable[[], Any]
PATIENCE = 300.0  # seconds for a server to begin, on a busy machine
PRELOAD = ("vino.generate", "vino.serve.http")


def quick() -> FakeModel:
    return FakeModel(0.05)


def serve(data: Path, name: str, load: Load, settings: dict[str, Any]) -> None:
    """Serve; the address is written down, and so is the log."""
    from vino.serve.config import Settings
    from vino.serve.http import Server
    from vino.serve.log import start_logging

    def started(address: str) -> None:
        (data / "new").write_text(address)
        os.replace(data / "new", data / name)

    sys.stderr = (data / f"{name}.log").open("a", buffering=1)
    start_logging()
    server = Server(Settings(data=data, **{"port": 0, "lease_seconds": 2, **settings}), load)
    try:
        server.run(started)
    except KeyboardInterrupt:
        os._exit(0)  # without the end of pytest, which was forked too


class Process:
    """Starts, kills and asks such a server.

    method: "fork" imports nothing again; "forkserver" neither, and suits a parent with threads.
    """

    def __init__(
        self,
        data: Path,
        name: str = "address",
        load: Load = quick,
        method: str = "fork",
        **settings: Any,
    ):
        self.data, self.name, self.load, self.settings = data, name, load, settings
        self._context: Any = multiprocessing.get_context(method)
        self._context.set_forkserver_preload(["tests.serve.process", *PRELOAD])
        self.start()

    def start(self) -> None:
        address = self.data / self.name
        address.unlink(missing_ok=True)
        arguments = (self.data, self.name, self.load, self.settings)
        self.process = self._context.Process(target=serve, args=arguments, daemon=True)
        self.process.start()
        until = time.monotonic() + PATIENCE
        while not address.exists():
            assert self.process.is_alive() and time.monotonic() < until
            time.sleep(0.02)
        self.http = httpx.Client(base_url=address.read_text(), timeout=30)
        while self.http.get("/ready").status_code != 200:
            assert time.monotonic() < until
            time.sleep(0.02)

    def kill(self) -> None:
        assert self.end(signal.SIGKILL) == -signal.SIGKILL

    def end(self, number: int) -> int | None:
        pid = self.process.pid
        assert pid is not None
        os.kill(pid, number)
        self.process.join(60)
        return self.process.exitcode

    @property
    def log(self) -> Path:
        return self.data / f"{self.name}.log"
