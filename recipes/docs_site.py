"""What the documentation site needs besides its pages: hooks of mkdocs, and one of its reference.

Pages stay plain Markdown that reads well on a code host; this is what differs on the site.
"""

import re
from pathlib import Path
from typing import Any

import griffe

LINK = re.compile(r"(\]\()((?:\.\./)+[^)#\s]+)(#[^)\s]*)?\)")
TERM = re.compile(r"^((?:`?\w+`?(?:, )?)+): ", re.MULTILINE)


def on_config(config: Any) -> Any:
    """Leave pages out of the navigation that this checkout does not have."""
    config.nav = _present(config.nav, Path(config.docs_dir))
    return config


def _present(entries: list[Any], docs: Path) -> list[Any]:
    kept = []
    for entry in entries:
        ((title, where),) = entry.items()
        if isinstance(where, list):
            kept.append({title: _present(where, docs)})
        elif (docs / where).exists():
            kept.append(entry)
    return kept


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """Links to files beside the documentation lead to the repository."""
    docs = Path(config.docs_dir).resolve()
    here = (docs / page.file.src_uri).parent

    def lead(match: re.Match[str]) -> str:
        target = (here / match[2]).resolve()
        if target.is_relative_to(docs):
            return match[0]
        path = target.relative_to(docs.parent).as_posix()
        return f"{match[1]}{config.extra['repository']}/blob/main/{path}{match[3] or ''})"

    return LINK.sub(lead, markdown)


class Terms(griffe.Extension):
    """Docstrings explain arguments as `name: meaning` lines: on the site, a list."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = listed(obj.docstring.value)


def listed(docstring: str) -> str:
    """Every line that begins with names and a colon becomes an item; the rest stays."""
    paragraphs = []
    for paragraph in docstring.split("\n\n"):
        if TERM.match(paragraph):
            lines = [TERM.sub(r"- **\1**: ", line) for line in paragraph.splitlines()]
            inner = [line if line.startswith("- ") else f"  {line.strip()}" for line in lines]
            paragraph = "\n".join(inner)
        paragraphs.append(paragraph)
    return "\n\n".join(paragraphs)
