"""Short requests in words never seen, rewritten into captions, and what the captions say.

The truth is the scene: what it holds is to be named, and nothing else.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

from vino.data.world.captions import (
    COUNTS,
    group_words,
    indefinite,
    is_group,
    listing,
    place,
    plural,
    reading_order,
)
from vino.data.world.samples import Plan
from vino.data.world.scene import Scene
from vino.data.world.vocabulary import concept_names, name_of
from vino.evaluate.candidate import Candidate
from vino.evaluate.world.contests import UNSEEN_WORDS
from vino.evaluate.world.measurements import Measurement, Values
from vino.evaluate.world.trials import Course, Kind, Trial, changed

BEHIND = ("background", "backdrop", "behind")
SUITE = "rewriting"


def _ask(course: Course) -> Iterator[Trial]:
    """Objects, groups, colours and places, each with the first seed."""
    known = course.world.vocabulary
    once = replace(course, seeds=course.seeds[:1])
    bare = changed(known, backgrounds=("plain",), tints=(), group_share=0.0, counts=(1, 2))
    kinds = [
        Kind("objects", "t2i", vocabulary=changed(bare, counts=(2,))),
        Kind("places", "t2i", vocabulary=changed(bare, counts=(1,)), keep=_is_off_the_middle),
    ]
    if known.group_share:
        kinds.append(Kind("counts", "t2i", vocabulary=changed(bare, group_share=1.0)))
    if known.tints:
        painted = changed(bare, tints=known.tints)
        kinds.append(Kind("colours", "t2i", vocabulary=painted, keep=_is_painted))
    forms = UNSEEN_WORDS["t2i"]
    for kind in kinds:
        for number, drawn in enumerate(once.plans(kind, course.count(2, 12))):
            text = _request(forms[number % len(forms)], drawn.target.scene)
            yield from once.pose(SUITE, kind, f"{number:03d}", replace(drawn, segments=(text,)))


def _is_off_the_middle(plan: Plan) -> bool:
    return place(plan.target.scene.objects[0]) != "in the center"


def _is_painted(plan: Plan) -> bool:
    return any(thing.tint for thing in plan.target.scene.objects)


def _request(form: str, scene: Scene) -> str:
    """What is on a scene, as training never put it."""
    things = [indefinite(name_of(o.concept), o.tint or "") for o in reading_order(scene.objects)]
    if is_group(scene):
        things = [group_words(scene)]
    elif len(things) == 1:
        things = [f"{things[0]} {place(scene.objects[0])}"]
    return form.format(things=listing(things), colour=scene.background.first)


def score(caption: str, scene: Scene) -> dict[str, float]:
    """What a caption says of a scene, 0 or 1 each, of that which the scene has.

    objects named, nothing invented, background, colours, counts, places
    """
    text = caption.lower()
    said, wanted = mentioned(text), {thing.concept for thing in scene.objects}
    found = {
        "objects named": wanted <= said,
        "nothing invented": bool(said) and said <= wanted,
        "background": _says(text, scene.background.first, BEHIND),
    }
    first = scene.objects[0]
    if is_group(scene):
        names = [plural(name) for name in concept_names()[first.concept]]
        found["counts"] = _says(text, COUNTS[len(scene.objects)], names)
    elif len(scene.objects) == 1:
        words = place(first).removeprefix("at the ").removeprefix("in the ").split()
        found["places"] = all(_says(text, word, concept_names()[first.concept]) for word in words)
    if painted := [thing for thing in scene.objects if thing.tint]:
        found["colours"] = all(
            any(f"{thing.tint} {name}" in text for name in concept_names()[thing.concept])
            for thing in painted
        )
    return {metric: float(holds) for metric, holds in found.items()}


def mentioned(text: str) -> set[str]:
    """The concepts that a text in lower case names, one or several of each."""
    return {_forms()[word] for word in _any_form().findall(text)}


@cache
def _forms() -> dict[str, str]:
    """Every name, and its plural, -> the concept's key."""
    usual = {name: key for key, names in concept_names().items() for name in names}
    return {plural(name): key for name, key in usual.items()} | usual


@cache
def _any_form() -> re.Pattern[str]:
    """Finds names; of "shooting star" the whole."""
    longest_first = sorted(_forms(), key=len, reverse=True)
    return re.compile(rf"\b({'|'.join(map(re.escape, longest_first))})\b")


def _says(text: str, word: str, about: Sequence[str]) -> bool:
    """Whether a sentence about one of some things holds a word."""
    return any(
        re.search(rf"\b{word}\b", sentence) and any(thing in sentence for thing in about)
        for sentence in text.split(".")
    )


def _take(candidate: Candidate, course: Course) -> Values:
    values: dict[str, dict[str, list[float]]] = {}
    trials = list(_ask(course))
    for trial, caption in zip(trials, candidate.rewrite(trials), strict=True):
        for metric, value in score(caption, trial.sample.target_scene).items():
            values.setdefault(metric, {})[trial.scene] = [value]
    return values


REWRITING = Measurement(
    "Short requests in words never seen, rewritten into captions: what these say.",
    _take,
    shares=("objects named", "nothing invented", "background", "counts", "places", "colours"),
)
