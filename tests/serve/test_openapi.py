"""/openapi.json is complete and true, and /docs shows it without anything from elsewhere."""

import json
import re

import pytest
from fastapi.openapi.models import OpenAPI

from tests.serve.conftest import in_base64, png
from vino.serve import answers
from vino.serve.manual import page


@pytest.fixture(scope="module")
def told(running):
    return running.http.get("/openapi.json").json()


def references(value):
    if isinstance(value, dict):
        yield from (v for k, v in value.items() if k == "$ref")
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_it_is_a_document_of_all_endpoints(told):
    OpenAPI.model_validate(told)
    assert {f"{m.upper()} {path}" for path, methods in told["paths"].items() for m in methods} == {
        "POST /v1/images/generations", "POST /v1/images/edits", "POST /v1/videos",
        "GET /v1/videos", "GET /v1/videos/{id}", "GET /v1/videos/{id}/content",
        "DELETE /v1/videos/{id}", "GET /v1/models", "GET /v1/models/{name}", "POST /v1/generate",
        "GET /v1/jobs", "GET /v1/jobs/{id}", "POST /v1/jobs/{id}/cancel", "DELETE /v1/jobs/{id}",
        "GET /v1/jobs/{id}/content/{index}", "GET /v1/jobs/{id}/events", "POST /v1/sessions",
        "GET /v1/sessions", "GET /v1/sessions/{id}", "POST /v1/sessions/{id}/turns",
        "DELETE /v1/sessions/{id}", "GET /health", "GET /ready", "GET /metrics",
    }  # fmt: skip
    for reference in references(told):
        assert reference.removeprefix("#/components/schemas/") in told["components"]["schemas"]


def test_endpoints_that_parse_bodies_say_what_they_take(told):
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            assert operation["description"], path
            takes = method == "post" and not path.endswith("/cancel")
            assert ("requestBody" in operation) == takes, path
    shapes = told["components"]["schemas"]
    form = shapes["PicturesForm"]
    assert form["properties"]["image"]["items"]["format"] == "binary"
    assert {"prompt", "image"} <= set(form["required"]) and "base" in form["properties"]
    assert {"prompt", "parent", "output", "steps"} <= set(shapes["NextTurn"]["properties"])
    assert not shapes["Generation"]["additionalProperties"]


def test_answers_are_what_is_told(running):
    """Every answer has exactly the fields of its shape."""
    http = running.http

    def held(shape, answer, status=200):
        assert answer.status_code == status, answer.text
        return shape.model_validate_json(answer.content, strict=True)

    job = held(answers.JobTold, running.generate("a dog"), 202)
    running.over(job.id)
    assert held(answers.JobTold, http.get(f"/v1/jobs/{job.id}")).outputs
    held(answers.Jobs, http.get("/v1/jobs"))
    held(answers.JobTold, http.post(f"/v1/jobs/{job.id}/cancel"))
    for form in ("b64_json", "url"):
        body = {"prompt": "a dog", "response_format": form}
        held(answers.PicturesMade, http.post("/v1/images/generations", json=body))
    video = held(answers.VideoTold, http.post("/v1/videos", json={"prompt": "a dog"}))
    running.over(video.id)
    assert held(answers.VideoTold, http.get(f"/v1/videos/{video.id}")).status == "completed"
    held(answers.Videos, http.get("/v1/videos"))
    start = {"start": {"type": "image", "data": in_base64(png())}}
    session = held(answers.SessionTold, http.post("/v1/sessions", json=start), 201)
    url = f"/v1/sessions/{session.id}"
    hat = {"type": "image", "data": in_base64(png(16, 16))}
    body = {"prompt": ["put ", hat, " on it"]}
    turn = held(answers.TurnTold, http.post(f"{url}/turns", json=body), 202)
    running.over(turn.id)
    held(answers.TurnTold, http.post(f"{url}/turns", json={"prompt": "a dog"}), 202)
    assert len(held(answers.SessionWhole, http.get(url)).turns) == 2
    held(answers.SessionList, http.get("/v1/sessions"))
    held(answers.Models, http.get("/v1/models"))
    held(answers.ModelTold, http.get("/v1/models/tiny"))
    for path in (f"/v1/jobs/{job.id}", f"/v1/videos/{video.id}", url):
        held(answers.Deleted, http.delete(path))
    for path in ("/health", "/ready"):
        held(answers.Status, http.get(path))
    held(answers.Refused, http.get(url), 404)
    held(answers.Refused, http.get("/v1/jobs?limit=x"), 400)
    held(answers.Refused, running.generate("a dog", steps=10**8), 400)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "order=up"])
def test_lists_name_what_is_wrong_in_the_address(running, query):
    for path in ("jobs", "videos", "sessions"):
        answer = running.http.get(f"/v1/{path}?{query}")
        assert answer.status_code == 400 and answer.json()["error"]["param"] == query.split("=")[0]


def test_the_page_shows_it_all_and_loads_nothing(running, told):
    answer = running.http.get("/docs")
    text = answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policies = [v for k, v in answer.headers.multi_items() if k == "content-security-policy"]
    assert len(policies) == 1 and policies[0].startswith("default-src 'none'; style-src 'sha256-")
    assert "<script" not in text and "http://" not in text and "https://" not in text
    for path, methods in told["paths"].items():
        assert all(f"<code>{method.upper()} {path}</code>" in text for method in methods)
    anchors = set(re.findall(r'id="(\w+)"', text))
    assert set(re.findall(r'href="#(\w+)"', text)) <= anchors == set(told["components"]["schemas"])


def test_words_of_the_schema_are_no_markup(told):
    odd = json.loads(json.dumps(told))
    odd["components"]["schemas"]["Refused"]["description"] = "<script>"
    assert "<script" not in page(odd)


def test_it_is_open_and_the_same_for_every_server(start, told):
    other = start(max_steps=7)
    other.server.keys.create("a")
    assert other.http.get("/v1/models").status_code == 401
    assert other.http.get("/openapi.json").json() == told
    assert other.http.get("/docs").status_code == 200
