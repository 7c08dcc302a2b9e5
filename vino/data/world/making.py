"""Tasks that make something from words and references: pictures, clips, subjects, proxies."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from vino.data.world.captions import (
    adjectives,
    background_words,
    can_be_tinted,
    group_words,
    indefinite,
    is_countable,
    is_group,
    listing,
    long_caption,
    place,
    reading_order,
    relation,
    size_word,
)
from vino.data.world.compose import (
    CAMERA_SHARE,
    STANDING,
    Draft,
    draw_camera,
    draw_reference,
    draw_scene,
    try_camera,
    try_clip,
    try_group,
    try_motion,
    try_scene,
    until_drawn,
)
from vino.data.world.layout import is_legible, with_object
from vino.data.world.phrasing import (
    FIRST_FRAME,
    ORDINALS,
    RECONSTRUCT,
    REFERENCE,
    SELECT,
    SELECT_ORDINAL,
    action_phrase,
    backdrop_phrase,
    camera_phrase,
    pick_phrase,
    utter,
)
from vino.data.world.samples import Plan, Shot
from vino.data.world.scene import WHITE, Camera, Scene, SceneObject
from vino.data.world.vocabulary import name_of

LONG_SHARE = 0.25  # of text prompts that are long captions
UNNAMED_SHARE = 0.12  # of text prompts that name no background, which is then white
STYLED_SHARE = 0.5  # of prompts that name the style, where there are several


def picture(draft: Draft) -> Plan:
    """Text to picture."""
    scene = until_drawn(lambda: _try_picture(draft))
    if draft.chance(LONG_SHARE):
        return Plan((long_caption(scene),), Shot(scene))
    scene, backdrop = _backdrop(draft, scene)
    start = pick_phrase(draft, ("", "", "", "a picture of ", "an image of "))
    text = start + _things(draft, scene) + backdrop + _style(draft, scene)
    return Plan((utter(draft, text),), Shot(scene))


def _try_picture(draft: Draft) -> Scene | None:
    vocabulary = draft.vocabulary
    if vocabulary.group_share and draft.chance(vocabulary.group_share):
        scene = try_group(draft)
        return scene if scene and is_countable(name_of(scene.objects[0].concept)) else None
    scene = try_scene(draft, vocabulary.counts)
    if scene is None or not vocabulary.tints:
        return scene
    for which, thing in enumerate(scene.objects):
        if can_be_tinted(name_of(thing.concept)) and draft.chance(vocabulary.tint_share):
            scene = with_object(scene, which, tint=draft.pick(vocabulary.tints))
    return scene if is_legible(scene) else None


def clip(draft: Draft) -> Plan:
    """Text to clip: objects move or stay, or the camera moves."""
    camera = draw_camera(draft)
    scene = until_drawn(lambda: try_clip(draft, camera=camera))
    if draft.chance(LONG_SHARE):
        return Plan((long_caption(scene, clip=True),), Shot(scene, is_clip=True))
    scene, backdrop = _backdrop(draft, scene)
    if scene.camera.kind != "static":
        text = _things(draft, scene) + backdrop + f", {camera_phrase(draft, scene.camera)}"
    else:
        start = pick_phrase(draft, ("", "", "", "a clip: ", "a video in which "))
        text = start + _actions(draft, scene) + backdrop
    return Plan((utter(draft, text + _style(draft, scene)),), Shot(scene, is_clip=True))


def subject(draft: Draft) -> Plan:
    """The object of a reference picture in a new scene, alone or beside a named one."""
    count = 1 if draft.chance(0.6) else 2
    return _plan_subjects(draft, count, 1)


def subjects(draft: Draft) -> Plan:
    """The objects of two or three reference pictures together in a new scene."""
    count = draft.pick((2, 2, 3))
    return _plan_subjects(draft, count, count)


def _plan_subjects(draft: Draft, count: int, unseen: int) -> Plan:
    """unseen: how many of the objects come from a reference picture each."""

    def attempt() -> Scene | None:
        keys = [draft.reference() for _ in range(unseen)]
        scene = try_scene(draft, (count,), keys)
        if scene is not None and draft.chance(0.5):
            scene = _turned(scene)
        # What has no name has no adjective either.
        if scene is None or any(map(size_word, scene.objects[:unseen])):
            return None
        return scene

    scene = until_drawn(attempt)
    references = tuple(draw_reference(draft, thing) for thing in scene.objects[:unseen])
    names = _reference_names(draft, scene.objects[:unseen])
    start = pick_phrase(draft, ("", "", "put ", "show "))
    backdrop = f" on {_backdrop_words(draft, scene)}"
    text = utter(draft, start + _things(draft, scene, names) + backdrop)
    return Plan((*map(Shot, references), text), Shot(scene), references=references)


def subject_clip(draft: Draft) -> Plan:
    """The object of a reference picture in a clip; a background not named is the reference's."""
    return _plan_subjects_clip(draft, 1)


def subjects_clip(draft: Draft) -> Plan:
    """The objects of two or three reference pictures together in a clip."""
    return _plan_subjects_clip(draft, draft.pick((2, 2, 3)))


