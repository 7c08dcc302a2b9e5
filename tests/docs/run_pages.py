"""Runs every page: its blocks in order, in one folder, with the embedded model.

    make docs-test        or: python -m pytest tests/docs/run_pages.py

Blocks of bash run as written, with the `vino` and `python` of this environment; blocks of Python
share their names. The folder holds the media and files that pages take for granted (`given`), and
the repository's recipes. Blocks that are not run are reported with their reason.
"""

import os
import shlex
import signal
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.docs import forked
from tests.docs.blocks import IN_BACKGROUND, ROOT, RUN, Block, blocks, pages
from tests.docs.given import give

LONGEST = 3600  # seconds of a block; the longest is the world's standard evaluation
SERVING = 300  # seconds until a server is there, or gone
READY = "http://127.0.0.1:8000/ready"
PAGES = [page for page in pages() if any(b.language in RUN for b in blocks(page))]


@pytest.fixture(scope="session")
def forking() -> Iterator[Path]:
    """The socket behind `vino`, see `forked`."""
    with TemporaryDirectory() as folder:  # a short path: sockets bear no long ones
        path = Path(folder) / "vino"
        server = subprocess.Popen([sys.executable, "-m", "tests.docs.forked", path], cwd=ROOT)
        try:
            while not path.exists():
                assert server.poll() is None
                time.sleep(0.1)
            yield path
        finally:
            server.kill()
            server.wait()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page(page, tmp_path, monkeypatch, forking):
    folder = tmp_path / "work"
    folder.mkdir()
    give(folder)
    environment = _environment(tmp_path, forking)
    monkeypatch.chdir(folder)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    names: dict[str, object] = {"__name__": "__main__"}
    with _servers() as serve:
        for block in blocks(page):
            if block.language not in RUN:
                continue
            if block.reason:
                warnings.warn(f"{block.where} not run: {block.reason}", stacklevel=1)
            elif block.mark == IN_BACKGROUND:
                serve(block)
            elif block.language == "bash":
                _bash(block)
            else:
                _python(block, names)


def _environment(tmp_path: Path, forking: Path) -> dict[str, str]:
    """`vino` and `python` are this checkout's; nothing is fetched. A server is no fork."""
    commands = tmp_path / "bin"
    commands.mkdir()
    python = shlex.quote(sys.executable)
    fork = f"{python} -S {shlex.quote(forked.__file__)} {shlex.quote(str(forking))}"
    scripts = {
        "python": f'exec {python} "$@"',
        "vino": f'[ "$1" = serve ] && exec {python} -m vino.cli "$@"\nexec {fork} "$@"',
    }
    for name, script in scripts.items():
        (commands / name).write_text(f"#!/bin/sh\n{script}\n")
        (commands / name).chmod(0o755)
    return {
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HF_HUB_OFFLINE": "1",
        "HOME": str(tmp_path),
    }


def _bash(block: Block) -> None:
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", block.code],
        capture_output=True, text=True, timeout=LONGEST, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{block.where}:\n{block.code}\n{done.stdout}{done.stderr}"


def _python(block: Block, names: dict[str, object]) -> None:
    code = compile("\n" * block.line + block.code, str(block.page), "exec")
    try:
        exec(code, names)
    except Exception:
        pytest.fail(f"{block.where}:\n{block.code}\n{traceback.format_exc()}", pytrace=False)


@contextmanager
def _servers() -> Iterator[object]:
    """Starts blocks that serve, waits until the service answers, and ends them all."""
    running = []

    def serve(block: Block) -> None:
        log = open("server.log", "w")  # noqa: SIM115
        server = subprocess.Popen(
            ["bash", "-eu", "-c", block.code], stdout=log, stderr=log, start_new_session=True
        )
        running.append(server)
        until = time.monotonic() + SERVING
        while time.monotonic() < until:
            try:
                urlopen(READY, timeout=1).close()
                return
            except (URLError, OSError):
                said = Path("server.log").read_text()
                assert server.poll() is None, f"{block.where} ended:\n{said}"
                time.sleep(0.5)
        pytest.fail(f"{block.where}: {READY} does not answer")

    try:
        yield serve
    finally:
        for server in running:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(SERVING)
