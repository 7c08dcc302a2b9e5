"""Verdicts on pictures made from words and references."""

from dataclasses import replace
from functools import partial

from vino.data.world.captions import PLACES, RELATIONS, place, relation, says_where
from vino.data.world.scene import Scene, SceneObject
from vino.data.world.vocabulary import HELD_OUT_CONCEPTS, is_held_out_concept
from vino.evaluate.world.judge import Judge, Reading
from vino.evaluate.world.verdicts import (
    Case,
    Verdict,
    found_at,
    has_background,
    is_it,
    is_present,
    times_seen,
)


def vocabulary(case: Case, made: Verdict) -> None:
    """One concept in one style, by its name."""
    thing = case.asked.objects[0]
    made.expect("named", is_present(thing, case.reading), case.why)
    if len(set(case.judge.library.styles)) > 1:
        drawn = any(
            is_it(found, thing) and case.judge.has_style(found, thing.style)
            for found in case.reading.objects
        )
        made.expect("in its style", drawn, case.why)


CRITERIA = {
    "one object": lambda case: shows_exactly(case.asked, case.reading),
    "two objects": lambda case: shows_exactly(case.asked, case.reading),
    "three objects": lambda case: shows_exactly(case.asked, case.reading),
    "counting": lambda case: _counted(case.asked, case.reading),
    "colours": lambda case: _coloured(case.asked, case.reading),
    "position": lambda case: _placed(case),
    "attribute binding": lambda case: _coloured(case.asked, case.reading),
}
"""What makes an answer of a group of world-compose right."""


def compose(case: Case, made: Verdict) -> None:
    """Objects, counts, colours and places from words, each scene by its group's question."""
    made.expect("correct", CRITERIA[case.trial.group](case), case.why)
    made.expect("background", has_background(case.asked, case.reading), case.why)


def subject(case: Case, made: Verdict) -> None:
    """The objects of references in a new scene."""
    things, concepts = _referred(case), {r.objects[0].concept for r in case.sample.references}
    made.expect("recognised", all(is_present(t, case.reading) for t in things), case.why)
    if all(map(is_held_out_concept, concepts)):
        few = Judge(sorted(set(case.judge.library.styles)), (), HELD_OUT_CONCEPTS)
        nearest = {o.concept for o in few.read(case.answer[0]).objects}
        metric = f"nearest of {len(HELD_OUT_CONCEPTS)} held-out"
        made.share(metric, len(concepts & nearest) / len(concepts), case.why)
    made.expect("background", has_background(case.asked, case.reading), case.why)
    is_told = says_where(case.words, case.asked.background)
    if is_told and len(things) > 1 and any(is_present(thing, case.reading) for thing in things):
        swapped = any(
            (found := found_at(thing, case.reading)) is not None
            and found.concept in concepts - {thing.concept}
            for thing in things
        )
        made.expect("not swapped", not swapped, case.why)


def many_references(case: Case, made: Verdict) -> None:
    """The objects of one to eight references, all in one picture."""
    seen = [is_present(thing, case.reading) for thing in case.asked.objects]
    made.expect("all recognised", all(seen), case.why)
    made.measured["share recognised"] = sum(seen) / len(seen)


def conflict(case: Case, made: Verdict) -> None:
    """Two things asked where one can be: which is there.

    The scene holds the one that is drawn as the truth; the other is the second reference's, or
    what the words call the reference.
    """
    rivals = [SceneObject(key) for key in case.trial.rivals]
    first, second = (is_present(rival, case.reading) for rival in rivals)
    made.expect("one of the two", first != second, case.why)
    names = ("first", "second") if len(case.sample.references) > 1 else ("reference", "text")
    for name, wins in zip(names, (first, second), strict=True):
        made.measured[f"the {name} wins"] = wins and first != second
    made.measured["both"] = first and second


def _referred(case: Case) -> list[SceneObject]:
    """The scene's objects that come from references."""
    wanted = {reference.objects[0].concept for reference in case.sample.references}
    return [thing for thing in case.asked.objects if thing.concept in wanted]


def shows_exactly(scene: Scene, reading: Reading) -> bool:
    """Whether these things are there and no others."""
    named = all(is_present(thing, reading) for thing in scene.objects)
    return named and len(reading.objects) == len(scene.objects)


def _counted(scene: Scene, reading: Reading) -> bool:
    return times_seen(scene.objects[0], reading) == len(scene.objects)


def _coloured(scene: Scene, reading: Reading) -> bool:
    """Whether every thing has the colour said of it, its own where none is.

    Where none is said of any, the background's are the colours that were asked for.
    """
    if all(thing.tint is None for thing in scene.objects):
        return has_background(scene, reading)
    return all(
        any(is_it(o, thing) and o.tint == thing.tint for o in reading.objects)
        for thing in scene.objects
    )


def _placed(case: Case) -> bool:
    """Whether every thing is in the part of the frame that was told, and they lie as told."""
    asked = case.asked.objects
    found = [next((o for o in case.reading.objects if is_it(o, thing)), None) for thing in asked]
    seen = [replace(t, x=o.x, y=o.y) for t, o in zip(asked, found, strict=True) if o]
    if len(seen) < len(asked):
        return False
    told = partial(says_where, case.words, case.asked.background)
    if told(PLACES) and any(place(s) != place(t) for s, t in zip(seen, asked, strict=True)):
        return False
    return not told(RELATIONS) or relation(*seen) == relation(*asked)
