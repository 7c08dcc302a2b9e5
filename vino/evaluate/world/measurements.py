"""Suites that ask nothing: how well the autoencoder keeps pixels, and how long answers take."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from vino.data.world.tasks import draw
from vino.data.world.vocabulary import HELD_OUT_CONCEPTS, STYLES
from vino.evaluate.candidate import Candidate
from vino.evaluate.world.preservation import psnr
from vino.evaluate.world.trials import Course, Kind, Trial

Values = Mapping[str, Mapping[str, list[float]]]
"""Metric -> scene -> values."""
Measurement = Callable[[Candidate, Course], Values]


def autoencoder(candidate: Candidate, course: Course) -> Values:
    """PSNR of scenes of the vocabulary, of sprites it has never seen, and of clips."""
    known = course.world.vocabulary
    unseen = replace(known, concepts=HELD_OUT_CONCEPTS, styles=STYLES, counts=(1, 1, 2))
    count = 12 if course.quick else 60
    asked = (
        ("PSNR dB", "t2i", known, "held-out", count),
        ("PSNR of unseen sprites dB", "t2i", unseen, "unseen", count),
        ("PSNR of clips dB", "t2v", known, "held-out", count // 4),
    )
    values: dict[str, dict[str, list[float]]] = {}
    for metric, task, vocabulary, split, number in asked:
        for index in range(number):
            sample = draw(
                task, course.seeds[0], index, vocabulary, split,  # type: ignore[arg-type]
                course.size, course.frames,
            )  # fmt: skip
            kept = psnr(candidate.reconstruct(sample.target), sample.target)
            values.setdefault(metric, {})[str(index)] = [kept]
    return values


def speed(candidate: Candidate, course: Course) -> Values:
    """Seconds of one picture and of one clip, after one that is not counted."""
    values: dict[str, dict[str, list[float]]] = {}
    for metric, task in (("picture s", "t2i"), ("clip s", "t2v")):
        trial: Trial = next(course.draw("speed", Kind("speed", task), 1))
        for turn in range(2 if course.quick else 6):
            start = time.perf_counter()
            candidate.answer([trial])
            took = time.perf_counter() - start
            if turn:
                values.setdefault(metric, {})[str(turn)] = [float(np.round(took, 3))]
    return values
