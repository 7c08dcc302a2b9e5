"""Builds the site strictly and looks at it: whole, and nothing in it comes from elsewhere.

make docs-test        or: python -m pytest tests/docs/run_site.py      (needs vino[docs])
"""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, pages

LOADED = {"script": "src", "img": "src", "link": "href", "source": "src", "iframe": "src"}


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", out],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out


class Loads(HTMLParser):
    """Addresses a page loads by itself (links that people follow are theirs to follow)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "link" and given.get("rel") in ("canonical", "prev", "next"):
            return
        if address := given.get(LOADED.get(tag, "")):
            self.found.append(address)


def test_nothing_is_loaded_from_elsewhere(site):
    for page in site.rglob("*.html"):
        reader = Loads()
        reader.feed(page.read_text())
        far = [a for a in reader.found if re.match(r"(https?:)?//", a)]
        assert not far, f"{page.name} loads {far}"
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", sheet.read_text()), sheet


def test_no_page_asks_the_code_host(site):
    """The theme's script asks GitHub for stars and releases where this is on the page."""
    for page in site.rglob("*.html"):
        assert 'data-md-component="source"' not in page.read_text(), page.name


def test_every_page_is_in_the_navigation(site):
    home = (site / "index.html").read_text()
    for page in pages():
        if page.name != "README.md":
            address = page.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
            assert f'href="{address}"' in home or address == "index.html", address


def test_the_reference_explains_arguments_in_lists(site):
    reference = (site / "reference.html").read_text()
    for name in ("VinoPipeline", "Prompt", "Sampling", "open_records", "TrainConfig"):
        assert re.search(rf'id="vino\.[\w.]*{name}"', reference), name
    assert re.search(r"<li>\s*(<p>)?<strong>settings</strong>", reference)
    assert ":::" not in reference
