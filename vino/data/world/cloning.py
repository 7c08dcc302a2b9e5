"""Tasks that take the motion or the camera of a reference clip and give it to a picture.

The picture is Image 1 and the first frame of the answer; the clip is Video 1.
"""

from vino.data.world.compose import (
    Draft,
    draw_moving_camera,
    try_camera,
    try_motion,
    try_scene,
    until_drawn,
)
from vino.data.world.layout import with_object
from vino.data.world.phrasing import CAMERA_CLONE, MOTION_CLONE, pick_phrase, utter
from vino.data.world.samples import Plan, Shot
from vino.data.world.scene import Camera, Motion, Scene


def clone_motion(draft: Draft) -> Plan:
    """The picture's object moves as the one in the clip does."""
    _, clip = until_drawn(lambda: _try_moving(draft))
    motion = clip.objects[0].motion
    still, target = until_drawn(lambda: _try_moving(draft, motion))
    return _plan(draft, MOTION_CLONE, clip, still, target)


def clone_camera(draft: Draft) -> Plan:
    """The camera moves over the picture as it does in the clip."""
    camera = draw_moving_camera(draft)
    _, clip = until_drawn(lambda: _try_filmed(draft, camera))
    still, target = until_drawn(lambda: _try_filmed(draft, camera))
    return _plan(draft, CAMERA_CLONE, clip, still, target)


def _plan(draft: Draft, phrases: tuple[str, ...], clip: Scene, still: Scene, target: Scene) -> Plan:
    text = utter(draft, pick_phrase(draft, phrases))
    return Plan(
        (Shot(still), Shot(clip, is_clip=True), text),
        Shot(target, is_clip=True),
        base=0,
        source=still,
        references=(clip,),
    )


def _try_moving(draft: Draft, motion: Motion | None = None) -> tuple[Scene, Scene] | None:
    """One attempt at an object that stands still, and the same in this motion, or in any."""
    still = try_scene(draft, (1,))
    if still is None:
        return None
    if motion is None:
        moved = try_motion(draft, still, 0, starts_whole=True)
    else:
        moved = with_object(still, 0, motion=motion)
    return (still, moved) if moved is not None and draft.takes(moved) else None


def _try_filmed(draft: Draft, camera: Camera) -> tuple[Scene, Scene] | None:
    """One attempt at a scene, and the same under a moving camera."""
    still = try_scene(draft, draft.vocabulary.counts)
    moved = None if still is None else try_camera(still, camera)
    return (still, moved) if still is not None and moved is not None else None
