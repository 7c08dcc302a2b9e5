"""The questions of every suite: samples of the world's held-out scenes with their truth."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vino.data.world.captions import indefinite
from vino.data.world.layout import stands_out
from vino.data.world.samples import Plan, Sample, Shot
from vino.data.world.scene import Background, Scene, SceneObject
from vino.data.world.tasks import draw, rendered
from vino.data.world.vocabulary import (
    FIRST_LIGHT,
    FULL,
    WHOLE,
    Vocabulary,
    is_held_out_scene,
    name_of,
    share_of,
)
from vino.errors import InputError


@dataclass(frozen=True)
class World:
    """What of the world a model is asked for.

    edits, subjects, clips: tasks of vino.data.world.tasks
    """

    vocabulary: Vocabulary
    edits: tuple[str, ...]
    subjects: tuple[str, ...]
    clips: tuple[str, ...]


_EDITS = ("remove", "replace", "background", "add", "edit_ref")
_MORE_EDITS = (*_EDITS, "move", "resize", "recolour", "look", "extract", "add_ref")
WORLDS: dict[str, World] = {
    "first-light": World(FIRST_LIGHT, _EDITS, ("subject",), ("t2v", "i2v")),
    "whole": World(WHOLE, _MORE_EDITS, ("subject", "subjects"), ("t2v", "i2v")),
    "full": World(FULL, (*_MORE_EDITS, "restyle"), ("subject", "subjects"), ("t2v", "i2v")),
}


@dataclass(frozen=True, eq=False)
class Trial:
    """One question with its truth.

    scene: names the sample; trials of one scene differ in their seed alone
    """

    suite: str
    scene: str
    seed: int
    sample: Sample

    @property
    def key(self) -> str:
        return f"{self.scene}-seed{self.seed}"


@dataclass(frozen=True)
class Course:
    """What all suites have in common.

    seeds: the first draws the scenes, each the noise of one answer to every scene
    size, frames: of pictures and clips
    quick: a few of each
    """

    world: World
    seeds: tuple[int, ...]
    size: int
    frames: int
    quick: bool = False

    def draw(self, suite: str, task: str, count: int, split: str = "held-out") -> Iterator[Trial]:
        """The first samples of a task, each with every seed."""
        for index in range(count):
            sample = draw(
                task,
                self.seeds[0],
                index,
                self.world.vocabulary,
                split,  # type: ignore[arg-type]
                self.size,
                self.frames,
            )
            name = f"{suite}-{task}-{split}-{index:03d}"
            yield from (Trial(suite, name, seed, sample) for seed in self.seeds)


def vocabulary(course: Course) -> Iterator[Trial]:
    """Every concept in every style, alone, on a background it stands out from."""
    known = course.world.vocabulary
    pairs = [(key, style) for style in known.styles for key in known.concepts]
    step = max(1, len(pairs) // 32) if course.quick else 1
    for key, style in pairs[::step]:
        scene = Scene(Background("plain", _colour(key, style, known)), (SceneObject(key, style),))
        words = f"{indefinite(name_of(key))} on a plain {scene.background.first} background"
        text = words if len(known.styles) == 1 else f"{words}, in {style} style"
        sample = rendered("t2i", Plan((text,), Shot(scene)), course.size)
        for seed in course.seeds:
            yield Trial("vocabulary", f"vocabulary-{key}-{style}", seed, sample)


def _colour(key: str, style: str, known: Vocabulary) -> str:
    """A colour the glyph stands out from, one that training never showed with it if there is."""
    clear = [c for c in known.colours if stands_out(key, style, c)] or list(known.colours)
    new = [c for c in clear if is_held_out_scene([key], c)]
    return sorted(new or clear, key=lambda c: share_of(f"evaluate:{key}:{c}"))[0]


def compose(course: Course) -> Iterator[Trial]:
    """Objects, counts, colours and places from words."""
    yield from course.draw("compose", "t2i", 40 if course.quick else 200)


def edit(course: Course) -> Iterator[Trial]:
    """Every kind of edit."""
    for task in course.world.edits:
        yield from course.draw("edit", task, 8 if course.quick else 40)


def subject(course: Course) -> Iterator[Trial]:
    """Objects of references: known from training, and never seen."""
    for task in course.world.subjects:
        for split in ("held-out", "unseen"):
            yield from course.draw("subject", task, 10 if course.quick else 50, split)


def clip(course: Course) -> Iterator[Trial]:
    """Motion from words, and pictures brought to life."""
    for task in course.world.clips:
        yield from course.draw("clip", task, 6 if course.quick else 30)


SUITES: dict[str, Callable[[Course], Iterator[Trial]]] = {
    "vocabulary": vocabulary,
    "compose": compose,
    "edit": edit,
    "subject": subject,
    "clip": clip,
}
MEASUREMENTS = ("autoencoder", "speed")  # suites without questions


def check_suites(names: tuple[str, ...]) -> None:
    """InputError for a suite that there is not."""
    known = (*SUITES, *MEASUREMENTS)
    for name in names:
        if name not in known:
            raise InputError(f'no suite "{name}": the suites are {", ".join(known)}')
