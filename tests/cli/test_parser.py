"""Help and wrong arguments: quick, clear, one line."""

import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vino.cli import values
from vino.cli.parser import build, parse
from vino.flow.sampler import SOLVERS
from vino.flow.sampling import MAX_STEPS
from vino.request import MAX_SEED

COMMANDS = (
    *("generate", "edit", "animate", "batch", "convert", "info", "rewrite"),
    *("compare", "study", "verify", "consent", "audit"),
)
HEAVY = ("torch", "transformers", "diffusers", "numpy", "PIL", "av")


def examples() -> list[str]:
    _, parsers = build()
    texts = [(p.epilog or "").replace("\\\n", "") for p in parsers.values()]
    lines = [line.strip() for text in texts for line in text.splitlines()]
    return [line for line in lines if line.startswith("vino ")]


@pytest.mark.parametrize("line", examples())
def test_the_examples_of_the_help_are_right(line):
    assert parse(shlex.split(line)[1:]).command == shlex.split(line)[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_examples(command, capsys):
    with pytest.raises(SystemExit) as stop:
        parse([command, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert text.count(f"  vino {command}") >= 2
    assert all(len(line) <= 100 for line in text.splitlines())


@pytest.mark.parametrize("words", [["--help"], ["generate", "x", "--size", "0x0"], ["batch"]])
def test_help_and_wrong_arguments_load_nothing_heavy(words):
    script = (
        "import sys\nfrom vino.cli import main\ntry:\n    main(sys.argv[1:])\n"
        f"finally:\n    print(sorted(set({HEAVY}) & set(sys.modules)))"
    )
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True)
    assert time.monotonic() - started < 3  # 0.1 s where nothing else runs
    assert done.stdout.endswith("[]\n")
    assert done.returncode == (0 if "--help" in words else 2)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "COMMAND"),
        (["generat", "x"], "'generat'"),
        (["generate", "x", "--guidnce", "3"], "--guidnce: did you mean --guidance?"),
        (["generate", "x", "--zoom=3"], "unknown option --zoom"),
        (["generate", "a", "dog"], '"dog" is one word too many'),
        (["generate", "  "], "PROMPT"),
        (["generate"], "no prompt"),
        (["edit", "a.png"], "INSTRUCTION"),
        (["edit", "--ref", "b.png", "a.png", "go"], "before --ref"),
        (["generate", "x", "--size", "0x64"], "--size: 0x64 has no pixels"),
        (["generate", "x", "--size", "64"], "--size"),
        (["generate", "x", "--size", "-4x64"], "--size"),
        (["generate", "x", "--frames", "0"], "--frames"),
        (["generate", "x", "--n", "0"], "--n"),
        (["generate", "x", "--seed", "-1"], "--seed"),
        (["generate", "x", "--seed", "9" * 25], "--seed"),
        (["generate", "x", "--steps", "2.5"], "--steps"),
        (["generate", "x", "--steps", "-1"], "--steps"),
        (["generate", "x", "--steps", "100000"], "--steps"),
        (["generate", "x", "--guidance", "nan"], "--guidance: must be a number"),
        (["generate", "x", "--guidance", "-1"], "--guidance"),
        (["generate", "x", "--image-guidance", "inf"], "--image-guidance"),
        (["generate", "x", "--shift", "0"], "--shift: must be a number above 0"),
        (["generate", "x", "--solver", "rk4"], "--solver"),
        (["generate", "x", "--device", "toaster"], "--device"),
        (["generate", "x", "--mod", "tiny"], "--mod"),
        (["batch", "tasks.json"], "-o"),
        (["convert", "a", "b", "--to", "onnx"], "--to"),
        (["info", "tiny", "more"], '"more"'),
    ],
)
def test_wrong_arguments_are_one_line(vino, words, named):
    said = vino(*words)
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("vino: error: ") and said.err.count("\n") == 1
    assert named in said.err


def test_the_parser_knows_the_limits_of_the_library():
    """Repeated there so that it need not import them."""
    assert tuple(SOLVERS) == values.SOLVERS
    assert MAX_SEED == values.LARGEST_SEED
    assert parse(["generate", "x", "--steps", str(MAX_STEPS)]).steps == MAX_STEPS


def test_the_readme_of_the_package_lists_its_files():
    folder = Path(values.__file__).parent
    listed = re.findall(r"^    (\w+)  ", (folder / "__init__.py").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(p.stem for p in folder.glob("*.py") if p.stem[0] != "_")


def test_adapters_and_their_strengths():
    args = parse(["generate", "a", "--lora", "toy", "hat:0.5", "--lora", "c:/d:-1", "--seed", "1"])
    assert args.lora == [(Path("toy"), 1.0), (Path("hat"), 0.5), (Path("c:/d"), -1.0)]
    assert parse(["generate", "a"]).lora == []
