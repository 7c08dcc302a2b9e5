"""Mixed jobs from many clients, with a server that is killed again and again.

    python -m tests.serve.acceptance.soak [--jobs 200] [--clients 20] [--kills 5] [--model tiny]

OpenAI's own client and plain HTTP; pictures, edits, clips, interleaved prompts and edit sessions.
A request that met a dead server is sent again under its idempotency key. In the end every accepted
job must be there once, done, delivered once, and unchanged since it was first seen.
"""

import argparse
import base64
import hashlib
import json
import random
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import openai

from tests.serve.conftest import in_base64, png
from tests.serve.process import Load, Process, quick

AGAIN = (429, 502, 503, 504)  # and no answer at all
PATIENCE = 1800.0  # seconds until it counts as a hang


@dataclass
class Shop:
    """What all clients share. seen: by job, when it was finished and what was delivered."""

    address: str
    key: str
    until: float = field(default_factory=lambda: time.monotonic() + PATIENCE)
    accepted: dict[str, int] = field(default_factory=dict)  # id -> seed
    seen: dict[str, tuple[float, str]] = field(default_factory=dict)
    again: Counter[str] = field(default_factory=Counter)

    def client(self) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx2.Client(base_url=self.address, headers=headers, timeout=60)

    def insist(self, send: Callable[[], Any]) -> Any:
        """The answer, however often it takes."""
        while True:
            assert time.monotonic() < self.until, "it takes too long"
            try:
                answer = send()
                if not isinstance(answer, httpx2.Response) or answer.status_code not in AGAIN:
                    return answer
                self.again[f"status {answer.status_code}"] += 1
            except openai.APIStatusError as error:
                if error.status_code not in AGAIN:
                    raise
                self.again[f"status {error.status_code}"] += 1
            except (httpx2.TransportError, openai.APIConnectionError) as error:
                self.again[type(error).__name__] += 1
            time.sleep(0.2)


class Client(threading.Thread):
    """Sends its jobs one after the other, and looks at each result when it is there."""

    def __init__(self, shop: Shop, number: int, jobs: int, steps: int):
        super().__init__(name=f"client-{number}")
        self.shop, self.number, self.count, self.steps = shop, number, jobs, steps
        self.http = shop.client()
        self.openai = openai.OpenAI(
            base_url=f"{shop.address}/v1", api_key=shop.key, max_retries=0, timeout=60
        )
        self.failure: Exception | None = None
        self.session: str | None = None

    def run(self) -> None:
        kinds = (self.picture, self.plain, self.edit, self.turn, self.clip, self.mixed)
        try:
            for i in range(self.count):
                seed = self.number * 10_000 + i
                id = kinds[(self.number + i) % len(kinds)](seed, f"key {seed}")
                self.shop.accepted[id] = seed
                self.look(id)
        except Exception as error:
            self.failure = error

    def picture(self, seed: int, key: str) -> str:
        made = self.shop.insist(partial(
            self.openai.images.generate, prompt="a red apple", size="64x64",
            extra_body={"seed": seed, "steps": self.steps}, extra_headers={"Idempotency-Key": key},
        ))  # fmt: skip
        assert base64.b64decode(made.data[0].b64_json).startswith(b"\x89PNG")
        return str(made.id)

    def edit(self, seed: int, key: str) -> str:
        made = self.shop.insist(partial(
            self.openai.images.edit, prompt="make it blue", image=png(),
            extra_body={"seed": seed, "steps": self.steps}, extra_headers={"Idempotency-Key": key},
        ))  # fmt: skip
        return str(made.id)

    def clip(self, seed: int, key: str) -> str:
        made = self.shop.insist(partial(
            self.openai.videos.create, prompt="it slides", extra_headers={"Idempotency-Key": key},
            extra_body={"seed": seed, "steps": self.steps, "frames": 5},
        ))  # fmt: skip
        return str(made.id)

    def plain(self, seed: int, key: str) -> str:
        return self.post("/v1/generate", {"prompt": "a dog", "n": 2}, seed, key)

    def mixed(self, seed: int, key: str) -> str:
        hat = {"type": "image", "data": in_base64(png(24, 16, level=seed % 250))}
        body = {"prompt": ["the object in ", hat, " slides"], "frames": 5, "format": "webp"}
        return self.post("/v1/generate", body, seed, key)

    def turn(self, seed: int, key: str) -> str:
        if self.session is None:
            start = {"start": {"type": "image", "data": in_base64(png())}}
            made = self.shop.insist(partial(self.http.post, "/v1/sessions", json=start))
            assert made.status_code == 201, made.text
            self.session = made.json()["id"]
        return self.post(f"/v1/sessions/{self.session}/turns", {"prompt": "add a hat"}, seed, key)

    def post(self, path: str, body: dict[str, Any], seed: int, key: str) -> str:
        body = body | {"seed": seed, "steps": self.steps}
        headers = {"Idempotency-Key": key}
        answer = self.shop.insist(partial(self.http.post, path, json=body, headers=headers))
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def look(self, id: str) -> None:
        """Wait for the end, and note what was delivered."""
        while (job := self.told(id))["state"] in ("queued", "running"):
            time.sleep(0.3)
        assert job["state"] == "done", job
        self.shop.seen[id] = (job["finished_at"], self.delivered(job))

    def told(self, id: str) -> dict[str, Any]:
        answer = self.shop.insist(partial(self.http.get, f"/v1/jobs/{id}"))
        assert answer.status_code == 200, f"{id} is lost: {answer.text}"
        return dict(answer.json())

    def delivered(self, job: dict[str, Any]) -> str:
        digest = hashlib.sha256()
        for output in job["outputs"]:
            content = self.shop.insist(partial(self.http.get, output["url"])).content
            assert len(content) == output["bytes"], job["id"]
            digest.update(content)
        return digest.hexdigest()


