"""Edits: pure functions of a scene, with the instruction that asks for them.

An edit changes what it names in the scene's description and nothing else, so that all other
pixels of source and target are the same to the last bit.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from vino.data.world.captions import background_words, indefinite, place, relation, size_word
from vino.data.world.compose import (
    Draft,
    draw_background,
    draw_concepts,
    draw_reference,
    draw_scene,
    until_drawn,
)
from vino.data.world.phrasing import (
    ADD,
    BACKGROUND,
    EDIT_BY_REFERENCE,
    REFERENCE,
    REMOVE,
    REPLACE,
    pick_phrase,
    utter,
)
from vino.data.world.samples import Plan, Planner, Shot
from vino.data.world.scene import Scene, SceneObject

COUNTS = (1, 2, 2, 2)


@dataclass(frozen=True)
class Edit:
    """A source, what it becomes, and the words that ask for it."""

    source: Scene
    target: Scene
    words: str


Editor = Callable[[Draft], Edit | None]  # None: this draw does not work out, draw again


def edit_of(editor: Editor) -> Planner:
    """The task of one kind of edit, on pictures."""

    def planner(draft: Draft) -> Plan:
        def attempt() -> Edit | None:
            edit = editor(draft)
            return edit if edit is not None and _is_sound(draft, edit) else None

        edit = until_drawn(attempt)
        segments = (Shot(edit.source), utter(draft, edit.words))
        return Plan(segments, Shot(edit.target), base=0, source=edit.source)

    return planner


def _is_sound(draft: Draft, edit: Edit) -> bool:
    """Whether both scenes can be shown; an edit may leave nothing, which no split keeps."""
    if draft.split == "held-out" and not edit.target.objects:
        return draft.takes(edit.target, edit.source)
    return draft.takes(edit.source, edit.target)


def remove(draft: Draft) -> Edit | None:
    """Take one object out."""
    source = draw_source(draft)
    which = draft.pick(range(len(source.objects)))
    words = pick_phrase(draft, REMOVE).format(thing=draft.name(source.objects[which].concept))
    return Edit(source, without(source, which), words)


def replace_thing(draft: Draft) -> Edit | None:
    """Put a new object in the place of one."""
    source = draw_source(draft)
    which = draft.pick(range(len(source.objects)))
    new = draw_concepts(draft, 1)[0]
    if new in {thing.concept for thing in source.objects}:
        return None
    words = pick_phrase(draft, REPLACE).format(
        thing=draft.name(source.objects[which].concept), new=indefinite(draft.name(new))
    )
    return Edit(source, with_object(source, which, concept=new), words)


def change_background(draft: Draft) -> Edit | None:
    """Another backdrop behind the same objects."""
    source = draw_source(draft)
    background = draw_background(draft)
    if background == source.background:
        return None
    backdrop = background_words(background)
    if background.kind == "plain":
        words = pick_phrase(draft, BACKGROUND).format(colour=background.first, backdrop=backdrop)
    else:
        words = f"change the background to {backdrop}"
    return Edit(source, replace(source, background=background), words)


def add(draft: Draft) -> Edit | None:
    """Put a new object where there is room for it, and say where that is."""
    target = draw_scene_of(draft, (2, 2, 3))
    which = draft.pick(range(len(target.objects)))
    new, rest = target.objects[which], without(target, which)
    if size_word(new):
        return None
    where = place(new)
    if len(rest.objects) == 1 and draft.chance(0.5):
        other = rest.objects[0]
        where = f"{relation(new, other)} the {draft.name(other.concept)}"
    words = pick_phrase(draft, ADD).format(
        new=indefinite(draft.name(new.concept)), where=f" {where}"
    )
    return Edit(rest, replace(rest, objects=(*rest.objects, new)), words)


def replace_by_reference(draft: Draft) -> Plan:
    """Put the object of a reference picture in the place of one: Image 2 is the base."""
    edit, old, unseen = until_drawn(lambda: _draw_swap(draft))
    reference = draw_reference(draft, unseen, old.style)
    words = pick_phrase(draft, EDIT_BY_REFERENCE).format(
        thing=draft.name(old.concept), reference=pick_phrase(draft, REFERENCE).format(n=1)
    )
    return Plan(
        (Shot(reference), Shot(edit.source), utter(draft, words)),
        Shot(edit.target),
        base=1,
        source=edit.source,
        references=(reference,),
    )


def _draw_swap(draft: Draft) -> tuple[Edit, SceneObject, str] | None:
    """An edit without words, the object it takes away and the concept it brings."""
    source = draw_source(draft)
    which = draft.pick(range(len(source.objects)))
    unseen = draft.reference()
    if unseen in {thing.concept for thing in source.objects}:
        return None
    edit = Edit(source, with_object(source, which, concept=unseen), "")
    return (edit, source.objects[which], unseen) if _is_sound(draft, edit) else None


def draw_source(draft: Draft) -> Scene:
    """A scene to be edited; whether the split takes it is asked of source and target together."""
    return draw_scene_of(draft, COUNTS)


def draw_scene_of(draft: Draft, counts: tuple[int, ...]) -> Scene:
    """A scene of any split."""
    return draw_scene(replace(draft, split="unseen"), counts)


def without(scene: Scene, which: int) -> Scene:
    """The scene without one object."""
    return replace(scene, objects=scene.objects[:which] + scene.objects[which + 1 :])


def with_object(scene: Scene, which: int, **changes: object) -> Scene:
    """The scene with one object changed."""
    objects: list[SceneObject] = list(scene.objects)
    objects[which] = replace(objects[which], **changes)  # type: ignore[arg-type]
    return replace(scene, objects=tuple(objects))
