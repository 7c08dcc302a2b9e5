"""Drawing scenes at random: which objects, where, how large, on what, and moving where.

Everything is a function of the generator in a `Draft`. Objects stay inside the frame for the
whole clip and apart from each other, and what the split forbids is never drawn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, TypeVar

import numpy as np

from vino.data.world.motion import pose_at
from vino.data.world.scene import DIRECTIONS, Background, Motion, Scene, SceneObject
from vino.data.world.sprites import load_style
from vino.data.world.vocabulary import (
    COLOURS,
    HELD_OUT_CONCEPTS,
    Vocabulary,
    concept_names,
    is_held_out_scene,
)
from vino.errors import InputError

Split = Literal["train", "held-out", "unseen"]
Option = TypeVar("Option")
Drawn = TypeVar("Drawn")

ATTEMPTS = 10_000  # after which a vocabulary is taken to be too small for what is asked
MARGIN = 0.01  # kept free between an object and the frame's edge, and between objects
REACH = 0.35  # how far a slide goes where there is room
SHORTEST_SLIDE = 0.12
VISIBLE_DISTANCE = 70.0  # of RGB values, from which a pixel is told from the background
VISIBLE_SHARE = 0.5  # of an object's ink that has to be told from the background


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
        return held_out[-1] if self.split == "held-out" else not any(held_out)

    def takes(self, *scenes: Scene) -> bool:
        """Whether these scenes are allowed, legible, and their objects well placed."""
        sound = all(fits(scene) and is_legible(scene) for scene in scenes)
        return sound and self.allows(*scenes)


def until_drawn(attempt: Callable[[], Drawn | None]) -> Drawn:
    """Draw again until an attempt works out."""
    for _ in range(ATTEMPTS):
        drawn = attempt()
        if drawn is not None:
            return drawn
    raise InputError("this vocabulary has no such scene in this split: give it more concepts")


def is_kept_for_evaluation(scene: Scene) -> bool:
    """Whether training must not show this scene (empty ones are always allowed)."""
    keys = [thing.concept for thing in scene.objects]
    return bool(keys) and is_held_out_scene(keys, scene.background.first)


@cache
def stands_out(key: str, style: str, colour: str) -> bool:
    """Whether enough of the glyph can be told from a background of this colour."""
    sheet = load_style(style)
    sprite = sheet.levels[-2][sheet.places[key]].astype(np.float32)
    ink = sprite[..., 3] > 127
    seen = sprite[..., :3] + (1 - sprite[..., 3:] / 255) * np.array(COLOURS[colour], np.float32)
    distance = np.linalg.norm(seen[ink] - np.array(COLOURS[colour], np.float32), axis=-1)
    return bool((distance > VISIBLE_DISTANCE).mean() > VISIBLE_SHARE)


def is_legible(scene: Scene) -> bool:
    """Whether every object stands out from the background."""
    colours = {scene.background.first, scene.background.second} - {None}
    return all(
        stands_out(thing.concept, thing.style, colour)
        for thing in scene.objects
        for colour in colours
        if colour is not None
    )


def box(thing: SceneObject, u: float = 0.0) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the square that holds the object at time u."""
    pose = pose_at(thing.motion, u)
    x, y, half = thing.x + pose.dx, thing.y + pose.dy, thing.size * pose.scale / 2
    return x - half, y - half, x + half, y + half


def fits(scene: Scene) -> bool:
    """Whether all objects are inside the frame and apart, from the first frame to the last."""
    moving = any(thing.motion.kind != "still" for thing in scene.objects)
    return all(_fits_at(scene, u) for u in ((0.0, 0.25, 0.5, 0.75, 1.0) if moving else (0.0,)))


def _fits_at(scene: Scene, u: float) -> bool:
    boxes = [box(thing, u) for thing in scene.objects]
    inside = all(min(b[:2]) >= MARGIN and max(b[2:]) <= 1 - MARGIN for b in boxes)
    return inside and not any(
        _overlap(a, b) for place, a in enumerate(boxes) for b in boxes[:place]
    )


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return (
        min(a[2], b[2]) - max(a[0], b[0]) > -MARGIN and min(a[3], b[3]) - max(a[1], b[1]) > -MARGIN
    )


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