def soak(
    data: Path,
    jobs: int,
    clients: int,
    kills: int,
    steps: int,
    load: Load,
    method: str = "fork",
    seed: int = 0,
) -> dict[str, Any]:
    """Run it; figures. AssertionError when a promise was broken."""
    chance = random.Random(seed)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Process(data, load=load, method=method, port=port, max_queue=10_000)
    key = _key(data)
    shop = Shop(f"http://127.0.0.1:{port}", key)
    shares = [jobs // clients + (i < jobs % clients) for i in range(clients)]
    threads = [Client(shop, i, share, steps) for i, share in enumerate(shares)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    marks = sorted(chance.uniform(0.02, 0.9) * jobs for _ in range(kills))
    for mark in marks:  # at random moments, but while there is work
        while len(shop.seen) < mark and any(thread.is_alive() for thread in threads):
            time.sleep(0.05)
        time.sleep(chance.uniform(0, 0.5))
        server.kill()
        server.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - started
    try:
        failures = [thread.failure for thread in threads if thread.failure is not None]
        if failures:
            raise failures[0]
        return _judge(shop, server, jobs) | {"kills": kills, "seconds": round(seconds, 1)}
    finally:
        server.kill()


def _key(data: Path) -> str:
    from vino.serve.database import Database
    from vino.serve.keys import Keys

    database = Database(None, data)
    try:
        return Keys(database).create("soak", max_open=10_000, per_minute=1_000_000)
    finally:
        database.close()


def _judge(shop: Shop, server: Process, jobs: int) -> dict[str, Any]:
    """Hold what is there against what was accepted and seen."""
    judge = Client(shop, 0, 0, 1)
    listed: list[dict[str, Any]] = []
    while True:
        after = f"&after={listed[-1]['id']}" if listed else ""
        part = judge.http.get(f"/v1/jobs?limit=100{after}").json()
        listed += part["data"]
        if not part["has_more"]:
            break
    assert len(shop.accepted) == jobs and sorted(shop.accepted) == sorted(j["id"] for j in listed)
    for job in listed:
        assert job["state"] == "done" and job["seed"] == shop.accepted[job["id"]], job
        assert shop.seen[job["id"]] == (job["finished_at"], judge.delivered(job)), job
    ended = Counter(
        line["job"] for line in map(json.loads, server.log.read_text().splitlines())
        if line["event"] == "ended"
    )  # fmt: skip
    assert max(ended.values()) == 1, "a job was delivered twice"
    kinds = Counter(job["kind"] for job in listed)
    return {"jobs": jobs, "kinds": dict(kinds), "sent again": dict(shop.again)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", choices=("tiny", "none"), default="tiny")
    args = parser.parse_args()
    import vino

    load = partial(vino.load, device="cpu") if args.model == "tiny" else quick
    with tempfile.TemporaryDirectory() as folder:
        made = soak(Path(folder), args.jobs, args.clients, args.kills, args.steps, load,
                    "forkserver", args.seed)  # fmt: skip
    print(json.dumps(made))


if __name__ == "__main__":
    main()
