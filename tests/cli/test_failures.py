"""Modules that are not installed: which one, and what brings it."""

import subprocess
import sys
import tomllib
from pathlib import Path

from tests.cli.test_bad_input import refused
from vino.cli.failures import _EXTRAS, FAULT, explain

ROOT = Path(__file__).parents[2]
BLOCKED = """
import sys
sys.modules.update(dict.fromkeys(["cv2", "tyro"]))  # so that importing them fails
from vino.cli import main
sys.exit(sum(main(words.split()) != 2 for words in sys.argv[1:]))
"""


def test_a_missing_extra_is_named(tmp_path):
    commands = (
        *("world show", "evaluate preservation", "evaluate world --quick"),
        f"train {ROOT / 'recipes/tiny.py'} --keys",
    )
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, *commands],
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = done.stderr.splitlines()
    assert done.returncode == 0 and len(lines) == len(commands), done.stderr
    for line in lines:
        assert line.startswith(
            ("vino: error: the Python module cv2 is", "vino: error: the Python module tyro is")
        )
        assert 'pip install -e ".[train]"' in line


def test_a_module_of_nobodys(vino, tmp_path):
    (tmp_path / "recipe.py").write_text("import no_such_module.at_all\n")
    refused(vino("train", "recipe.py"), "module no_such_module is missing: install it")


def test_a_module_of_vinos_own_is_a_fault():
    assert explain(ModuleNotFoundError("No module", name="vino.gone")).code == FAULT


def test_extras_are_those_that_can_be_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    offered = project["optional-dependencies"]
    assert set(_EXTRAS) == {*offered} - {"dev"}


def test_memory_is_saved_by_what_the_command_takes(vino, tmp_path):
    (tmp_path / "recipe.py").write_text("raise MemoryError\n")
    told = vino("train", "recipe.py").err
    assert "--tokens" in told and "--parallel.recompute true" in told and "--size" not in told
    assert "--size" in explain(MemoryError()).line
