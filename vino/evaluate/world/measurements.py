"""Suites that need no judge: how well the autoencoder keeps pixels, and how long answers take."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from vino.data.world.tasks import draw
from vino.data.world.vocabulary import HELD_OUT_CONCEPTS, STYLES
from vino.evaluate.candidate import Candidate
from vino.evaluate.world.preservation import psnr
from vino.evaluate.world.trials import Course, Kind, Trial

SIDE = 128  # pixels, of what the goals are set for

Values = Mapping[str, Mapping[str, list[float]]]
"""Metric -> scene -> values."""


@dataclass(frozen=True)
class Measurement:
    """A suite without a judge.

    about: what it measures, in a line
    take: its values
    shares: those of its metrics that lie between 0 and 1
    """

    about: str
    take: Callable[[Candidate, Course], Values]
    shares: tuple[str, ...] = ()


def _autoencoder(candidate: Candidate, course: Course) -> Values:
    """PSNR of scenes of the vocabulary, of sprites it has never seen, and of clips."""
    known = course.world.vocabulary
    unseen = replace(known, concepts=HELD_OUT_CONCEPTS, styles=STYLES, counts=(1, 1, 2))
    count = course.count(12, 60)
    asked = (
        ("PSNR dB", "t2i", known, "held-out", count, course.size),
        (f"PSNR of unseen sprites at {SIDE} px dB", "t2i", unseen, "unseen", count, SIDE),
        ("PSNR of clips dB", "t2v", known, "held-out", count // 4, course.size),
    )
    values: dict[str, dict[str, list[float]]] = {}
    for metric, task, vocabulary, split, number, size in asked:
        for index in range(number):
            sample = draw(
                task, course.seeds[0], index, vocabulary, split,  # type: ignore[arg-type]
                size, course.frames,
            )  # fmt: skip
            kept = psnr(candidate.reconstruct(sample.target), sample.target)
            values.setdefault(metric, {})[str(index)] = [kept]
    return values


def _speed(candidate: Candidate, course: Course) -> Values:
    """Seconds of one picture and of one clip, after a picture that is not counted."""
    small, large = course, replace(course, size=SIDE, seeds=course.seeds[:1])
    candidate.answer(list(small.draw("speed", Kind("speed", "t2i"), 1))[:1])
    values: dict[str, dict[str, list[float]]] = {}
    for metric, task in ((f"picture at {SIDE} px s", "t2i"), (f"clip at {SIDE} px s", "t2v")):
        trials: list[Trial] = list(large.draw("speed", Kind("speed", task), course.count(1, 3)))
        for trial in trials:
            start = time.perf_counter()
            candidate.answer([trial])
            took = time.perf_counter() - start
            values.setdefault(metric, {})[trial.scene] = [took]
    return values


AUTOENCODER = Measurement("What the autoencoder keeps of scenes and clips.", _autoencoder)
SPEED = Measurement("Seconds of one picture and of one clip on this machine.", _speed)