def _plan_subjects_clip(draft: Draft, count: int) -> Plan:
    """Of several the camera stands: one that pans seldom keeps them all in the frame."""
    camera = draw_camera(draft) if count == 1 else STANDING
    is_on_reference = count == 1 and camera.kind == "static" and draft.chance(0.6)
    counted = replace(draft, vocabulary=replace(draft.vocabulary, clip_counts=(count,)))

    def attempt() -> tuple[Scene, tuple[Scene, ...]] | None:
        scene = try_clip(counted, [draft.reference() for _ in range(count)], camera)
        if scene is None or any(map(size_word, scene.objects)):
            return None
        references = tuple(draw_reference(draft, thing) for thing in scene.objects)
        if is_on_reference:
            scene = replace(scene, background=references[0].background)
        return (scene, references) if draft.takes(scene) else None

    scene, references = until_drawn(attempt)
    backdrop = "" if is_on_reference else f" on {_backdrop_words(draft, scene)}"
    names = _reference_names(draft, scene.objects)
    if scene.camera.kind != "static":
        text = f"{_things(draft, scene, names)}{backdrop}, {camera_phrase(draft, scene.camera)}"
    else:
        text = _actions(draft, scene, names) + backdrop
    asked = utter(draft, text)
    target = Shot(scene, is_clip=True)
    return Plan((*map(Shot, references), asked), target, references=references)


def _reference_names(draft: Draft, things: Sequence[SceneObject]) -> dict[str, str]:
    """What the objects of references are called, by concept: they have no names of their own."""
    return {
        thing.concept: pick_phrase(draft, REFERENCE).format(n=number + 1)
        for number, thing in enumerate(things)
    }


def animate(draft: Draft) -> Plan:
    """A picture as the first frame of a clip: one of its objects moves, or all stay."""
    camera = draw_camera(draft, CAMERA_SHARE / 2)
    first, moved, which = until_drawn(lambda: _try_first_frame(draft, camera))
    if moved.camera.kind != "static":
        action = camera_phrase(draft, moved.camera)
    else:
        name = draft.name(first.objects[which].concept)
        action = action_phrase(draft, moved.objects[which].motion, f"the {name}", name)
    text = utter(draft, _into(pick_phrase(draft, FIRST_FRAME), action))
    return Plan((Shot(first), text), Shot(moved, is_clip=True), base=0, source=first)


def _try_first_frame(draft: Draft, camera: Camera) -> tuple[Scene, Scene, int] | None:
    """A still scene, the same in motion, and which of its objects moves."""
    scene = try_scene(draft, draft.vocabulary.counts)
    if scene is None:
        return None
    which = draft.pick(range(len(scene.objects)))
    if camera.kind != "static":
        moved = try_camera(scene, camera)
    elif draft.chance(0.08):
        moved = scene
    else:
        moved = try_motion(draft, scene, which, starts_whole=True)
    return None if moved is None else (scene, moved, which)


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
    """The words for the background, or none and a white background, where no camera moves."""
    on_white = replace(scene, background=WHITE)
    stands = scene.camera.kind == "static"
    if stands and draft.chance(UNNAMED_SHARE) and is_legible(on_white) and draft.allows(on_white):
        return on_white, ""
    return scene, f" on {_backdrop_words(draft, scene)}"


def _backdrop_words(draft: Draft, scene: Scene) -> str:
    if scene.background.kind == "plain":
        return backdrop_phrase(draft, scene.background)
    return background_words(scene.background)


def _style(draft: Draft, scene: Scene) -> str:
    """The style's name where there are several and all objects share it, or nothing."""
    styles = {thing.style for thing in scene.objects}
    if len(draft.vocabulary.styles) == 1 or len(styles) != 1 or not draft.chance(STYLED_SHARE):
        return ""
    return f", in {styles.pop()} style"


def _where(thing: SceneObject) -> str:
    """The place of an object alone, nothing for the middle."""
    where = place(thing)
    return "" if where == "in the center" else f" {where}"


def _things(draft: Draft, scene: Scene, names: Mapping[str, str] | None = None) -> str:
    """The objects in words, with their places where these are not the usual ones.

    names: what to call some of the objects (a reference has no name of its own)
    """
    if is_group(scene):
        return group_words(scene)
    objects = reading_order(scene.objects)

    def called(thing: SceneObject) -> str:
        if names and thing.concept in names:
            return names[thing.concept]
        name = name_of(thing.concept) if thing.tint else draft.name(thing.concept)
        return indefinite(name, adjectives(thing))

    if len(objects) == 1:
        return called(objects[0]) + _where(objects[0])
    if len(objects) > 2:
        return listing([called(thing) for thing in objects])
    between = relation(objects[0], objects[1])
    if between.startswith("to the") and draft.chance(0.6):
        return listing([called(thing) for thing in objects])
    first, second = objects[::-1] if draft.chance(0.5) else objects
    return f"{called(first)} {relation(first, second)} {called(second)}"


def _actions(draft: Draft, scene: Scene, names: Mapping[str, str] | None = None) -> str:
    """What each object does: "a dog spins and a star stays still"; names as in `_things`."""
    parts = []
    for thing in reading_order(scene.objects):
        if names:
            name = subject = names[thing.concept]
        else:
            name = draft.name(thing.concept)
            subject = indefinite(name, size_word(thing))
        parts.append(action_phrase(draft, thing.motion, subject, name))
    return listing(parts)


def _turned(scene: Scene) -> Scene:
    """The scene with every object in the place of the one before it."""
    places = [(thing.x, thing.y, thing.size) for thing in scene.objects]
    moved = zip(scene.objects, places[1:] + places[:1], strict=True)
    return replace(
        scene,
        objects=tuple(replace(thing, x=x, y=y, size=size) for thing, (x, y, size) in moved),
    )


def _into(form: str, action: str) -> str:
    """The action put into a form; as a sentence of its own it gets a capital and a period."""
    if form == "{action}":
        return action
    return form.format(action=f"{action[0].upper()}{action[1:]}.")
