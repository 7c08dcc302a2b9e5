"""The site's hooks: what is left out, where links lead, how docstrings are shown."""

from pathlib import Path
from types import SimpleNamespace

import pytest

docs_site = pytest.importorskip("recipes.docs_site", reason="needs vino[docs]")

CONFIG = SimpleNamespace(docs_dir="docs", extra={"repository": "https://host/vino"})


def test_pages_that_are_not_there_leave_the_navigation(tmp_path):
    (tmp_path / "a.md").touch()
    nav = [{"A": "a.md"}, {"B": "b.md"}, {"More": [{"C": "c.md"}, {"A": "a.md"}]}]
    config = SimpleNamespace(nav=nav, docs_dir=str(tmp_path))
    assert docs_site.on_config(config).nav == [{"A": "a.md"}, {"More": [{"A": "a.md"}]}]


@pytest.mark.parametrize(
    ("page", "link", "leads"),
    [
        ("tiny.md", "../NOTICE", "https://host/vino/blob/main/NOTICE"),
        ("tiny.md", "../README.md#licence", "https://host/vino/blob/main/README.md#licence"),
        ("how-to/batch.md", "../serving.md#keys", "../serving.md#keys"),
        ("tiny.md", "data.md", "data.md"),
        ("tiny.md", "https://arxiv.org", "https://arxiv.org"),
    ],
)
def test_links_out_of_the_documentation_lead_to_the_repository(page, link, leads):
    shown = SimpleNamespace(file=SimpleNamespace(src_uri=page))
    made = docs_site.on_page_markdown(f"see [it]({link}).", page=shown, config=CONFIG, files=None)
    assert made == f"see [it]({leads})."


def test_arguments_become_a_list():
    docstring = (
        "It draws.\n\nsize: width and\n    height. x, y: places.\nn: how many.\n\nRaises."
    )
    assert docs_site.listed(docstring) == (
        "It draws.\n\n- **size**: width and\n  height. x, y: places.\n- **n**: how many.\n\nRaises."
    )


def test_paths_of_the_navigation_are_unique():
    text = (Path(docs_site.__file__).parents[1] / "mkdocs.yml").read_text()
    named = [line.split(": ")[1] for line in text.splitlines() if line.endswith(".md")]
    assert len(named) == len(set(named)) > 20
