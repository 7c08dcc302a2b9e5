"""judge.json: which judge decided the result files beside it, and what it said."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from vino.errors import InputError
from vino.evaluate.files import write_whole
from vino.evaluate.official.benchmark import parse_json, read_text
from vino.evaluate.official.questions import FORM
from vino.evaluate.official.vlm_judge import Hearing

NAME = "judge.json"


@dataclass(frozen=True)
class Judgement:
    """What a judge that was asked from here said.

    judge: its model. form: of the questions and rubrics. answers: name of a question -> the
    readable answer. malformed: questions without one. files: result file -> SHA-256 of its text
    """

    judge: str
    form: int
    answers: Mapping[str, str]
    malformed: Sequence[str]
    files: Mapping[str, str]


def read_judgement(results: Path) -> Judgement | None:
    """Of a result file or of the folder of them; None if any is not as that judge left it."""
    folder = results.parent if results.is_file() else results
    made = _read(folder)
    return made if made is not None and _ours(folder, made) == list(made.files) else None


def write_judgement(
    folder: Path, judge: str, heard: Hearing, texts: Mapping[str, str]
) -> Judgement:
    """Put a judge's result files in place of those of an earlier one.

    texts: name -> content. Raises InputError for a file in the way that no judge wrote from here.
    """
    held = _read(folder)
    ours = _ours(folder, held) if held is not None else []
    for name in texts:
        if name not in ours and (folder / name).exists():
            raise InputError(
                f"{folder / name} is of no judge that was asked from here: move it away"
            )
    for name in ours:
        (folder / name).unlink()
    made = Judgement(
        judge,
        FORM,
        {name: verdict.answer for name, verdict in heard.verdicts.items()},
        list(heard.malformed),
        {name: _hash(text) for name, text in texts.items()},
    )
    write_whole(folder / NAME, json.dumps(asdict(made), indent=1) + "\n")
    for name, text in texts.items():
        write_whole(folder / name, text)
    return made


def has_results(folder: Path) -> bool:
    """Whether there is anything to read beside judge.json."""
    return folder.is_dir() and any(path.name != NAME for path in folder.iterdir())


def _read(folder: Path) -> Judgement | None:
    path = folder / NAME
    try:
        return Judgement(**parse_json(read_text(path), path)) if path.exists() else None
    except TypeError:
        raise InputError(f"{path} is damaged: delete it and the judge's files beside it") from None


def _ours(folder: Path, made: Judgement) -> list[str]:
    """The files that are still as they were written."""
    there = [name for name in made.files if (folder / name).is_file()]
    return [name for name in there if _hash(read_text(folder / name)) == made.files[name]]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