def draw_places(draft: Draft, count: int) -> list[tuple[float, float, float]]:
    """(x, y, size) for each of 1 to 3 objects, in reading order."""
    jitter = [(draft.between(-0.03, 0.03), draft.between(-0.05, 0.05)) for _ in range(count)]
    if count == 1:
        return [_draw_single_place(draft, *jitter[0])]
    if count == 2:
        across = draft.chance(0.8)
        centres = [(0.26, 0.5), (0.74, 0.5)] if across else [(0.5, 0.26), (0.5, 0.74)]
        sizes = (0.30, 0.42)
    else:
        upper_first = draft.chance(0.5)
        centres = (
            [(0.5, 0.27), (0.24, 0.72), (0.76, 0.72)]
            if upper_first
            else [(0.24, 0.28), (0.76, 0.28), (0.5, 0.73)]
        )
        sizes = (0.27, 0.38)
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


def draw_scene(draft: Draft, counts: Sequence[int] = (1, 1, 2, 2)) -> Scene:
    """A still scene that the split allows, with one of these numbers of objects."""
    return until_drawn(lambda: try_scene(draft, counts))


def try_scene(draft: Draft, counts: Sequence[int], concepts: Sequence[str] = ()) -> Scene | None:
    """One attempt at a still scene.

    counts: how many objects there may be, one of these at random
    concepts: objects that have to be in it, in this order; the others are drawn
    """
    count = max(draft.pick(counts), len(concepts))
    drawn = [*concepts, *draw_concepts(draft, count - len(concepts))]
    style = draft.pick(draft.vocabulary.styles)
    scene = Scene(
        draw_background(draft),
        tuple(
            SceneObject(key, style, x, y, size)
            for key, (x, y, size) in zip(drawn, draw_places(draft, count), strict=True)
        ),
    )
    return scene if len(set(drawn)) == count and draft.takes(scene) else None


def draw_reference(draft: Draft, key: str, style: str) -> Scene:
    """A picture of one object alone, on white or on a plain colour."""

    def attempt() -> Scene | None:
        colour = "white" if draft.chance(0.5) else draft.pick(draft.vocabulary.colours)
        thing = SceneObject(key, style, 0.5, 0.5, draft.between(0.5, 0.85))
        scene = Scene(Background("plain", colour), (thing,))
        return scene if colour == "white" or is_legible(scene) else None

    return until_drawn(attempt)


def room(scene: Scene, which: int, direction: str) -> float:
    """How far an object can slide before it meets the frame's edge or another object."""
    sideways = DIRECTIONS[direction][0] != 0
    left, top, right, bottom = box(scene.objects[which])
    free = {"right": 1 - right, "left": left, "down": 1 - bottom, "up": top}[direction]
    for place, other in enumerate(scene.objects):
        a = box(other)
        crosses = a[1] < bottom and a[3] > top if sideways else a[0] < right and a[2] > left
        if place == which or not crosses:
            continue
        gap = {"right": a[0] - right, "left": left - a[2], "down": a[1] - bottom, "up": top - a[3]}
        if gap[direction] > -MARGIN:
            free = min(free, gap[direction])
    return free - 2 * MARGIN


def slide(scene: Scene, which: int, direction: str) -> Scene | None:
    """The scene with one object sliding as far as it usually does, None if there is no room."""
    amount = min(REACH, room(scene, which, direction))
    if amount < SHORTEST_SLIDE:
        return None
    return with_motion(scene, which, Motion("slide", direction, round(amount, 4)))


def with_motion(scene: Scene, which: int, motion: Motion) -> Scene:
    """The scene with another motion for one object."""
    objects = list(scene.objects)
    objects[which] = replace(objects[which], motion=motion)
    return replace(scene, objects=tuple(objects))
