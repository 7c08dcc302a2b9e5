"""The house rules that a machine can hold: layers, file lengths, size of the checkout."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "vino"

# Every module may import from its own layer and from those before it.
LAYERS = [
    {"errors"},
    {"sizes"},
    {"media"},
    {"prompt"},
    {"govern"},
    {"model", "flow"},
    {"references", "branches", "request"},
    {"checkpoints"},
    {"generate"},
    {"data"},
    {"train"},
    {"evaluate"},
    {"serve"},
    {"cli"},
]
LEVEL = {name: i for i, layer in enumerate(LAYERS) for name in layer}
SOURCES = sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Parts of vino that a file imports, by the name of their folder or module."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            parts = node.module.split(".")
            names = [f"vino.{a.name}" for a in node.names] if parts == ["vino"] else [node.module]
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        else:
            continue
        found |= {n.split(".")[1] for n in names if n.startswith("vino.")}
    return found


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path):
    own = part(path)
    if own == "__init__":
        return
    assert own in LEVEL, f"{own} has no layer yet: give it one"
    for other in imports(path):
        assert LEVEL[other] <= LEVEL[own], f"{path.name} ({own}) imports {other}"
        if own == "flow":
            assert other != "model", "flow never imports model"


def test_only_media_imports_decoders():
    for path in SOURCES:
        text = path.read_text()
        if part(path) != "media":
            assert "import av\n" not in text and "from PIL" not in text, path


def test_generation_does_not_know_the_corpus():
    """Nothing but the corpus itself and the command line imports vino.data."""
    for path in SOURCES:
        if part(path) not in ("data", "train", "evaluate", "cli"):
            assert "data" not in imports(path), path


def test_files_hold_one_idea():
    for path in SOURCES:
        assert len(path.read_text().splitlines()) <= 400, path


def test_checkout_is_small():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    assert sum(f.stat().st_size for f in files if f.exists()) <= 50 * 2**20
