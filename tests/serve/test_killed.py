"""SIGKILL at any moment: no accepted job is lost, none is delivered twice."""

import os
import random
import signal
import time

import pytest

from tests.serve.process import Process

SHARED = os.environ.get("VINO_TEST_DATABASE")  # an empty PostgreSQL database; its URL


class Queue(Process):
    """Numbered jobs on such a server."""

    def accept(self, number, **fields):
        body = {"prompt": f"slow {number}", "seed": number, "steps": 2 + 5 * (number % 3), **fields}
        answer = self.http.post("/v1/generate", json=body)
        assert answer.status_code == 202
        return answer.json()["id"]

    def states(self, ids):
        return [self.http.get(f"/v1/jobs/{id}").json()["state"] for id in ids]

    def wait(self, ids, seconds=60.0):
        until = time.monotonic() + seconds
        while {"queued", "running"} & set(self.states(ids)):
            assert time.monotonic() < until
            time.sleep(0.1)


def check_delivered(server, ids):
    """Every job is done, with the one result that belongs to it."""
    assert set(server.states(ids)) == {"done"}
    for number, id in enumerate(ids):
        (output,) = server.http.get(f"/v1/jobs/{id}").json()["outputs"]
        assert output["seed"] == number
        assert server.http.get(output["url"]).content[:4] == b"\x89PNG"


def test_killed_and_stopped_servers_go_on(tmp_path):
    chance = random.Random(1)
    server = Queue(tmp_path)
    ids = [server.accept(i) for i in range(9)]
    for _ in range(3):
        time.sleep(chance.uniform(0.1, 0.6))
        assert server.end(signal.SIGKILL) == -signal.SIGKILL
        server.start()
        ids.append(server.accept(len(ids)))
    time.sleep(0.2)
    assert server.end(signal.SIGINT) == 0
    server.start()
    server.wait(ids)
    check_delivered(server, ids)
    seen = [(id, server.http.get(f"/v1/jobs/{id}").json()["finished_at"]) for id in ids]
    server.end(signal.SIGKILL)
    server.start()
    time.sleep(0.5)
    assert seen == [(id, server.http.get(f"/v1/jobs/{id}").json()["finished_at"]) for id in ids]
    server.end(signal.SIGKILL)


@pytest.mark.skipif(SHARED is None, reason="VINO_TEST_DATABASE names no PostgreSQL")
def test_another_process_takes_over(tmp_path):
    """Two servers share a database and a folder; one dies, the other makes what it had begun."""
    first, second = (Queue(tmp_path, name, database=SHARED) for name in ("first", "second"))
    ids = [(first, second)[i % 2].accept(i) for i in range(8)]
    time.sleep(0.3)
    first.end(signal.SIGKILL)
    second.wait(ids)
    check_delivered(second, ids)
    second.end(signal.SIGKILL)
