"""Damaged requests and files of all kinds, from a stranger with a key of their own.

    python -m tests.serve.acceptance.fuzz [--cases 10000] [--model none] [--only NUMBER]

No answer may be a fault (5xx, but for 503: too much at once), say anything of the server's inside
or of another key's jobs, or take long; and the server's memory must not grow without end. Case N
is the same in every run.
"""

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx2

from tests.serve.acceptance.mutate import URLS, WORDS, damaged, mutated, odd, scrambled
from tests.serve.conftest import in_base64, png
from tests.serve.process import Load, Process, quick
from vino.serve.database import Database
from vino.serve.keys import Keys
from vino.serve.sites import Site

SECRET = "canary0dog"  # in everything the other key asked for
TIMEOUT = 30.0
WORKERS = 4
GROWTH = 150 << 20  # bytes of memory from a third of the way to the end
_INSIDE = ("Traceback", 'File "', "site-packages", "sqlite", "SELECT ", "/vino/", ".py", SECRET)


@dataclass(frozen=True)
class Case:
    """One request."""

    method: str
    path: str
    content: bytes = b""
    headers: dict[str, str | bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Targets:
    """Ids worth asking for: one's own and another key's; session: one's own."""

    jobs: tuple[str, ...]
    foreign: tuple[str, ...]
    session: str


def case(number: int, targets: Targets) -> Case:
    """The request of that number."""
    chance = random.Random(number)
    makers = (_body, _body, _file, _file, _form, _path, _headers, _session, _url)
    return makers[number % len(makers)](chance, targets)


def _asked(chance: random.Random, targets: Targets) -> tuple[str, dict[str, Any]]:
    """A sound request in JSON."""
    image = {"type": "image", "data": in_base64(png()), "base": True}
    common = {"seed": 3, "size": "32x32", "steps": 1, "guidance": 2.5, "priority": 0}
    prompt = ["put ", {"type": "text", "text": "it"}, " into ", image]
    return chance.choice((
        ("/v1/generate", common | {"prompt": prompt, "n": 1, "frames": 1, "previews": True,
                                   "per_reference": [1.0], "format": "png"}),
        ("/v1/images/generations", common | {"prompt": "a dog", "n": 1, "output_format": "png",
                                             "response_format": "b64_json", "stream": False}),
        ("/v1/videos", common | {"prompt": "a dog", "frames": 5, "input_reference": {
            "image_url": f"data:image/png;base64,{in_base64(png())}"}}),
        ("/v1/sessions", {"start": {"type": "image", "data": in_base64(png())}, "output": 0}),
        (f"/v1/sessions/{targets.session}/turns", common | {
            "prompt": prompt[:2], "parent": chance.choice((None, *targets.jobs, *targets.foreign)),
            "output": 0}),
    ))  # fmt: skip


def _body(chance: random.Random, targets: Targets) -> Case:
    path, body = _asked(chance, targets)
    content = json.dumps(mutated(body, chance)).encode()
    if chance.random() < 0.3:
        content = scrambled(content, chance)
    if chance.random() < 0.05:
        content = chance.choice((b"[" * 100_000, b'{"prompt":' * 50_000, b"9" * 100_000, b"null"))
    return Case("POST", path, content, {"Content-Type": "application/json"})


def _file(chance: random.Random, targets: Targets) -> Case:
    data = in_base64(damaged(chance))
    if chance.random() < 0.1:
        data = chance.choice(("data:image/png,", "data:;base64,", "data:image/png;base64,")) + data
    segment = {"type": chance.choice(("image", "video")), "data": data, "base": True}
    path, body = chance.choice((
        ("/v1/generate", {"prompt": [segment, "it"], "steps": 1}),
        ("/v1/sessions", {"start": segment}),
        ("/v1/videos", {"prompt": "it", "steps": 1, "frames": 5,
                        "input_reference": {"image_url": f"data:;base64,{data}"}}),
    ))  # fmt: skip
    return Case("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})


def _form(chance: random.Random, targets: Targets) -> Case:
    path, name = chance.choice((("images/edits", "image[]"), ("videos", "input_reference")))
    fields = {"prompt": "it", "steps": "1", "size": "32x32", name: damaged(chance)}
    if chance.random() < 0.5:
        fields[chance.choice(("mask", "base", "n", "prompt", *WORDS[2:5]))] = str(odd(chance))[
            :9_000
        ]
    parts = []
    for key, value in fields.items():
        file = '; filename="a.png"' if isinstance(value, bytes) else ""
        data = value if isinstance(value, bytes) else value.encode(errors="replace")
        head = f'--b\r\nContent-Disposition: form-data; name="{key}"{file}\r\n\r\n'
        parts.append(head.encode(errors="replace") + data)
    content = b"\r\n".join(parts) + b"\r\n--b--\r\n"
    if chance.random() < 0.5:
        content = scrambled(content, chance)
    kind = chance.choice(("multipart/form-data; boundary=b",) * 6 + (
        "multipart/form-data", "multipart/form-data; boundary=",
        "application/x-www-form-urlencoded", "multipart/mixed; boundary=b",
        "multipart/form-data; boundary=" + "b" * 5_000,
    ))  # fmt: skip
    return Case("POST", f"/v1/{path}", content, {"Content-Type": kind})


def _path(chance: random.Random, targets: Targets) -> Case:
    ids = (*targets.jobs, *targets.foreign, targets.session, "job_" + "0" * 32, "%00", "..%2f..",
           "%ff", "a" * 3_000, "%20", "job_%27%20or%201=1", "*", "-1")  # fmt: skip
    kind = chance.choice(("jobs", "videos", "sessions", "models"))
    rest = chance.choice(("", "/content", "/content/0", "/content/-1", "/content/" + "9" * 30,
                          "/events", "/cancel", "/turns", "/content/%2e%2e"))  # fmt: skip
    query = chance.choice(("", "", "?limit=1", "?limit=-1", "?limit=" + "9" * 50, "?order=up",
                           "?after=%00", f"?after={chance.choice(targets.foreign)}",
                           "?variant=thumbnail", "?limit=1&limit=2",
                           "?" + "a=b&" * 500))  # fmt: skip
    own = {*targets.jobs, targets.session}
    id = chance.choice(ids)
    method = chance.choice(
        ("GET", "GET", "POST", "PUT", "HEAD", "OPTIONS", "PATCH", "DELETE", "ODD")
    )
    if id in own and (method == "DELETE" or rest == "/cancel"):
        method = "GET"  # they are needed on
    place = f"/v1/{kind}/{id}{rest}" if chance.random() < 0.8 else f"/v1/{kind}"
    return Case(method, place + query)


def _headers(chance: random.Random, targets: Targets) -> Case:
    path, body = _asked(chance, targets)
    odd_values = (b"", b"\xff", b"a" * 9_000, b"x" * 64, b"x" * 65, "é".encode(), b"\t", b"null")
    name = chance.choice(("Authorization", "Idempotency-Key", "Content-Type", "Origin", "Range",
                          "Accept", "X-Forwarded-For", "Content-Encoding", "Cookie", "Host",
                          "Expect", "If-None-Match", "Transfer-Encoding"))  # fmt: skip
    value = chance.choice(odd_values)
    if name == "Authorization":
        token = chance.choice((b"vino_", b"vino_" + b"0" * 12 + b"_" + b"A" * 43, value))
        value = chance.choice((b"Bearer ", b"bearer  ", b"Basic ", b"")) + token
    return Case("POST", path, json.dumps(body).encode(), {name: value})


def _session(chance: random.Random, targets: Targets) -> Case:
    body: dict[str, Any] = {"prompt": "it", "steps": 1}
    id = chance.choice((targets.session, targets.session, "session_" + "0" * 32, *targets.foreign))
    if chance.random() < 0.8:
        parents = (
            *targets.jobs,
            *targets.foreign,
            None,
            "newest",
            "start",
            "",
            "\0",
            5,
            [],
            "a" * 99,
        )
        body["parent"] = chance.choice(parents)
    if chance.random() < 0.5:
        body["output"] = odd(chance)
    if chance.random() < 0.3:
        starts = ({"job": chance.choice((*targets.jobs, *targets.foreign)), "output": odd(chance)},
                  {"start": odd(chance)}, {"start": None, "job": None}, odd(chance))  # fmt: skip
        content = json.dumps(chance.choice(starts)).encode()
        return Case("POST", "/v1/sessions", content)
    return Case("POST", f"/v1/sessions/{id}/turns", json.dumps(body).encode())


def _url(chance: random.Random, targets: Targets) -> Case:
    segment: dict[str, Any] = {"type": chance.choice(("image", "video"))}
    segment["url"] = chance.choice((*URLS, odd(chance)))
    if chance.random() < 0.1:
        segment["data"] = in_base64(png())
    many = chance.choice((1, 1, 1, 80))
    return Case("POST", "/v1/generate", json.dumps({"prompt": [segment] * many + ["it"]}).encode())


@dataclass
class Stranger:
    """Sends cases and judges their answers."""

    server: Process
    http: httpx2.Client
    targets: Targets

    def send(self, number: int) -> str:
        """What came of a case: its status; AssertionError for what must not be."""
        asked = case(number, self.targets)
        started = time.monotonic()
        try:
            answer = self.http.request(
                asked.method, asked.path, content=asked.content, headers=asked.headers
            )
        except (httpx2.LocalProtocolError, httpx2.InvalidURL, UnicodeEncodeError, ValueError):
            return "unsendable"
        except httpx2.RemoteProtocolError:
            assert self.server.process.is_alive(), f"case {number} ended the server"
            return "hung up"
        seconds = time.monotonic() - started
        where = f"case {number}: {asked.method} {asked.path[:80]}: {answer.status_code}"
        assert seconds < TIMEOUT, f"{where} after {seconds:.0f} s"
        assert answer.status_code < 500 or answer.status_code == 503, f"{where} {answer.text[:300]}"
        if answer.headers.get("content-type", "").startswith(("application/json", "text/event")):
            text = answer.text
            sent = asked.content.decode(errors="replace") + asked.path
            found = [word for word in (*_INSIDE, str(self.server.data)) if word in text]
            assert all(word in sent for word in found), f"{where} says {found}: {text[:300]}"
        return str(answer.status_code)


def fuzz(data: Path, cases: range, load: Load, method: str = "fork") -> dict[str, Any]:
    """Send the cases; figures. AssertionError for the first that breaks a promise."""
    sites = (Site.parse("http://localhost"), Site.parse("http://localhost:1"))
    server = Process(data, load=load, method=method, allow_urls=sites, max_queue=1_000_000,
                     max_body=2 << 20, max_turns=1_000_000, max_sessions=1_000_000)  # fmt: skip
    database = Database(None, data)
    owner, stranger = (
        Keys(database).create(name, max_open=1_000_000, per_minute=1_000_000) for name in "ab"
    )
    database.close()
    client = partial(httpx2.Client, base_url=server.http.base_url, timeout=2 * TIMEOUT)
    with (
        client(headers={"Authorization": f"Bearer {owner}"}) as other,
        client(headers={"Authorization": f"Bearer {stranger}"}) as http,
    ):
        foreign = _used(other, SECRET)
        mine = _used(http, "a dog")
        sent = Stranger(server, http, Targets(mine[:1], foreign, mine[1]))
        before = _memory(server)
        started = time.monotonic()
        seen: Counter[str] = Counter()
        third, memory = cases.start + len(cases) // 3, 0
        with ThreadPoolExecutor(WORKERS) as pool:
            for number, status in zip(cases, pool.map(sent.send, cases), strict=True):
                seen[status] += 1
                if number == third:
                    memory = _memory(server)
        seconds = time.monotonic() - started
        after = _drained(server, other)
        assert after - memory < GROWTH, f"memory grew from {memory:,} to {after:,} bytes"
        for id in foreign[:1]:
            assert other.get(f"/v1/jobs/{id}").json()["state"] == "done"
    server.kill()
    faults = server.log.read_text().count('"level": "error"')
    assert faults == 0, f"{faults} faults in the log"
    mebibytes = [round(x / 2**20) for x in (before, memory, after)]
    return {"cases": len(cases), "answers": dict(sorted(seen.items())), "memory MiB": mebibytes,
            "seconds": round(seconds, 1)}  # fmt: skip


def _used(http: httpx2.Client, words: str) -> tuple[str, str]:
    """A finished turn, and the session it is in."""
    session = http.post("/v1/sessions", json={}).json()["id"]
    body = {"prompt": words, "steps": 1}
    id = http.post(f"/v1/sessions/{session}/turns", json=body).json()["id"]
    while http.get(f"/v1/jobs/{id}").json()["state"] != "done":
        time.sleep(0.05)
    return id, session


def _drained(server: Process, http: httpx2.Client) -> int:
    """Memory once nothing waits any more; the queue must come to its end."""
    until = time.monotonic() + 500
    while http.get("/metrics").text.count('vino_jobs_open{state="queued"} 0.0') == 0:
        assert time.monotonic() < until, "the queue does not end"
        time.sleep(0.2)
    return _memory(server)


def _memory(server: Process) -> int:
    """Resident bytes."""
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * 4096


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--only", type=int, metavar="NUMBER", help="one case alone")
    parser.add_argument("--model", choices=("tiny", "none"), default="none")
    args = parser.parse_args()
    import vino

    load = partial(vino.load, device="cpu") if args.model == "tiny" else quick
    cases = range(args.cases) if args.only is None else range(args.only, args.only + 1)
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(fuzz(Path(folder), cases, load, "forkserver")))


if __name__ == "__main__":
    main()
