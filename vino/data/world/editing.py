"""Edits: pure functions of a scene, with the words that ask for them.

An edit changes what it names in the scene's description and nothing else, so that all other
pixels of source and target are the same to the last bit.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from vino.data.world.captions import (
    background_words,
    can_be_tinted,
    indefinite,
    place,
    relation,
    size_word,
)
from vino.data.world.compose import (
    Draft,
    draw_any_scene,
    draw_background,
    draw_concepts,
    try_motion,
    until_drawn,
)
from vino.data.world.layout import are_aligned, fits, with_object, without
from vino.data.world.phrasing import (
    ADD,
    BACKGROUND,
    BIGGER,
    EXTRACT,
    LOOKS,
    MOVE,
    PATTERNED_BACKGROUND,
    RECOLOUR,
    REMOVE,
    REPLACE,
    RESTYLE,
    SMALLER,
    pick_phrase,
    utter,
)
from vino.data.world.samples import Plan, Planner, Shot
from vino.data.world.scene import WHITE, Scene, SceneObject
from vino.data.world.vocabulary import TINTS, name_of

COUNTS = (1, 2, 2, 2)
WITH_ROOM = (1, 2, 2, 2, 3)  # objects where one of them is left out, for another to come in
ENLARGEMENT = 1.5
SPOTS = tuple((x, y) for x in (0.2, 0.5, 0.8) for y in (0.2, 0.5, 0.8))


@dataclass(frozen=True)
class Edit:
    """What a scene becomes, and the words that ask for it."""

    target: Scene
    words: str


# None: this draw does not work out, draw again.
Editor = Callable[[Draft, Scene], Edit | None]


def edit_of(*editors: Editor, is_clip: bool = False) -> Planner:
    """The task of one edit, or of several at once, on pictures or on clips."""

    def planner(draft: Draft) -> Plan:
        source, edit = until_drawn(lambda: _try_edit(draft, editors, is_clip))
        return Plan(
            (Shot(source, is_clip), utter(draft, edit.words)),
            Shot(edit.target, is_clip),
            base=0,
            source=source,
        )

    return planner


def _try_edit(
    draft: Draft, editors: tuple[Editor, ...], is_clip: bool
) -> tuple[Scene, Edit] | None:
    source = try_source(draft, is_clip, has_room=add in editors)
    edit = Edit(source, "") if source is not None else None
    for editor in editors:
        step = editor(draft, edit.target) if edit is not None else None
        if step is None or edit is None:
            return None
        edit = Edit(step.target, " and ".join(filter(None, (edit.words, step.words))))
    if source is None or edit is None or not is_sound(draft, source, edit.target):
        return None
    return source, edit


def try_source(draft: Draft, is_clip: bool = False, has_room: bool = False) -> Scene | None:
    """A scene to be edited, of any split: that is asked of source and target together.

    has_room: one of its objects is left out, so that another can come in
    """
    source = draw_any_scene(draft, WITH_ROOM if has_room else COUNTS)
    if has_room:
        source = without(source, draft.pick(range(len(source.objects))))
    if not is_clip:
        return source
    if not source.objects:
        return None
    return try_motion(draft, source, draft.pick(range(len(source.objects))))


def is_sound(draft: Draft, source: Scene, target: Scene) -> bool:
    """Whether both scenes can be shown; a target with nothing on it is of no split itself."""
    if draft.split == "held-out" and not target.objects:
        return draft.takes(target, source)
    return draft.takes(source, target)


def pick_object(draft: Draft, scene: Scene) -> tuple[int, str]:
    """One of the scene's objects, and a name for it."""
    which = draft.pick(range(len(scene.objects)))
    return which, draft.name(scene.objects[which].concept)


def remove(draft: Draft, scene: Scene) -> Edit | None:
    """Take one object out."""
    if not scene.objects:
        return None
    which, name = pick_object(draft, scene)
    return Edit(without(scene, which), pick_phrase(draft, REMOVE).format(thing=name))


def replace_thing(draft: Draft, scene: Scene) -> Edit | None:
    """Put a new object in the place of one; it moves as that one did."""
    which, name = pick_object(draft, scene)
    new = draw_concepts(draft, 1)[0]
    if new in {thing.concept for thing in scene.objects}:
        return None
    words = pick_phrase(draft, REPLACE).format(thing=name, new=indefinite(draft.name(new)))
    return Edit(with_object(scene, which, concept=new, tint=None), words)


