"""Fenced blocks of the Markdown pages, and what an HTML comment before one says of it.

<!-- not run: REASON -->       it cannot run here
<!-- in the background -->     it serves until the page is done
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUN = ("bash", "python")
REASONS = (
    "needs the published weights", "needs weights of your own", "needs a GPU",
    "needs the network", "needs data of your own", "needs official data",
    "needs another program", "takes hours", "takes a while", "sets up a machine",
)  # fmt: skip
IN_BACKGROUND = "in the background"
_COMMENT = re.compile(r"<!--\s*(not run:.*?|in the background)\s*-->", re.DOTALL)
_FENCE = re.compile(r"^( *)(`{3,})(\w*)[^\n`]*\n(.*?)^\1\2`*[ \t]*$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """Code of a page. line: of its fence, from 1. mark: what the comment before it says."""

    page: Path
    line: int
    language: str
    code: str
    mark: str = ""

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def reason(self) -> str:
        """Why it is not run; empty when it is."""
        return self.mark.partition(":")[2].strip() if self.mark.startswith("not run") else ""


def pages() -> list[Path]:
    """Every page that people read; what `make gallery` writes is made, not typed."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """The fenced blocks in order."""
    text = page.read_text(encoding="utf-8")
    found, end = [], 0
    for match in _FENCE.finditer(text):
        marks = list(_COMMENT.finditer(text, end, match.start()))
        near = [m for m in marks if not text[m.end() : match.start()].strip()]
        line = text.count("\n", 0, match.start()) + 1
        if len(near) != len(marks):
            raise AssertionError(f"{page}: the mark before line {line} belongs to no block")
        mark = " ".join(near[-1][1].split()) if near else ""
        indent = len(match[1])
        code = "".join(row[indent:] for row in match[4].splitlines(keepends=True))
        found.append(Block(page, line, match[3], code, mark))
        end = match.end()
    if _COMMENT.search(text, end):
        raise AssertionError(f"{page}: a mark at the end belongs to no block")
    return found
