"""Edit sessions: turns, branches, undoing, owners, and what is encoded once."""

import time

import numpy as np
import pytest

from tests.serve.conftest import in_base64, png
from tests.serve.fake import FakeModel
from vino.media import read_picture


def begin(running, **fields):
    answer = running.http.post("/v1/sessions", json=fields)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def turn(running, session, prompt, key=None, **fields):
    headers = {"Idempotency-Key": key} if key else {}
    url = f"/v1/sessions/{session}/turns"
    return running.http.post(url, json={"prompt": prompt, **fields}, headers=headers)


def done(running, session, prompt, **fields):
    """A turn that was waited for."""
    answer = turn(running, session, prompt, **fields)
    assert answer.status_code == 202, answer.text
    assert running.over(answer.json()["id"])["state"] == "done"
    return answer.json()


def base(running, id):
    """The pixels of what a job was given to edit."""
    job = running.server.jobs.get(id, "local")
    (part,) = [p for p in job.request["parts"] if p["base"]]
    return read_picture(running.server.files.folder(id) / f"in-{part['file']}").pixels


def result(running, id, tmp_path, index=0):
    (tmp_path / "a.png").write_bytes(running.http.get(f"/v1/jobs/{id}/content/{index}").content)
    return read_picture(tmp_path / "a.png").pixels


def test_turns_edit_what_their_parents_made(running, tmp_path):
    session = begin(running, start={"type": "image", "data": in_base64(png())})
    first = done(running, session, "make it blue", seed=5, n=2)
    second = done(running, session, "add a hat", seed=9)
    branch = done(running, session, "add a dog", parent=first["id"], output=1)
    anew = done(running, session, "start again", parent=None)
    assert (base(running, first["id"]) == 200).all() and (base(running, anew["id"]) == 200).all()
    for child, index in ((second, 0), (branch, 1)):
        wanted = result(running, first["id"], tmp_path, index)
        assert np.array_equal(base(running, child["id"]), wanted)
    told = running.http.get(f"/v1/sessions/{session}").json()
    assert told["start"] == {"type": "image", "width": 32, "height": 32, "frames": 1}
    assert [(t["parent"], t["parent_output"], t["prompt"]) for t in told["turns"]] == [
        (None, None, ["make it blue"]), (first["id"], 0, ["add a hat"]),
        (first["id"], 1, ["add a dog"]), (None, None, ["start again"]),
    ]  # fmt: skip
    assert session in [s["id"] for s in running.http.get("/v1/sessions").json()["data"]]


def test_references_come_before_what_is_edited(running):
    session = begin(running, start={"type": "image", "data": in_base64(png())})
    hat = {"type": "image", "data": in_base64(png(16, 16))}
    made = done(running, session, ["put ", hat, " on it"])
    parts = running.server.jobs.get(made["id"], "local").request["parts"]
    assert [(p["kind"], p["base"]) for p in parts] == [
        ("text", False), ("image", False), ("text", False), ("medium", True)
    ]  # fmt: skip
    assert "put Image 1 on it" in running.model.texts


def test_a_session_begins_with_words_a_clip_or_a_result(running, clip):
    words = begin(running)
    first = done(running, words, "a dog")
    assert running.server.jobs.get(first["id"], "local").request["parts"] == [
        {"kind": "text", "text": "a dog", "file": 0, "base": False}
    ]
    clips = begin(running, start={"type": "video", "data": in_base64(clip)})
    assert running.over(done(running, clips, "at night")["id"])["outputs"][0]["frames"] == 5
    taken = begin(running, job=first["id"])
    done(running, taken, "add a hat")


def test_a_turn_waits_for_its_parent(start):
    running = start(FakeModel(seconds=0.3))
    session = begin(running)
    first = turn(running, session, "slow").json()
    refused = turn(running, session, "add a hat")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_ready")
    running.http.post(f"/v1/jobs/{first['id']}/cancel")
    second = done(running, session, "a cat")  # the cancelled turn is passed over
    assert second["parent"] is None


