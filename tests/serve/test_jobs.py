"""Interleaved prompts, packing, progress, cancelling, limits."""

import json
import time

from tests.serve.conftest import in_base64, png
from tests.serve.fake import FakeModel


def test_an_interleaved_prompt(running, clip):
    prompt = [
        "put ",
        {"type": "image", "data": in_base64(png())},
        {"type": "text", "text": " into "},
        {"type": "video", "data": f"data:video/mp4;base64,{in_base64(clip)}", "base": True},
    ]
    accepted = running.generate(prompt, seed=3, per_reference=[1.0, 2.0])
    assert accepted.status_code == 202
    job = running.over(accepted.json()["id"])
    assert (job["state"], job["outputs"][0]["frames"]) == ("done", 5)
    assert "put Image 1 into Video 1" in running.model.texts
    got = running.http.get(job["outputs"][0]["url"])
    assert got.headers["content-type"] == "video/mp4"


def test_what_waits_is_packed(start):
    running = start(FakeModel(seconds=0.2))
    first = running.generate("slow").json()["id"]
    fields = [{}, {"frames": 5}, {"steps": 3}, {"n": 2}]
    ids = [running.generate(f"dog {i}", **f).json()["id"] for i, f in enumerate(fields)]
    assert {running.over(id)["state"] for id in [first, *ids]} == {"done"}
    assert running.model.made == [["slow"], ["dog 0", "dog 1", "dog 3", "dog 3"], ["dog 2"]]


def test_urgent_jobs_come_first(start):
    running = start(FakeModel(seconds=0.2))
    running.generate("slow")
    ids = [running.generate(f"{p}", priority=p, steps=3 + p).json()["id"] for p in (0, 2, 1)]
    assert {running.over(id)["state"] for id in ids} == {"done"}
    assert running.model.texts == ["slow", "2", "1", "0"]


def test_only_the_culprit_of_a_run_fails(start):
    running = start(FakeModel(seconds=0.2))
    running.generate("slow")
    ids = [running.generate(text).json()["id"] for text in ("a dog", "break", "a hat")]
    ends = [running.over(id) for id in ids]
    assert [job["state"] for job in ends] == ["done", "failed", "done"]
    assert ends[1]["error"] == "the server failed; its log says why"


def test_events_tell_progress_previews_and_the_end(running):
    id = running.generate("slow", previews=True).json()["id"]
    with running.http.stream("GET", f"/v1/jobs/{id}/events") as stream:
        lines = [line for line in stream.iter_lines() if line]
    events = [line.removeprefix("event: ") for line in lines if line.startswith("event")]
    data = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data")]
    assert {"progress", "preview"} <= set(events) and events[-1] == "done"
    steps = [d["step"] for e, d in zip(events, data, strict=True) if e == "progress"]
    assert steps == sorted(steps) and data[-1]["outputs"][0]["type"] == "image/png"
    shown = next(d for e, d in zip(events, data, strict=True) if e == "preview")
    assert shown["type"] == "image/webp" and shown["data"].startswith("UklGR")


def test_cancel_ends_a_run_between_steps(start):
    running = start(FakeModel(seconds=0.3))
    id = running.generate("slow", steps=100).json()["id"]
    behind = running.generate("a dog").json()["id"]
    while running.http.get(f"/v1/jobs/{id}").json()["state"] == "queued":
        time.sleep(0.02)
    assert running.http.post(f"/v1/jobs/{id}/cancel").json()["state"] == "cancelled"
    assert running.over(behind)["state"] == "done"
    assert running.http.get(f"/v1/jobs/{id}/content/0").status_code == 409
    assert running.http.post(f"/v1/jobs/{id}/cancel").json()["state"] == "cancelled"


def test_a_full_queue_says_when_to_come_back(start):
    running = start(FakeModel(seconds=0.3), max_queue=2)
    answers = [running.generate("slow", steps=2) for _ in range(3)]
    assert [a.status_code for a in answers] == [202, 202, 429]
    assert int(answers[2].headers["retry-after"]) >= 1
    assert answers[2].json()["error"]["type"] == "rate_limit_error"
    folders = list((running.server.settings.data / "jobs").iterdir())
    assert len(folders) == 2  # nothing is left of the refused one


def test_an_idempotency_key_makes_one_job(running):
    headers = {"Idempotency-Key": "one"}
    bodies = [{"prompt": "a dog"}, {"prompt": "a dog"}, {"prompt": "a cat"}]
    answers = [running.http.post("/v1/generate", json=b, headers=headers) for b in bodies]
    assert [a.status_code for a in answers] == [202, 202, 409]
    assert answers[0].json()["id"] == answers[1].json()["id"]


def test_jobs_are_listed_by_pages(running):
    for _ in range(3):
        running.over(running.generate("a dog").json()["id"])
    first = running.http.get("/v1/jobs?limit=2").json()
    rest = running.http.get(f"/v1/jobs?limit=100&after={first['data'][-1]['id']}").json()
    ids = [job["id"] for job in first["data"] + rest["data"]]
    assert first["has_more"] and len(ids) == len(set(ids)) >= 3
    assert running.http.get("/v1/jobs?limit=0").status_code == 400


def test_health_readiness_and_figures(running):
    assert running.http.get("/health").json() == {"status": "ok"}
    assert running.http.get("/ready").json() == {"status": "ready"}
    text = running.http.get("/metrics").text
    assert 'vino_requests_total{method="GET",route="/health",status="200"}' in text
    assert "vino_run_jobs_bucket" in text and "vino_ready 1.0" in text
