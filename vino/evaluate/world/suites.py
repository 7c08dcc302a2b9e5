"""The world's suites by name: what each is the twin of, what it asks, how it is scored."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from vino.errors import InputError
from vino.evaluate.world import (
    clips,
    contests,
    edits,
    measurements,
    pictures,
    questions,
    rewriting,
)
from vino.evaluate.world.measurements import Measurement
from vino.evaluate.world.trials import Course, Trial
from vino.evaluate.world.verdicts import Case, Scorer, Verdict


@dataclass(frozen=True)
class Suite:
    """One suite.

    about: what it asks, in a line
    ask: its questions; none where the vocabulary or the model lacks what they need
    score: an answer
    """

    about: str
    ask: Callable[[Course], Iterator[Trial]]
    score: Scorer


def _subject(case: Case, made: Verdict) -> None:
    score = clips.subject_clip if case.trial.is_clip else pictures.subject
    score(case, made)


SUITES: dict[str, Suite] = {
    "world-vocabulary": Suite(
        "Every concept in every style, by its name.", questions.vocabulary, pictures.vocabulary
    ),
    "world-compose": Suite(
        "Objects, counts, colours and places from words (after GenEval).",
        questions.compose,
        pictures.compose,
    ),
    "world-clip": Suite(
        "Motion and camera of clips made from words and from pictures (after VBench).",
        questions.clip,
        clips.clip,
    ),
    "world-subject": Suite(
        "Objects of references in new scenes and clips (after OpenS2V).",
        questions.subject,
        _subject,
    ),
    "world-edit": Suite("Edits of pictures (after ImgEdit and GEdit).", questions.edit, edits.edit),
    "world-clip-edit": Suite(
        "Edits of clips, read in several frames (after OpenVE-Bench).",
        questions.clip_edit,
        edits.clip_edit,
    ),
    "world-clone": Suite(
        "Motion and camera of a reference clip, given to a picture.", questions.clone, clips.clone
    ),
    "world-conflict": Suite(
        "A reference against the words, and a reference against another: who wins.",
        contests.conflict,
        pictures.conflict,
    ),
    "world-many-references": Suite(
        "One to eight references at once.", contests.many_references, pictures.many_references
    ),
    "world-long": Suite("Clips longer than any in training.", questions.long, clips.long),
    "world-phrasing": Suite(
        "The same scenes in usual words and in words never seen.", contests.phrasing, edits.phrasing
    ),
}
MEASUREMENTS: dict[str, Measurement] = {
    "world-rewriting": rewriting.REWRITING,
    "world-autoencoder": measurements.AUTOENCODER,
    "world-speed": measurements.SPEED,
}
"""Suites that need no judge."""

NAMES = (*SUITES, *MEASUREMENTS)
WORLD = "world"  # all of them


def chosen_suites(names: Iterable[str]) -> tuple[str, ...]:
    """The suites meant by these names; InputError for one that there is not."""
    found: dict[str, None] = {}
    for name in names:
        if name != WORLD and name not in NAMES:
            raise InputError(f'no suite "{name}": the suites are {WORLD} (all), {", ".join(NAMES)}')
        found.update(dict.fromkeys(NAMES if name == WORLD else (name,)))
    return tuple(found)
