"""A strict look at a folder of samples: all that the official scorer reads, and nothing else."""

import re
from collections.abc import Sequence
from pathlib import Path

from vino.errors import InputError
from vino.evaluate.official.benchmark import Benchmark, Case
from vino.media import read_size

PICTURE = b"\x89PNG\r\n\x1a\n"
PARTIAL = re.compile(r"\.vino-[0-9a-f]{16}\.\w+|\..+\.part")  # as vino's own writers name them


def remove_partial(folder: Path) -> None:
    """Remove the files that a process was killed in the middle of writing."""
    for path in list(folder.rglob(".*")):
        if PARTIAL.fullmatch(path.name) and path.is_file():
            path.unlink()


def check_layout(
    benchmark: Benchmark, folder: Path, cases: Sequence[Case], known: Sequence[Case]
) -> list[str]:
    """What is wrong with the folder, one line each; none if the official scorer can read it.

    cases: whose files must be there. known: whose files may be, a run of more prompts being a
    reason
    """
    needed = {name for case in cases for name in case.files} | set(benchmark.companions(cases))
    allowed = {name for case in known for name in case.files} | set(benchmark.companions(known))
    files = [path for path in folder.rglob("*") if not path.is_dir()]
    there = {path.relative_to(folder).as_posix() for path in files}
    problems = [f"{name} is missing" for name in sorted(needed - there)]
    problems += [f"{name} does not belong there" for name in sorted(there - allowed - needed)]
    for name in sorted(needed & there):
        if problem := _unreadable(folder / name):
            problems.append(f"{name} {problem}")
    return problems


def _unreadable(path: Path) -> str:
    """Why a file is not what its name says; "" if it is."""
    if path.suffix not in (".png", ".mp4"):
        return "" if path.stat().st_size else "is empty"
    is_clip = path.suffix == ".mp4"
    try:
        frames = read_size(path, is_clip=is_clip).frames
    except InputError:
        return "cannot be read"
    if is_clip:
        return "" if frames > 1 else "has one frame"
    with path.open("rb") as file:
        return "" if file.read(len(PICTURE)) == PICTURE else "is no PNG"
