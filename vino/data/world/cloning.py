"""Tasks that take the motion or the camera of a reference clip and give it to a picture.

The picture is Image 1 and the first frame of the answer; the clip is Video 1.
"""

from collections.abc import Callable
from dataclasses import replace

from vino.data.world.compose import Draft, try_camera, try_motion, try_scene, until_drawn
from vino.data.world.layout import with_object
from vino.data.world.phrasing import CAMERA_CLONE, MOTION_CLONE, pick_phrase, utter
from vino.data.world.samples import Plan, Shot
from vino.data.world.scene import Scene

Clones = tuple[Scene, Scene, Scene]  # the clip, the picture, and the picture brought to life


def clone_motion(draft: Draft) -> Plan:
    """The picture's object moves as the one in the clip does."""
    return _plan(draft, MOTION_CLONE, _try_motion)


def clone_camera(draft: Draft) -> Plan:
    """The camera moves over the picture as it does in the clip."""
    return _plan(draft, CAMERA_CLONE, _try_camera)


def _plan(
    draft: Draft, phrases: tuple[str, ...], attempt: Callable[[Draft], Clones | None]
) -> Plan:
    clip, still, target = until_drawn(lambda: attempt(draft))
    text = utter(draft, pick_phrase(draft, phrases))
    return Plan(
        (Shot(still), Shot(clip, is_clip=True), text),
        Shot(target, is_clip=True),
        base=0,
        source=still,
        references=(clip,),
    )


def _try_motion(draft: Draft) -> Clones | None:
    shown, still = try_scene(draft, (1,)), try_scene(draft, (1,))
    if shown is None or still is None:
        return None
    clip = try_motion(draft, shown, 0, starts_whole=True)
    if clip is None:
        return None
    target = with_object(still, 0, motion=clip.objects[0].motion)
    return (clip, still, target) if draft.takes(target) else None


def _try_camera(draft: Draft) -> Clones | None:
    counts = draft.vocabulary.counts
    shown, still = try_scene(draft, counts), try_scene(draft, counts)
    if shown is None or still is None or shown.background.kind == "plain":
        return None  # on a plain background a moving camera looks like a moving object
    clip = try_camera(draft, shown)
    if clip is None:
        return None
    target = replace(still, camera=clip.camera)
    return (clip, still, target) if draft.takes(target) else None
