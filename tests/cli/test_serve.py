"""serve and keys on the command line."""

import json
import re
import socket
import subprocess
import sys

import pytest

from vino.cli.parser import build

pytest.importorskip("fastapi")


def test_keys_are_shown_once(vino):
    made = vino("keys", "create", "ana", "--data", "d", "--max-open", 3)
    assert made.code == 0 and re.fullmatch(r"vino_[0-9a-f]{12}_\S{43}\n", made.out)
    (listed,) = json.loads(vino("keys", "list", "--data", "d", "--json").out)
    assert (listed["name"], listed["max_open"], listed["revoked_at"]) == ("ana", 3, None)
    assert made.out.strip().split("_", 2)[2] not in vino("keys", "list", "--data", "d").out
    assert vino("keys", "revoke", listed["id"], "--data", "d").code == 0
    assert "revoked" in vino("keys", "list", "--data", "d").out
    again = vino("keys", "revoke", listed["id"], "--data", "d")
    assert again.code == 2 and "no key" in again.err


@pytest.mark.parametrize(("words", "says"), [
    (["keys", "create"], "needs a NAME"),
    (["serve", "--host", "0.0.0.0"], "vino keys create"),
    (["serve", "--database", "mysql://a:secret@b/c"], "takes PostgreSQL"),
    (["serve", "--port", "99999"], "--port"),
])  # fmt: skip
def test_what_cannot_be_served_is_told(vino, words, says):
    said = vino(*words, *([] if "99999" in words else ["--data", "d"]))
    assert said.code == 2 and says in said.err and "secret" not in said.err


def test_hosts_add_up():
    args = build()[1]["serve"].parse_args(["--allow-urls", "a", "b", "--allow-urls", "c"])
    assert args.allow_urls == ["a", "b", "c"]


def test_a_taken_port_is_told(vino):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = vino("serve", "--port", port, "--data", "d", "--quiet", "--no-studio")
    assert said.code == 2 and f"cannot listen on 127.0.0.1:{port}" in said.err


def test_without_the_studios_extra_it_serves_and_says_so(vino, monkeypatch):
    monkeypatch.setattr("vino.serve.studio.mount.is_installed", lambda: False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = vino("serve", "--port", taken.getsockname()[1], "--data", "d")
    assert "its extra [studio]" in said.err and "cannot listen" in said.err


def test_nothing_of_the_server_is_imported_without_it():
    code = (
        "import sys, vino, vino.cli.parser as p; p.build();"
        "assert not {'fastapi', 'sqlalchemy', 'uvicorn', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
