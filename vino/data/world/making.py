"""Tasks that make something from words and references: pictures, clips, subjects, proxies."""

from dataclasses import replace

from vino.data.world.captions import (
    background_words,
    indefinite,
    listing,
    long_caption,
    place,
    reading_order,
    relation,
    size_word,
)
from vino.data.world.compose import (
    REACH,
    Draft,
    draw_background,
    draw_concepts,
    draw_reference,
    draw_scene,
    is_legible,
    slide,
    try_scene,
    until_drawn,
)
from vino.data.world.phrasing import (
    FIRST_FRAME,
    ORDINALS,
    RECONSTRUCT,
    REFERENCE,
    SELECT,
    SELECT_ORDINAL,
    action_phrase,
    backdrop_phrase,
    pick_phrase,
    utter,
)
from vino.data.world.samples import Plan, Shot
from vino.data.world.scene import DIRECTIONS, Background, Motion, Scene, SceneObject

LONG_SHARE = 0.25  # of text prompts that are long captions
UNNAMED_SHARE = 0.12  # of text prompts that name no background, which is then white
WHITE = Background("plain", "white")


def picture(draft: Draft) -> Plan:
    """Text to picture."""
    scene = draw_scene(draft)
    if draft.chance(LONG_SHARE):
        return Plan((long_caption(scene),), Shot(scene))
    scene, backdrop = _backdrop(draft, scene)
    start = pick_phrase(draft, ("", "", "", "a picture of ", "an image of "))
    return Plan((utter(draft, start + _things(draft, scene) + backdrop),), Shot(scene))


def clip(draft: Draft) -> Plan:
    """Text to clip: one object slides or stays."""
    scene = until_drawn(lambda: _try_clip(draft, draw_concepts(draft, 1)[0]))
    if draft.chance(LONG_SHARE):
        return Plan((long_caption(scene, clip=True),), Shot(scene, is_clip=True))
    scene, backdrop = _backdrop(draft, scene)
    thing = scene.objects[0]
    name = draft.name(thing.concept)
    subject = indefinite(name, size_word(thing))
    start = pick_phrase(draft, ("", "", "", "a clip: ", "a video in which "))
    text = start + action_phrase(draft, thing.motion, subject, name) + backdrop
    return Plan((utter(draft, text),), Shot(scene, is_clip=True))


def subject(draft: Draft) -> Plan:
    """The object of a reference picture in a new scene, alone or beside a named one."""
    count = 1 if draft.chance(0.6) else 2

    def attempt() -> Scene | None:
        scene = try_scene(draft, (count,), (draft.reference(),))
        # What has no name has no adjective either.
        return None if scene is None or size_word(scene.objects[0]) else scene

    scene = until_drawn(attempt)
    unseen = scene.objects[0].concept
    if count == 2 and draft.chance(0.5):
        scene = _swapped(scene)
    reference = draw_reference(draft, unseen, scene.objects[0].style)
    backdrop = f" on {backdrop_phrase(draft, scene.background)}"
    names = {unseen: pick_phrase(draft, REFERENCE).format(n=1)}
    start = pick_phrase(draft, ("", "", "put ", "show "))
    text = utter(draft, start + _things(draft, scene, names) + backdrop)
    return Plan((Shot(reference), text), Shot(scene), references=(reference,))


def subject_clip(draft: Draft) -> Plan:
    """The object of a reference picture in a clip; a background not named is the reference's."""
    is_on_reference = draft.chance(0.6)

    def attempt() -> tuple[Scene, Scene] | None:
        scene = _try_clip(draft, draft.reference())
        if scene is None:
            return None
        thing = scene.objects[0]
        reference = draw_reference(draft, thing.concept, thing.style)
        if is_on_reference:
            scene = replace(scene, background=reference.background)
        return (scene, reference) if draft.takes(scene) else None

    scene, reference = until_drawn(attempt)
    backdrop = "" if is_on_reference else f" on {backdrop_phrase(draft, scene.background)}"
    name = pick_phrase(draft, REFERENCE).format(n=1)
    text = utter(draft, action_phrase(draft, scene.objects[0].motion, name, name) + backdrop)
    return Plan((Shot(reference), text), Shot(scene, is_clip=True), references=(reference,))


