"""The studio in a real browser, over `vino serve` with the embedded model: `make browser`.

CHROMIUM names the browser; VINO_SCREENSHOTS a folder that pictures of the page go to.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api")
pytest.importorskip("gradio")

from vino.media import Frames  # noqa: E402

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
PATIENCE = 120_000  # ms: a machine may be busy


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium here")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Starts `vino serve`; the address it prints."""
    running = []

    def serve(*words: str, data: Path | None = None) -> str:
        folder = data or tmp_path_factory.mktemp("data")
        command = [sys.executable, "-m", "vino.cli", "serve", "--port", "0", "--quiet"]
        server = subprocess.Popen(
            [*command, "--data", str(folder), *words], stdout=subprocess.PIPE, text=True
        )
        running.append(server)
        for line in server.stdout:
            if found := re.search(r"http://\S+:\d+", line):
                return found[0]
        raise AssertionError("it said no address")

    yield serve
    for server in running:
        server.terminate()
    for server in running:
        assert server.wait(120) == 0


@pytest.fixture(scope="session")
def address(serve: Callable[..., str]) -> str:
    return serve()


class Studio:
    """An open page, what it asked for, and what a person does on it."""

    def __init__(self, browser: Any, address: str, width: int, height: int, scheme: str):
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.asked: list[str] = []
        self.faults: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._hear)
        self.address = address
        self.page.goto(f"{address}/studio/")
        self.page.wait_for_selector("#prompt textarea")

    def _hear(self, message: Any) -> None:
        if message.type == "error" and not message.location["url"].endswith("/favicon.ico"):
            self.faults.append(message.text)

    def make(self, words: str, by: str = "click") -> None:
        """Write a prompt, make it, and wait for the result."""
        shown = self.source()
        self.page.fill("#prompt textarea", words)
        if by == "click":
            self.page.click("#make")
        else:
            self.page.press("#prompt textarea", by)
        self.wait_for_other(shown)

    def source(self) -> str:
        found = self.page.query_selector("#stage .frame > :is(img, video)[src*='/results/']")
        return found.get_attribute("src") if found else ""

    def wait_for_other(self, than: str) -> None:
        self.page.wait_for_function(
            "than => { const e = document.querySelector("
            "\"#stage .frame > :is(img, video)[src*='/results/']\"); "
            "return e && e.getAttribute('src') !== than && "
            "document.querySelector('#act-edit')?.offsetParent; }",
            arg=than,
        )

    def turns(self) -> int:
        return self.page.locator("#turns button[data-do=go]").count()

    def overflow(self) -> int:
        """Pixels by which the page is wider than the window."""
        return self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )

    def picture(self, name: str) -> None:
        if folder := os.environ.get("VINO_SCREENSHOTS"):
            self.page.wait_for_timeout(700)
            width = self.page.viewport_size["width"]
            self.page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)


@pytest.fixture
def open_studio(request: Any, browser: Any, address: str) -> Iterator[Callable[..., Studio]]:
    opened = []

    def open_studio(
        width: int = 1280, height: int = 800, scheme: str = "light", at: str = address
    ) -> Studio:
        opened.append(Studio(browser, at, width, height, scheme))
        return opened[-1]

    yield open_studio
    for studio in opened:
        studio.picture(f"end-{request.node.name}")
        studio.context.close()


@pytest.fixture
def studio(open_studio: Callable[..., Studio]) -> Studio:
    return open_studio()


@pytest.fixture(scope="session")
def hat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture to refer to: a dark square on blue."""
    import numpy as np

    pixels = np.full((1, 64, 64, 3), (90, 160, 220), np.uint8)
    pixels[:, 16:48, 16:48] = (40, 30, 30)
    return Frames(pixels).save(tmp_path_factory.mktemp("media") / "Top Hat.png")