def test_the_same_turn_sent_twice_is_one(running):
    session = begin(running)
    first = turn(running, session, "a dog", key="turn one").json()
    running.over(first["id"])
    assert turn(running, session, "a dog", key="turn one").json()["id"] == first["id"]
    assert turn(running, session, "a dog", key="turn one", parent=None).status_code == 409
    assert turn(running, begin(running), "a dog", key="turn one").status_code == 409
    assert len(running.http.get(f"/v1/sessions/{session}").json()["turns"]) == 1


def test_a_child_outlives_its_parent(running):
    session = begin(running)
    first = done(running, session, "a dog")
    second = done(running, session, "add a hat")
    running.http.delete(f"/v1/jobs/{first['id']}")
    assert [t["id"] for t in running.http.get(f"/v1/sessions/{session}").json()["turns"]] == [
        second["id"]
    ]
    assert turn(running, session, "a cat", parent=first["id"]).status_code == 404
    assert done(running, session, "add a cat")["parent"] == second["id"]


def test_a_deleted_session_leaves_nothing(start):
    running = start(FakeModel(seconds=0.3))
    session = begin(running, start={"type": "image", "data": in_base64(png())})
    ids = [done(running, session, "a dog")["id"], turn(running, session, "slow").json()["id"]]
    assert running.http.delete(f"/v1/sessions/{session}").json()["deleted"]
    for url in (f"sessions/{session}", f"jobs/{ids[0]}", f"jobs/{ids[1]}"):
        assert running.http.get(f"/v1/{url}").status_code == 404
    assert turn(running, session, "a dog").status_code == 404
    last = running.generate("a dog").json()["id"]  # behind the run that nobody wants
    running.over(last)
    assert [f.name for f in (running.server.settings.data / "jobs").iterdir()] == [last]


def test_sessions_are_their_owners(start):
    running = start()
    mine, other = (running.server.keys.create(name) for name in "ab")
    headers = [{"Authorization": f"Bearer {key}"} for key in (mine, other)]
    session = running.http.post("/v1/sessions", json={}, headers=headers[0]).json()["id"]
    url = f"/v1/sessions/{session}"
    for who, status in ((headers[0], 200), (headers[1], 404)):
        assert running.http.get(url, headers=who).status_code == status
    body = {"prompt": "a dog"}
    made = running.http.post(f"{url}/turns", json=body, headers=headers[0]).json()
    assert running.http.post(f"{url}/turns", json=body, headers=headers[1]).status_code == 404
    assert running.http.delete(url, headers=headers[1]).status_code == 404
    assert running.http.get("/v1/sessions", headers=headers[1]).json()["data"] == []
    stolen = running.http.post("/v1/sessions", json={"job": made["id"]}, headers=headers[1])
    assert stolen.status_code == 404


@pytest.mark.parametrize("fields", [
    {"start": {"type": "text", "text": "a dog"}}, {"start": {"type": "image", "data": "AAAA"}},
    {"start": {"type": "image"}}, {"start": {"type": "image", "url": "https://x/a.png"}},
    {"job": "job_" + "0" * 32}, {"job": "\0"}, {"first": 1},
])  # fmt: skip
def test_bad_beginnings_are_refused(running, fields):
    before = len(list((running.server.settings.data / "jobs").iterdir()))
    answer = running.http.post("/v1/sessions", json=fields)
    assert answer.status_code in (400, 404) and "jobs/" not in answer.text
    assert len(list((running.server.settings.data / "jobs").iterdir())) == before


def test_limits_and_forgetting(start):
    running = start(max_sessions=2, max_turns=1, keep_days=1e-6)
    old = begin(running)
    made = done(running, old, "a dog")
    assert turn(running, old, "a cat").status_code == 404
    begin(running)
    assert running.http.post("/v1/sessions", json={}).status_code == 429
    engine = running.server.engine
    assert engine.jobs.forget(made["created_at"] + 3600) == []  # turns stay with their session
    time.sleep(0.1)
    engine._tidy()
    assert running.http.get("/v1/sessions").json()["data"] == []
    assert list((running.server.settings.data / "jobs").iterdir()) == []
