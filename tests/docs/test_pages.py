"""What can be told of the pages at once: marks, links, data that is shown, the site's contents."""

import ast
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.docs.blocks import IN_BACKGROUND, REASONS, ROOT, RUN, Block, blocks, pages
from vino.cli import parser

PAGES = {str(page.relative_to(ROOT)): page for page in pages()}
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("name", PAGES)
def test_marks_say_what_is_known(name):
    """A block is run, or says why not in one of few ways."""
    for block in blocks(PAGES[name]):
        if block.mark and block.mark != IN_BACKGROUND:
            assert block.reason in REASONS, f"{block.where}: {block.mark}"
        assert not block.mark or block.language in RUN, f"{block.where}: is not run anyway"


@pytest.mark.parametrize("name", PAGES)
def test_code_can_be_read(name):
    for block in blocks(PAGES[name]):
        assert block.language, f"{block.where}: a block without a language"
        if block.language == "python":
            ast.parse(block.code)
        elif block.language == "bash":
            subprocess.run(["bash", "-n", "-c", block.code], check=True, timeout=10)
        elif block.language == "json":
            _read_json(block)


@pytest.mark.parametrize("name", PAGES)
def test_commands_that_are_not_run_can_be_parsed(name):
    """All but those of `vino train`, whose settings a recipe says."""
    for block in blocks(PAGES[name]):
        for line in _commands(block) if block.reason else ():
            try:
                parser.build()[0].parse_args(line)
            except SystemExit:
                pytest.fail(f"{block.where}: vino {shlex.join(line)}")


def _commands(block: Block) -> list[list[str]]:
    """The words behind `vino` in each of its lines."""
    lines = block.code.replace("\\\n", "").splitlines()
    words = [shlex.split(line, comments=True) for line in lines if line.startswith("vino ")]
    return [line[1:] for line in words if line[1] != "train"]


def _read_json(block: Block) -> None:
    """One value, or one on every line."""
    try:
        json.loads(block.code)
    except ValueError:
        for line in block.code.splitlines():
            json.loads(line)


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    text = PAGES[name].read_text()
    for block in blocks(PAGES[name]):
        text = text.replace(block.code, "")
    for link in LINK.findall(text):
        path, _, anchor = link.partition("#")
        if ":" in link:
            continue
        target = PAGES[name].parent / path if path else PAGES[name]
        assert target.exists(), f"{name}: {link}"
        if anchor and target.suffix == ".md":
            assert anchor in _anchors(target), f"{name}: {link}"


def _anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-") for head in heads}


def test_a_mark_far_from_its_block_is_an_error(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- not run: needs a GPU -->\n\nwords\n\n```bash\nls\n```\n")
    with pytest.raises(AssertionError, match="belongs to no block"):
        blocks(page)
    page.write_text("1. so\n\n   <!-- not run: needs a GPU -->\n   ```bash\n   ls\n   ```\n")
    (block,) = blocks(page)
    assert (block.code, block.reason, block.line) == ("ls\n", "needs a GPU", 4)
