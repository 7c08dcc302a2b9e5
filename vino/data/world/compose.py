"""Drawing scenes at random: which objects, where, how large, on what, and moving where.

Everything is a function of the generator in a `Draft`. Objects stay inside the frame for the
whole clip and apart from each other, and what the split forbids is never drawn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np

from vino.data.world.layout import REACH, fits, is_legible, set_moving, shows_camera
from vino.data.world.scene import DIRECTIONS, Background, Camera, Scene, SceneObject
from vino.data.world.vocabulary import (
    HELD_OUT_CONCEPTS,
    Vocabulary,
    concept_names,
    is_held_out_pair,
    is_held_out_scene,
)
from vino.errors import InputError

Split = Literal["train", "held-out", "unseen"]
Option = TypeVar("Option")
Drawn = TypeVar("Drawn")

ATTEMPTS = 10_000  # after which a vocabulary is taken to be too small for what is asked
STILL_SHARE = 0.12  # of the objects of clips
CAMERA_SHARE = 0.25  # of the clips whose camera moves, where it can
STANDING = Camera()
MIXED_SHARE = 0.2  # of the scenes that mix styles, where there are several


@dataclass(frozen=True)
class Draft:
    """A sample being drawn: the generator, what may be used, and which split it is for.

    split: "train"; "held-out" for scenes kept for evaluation; "unseen" for references to
        concepts that training never shows (their scenes are of either kind)
    """

    rng: np.random.Generator
    vocabulary: Vocabulary
    split: Split = "train"

    def pick(self, options: Sequence[Option]) -> Option:
        return options[int(self.rng.random() * len(options))]

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.rng.random()

    def name(self, key: str) -> str:
        """A name of the concept, mostly the usual one."""
        names = concept_names()[key]
        return names[0] if len(names) == 1 or self.chance(0.85) else self.pick(names[1:])

    def reference(self) -> str:
        """A concept for a reference picture."""
        if self.split == "unseen":
            return self.pick(HELD_OUT_CONCEPTS)
        return self.pick(self.vocabulary.references)

    def allows(self, *scenes: Scene) -> bool:
        """Whether the split takes these scenes; the last one is the target's."""
        if self.split == "unseen":
            return True
        held_out = [is_kept_for_evaluation(scene) for scene in scenes]
        if self.split == "held-out":
            return held_out[-1]
        return not any(held_out) and not any(map(self._shows_held_out_pair, scenes))

    def _shows_held_out_pair(self, scene: Scene) -> bool:
        several = len(self.vocabulary.styles) > 1
        return several and any(is_held_out_pair(o.concept, o.style) for o in scene.objects)

    def takes(self, *scenes: Scene) -> bool:
        """Whether these scenes are allowed, legible, and their objects well placed."""
        sound = all(fits(scene) and is_legible(scene) for scene in scenes)
        return sound and self.allows(*scenes)


class NotDrawn(InputError):
    """A sample that a vocabulary does not have."""


def until_drawn(attempt: Callable[[], Drawn | None]) -> Drawn:
    """Draw again until an attempt works out; NotDrawn when none does."""
    for _ in range(ATTEMPTS):
        drawn = attempt()
        if drawn is not None:
            return drawn
    raise NotDrawn(
        "this vocabulary has no such sample in this split: "
        "give it more concepts, styles or backgrounds"
    )


def is_kept_for_evaluation(scene: Scene) -> bool:
    """Whether training must not show this scene (empty ones are always allowed)."""
    keys = [thing.concept for thing in scene.objects]
    return bool(keys) and is_held_out_scene(keys, scene.background.first)


def draw_background(draft: Draft) -> Background:
    """A backdrop; its second colour, if it has one, differs from the first."""
    kind = draft.pick(draft.vocabulary.backgrounds)
    first = draft.pick(draft.vocabulary.colours)
    if kind == "plain":
        return Background(kind, first)
    return Background(kind, first, draft.pick([c for c in draft.vocabulary.colours if c != first]))


def draw_concepts(draft: Draft, count: int) -> list[str]:
    """Different concepts that prompts may name."""
    if count > len(draft.vocabulary.concepts):
        raise InputError(f"a scene needs {count} concepts: give the vocabulary more concepts")
    concepts: list[str] = []
    while len(concepts) < count:
        key = draft.pick(draft.vocabulary.concepts)
        if key not in concepts:
            concepts.append(key)
    return concepts


