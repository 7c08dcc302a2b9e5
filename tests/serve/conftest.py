"""Servers on ephemeral ports of this machine, with a model that takes no time."""

import base64
import io
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi")
httpx = pytest.importorskip("httpx2")
openai = pytest.importorskip("openai")

import uvicorn  # noqa: E402

from tests.serve.fake import FakeModel  # noqa: E402
from vino.media import Frames  # noqa: E402
from vino.serve.config import Settings  # noqa: E402
from vino.serve.http import Server  # noqa: E402


@dataclass
class Running:
    """A server in a thread."""

    server: Server
    model: FakeModel
    address: str
    http: Any
    key: str = "none"
    clients: list[Any] = field(default_factory=list)

    def openai(self, key: str | None = None) -> Any:
        """OpenAI's own client."""
        client = openai.OpenAI(
            base_url=f"{self.address}/v1", api_key=key or self.key, max_retries=0, timeout=30
        )
        self.clients.append(client)
        return client

    def generate(self, prompt: Any, key: str | None = None, **fields: Any) -> Any:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        body = {"prompt": prompt, **fields}
        return self.http.post("/v1/generate", json=body, headers=headers)

    def over(self, id: str, seconds: float = 20.0) -> dict[str, Any]:
        """The job once it is over."""
        until = time.monotonic() + seconds
        while (job := self.http.get(f"/v1/jobs/{id}").json())["state"] in ("queued", "running"):
            assert time.monotonic() < until, job
            time.sleep(0.05)
        return job


Start = Callable[..., Running]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts servers, and stops them at the end."""
    stops = []

    def start(model: Any = None, data: Path | None = None, **settings: Any) -> Running:
        chosen = Settings(port=0, data=data or tmp_path_factory.mktemp("data"), **settings)
        model = model or FakeModel()
        server = Server(chosen, lambda: model)
        inner = uvicorn.Server(uvicorn.Config(server.app(), port=0, log_config=None))
        thread = threading.Thread(target=inner.run)
        thread.start()
        while not inner.started or server.engine.model is None:
            time.sleep(0.02)
        port = inner.servers[0].sockets[0].getsockname()[1]
        address = f"http://127.0.0.1:{port}"

        def stop() -> None:
            server.engine.stop()
            inner.should_exit = True
            thread.join()
            server.close()

        stops.append(stop)
        return Running(server, model, address, httpx.Client(base_url=address, timeout=30))

    yield start
    for stop in stops:
        stop()


@pytest.fixture(scope="module")
def running(start: Start) -> Running:
    """One server for the tests that leave no trace."""
    return start()


def png(width: int = 32, height: int = 32, level: int = 200) -> bytes:
    pixels = np.full((height, width, 3), level, np.uint8)
    buffer = io.BytesIO()
    Frames(pixels[None]).picture().save(buffer, "PNG")
    return buffer.getvalue()


def in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    pixels = np.full((5, 32, 32, 3), 90, np.uint8)
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    return Frames(pixels, 8.0).save(path).read_bytes()
