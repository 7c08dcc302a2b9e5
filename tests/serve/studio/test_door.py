"""The studio's door: keys, origins, and what of Gradio is open."""

import asyncio

import pytest

gradio = pytest.importorskip("gradio")

from tests.serve.conftest import start  # noqa: E402, F401
from vino.serve.studio.door import COOKIE  # noqa: E402

PAGE = "/studio/"


@pytest.fixture(scope="module")
def opened(start):  # noqa: F811
    """A server without keys."""
    return start(studio=True)


@pytest.fixture(scope="module")
def locked(start):  # noqa: F811
    """A server with a key."""
    running = start(studio=True)
    return running, running.server.keys.create("ana")


def test_the_page_comes_from_here_alone(opened):
    answer = opened.http.get(PAGE)
    assert answer.status_code == 200 and "vino studio" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "http" not in policy
    assert "frame-ancestors 'none'" in policy
    config = opened.http.get(f"{PAGE}config").json()
    assert config["analytics_enabled"] is False
    for asset in ("theme.css", "config", ""):
        assert "fonts.googleapis" not in opened.http.get(PAGE + asset).text


@pytest.mark.parametrize("headers", [
    {"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"},
    {"Origin": "http://localhost:1"}, {"Origin": "http://["},
])  # fmt: skip
def test_other_pages_cannot_use_it(opened, headers):
    for method, path in (("GET", PAGE), ("POST", f"{PAGE}gradio_api/queue/join")):
        assert opened.http.request(method, path, headers=headers).status_code == 403


def test_its_own_origin_may_ask(opened):
    headers = {"Origin": opened.address}
    assert opened.http.get(f"{PAGE}config", headers=headers).status_code == 200


@pytest.mark.parametrize("path", [
    "gradio_api/proxy=http://example.org", "monitoring", "gradio_api/info", "gradio_api/vibe-code",
    "gradio_api/run/predict", "gradio_api/openapi.json", "gradio_api/runs", "custom_component/x",
    "gradio_api/file=/etc/passwd", "gradio_api/component_server", "login_check",
])  # fmt: skip
def test_what_the_page_does_not_need_is_shut(opened, path):
    assert opened.http.get(PAGE + path).status_code in (403, 404)


def test_without_the_studio_there_is_no_page(start):  # noqa: F811
    assert start().http.get(PAGE).status_code == 404


def test_a_browser_signs_in_with_a_key(locked):
    running, key = locked
    sent = running.http.get("/studio", follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (303, "/studio/login")
    assert "<form" in running.http.get("/studio/login").text
    assert running.http.get(f"{PAGE}config").status_code == 401
    wrong = running.http.post("/studio/login", data={"key": "vino_x"})
    assert wrong.status_code == 401 and "no valid key" in wrong.text
    assert "set-cookie" not in wrong.headers
    right = running.http.post("/studio/login", data={"key": key}, follow_redirects=False)
    assert (right.status_code, right.headers["location"]) == (303, PAGE)
    cookie = right.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "path=/studio" in cookie


def test_the_cookie_opens_the_studio_alone_and_dies_with_the_key(locked):
    running, other = locked
    running.http.cookies.clear()
    key = running.server.keys.create("ben")
    headers = {"Cookie": f"{COOKIE}={key}"}
    made = running.generate("a dog", key=key).json()["id"]
    while running.server.jobs.get(made, key.split("_")[1]).state != "done":
        pass
    result = f"{PAGE}results/{made}/0"
    shown = running.http.get(result, headers=headers)
    assert shown.status_code == 200 and shown.headers["content-type"] == "image/png"
    assert "sandbox" in shown.headers["content-security-policy"]
    assert running.http.get(result).status_code == 401
    assert running.http.get(result, headers={"Cookie": f"{COOKIE}={other}"}).status_code == 404
    assert running.http.get("/v1/jobs", headers=headers).status_code == 401
    running.server.keys.revoke(key.split("_")[1])
    assert running.http.get(f"{PAGE}config", headers=headers).status_code == 401


def test_signing_in_is_bounded(locked):
    running, _ = locked
    for data in ({"key": "x" * 10_000}, {"a": "b", "key": "c"}, {}):
        answer = running.http.post("/studio/login", data=data)
        assert answer.status_code in (400, 401)
    assert running.http.post("/studio/login", headers={"Origin": "http://x"}).status_code == 403


def test_a_message_makes_nobody_fetch_a_url(opened):
    from gradio import processing_utils

    named = {"path": "http://127.0.0.1:9/a.png", "meta": {"_type": "gradio.FileData"}}
    moved = processing_utils.async_move_files_to_cache(
        named, gradio.Textbox(), check_in_upload_folder=True
    )
    with pytest.raises(gradio.Error, match="not fetched here"):
        asyncio.run(moved)