def draw_styles(draft: Draft, count: int) -> list[str]:
    """A style for each object: mostly one for all."""
    styles = draft.vocabulary.styles
    if len(styles) > 1 and draft.chance(MIXED_SHARE):
        return [draft.pick(styles) for _ in range(count)]
    return [draft.pick(styles)] * count


def draw_places(draft: Draft, count: int) -> list[tuple[float, float, float]]:
    """(x, y, size) for each of up to 4 objects, in reading order."""
    jitter = [(draft.between(-0.03, 0.03), draft.between(-0.05, 0.05)) for _ in range(count)]
    if count == 1:
        return [_draw_single_place(draft, *jitter[0])]
    if count == 2:
        across = draft.chance(0.8)
        centres = [(0.26, 0.5), (0.74, 0.5)] if across else [(0.5, 0.26), (0.5, 0.74)]
        sizes = (0.30, 0.42)
    elif count == 3:
        upper_first = draft.chance(0.5)
        centres = (
            [(0.5, 0.27), (0.24, 0.72), (0.76, 0.72)]
            if upper_first
            else [(0.24, 0.28), (0.76, 0.28), (0.5, 0.73)]
        )
        sizes = (0.27, 0.38)
    else:
        centres = [(0.26, 0.26), (0.74, 0.26), (0.26, 0.74), (0.74, 0.74)]
        sizes = (0.27, 0.38)
    if count > 2:
        jitter = [(dx, dy / 2) for dx, dy in jitter]
    small = [draft.chance(0.1) for _ in range(count)]
    return [
        (x + dx, y + dy, draft.between(0.19, 0.25) if tiny else draft.between(*sizes))
        for (x, y), (dx, dy), tiny in zip(centres, jitter, small, strict=True)
    ]


def _draw_single_place(draft: Draft, dx: float, dy: float) -> tuple[float, float, float]:
    """Mostly the middle; otherwise a side or a corner, and smaller there."""
    kind = draft.rng.random()
    if kind < 0.55:
        return 0.5 + dx, 0.5 + dy, draft.between(0.40, 0.58)
    if kind < 0.65:
        return 0.5 + dx, 0.5 + dy, draft.between(0.66, 0.80)
    if kind < 0.75:
        return 0.5 + dx, 0.5 + dy, draft.between(0.18, 0.25)
    x, y = draft.pick([(x, y) for x in (0.25, 0.5, 0.75) for y in (0.25, 0.5, 0.75)])
    return x + dx / 2, y + dy / 2, draft.between(0.29, 0.40)


def draw_scene(draft: Draft, counts: Sequence[int] = ()) -> Scene:
    """A still scene that the split allows.

    counts: how many objects there may be, one of these at random; the vocabulary's by default
    """
    return until_drawn(lambda: try_scene(draft, counts or draft.vocabulary.counts))


def draw_any_scene(draft: Draft, counts: Sequence[int] = ()) -> Scene:
    """A still scene of any split, where the split is asked of a whole sample afterwards."""
    return draw_scene(replace(draft, split="unseen"), counts)


def try_scene(draft: Draft, counts: Sequence[int], concepts: Sequence[str] = ()) -> Scene | None:
    """One attempt at a still scene.

    counts: how many objects there may be, one of these at random
    concepts: objects that have to be in it, in this order; the others are drawn
    """
    count = max(draft.pick(counts), len(concepts))
    drawn = [*concepts, *draw_concepts(draft, count - len(concepts))]
    if len(set(drawn)) < count:
        return None
    things = zip(drawn, draw_styles(draft, count), draw_places(draft, count), strict=True)
    objects = tuple(SceneObject(key, style, *place) for key, style, place in things)
    scene = Scene(draw_background(draft), objects)
    return scene if draft.takes(scene) else None


def try_group(draft: Draft) -> Scene | None:
    """One attempt at several equal things, all of one size."""
    count = draft.pick((2, 3, 4))
    key, style = draw_concepts(draft, 1)[0], draft.pick(draft.vocabulary.styles)
    places = draw_places(draft, count)
    size = min(size for _, _, size in places)
    objects = tuple(SceneObject(key, style, x, y, size) for x, y, _ in places)
    scene = Scene(draw_background(draft), objects)
    return scene if draft.takes(scene) else None