def animate(draft: Draft) -> Plan:
    """A picture as the first frame of a clip: one of its objects slides, or all stay."""
    first, moved, which = draw_first_frame(draft)
    name = draft.name(first.objects[which].concept)
    action = action_phrase(draft, moved.objects[which].motion, f"the {name}", name)
    form = pick_phrase(draft, FIRST_FRAME)
    text = utter(draft, _into(form, action))
    return Plan((Shot(first), text), Shot(moved, is_clip=True), base=0, source=first)


def draw_first_frame(draft: Draft) -> tuple[Scene, Scene, int]:
    """A still scene, the same with one object in motion, and which object that is."""

    def attempt() -> tuple[Scene, Scene, int] | None:
        scene = draw_scene(draft)
        which = draft.pick(range(len(scene.objects)))
        if draft.chance(0.08):
            return scene, scene, which
        moved = slide(scene, which, draft.pick(list(DIRECTIONS)))
        return None if moved is None else (scene, moved, which)

    return until_drawn(attempt)


def reconstruct(draft: Draft) -> Plan:
    """Proxy task: a picture that only the VLM sees is to be made again."""
    scene = draw_scene(draft)
    text = utter(draft, pick_phrase(draft, RECONSTRUCT))
    return Plan((Shot(scene), text), Shot(scene), references=(scene,), withhold_latents=True)


def select(draft: Draft) -> Plan:
    """Proxy task: of several pictures the i-th is asked for."""
    scenes = tuple(draw_scene(draft) for _ in range(draft.pick((2, 2, 3, 4))))
    wanted = draft.pick(range(len(scenes)))
    form = pick_phrase(draft, SELECT if draft.chance(0.7) else SELECT_ORDINAL)
    text = utter(draft, form.format(n=wanted + 1, nth=ORDINALS[wanted]))
    return Plan((*map(Shot, scenes), text), Shot(scenes[wanted]), references=scenes)


def _backdrop(draft: Draft, scene: Scene) -> tuple[Scene, str]:
    """The words for the background, or none and a white background."""
    on_white = replace(scene, background=WHITE)
    if draft.chance(UNNAMED_SHARE) and is_legible(on_white) and draft.allows(on_white):
        return on_white, ""
    if scene.background.kind != "plain":
        return scene, f" on {background_words(scene.background)}"
    return scene, f" on {backdrop_phrase(draft, scene.background)}"


def _things(draft: Draft, scene: Scene, names: dict[str, str] | None = None) -> str:
    """The objects in words, with their places where these are not the usual ones.

    names: what to call some of the objects (a reference has no name of its own)
    """
    objects = reading_order(scene.objects)

    def called(thing: SceneObject) -> str:
        if names and thing.concept in names:
            return names[thing.concept]
        return indefinite(draft.name(thing.concept), size_word(thing))

    if len(objects) == 1:
        where = place(objects[0])
        return called(objects[0]) + ("" if where == "in the center" else f" {where}")
    if len(objects) > 2:
        return listing([called(thing) for thing in objects])
    between = relation(objects[0], objects[1])
    if between.startswith("to the") and draft.chance(0.6):
        return listing([called(thing) for thing in objects])
    if draft.chance(0.5):
        objects = objects[::-1]
    first, second = objects
    return f"{called(first)} {relation(first, second)} {called(second)}"


def _try_clip(draft: Draft, key: str) -> Scene | None:
    """One attempt at an object that crosses the middle of the frame, or stays there."""
    motion, dx, dy = Motion(), 0, 0
    if not draft.chance(0.12):
        direction = draft.pick(list(DIRECTIONS))
        dx, dy = DIRECTIONS[direction]
        motion = Motion("slide", direction, REACH)
    thing = SceneObject(
        key,
        draft.pick(draft.vocabulary.styles),
        0.5 - dx * REACH / 2 + draft.between(-0.03, 0.03),
        0.5 - dy * REACH / 2 + draft.between(-0.03, 0.03),
        draft.between(0.3, 0.5),
        motion,
    )
    scene = Scene(draw_background(draft), (thing,))
    return scene if draft.takes(scene) else None


def _swapped(scene: Scene) -> Scene:
    """The scene with its two objects in each other's place."""
    first, second = scene.objects
    return replace(
        scene,
        objects=(
            replace(first, x=second.x, y=second.y, size=second.size),
            replace(second, x=first.x, y=first.y, size=first.size),
        ),
    )


def _into(form: str, action: str) -> str:
    """The action put into a form; as a sentence of its own it gets a capital and a period."""
    if form == "{action}":
        return action
    return form.format(action=f"{action[0].upper()}{action[1:]}.")
