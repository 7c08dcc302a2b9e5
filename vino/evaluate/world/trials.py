"""What is asked: samples of the world's held-out scenes, with their truth."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from zlib import crc32

from vino.data.world.compose import Split
from vino.data.world.motion import FPS
from vino.data.world.samples import Plan, Sample
from vino.data.world.tasks import TASKS, plan, rendered
from vino.data.world.vocabulary import VOCABULARIES, Vocabulary
from vino.errors import InputError

TRIES = 400  # scenes looked at for every question, where not all of them will do


@dataclass(frozen=True)
class World:
    """What of the world a model is asked for.

    edits, subjects: tasks of vino.data.world.tasks
    """

    vocabulary: Vocabulary
    edits: tuple[str, ...]
    subjects: tuple[str, ...]

    @property
    def clip_edits(self) -> tuple[str, ...]:
        """The edits that there are of clips too."""
        return tuple(f"clip_{name}" for name in self.edits if f"clip_{name}" in TASKS)

    @property
    def clones(self) -> tuple[str, ...]:
        """Motions taken from a clip, and cameras where any moves."""
        moving = len(self.vocabulary.cameras) > 1
        return ("motion_clone", "camera_clone") if moving else ("motion_clone",)


_EDITS = ("remove", "replace", "background", "add", "edit_ref")
_MORE_EDITS = (*_EDITS, "move", "resize", "recolour", "look", "extract", "compose", "add_ref")
_SUBJECTS = ("subject", "subjects", "subject_clip", "subjects_clip")
_ASKED = {
    "first-light": (_EDITS, ("subject", "subject_clip")),
    "second-light": (_MORE_EDITS, _SUBJECTS),
    "whole": (_MORE_EDITS, _SUBJECTS),
    "full": ((*_MORE_EDITS, "restyle"), _SUBJECTS),
}
WORLDS: dict[str, World] = {
    name: World(VOCABULARIES[name], edits, subjects) for name, (edits, subjects) in _ASKED.items()
}


def known_world(name: str, seeds: Sequence[int]) -> World:
    """A world by its name, to be asked with these seeds; InputError if either is missing."""
    if name not in WORLDS:
        raise InputError(f'no world "{name}": choose from {", ".join(WORLDS)}')
    if not seeds:
        raise InputError("there are no seeds: give at least one")
    return WORLDS[name]


@dataclass(frozen=True, eq=False)
class Trial:
    """One question with its truth.

    scene: names the sample; trials of one scene differ in their seed alone
    group: what sort of question it is within its suite
    rivals: two concepts of which only one can be there, where that is the question
    noise: names the noise that is drawn with the seed: the scene's own where none is named
    """

    suite: str
    scene: str
    group: str
    seed: int
    sample: Sample
    rivals: tuple[str, ...] = ()
    noise: str = ""

    @property
    def key(self) -> str:
        return f"{self.scene}-seed{self.seed}"

    @property
    def noise_seed(self) -> int:
        """What the answer's noise is drawn with: every scene has noise of its own."""
        return self.seed ^ crc32((self.noise or self.scene).encode())

    @cached_property
    def fingerprint(self) -> str:
        """Tells the question from every other: words, media, noise, and the shape asked for."""
        sample = self.sample
        told = sha256(repr((self.noise_seed, sample.target.shape, sample.base, FPS)).encode())
        for segment in sample.segments:
            told.update(segment.encode() if isinstance(segment, str) else segment.tobytes())
        return told.hexdigest()[:12]

    @property
    def is_clip(self) -> bool:
        return len(self.sample.target) > 1


@dataclass(frozen=True)
class Kind:
    """One sort of question: a task on some scenes.

    vocabulary: the model's own if None. keep: which plans will do. frames: of clips
    rivals: see `Trial`. pair: names kinds that put the same scenes in other words: their noise is
        the same
    """

    group: str
    task: str
    split: Split = "held-out"
    vocabulary: Vocabulary | None = None
    keep: Callable[[Plan], bool] = lambda plan: True
    frames: int | None = None
    rivals: tuple[str, ...] = ()
    pair: str = ""


@dataclass(frozen=True)
class Course:
    """What all suites have in common.

    seeds: the first draws the scenes, each the noise of one answer to a scene
    size, frames: of pictures and clips; longest: frames of the longest clip the model makes
    quick: a few of each
    """

    world: World
    seeds: tuple[int, ...]
    size: int
    frames: int
    longest: int
    quick: bool = False

    def with_seeds(self, least: int) -> "Course":
        """The same with so many seeds, counted on from the last where there are fewer."""
        more = range(self.seeds[-1] + 1, self.seeds[-1] + 1 + least - len(self.seeds))
        return replace(self, seeds=(*self.seeds, *more))

    def count(self, quick: int, full: int) -> int:
        return quick if self.quick else full

    def draw(self, suite: str, kind: Kind, count: int) -> Iterator[Trial]:
        """The first questions of a kind, each with every seed."""
        for number, drawn in enumerate(self.plans(kind, count)):
            yield from self.pose(suite, kind, f"{kind.task}-{number:03d}", drawn)

    def plans(self, kind: Kind, count: int) -> Iterator[Plan]:
        """The first plans of a kind that will do; InputError where there are not so many.

        Every group looks at scenes of its own.
        """
        vocabulary = kind.vocabulary or self.world.vocabulary
        first, found = crc32(kind.group.encode()), 0
        for index in range(first, first + count * TRIES):
            drawn = plan(kind.task, self.seeds[0], index, vocabulary, kind.split)
            if kind.keep(drawn):
                yield drawn
                found += 1
            if found == count:
                return
        raise InputError(f"this vocabulary has too few scenes for {kind.group}")

    def pose(self, suite: str, kind: Kind, name: str, drawn: Plan) -> Iterator[Trial]:
        """A question with every seed; clips take several times as long: with the first alone."""
        suite = f"world-{suite}"
        sample = rendered(kind.task, drawn, self.size, kind.frames or self.frames)
        scene = f"{suite}-{kind.group.replace(' ', '-')}-{name}"
        for seed in self.seeds[:1] if drawn.target.is_clip else self.seeds:
            noise = f"{suite}-{kind.pair}-{name}" if kind.pair else ""
            yield Trial(suite, scene, kind.group, seed, sample, kind.rivals, noise)


def changed(vocabulary: Vocabulary, **changes: object) -> Vocabulary:
    """The vocabulary with other shares and counts."""
    return replace(vocabulary, **changes)  # type: ignore[arg-type]
