"""What was asked against what is seen: judged scores, measured ones, and why."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from vino.data.world.captions import indefinite
from vino.data.world.samples import Sample
from vino.data.world.scene import Scene, SceneObject
from vino.data.world.vocabulary import name_of
from vino.evaluate.world.judge import Found, Judge, Reading
from vino.evaluate.world.motion import ClipReading, understand
from vino.evaluate.world.trials import Trial

SHAPE = "shape"  # the metric of answers that have not the shape asked for
NEAR = 0.12  # of the frame: an object this close to a place is there


@dataclass
class Verdict:
    """Scores of one answer by metric.

    judged: from 0 to 1, where the judge may err; measured: where nothing can, yes and no as bools
    why: what was expected and seen, for those who look into it
    """

    judged: dict[str, float] = field(default_factory=dict)
    measured: dict[str, float] = field(default_factory=dict)
    why: list[str] = field(default_factory=list)

    def expect(self, metric: str, holds: bool, why: str) -> None:
        """Score a metric, and keep the reason where it does not hold."""
        self.share(metric, int(holds), why)

    def share(self, metric: str, share: float, why: str) -> None:
        """Score a metric by the share of things for which it holds, and keep the reason."""
        self.judged[metric] = share
        if share < 1:
            self.why.append(f"{metric}: {why}")

    def of(self, metrics: Iterable[str]) -> "Verdict":
        """The same; an answer of another shape fails in all that a true one is judged by."""
        if self.judged.get(SHAPE) != 0:
            return self
        return replace(self, judged={**dict.fromkeys(metrics, 0), **self.judged})


@dataclass(frozen=True, eq=False)
class Case:
    """An answer before the judge.

    answer: T H W 3; ideal: the truth as the autoencoder shows it
    """

    judge: Judge
    trial: Trial
    answer: np.ndarray
    ideal: np.ndarray

    @property
    def sample(self) -> Sample:
        return self.trial.sample

    @property
    def asked(self) -> Scene:
        return self.sample.target_scene

    @property
    def words(self) -> str:
        """What was asked, without media."""
        return " ".join(part for part in self.sample.segments if isinstance(part, str))

    @cached_property
    def reading(self) -> Reading:
        """The first frame."""
        return self.at(0)

    @cached_property
    def clip(self) -> ClipReading:
        return understand(self.at(0), self.at(len(self.answer) - 1), self.answer)

    def at(self, frame: int) -> Reading:
        """A frame, which is read once."""
        if frame not in self._read:
            self._read[frame] = self.judge.read(self.answer[frame])
        return self._read[frame]

    @cached_property
    def _read(self) -> dict[int, Reading]:
        return {}

    @property
    def why(self) -> str:
        """What was asked and what is seen."""
        seen = self.clip if self.trial.is_clip else self.reading
        return f"{described(self.asked)} asked; {seen}"


Scorer = Callable[[Case, Verdict], None]


def verdict(case: Case, score: Scorer) -> Verdict:
    """Score an answer; one of another shape is scored no further."""
    made = Verdict()
    if case.answer.shape != case.sample.target.shape:
        wanted, got = case.sample.target.shape, case.answer.shape
        made.expect(SHAPE, False, f"{got} instead of {wanted}")
    else:
        score(case, made)
    return made


def is_it(found: Found, thing: SceneObject) -> bool:
    """Whether this is the thing, in whatever style and colour."""
    return found.is_recognised and found.concept == thing.concept


def is_present(thing: SceneObject, reading: Reading) -> bool:
    """Whether it is anywhere in the picture."""
    return any(is_it(found, thing) for found in reading.objects)


def times_seen(thing: SceneObject, reading: Reading) -> int:
    """How often it is in the picture."""
    return sum(is_it(found, thing) for found in reading.objects)


def found_at(thing: SceneObject, reading: Reading) -> Found | None:
    """What is found where the object should be."""
    near = [o for o in reading.objects if max(abs(o.x - thing.x), abs(o.y - thing.y)) < NEAR]
    return min(near, key=lambda o: abs(o.x - thing.x) + abs(o.y - thing.y), default=None)


def is_in_place(thing: SceneObject, reading: Reading) -> bool:
    """Whether it is where it should be."""
    found = found_at(thing, reading)
    return found is not None and is_it(found, thing)


def has_background(scene: Scene, reading: Reading) -> bool:
    """Whether the backdrop is of the kind and the colours asked."""
    seen, asked = reading.backdrop, scene.background
    return (seen.kind, seen.first, seen.second) == (asked.kind, asked.first, asked.second)


def described(scene: Scene) -> str:
    """The truth in a few words."""
    things = [
        f"{indefinite(name_of(o.concept), o.tint or '')} ({o.style}) at {o.x:.2f}, {o.y:.2f}"
        + (f" ({o.motion.kind} {o.motion.direction or ''})" if o.motion.kind != "still" else "")
        for o in scene.objects
    ]
    backdrop = " ".join(
        filter(None, (scene.background.kind, scene.background.first, scene.background.second))
    )
    camera = "" if scene.camera.kind == "static" else f", camera: {scene.camera.kind}"
    return f"{', '.join(things) or 'nothing'} on {backdrop}{camera}"
