"""Answers: made in packs, kept on disk, and not made again."""

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from vino.data.world.motion import FPS
from vino.errors import InputError
from vino.evaluate.candidate import Candidate
from vino.evaluate.files import write_whole
from vino.evaluate.world.trials import Trial
from vino.media import Frames, read_clip, read_picture

PICTURES, CLIPS = 16, 2  # questions of a pack
LOSSLESS = 100  # quality of an animated WebP that keeps every pixel


def open_folder(out: Path, run: dict[str, Any]) -> None:
    """Make a folder for answers, or go on in one; InputError if it holds another run's."""
    record = out / "run.json"
    if any(out.glob("*.run.json")):
        raise InputError(f"{out} holds samples of official benchmarks: choose another folder")
    if not record.exists():
        write_whole(record, json.dumps(run, indent=1))
        return
    try:
        held = json.loads(record.read_text(encoding="utf-8"))
    except ValueError:
        raise InputError(
            f"{record} is damaged: delete it to go on with the answers beside it, or choose "
            "another folder"
        ) from None
    if held != json.loads(json.dumps(run)):
        raise InputError(
            f"{out} holds answers of another model or other settings: "
            "choose another folder for these"
        )


Pack = list[tuple[Trial, np.ndarray]]
"""Questions with their answers (T H W 3 uint8)."""


def collect(candidate: Candidate, trials: Sequence[Trial], out: Path) -> Iterator[Pack]:
    """All trials with their answers, as they are made: those first that are there already."""
    missing = unanswered(trials, out)
    asked = set(missing)
    if there := [(trial, read_answer(trial, out)) for trial in trials if trial not in asked]:
        yield there
    for clips in (False, True):
        group = [trial for trial in missing if trial.is_clip == clips]
        size = CLIPS if clips else PICTURES
        for start in range(0, len(group), size):
            pack = group[start : start + size]
            answers = candidate.answer(pack)
            for trial, answer in zip(pack, answers, strict=True):
                _write(out / output_of(trial), answer)
            yield list(zip(pack, answers, strict=True))


def unanswered(trials: Sequence[Trial], out: Path) -> list[Trial]:
    """Those whose answers are not in the folder."""
    return [trial for trial in trials if not (out / output_of(trial)).exists()]


def output_of(trial: Trial) -> str:
    """The file of a trial's answer, in the folder of all; another question has another."""
    return f"answers/{trial.key}-{trial.fingerprint}.{'webp' if trial.is_clip else 'png'}"


def read_answer(trial: Trial, out: Path) -> np.ndarray:
    """A trial's answer (T H W 3 uint8) from the folder; InputError if it cannot be read."""
    path = out / output_of(trial)
    try:
        answer = (read_clip if trial.is_clip else read_picture)(path).pixels
    except InputError as error:
        raise InputError(f"{error}: delete it, and it is made again") from None
    still = trial.is_clip and len(answer) == 1  # a file holds a clip of equal frames as one
    return answer.repeat(len(trial.sample.target), 0) if still else answer


def write_references(trial: Trial, out: Path) -> tuple[str, ...]:
    """Write the media of a trial's prompt, once for all seeds; their files in the folder."""
    media = [segment for segment in trial.sample.segments if not isinstance(segment, str)]
    names = []
    for number, medium in enumerate(media, 1):
        ending = "webp" if len(medium) > 1 else "png"
        told = sha256(medium.tobytes()).hexdigest()[:12]
        names.append(f"references/{trial.scene}-{number}-{told}.{ending}")
        if not (out / names[-1]).exists():
            _write(out / names[-1], medium)
    return tuple(names)


def _write(path: Path, video: np.ndarray) -> None:
    Frames(video, FPS).save(path, quality=LOSSLESS if len(video) > 1 else None)