def draw_reference(draft: Draft, wanted: SceneObject) -> Scene:
    """A picture of the wanted object alone, on white or on a plain colour.

    It lies in the middle, larger than in most scenes.
    """

    def attempt() -> Scene | None:
        colour = "white" if draft.chance(0.5) else draft.pick(draft.vocabulary.colours)
        size = draft.between(0.5, 0.85)
        thing = SceneObject(wanted.concept, wanted.style, 0.5, 0.5, size)
        scene = Scene(Background("plain", colour), (thing,))
        return scene if colour == "white" or is_legible(scene) else None

    return until_drawn(attempt)


def draw_direction(draft: Draft, kind: str) -> str | None:
    """A way for the motions that have one."""
    match kind:
        case "slide":
            return draft.pick(list(DIRECTIONS))
        case "roll":
            return draft.pick(("right", "left"))
        case "spin":
            return draft.pick(("clockwise", "counterclockwise"))
    return None


def try_motion(draft: Draft, scene: Scene, which: int, starts_whole: bool = False) -> Scene | None:
    """One attempt at setting an object in motion.

    starts_whole: the first frame has to be the still scene, so nothing may fade in
    """
    barred = ("still", "fade in") if starts_whole else ("still",)
    kind = draft.pick([kind for kind in draft.vocabulary.motions if kind not in barred])
    moved = set_moving(scene, which, kind, draw_direction(draft, kind))
    return moved if moved is not None and fits(moved) else None


def draw_camera(draft: Draft, share: float = CAMERA_SHARE) -> Camera:
    """A camera, which moves in this share of the clips where the vocabulary has such.

    It is drawn before the attempts at a clip: of many scenes it could not be seen to move.
    """
    moves = len(draft.vocabulary.cameras) > 1 and draft.chance(share)
    return draw_moving_camera(draft) if moves else STANDING


def draw_moving_camera(draft: Draft) -> Camera:
    """A camera that moves."""
    moves = [kind for kind in draft.vocabulary.cameras if kind != "static"]
    if not moves:
        raise InputError("this vocabulary's camera never moves: give it more cameras")
    return Camera(draft.pick(moves))


def try_camera(scene: Scene, camera: Camera) -> Scene | None:
    """A still scene as a moving camera sees it, if that can be told from moving objects."""
    moved = replace(scene, camera=camera)
    return moved if fits(moved) and shows_camera(moved) else None


def try_clip(draft: Draft, concepts: Sequence[str] = (), camera: Camera = STANDING) -> Scene | None:
    """One attempt at a clip: objects that move or stay, or a camera that moves over still ones.

    concepts: objects that have to be in it; the others are drawn
    """
    count = max(draft.pick(draft.vocabulary.clip_counts), len(concepts))
    if camera.kind != "static":
        still = try_scene(draft, (count,), concepts)
        return None if still is None else try_camera(still, camera)
    if count == 1:
        key = concepts[0] if concepts else draw_concepts(draft, 1)[0]
        return _try_crossing(draft, key)
    scene = try_scene(draft, (count,), concepts)
    for which in range(count):
        if scene is not None and not draft.chance(STILL_SHARE + 0.2):
            scene = try_motion(draft, scene, which)
    return scene


def _try_crossing(draft: Draft, key: str) -> Scene | None:
    """One object that moves about the middle of the frame, or stays there."""
    kinds = [kind for kind in draft.vocabulary.motions if kind != "still"]
    kind = "still" if draft.chance(STILL_SHARE) else draft.pick(kinds)
    direction = draw_direction(draft, kind)
    dx, dy = DIRECTIONS.get(direction or "", (0, 0))
    if kind == "bounce":
        dy = -1  # starts low
    thing = SceneObject(
        key,
        draft.pick(draft.vocabulary.styles),
        0.5 - dx * REACH / 2 + draft.between(-0.03, 0.03),
        0.5 - dy * REACH / 2 + draft.between(-0.03, 0.03),
        draft.between(0.3, 0.5),
    )
    scene = set_moving(Scene(draw_background(draft), (thing,)), 0, kind, direction)
    return scene if scene is not None and draft.takes(scene) else None