def change_background(draft: Draft, scene: Scene) -> Edit | None:
    """Another backdrop behind the same objects."""
    background = draw_background(draft)
    if background == scene.background:
        return None
    phrases = BACKGROUND if background.kind == "plain" else PATTERNED_BACKGROUND
    words = pick_phrase(draft, phrases).format(
        colour=background.first, backdrop=background_words(background)
    )
    return Edit(replace(scene, background=background), words)


def add(draft: Draft, scene: Scene) -> Edit | None:
    """Put a new object where there is room for it, and mostly say where that is."""
    new = draw_concepts(draft, 1)[0]
    thing = try_spot(draft, scene, new)
    if thing is None or new in {other.concept for other in scene.objects}:
        return None
    words = pick_phrase(draft, ADD).format(
        new=indefinite(draft.name(new), size_word(thing)), where=where_added(draft, scene, thing)
    )
    return Edit(replace(scene, objects=(*scene.objects, thing)), words)


def try_spot(draft: Draft, scene: Scene, concept: str) -> SceneObject | None:
    """A new object at a free place: of the usual size, or small where it has to be."""
    style = scene.objects[0].style if scene.objects else draft.pick(draft.vocabulary.styles)
    for low, high in ((0.28, 0.40), (0.18, 0.24)):
        size = draft.between(low, high)
        reach = 0.5 - size / 2 - 0.02
        spots = [(0.5 + dx * reach, 0.5 + dy * reach) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
        placed = [SceneObject(concept, style, x, y, size) for x, y in spots]
        free = [p for p in placed if fits(replace(scene, objects=(*scene.objects, p)))]
        if free:
            return draft.pick(free)
    return None


def where_added(draft: Draft, scene: Scene, thing: SceneObject) -> str:
    """Where the new object is: in the frame, to the only other one, or nothing said."""
    how = draft.rng.random()
    if how < 0.15:
        return ""
    other = scene.objects[0] if len(scene.objects) == 1 else None
    if how < 0.5 and other is not None and are_aligned(thing, other):
        return f" {relation(thing, other)} the {draft.name(other.concept)}"
    return f" {place(thing)}"


def one_of(*editors: Editor) -> Editor:
    """Any one of these edits."""
    return lambda draft, scene: draft.pick(editors)(draft, scene)


def move(draft: Draft, scene: Scene) -> Edit | None:
    """Put one object somewhere else in the frame."""
    which, name = pick_object(draft, scene)
    x, y = draft.pick(SPOTS)
    target = with_object(scene, which, x=x, y=y)
    there = place(target.objects[which])
    if there == place(scene.objects[which]):
        return None
    where = there.removeprefix("at the ").removeprefix("in the ")
    return Edit(target, pick_phrase(draft, MOVE).format(thing=name, where=where))


def resize(draft: Draft, scene: Scene) -> Edit | None:
    """Make one object bigger or smaller."""
    which, name = pick_object(draft, scene)
    bigger = draft.chance(0.5)
    size = scene.objects[which].size * (ENLARGEMENT if bigger else 1 / ENLARGEMENT)
    words = pick_phrase(draft, BIGGER if bigger else SMALLER).format(thing=name)
    return Edit(with_object(scene, which, size=size), words)


def recolour(draft: Draft, scene: Scene) -> Edit | None:
    """Repaint one object."""
    which = draft.pick(range(len(scene.objects)))
    name = name_of(scene.objects[which].concept)
    colour = draft.pick(draft.vocabulary.tints or TINTS)
    if not can_be_tinted(name):
        return None
    words = pick_phrase(draft, RECOLOUR).format(thing=name, colour=colour)
    return Edit(with_object(scene, which, tint=colour), words)


def restyle(draft: Draft, scene: Scene) -> Edit | None:
    """Draw every object as another artist would."""
    style = draft.pick(draft.vocabulary.styles)
    objects = tuple(replace(thing, style=style) for thing in scene.objects)
    if objects == scene.objects:
        return None
    words = pick_phrase(draft, RESTYLE).format(style=style)
    return Edit(replace(scene, objects=objects), words)


def change_look(draft: Draft, scene: Scene) -> Edit | None:
    """Something done to the whole frame."""
    look = draft.pick(list(LOOKS))
    return Edit(replace(scene, look=look), pick_phrase(draft, LOOKS[look]))


def extract(draft: Draft, scene: Scene) -> Edit | None:
    """One object alone, in its place, on white."""
    which, name = pick_object(draft, scene)
    target = Scene(WHITE, (scene.objects[which],))
    if target == scene:
        return None
    return Edit(target, pick_phrase(draft, EXTRACT).format(thing=name))
