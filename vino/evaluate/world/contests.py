"""Questions that training never asked: contradictions, many references, words never seen."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from vino.data.world.captions import indefinite, listing
from vino.data.world.compose import (
    Draft,
    draw_concepts,
    draw_places,
    draw_reference,
    draw_scene,
    until_drawn,
)
from vino.data.world.layout import fits, is_legible
from vino.data.world.samples import Plan, Shot
from vino.data.world.scene import Background, Scene, SceneObject
from vino.data.world.vocabulary import Vocabulary, name_of
from vino.evaluate.world.trials import Course, Kind, Trial, changed

NUMBERS = (1, 2, 4, 8)  # of references
CELLS = tuple((x, y) for y in (0.18, 0.5, 0.82) for x in (0.18, 0.5, 0.82))
CELL_SIZE = 0.27
UNSEEN_WORDS = {
    "t2i": (
        "I would love to see {things}, with only {colour} behind",
        "sketch {things} against a backdrop that is {colour}",
        "{things}; everything behind is {colour}",
    ),
    "remove": (
        "make the {thing} vanish",
        "I no longer want to see the {thing}",
        "what would this look like without the {thing}?",
    ),
    "replace": (
        "exchange the {thing}: I want {new} instead",
        "where the {thing} is, I would rather see {new}",
        "let {new} stand where the {thing} stands now",
    ),
    "background": (
        "let everything behind become {colour}",
        "I would prefer a {colour} backdrop",
        "paint what lies behind in {colour}",
    ),
}


def conflict(course: Course) -> Iterator[Trial]:
    """A reference against words that call it something else; a reference against another."""
    for index in range(course.count(2, 6)):
        draft = _draft(course, "conflict", index)
        scene = draw_scene(draft, (1,))
        first = scene.objects[0].concept
        second = next(key for key in draw_concepts(draft, 2) if key != first)
        shown = [
            draw_reference(draft, replace(scene.objects[0], concept=key)) for key in (first, second)
        ]
        backdrop = f"on a plain {scene.background.first} background"
        worded = f"the {name_of(second)} in Image 1 {backdrop}"
        vague = f"the object in the reference picture {backdrop}"
        for group, references, text in (
            ("reference or text", shown[:1], worded),
            ("reference or reference", shown, vague),
        ):
            drawn = Plan(
                (*map(Shot, references), text), Shot(scene), references=tuple(references)
            )  # fmt: skip
            kind = Kind(group, "subject", rivals=(first, second))
            yield from course.pose("conflict", kind, f"{index:03d}", drawn)


def many_references(course: Course) -> Iterator[Trial]:
    """One to eight objects, each from a picture of its own."""
    for number in NUMBERS[:: course.count(2, 1)]:
        for index in range(course.count(1, 3)):
            draft = _draft(course, f"{number} references", index)
            scene = until_drawn(lambda d=draft, n=number: _try_crowd(d, n))  # type: ignore[misc]
            references = tuple(draw_reference(draft, thing) for thing in scene.objects)
            names = [f"the object in Image {place}" for place in range(1, number + 1)]
            text = f"{listing(names)} on a plain {scene.background.first} background"
            drawn = Plan((*map(Shot, references), text), Shot(scene), references=references)
            kind = Kind(f"{number} reference{'s' if number > 1 else ''}", "subjects")
            yield from course.pose("many-references", kind, f"{index:03d}", drawn)


def _try_crowd(draft: Draft, number: int) -> Scene | None:
    """Different objects of references, as many as asked, on a plain background."""
    keys = {draft.reference() for _ in range(number)}
    if len(keys) < number:
        return None
    if number <= 4:
        places = draw_places(draft, number)
    else:
        cells = draft.rng.permutation(len(CELLS))[:number]
        places = [(*CELLS[cell], CELL_SIZE) for cell in cells]
    style = draft.pick(draft.vocabulary.styles)
    things = [SceneObject(k, style, *p) for k, p in zip(sorted(keys), places, strict=True)]
    scene = Scene(Background("plain", draft.pick(draft.vocabulary.colours)), tuple(things))
    return scene if fits(scene) and is_legible(scene) else None


def phrasing(course: Course) -> Iterator[Trial]:
    """The same scenes in the usual words and in words that training never used."""
    known = course.world.vocabulary
    plain = changed(known, backgrounds=("plain",), tints=(), group_share=0.0, counts=(1, 2))
    for task, forms in UNSEEN_WORDS.items():
        kind = Kind("usual words", task, vocabulary=plain, pair="same")
        for number, drawn in enumerate(course.plans(kind, course.count(1, 4))):
            text = _reworded(forms[number % len(forms)], drawn)
            strange = replace(drawn, segments=(*drawn.segments[:-1], text))
            name = f"{task}-{number:03d}"
            yield from course.pose("phrasing", kind, name, drawn)
            yield from course.pose("phrasing", replace(kind, group="unseen words"), name, strange)


def _reworded(form: str, drawn: Plan) -> str:
    target, source = drawn.target.scene, drawn.source
    before = source.objects if source else ()
    gone = [name_of(o.concept) for o in before if o not in target.objects]
    new = [indefinite(name_of(o.concept)) for o in target.objects if o not in before]
    return form.format(
        things=listing(new) if new else "",
        colour=target.background.first,
        thing=gone[0] if gone else "",
        new=new[0] if new else "",
    )


def _draft(course: Course, what: str, index: int) -> Draft:
    """A generator of its own for every question; objects alone on plain backgrounds."""
    known: Vocabulary = course.world.vocabulary
    number = sum(what.encode())
    rng = np.random.default_rng((course.seeds[0], number, index))
    return Draft(rng, changed(known, backgrounds=("plain",)), "held-out")
