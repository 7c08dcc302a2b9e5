"""The questions of every suite of the world."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from vino.data.world.captions import SMALL, indefinite, says_where
from vino.data.world.layout import stands_out, with_object
from vino.data.world.render import render
from vino.data.world.samples import Plan, Shot
from vino.data.world.scene import Background, Motion, Scene, SceneObject
from vino.data.world.vocabulary import (
    ASSETS,
    HELD_OUT_STYLES,
    Vocabulary,
    is_held_out_pair,
    is_held_out_scene,
    name_of,
    share_of,
)
from vino.evaluate.world.trials import Course, Kind, Trial, changed

PAIRS, QUICK_PAIRS = 240, 12  # most (concept, style) pairs asked for
VISIBLE_TURN = 6.0  # of 255, mean difference that a turning object has to make


def vocabulary(course: Course) -> Iterator[Trial]:
    """Every concept in every style, alone, on a background it stands out from, ten times."""
    known, course = course.world.vocabulary, course if course.quick else course.with_seeds(10)
    pairs = [(key, style) for style in known.styles for key in known.concepts]
    step = -(-len(pairs) // course.count(QUICK_PAIRS, PAIRS))
    for key, style in pairs[::step]:
        scene = Scene(Background("plain", _colour(key, style, known)), (SceneObject(key, style),))
        words = f"{indefinite(name_of(key))} on a plain {scene.background.first} background"
        text = words if len(known.styles) == 1 else f"{words}, in {style} style"
        new = len(known.styles) > 1 and is_held_out_pair(key, style)
        kind = Kind("held-out pair" if new else "known", "t2i")
        yield from course.pose("vocabulary", kind, f"{key}-{style}", Plan((text,), Shot(scene)))


def _colour(key: str, style: str, known: Vocabulary) -> str:
    """A colour the glyph stands out from, one that training never showed with it if there is."""
    clear = [c for c in known.colours if stands_out(key, style, c)] or list(known.colours)
    new = [c for c in clear if is_held_out_scene([key], c)]
    return sorted(new or clear, key=lambda c: share_of(f"evaluate:{key}:{c}"))[0]


def compose(course: Course) -> Iterator[Trial]:
    """The groups of GenEval, as far as the vocabulary goes."""
    known = course.world.vocabulary
    bare = changed(known, tints=(), group_share=0.0)
    kinds = [
        Kind(f"{number} object{'s' if many else ''}", "t2i", vocabulary=changed(bare, counts=(n,)))
        for n, number, many in ((1, "one", False), (2, "two", True), (3, "three", True))
        if n in known.counts
    ]
    if known.group_share:
        groups = changed(known, group_share=1.0, tints=())
        kinds.append(Kind("counting", "t2i", vocabulary=groups))
    alone, pair = (changed(known, counts=(n,), group_share=0.0) for n in (1, 2))
    kinds.append(Kind("colours", "t2i", vocabulary=alone, keep=_says_colours(known)))
    told = changed(bare, counts=(2,))
    kinds.append(Kind("position", "t2i", vocabulary=told, keep=_is_placed))
    if known.tints:
        kinds.append(Kind("attribute binding", "t2i", vocabulary=pair, keep=_says_colours(known)))
    for kind in kinds:
        yield from course.draw("compose", kind, course.count(3, 15))


def _is_placed(plan: Plan) -> bool:
    """Whether the words tell where things are that are large enough to be recognised there."""
    return _says_where(plan) and all(o.size >= SMALL for o in plan.target.scene.objects)


def _says_where(plan: Plan) -> bool:
    return says_where(plan.prompt, plan.target.scene.background)


def _says_colours(known: Vocabulary) -> Callable[[Plan], bool]:
    """Whether the words give an object a colour of its own; the background, without tints."""

    def keep(plan: Plan) -> bool:
        tints = {thing.tint for thing in plan.target.scene.objects}
        return not known.tints or (tints != {None} and len(tints) == len(plan.target.scene.objects))

    return keep


def edit(course: Course) -> Iterator[Trial]:
    """Every kind of edit."""
    for task in course.world.edits:
        kind = Kind(_edit_name(task), task, keep=_is_decided)
        yield from course.draw("edit", kind, course.count(1, 6))


def clip_edit(course: Course) -> Iterator[Trial]:
    """Every kind of edit, on clips; where there is little time, a few kinds."""
    tasks = course.world.clip_edits
    for task in tasks[1::5] if course.quick else tasks:
        kind = Kind(_edit_name(task), task, keep=_is_decided)
        yield from course.draw("clip-edit", kind, course.count(1, 2))


def _is_decided(plan: Plan) -> bool:
    """Whether the words tell where what is added goes: there may be room for it elsewhere."""
    assert plan.source is not None
    is_added = len(plan.target.scene.objects) > len(plan.source.objects)
    return not is_added or _says_where(plan)


def _edit_name(task: str) -> str:
    """As a group: "replace", "add by reference"."""
    names = {"edit_ref": "replace by reference", "add_ref": "add by reference"}
    return names.get(name := task.removeprefix("clip_"), name)


def subject(course: Course) -> Iterator[Trial]:
    """Objects of references: known from training, never seen, and in styles never seen."""
    known = course.world.vocabulary
    strange = changed(known, styles=built_styles())
    for task in course.world.subjects:
        count = course.count(1, 6 if task.endswith("_clip") else 8)
        kinds = [Kind("known", task), Kind("unseen", task, split="unseen")]
        if strange.styles:
            kinds.append(Kind("held-out style", task, vocabulary=strange))
        kinds = [replace(kind, keep=can_be_told) for kind in kinds]
        if task == "subjects":
            kinds.append(Kind("in order", task, keep=_is_ordered))
        for kind in kinds:
            yield from course.draw("subject", kind, count)


def _is_ordered(plan: Plan) -> bool:
    """Whether of two things of references the words tell which is where."""
    return len(plan.references) == 2 and _says_where(plan)


def built_styles() -> tuple[str, ...]:
    """The held-out styles whose sprites are here: they are built where they are wanted."""
    return tuple(style for style in HELD_OUT_STYLES if (ASSETS / f"{style}.webp").exists())


def clip(course: Course) -> Iterator[Trial]:
    """Motion and camera from words, and pictures brought to life."""
    known = course.world.vocabulary
    for group, task, count in (("text to clip", "t2v", 24), ("picture to clip", "i2v", 14)):
        kind = Kind(group, task, keep=can_be_told)
        yield from course.draw("clip", kind, course.count(1, count))
    patterned = tuple(kind for kind in known.backgrounds if kind != "plain")
    if len(known.cameras) > 1 and patterned:
        shown = changed(known, backgrounds=patterned)
        kind = Kind("camera from words", "t2v", vocabulary=shown, keep=_is_filmed)
        yield from course.draw("clip", kind, course.count(1, 14))


def clone(course: Course) -> Iterator[Trial]:
    """Motion and camera of a reference clip."""
    for task in course.world.clones:
        kind = Kind(task.removesuffix("_clone"), task, keep=can_be_told)
        yield from course.draw("clone", kind, course.count(1, 8))


def long(course: Course) -> Iterator[Trial]:
    """Clips about twice as long as those of training, as far as the model goes."""
    frames = min(course.longest, 2 * course.frames - 1)
    if frames > course.frames:
        kind = Kind(f"{frames} frames", "t2v", keep=can_be_told, frames=frames)
        yield from course.draw("long", kind, course.count(1, 6))


def _is_filmed(plan: Plan) -> bool:
    return plan.target.scene.camera.kind != "static" and can_be_told(plan)


def can_be_told(plan: Plan) -> bool:
    """Whether the motion of a clip can be seen: what is round looks the same however it turns."""
    scene = plan.target.scene
    if not plan.target.is_clip:
        return True
    return all(_is_seen_turning(scene, which) for which in range(len(scene.objects)))


def _is_seen_turning(scene: Scene, which: int) -> bool:
    thing = scene.objects[which]
    motion = thing.motion
    if motion.kind not in ("spin", "swing", "roll"):
        return True
    upright = (
        Motion("slide", motion.direction, motion.amount) if motion.kind == "roll" else Motion()
    )
    turned, other = (render(with_object(scene, which, motion=m), 32, 9) for m in (motion, upright))
    difference = np.abs(turned.astype(np.float32) - other).mean() / thing.size**2
    return bool(difference > VISIBLE_TURN)
