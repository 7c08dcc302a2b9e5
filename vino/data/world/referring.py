"""Edits that bring in the object of a reference picture: Image 1 is the reference.

The base comes last among the media, as published: Image 2, or Video 1.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from vino.data.world.compose import Draft, draw_reference, until_drawn
from vino.data.world.editing import is_sound, pick_object, try_source, try_spot, where_added
from vino.data.world.layout import with_object
from vino.data.world.phrasing import (
    ADD_BY_REFERENCE,
    EDIT_BY_REFERENCE,
    REFERENCE,
    pick_phrase,
    utter,
)
from vino.data.world.samples import Plan, Planner, Shot
from vino.data.world.scene import Scene, SceneObject


@dataclass(frozen=True)
class Insertion:
    """What a scene becomes, the object that came in, and how to ask for it by a reference.

    words: an instruction with the place {reference} still open
    """

    target: Scene
    thing: SceneObject
    words: str


Inserter = Callable[[Draft, Scene], Insertion | None]


def insertion_of(inserter: Inserter, is_clip: bool = False) -> Planner:
    """The task of bringing a reference's object into a picture or a clip."""

    def planner(draft: Draft) -> Plan:
        source, insertion = until_drawn(lambda: _try_insertion(draft, inserter, is_clip))
        reference = draw_reference(draft, insertion.thing)
        words = insertion.words.format(reference=pick_phrase(draft, REFERENCE).format(n=1))
        return Plan(
            (Shot(reference), Shot(source, is_clip), utter(draft, words)),
            Shot(insertion.target, is_clip),
            base=1,
            source=source,
            references=(reference,),
        )

    return planner


def _try_insertion(
    draft: Draft, inserter: Inserter, is_clip: bool
) -> tuple[Scene, Insertion] | None:
    source = try_source(draft, is_clip, has_room=inserter is add_in)
    insertion = None if source is None else inserter(draft, source)
    if source is None or insertion is None or not is_sound(draft, source, insertion.target):
        return None
    return source, insertion


def swap_in(draft: Draft, scene: Scene) -> Insertion | None:
    """Put the reference's object in the place of one; it moves as that one did."""
    which, name = pick_object(draft, scene)
    unseen = draft.reference()
    if unseen in {thing.concept for thing in scene.objects}:
        return None
    target = with_object(scene, which, concept=unseen)
    words = pick_phrase(draft, EDIT_BY_REFERENCE).replace("{thing}", name)
    return Insertion(target, target.objects[which], words)


def add_in(draft: Draft, scene: Scene) -> Insertion | None:
    """Add the reference's object where there is room for it."""
    unseen = draft.reference()
    thing = try_spot(draft, scene, unseen)
    if thing is None or unseen in {other.concept for other in scene.objects}:
        return None
    where = where_added(draft, scene, thing)
    words = pick_phrase(draft, ADD_BY_REFERENCE).replace("{where}", where)
    return Insertion(replace(scene, objects=(*scene.objects, thing)), thing, words)
