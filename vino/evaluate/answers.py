"""Answers: made in packs, kept on disk, and not made again."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vino.errors import InputError
from vino.evaluate.candidate import Candidate
from vino.evaluate.trials import Trial

PICTURES, CLIPS = 16, 2  # questions of a pack

Done = Callable[[int], None]


def open_folder(out: Path, run: dict[str, Any]) -> Path:
    """Make a folder for answers, or go on in one; InputError if it holds another run's."""
    record = out / "run.json"
    if record.exists() and json.loads(record.read_text()) != run:
        raise InputError(
            f"{out} holds answers of another model or other settings: "
            "choose another folder for these"
        )
    (out / "answers").mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(run, indent=1))
    return out / "answers"


def collect(
    candidate: Candidate, trials: Sequence[Trial], folder: Path, done: Done
) -> Iterator[np.ndarray]:
    """The answers (T H W 3 uint8) to all trials, in order.

    done: told how many more questions are answered, after every pack
    """
    missing = [trial for trial in trials if not _path(folder, trial).exists()]
    done(len(trials) - len(missing))
    for clips in (False, True):
        group = [trial for trial in missing if (len(trial.sample.target) > 1) == clips]
        pack = CLIPS if clips else PICTURES
        for start in range(0, len(group), pack):
            asked = group[start : start + pack]
            for trial, answer in zip(asked, candidate.answer(asked), strict=True):
                _write(_path(folder, trial), answer)
            done(len(asked))
    for trial in trials:
        yield _read(_path(folder, trial), len(trial.sample.target))


def _path(folder: Path, trial: Trial) -> Path:
    return folder / f"{trial.key}.png"


def _write(path: Path, video: np.ndarray) -> None:
    """A picture, or the frames of a clip one beside the other; complete or not at all."""
    strip = np.concatenate(list(video), axis=1)
    _, data = cv2.imencode(".png", cv2.cvtColor(strip, cv2.COLOR_RGB2BGR))
    partial = path.with_suffix(".part")
    partial.write_bytes(data.tobytes())
    partial.replace(path)


def _read(path: Path, frames: int) -> np.ndarray:
    strip = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    if strip is None or strip.shape[1] % frames:
        raise InputError(f"{path} is damaged: delete it, and it is made again")
    return np.stack(np.split(cv2.cvtColor(strip, cv2.COLOR_BGR2RGB), frames, axis=1))
