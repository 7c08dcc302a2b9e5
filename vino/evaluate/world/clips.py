"""Verdicts on clips: what is in them, how it moves, how steady the rest is."""

import numpy as np

from vino.data.world.motion import is_moving, pose_at
from vino.data.world.scene import Scene, SceneObject
from vino.evaluate.world.motion import ClipReading
from vino.evaluate.world.preservation import consistency, flicker, psnr, roughness, steady
from vino.evaluate.world.verdicts import NEAR, Case, Verdict, has_background, is_present

LOSS = 2.0  # dB that the first frame may lose against the autoencoder
UPRIGHT = 8.0  # degrees: an object turned further is not read
OPAQUE = 0.9
FRAMES_READ = 4  # of a clip whose objects should be the same throughout
DYNAMIC = 2.0  # of 255, mean difference between the ends of a clip in which something moves


def clip(case: Case, made: Verdict) -> None:
    """Motion or camera as told, of the right things, steadily."""
    made.expect("objects", _shows(case), case.why)
    _moves(case, made)
    if case.asked.camera.kind == "static":
        made.expect("objects throughout", _keeps_objects(case), case.why)
        ends = case.clip.first, case.clip.last
        made.expect("background", all(has_background(case.asked, e) for e in ends), case.why)
    _steady(case, made)
    _first_frame(case, made)


def subject_clip(case: Case, made: Verdict) -> None:
    """The objects of references, in motion."""
    made.expect("recognised", _shows(case), case.why)
    _moves(case, made)


def clone(case: Case, made: Verdict) -> None:
    """The motion or the camera of a reference clip, given to a picture."""
    _moves(case, made)
    _first_frame(case, made)


def long(case: Case, made: Verdict) -> None:
    """A clip longer than any in training: as told, and not falling apart."""
    made.expect("objects", _shows(case), case.why)
    _moves(case, made)
    _steady(case, made)
    kept, best = (psnr(clip[-1], case.sample.target[-1]) for clip in (case.answer, case.ideal))
    made.measured["last frame dB"] = kept
    made.measured["last frame dB lost"] = best - kept


def moves_as_told(scene: Scene, reading: ClipReading) -> bool:
    """Whether the clip's motions are the scene's; where its camera moves, whether that does so.

    How far a camera goes is nowhere said, and the objects in its view are judged by themselves.
    """
    if not reading.is_explained or reading.scene.camera.kind != scene.camera.kind:
        return False
    is_filmed = scene.camera.kind != "static"
    return is_filmed or all(_has_motion(thing, reading) for thing in scene.objects)


def _has_motion(thing: SceneObject, reading: ClipReading) -> bool:
    """Whether what lies where the object starts moves as the object should."""
    near = [o for o in reading.scene.objects if max(abs(o.x - thing.x), abs(o.y - thing.y)) < NEAR]
    nearest = min(near, key=lambda o: abs(o.x - thing.x) + abs(o.y - thing.y), default=None)
    if nearest is None:
        return False
    wanted, found = thing.motion, nearest.motion
    return (found.kind, found.direction) == (wanted.kind, wanted.direction)


def _moves(case: Case, made: Verdict) -> None:
    metric = "motion" if case.asked.camera.kind == "static" else "camera"
    made.expect(metric, moves_as_told(case.asked, case.clip), case.why)


def _shows(case: Case) -> bool:
    """Whether every object is to be seen at the beginning or, having faded in, at the end."""
    return all(
        is_present(t, case.clip.last if t.motion.kind == "fade in" else case.clip.first)
        for t in case.asked.objects
    )


def _keeps_objects(case: Case) -> bool:
    """Whether they are still what they are wherever they stand upright and opaque."""
    return all(
        is_present(thing, case.at(frame))
        for frame in upright_frames(case.asked, len(case.answer), FRAMES_READ)
        for thing in case.asked.objects
    )


def upright_frames(scene: Scene, frames: int, most: int) -> list[int]:
    """Some frames of a clip in which all objects can be read, spread over its length."""
    plain = [i for i, u in enumerate(np.linspace(0, 1, frames)) if _is_upright(scene, float(u))]
    picked = np.linspace(0, len(plain) - 1, most) if plain else ()
    return list(dict.fromkeys(plain[round(place)] for place in picked))


def _is_upright(scene: Scene, u: float) -> bool:
    """Whether all objects stand upright and opaque at time u."""
    poses = [pose_at(thing.motion, u) for thing in scene.objects]
    turned = [abs((pose.turn + 180) % 360 - 180) for pose in poses]
    return max(turned, default=0) < UPRIGHT and all(pose.opacity > OPAQUE for pose in poses)


def _steady(case: Case, made: Verdict) -> None:
    """Flicker where nothing should move, beside the autoencoder's; whether anything moves."""
    first, middle, last = case.answer[[0, len(case.answer) // 2, -1]].astype(np.float32)
    if case.asked.camera.kind != "static" or any(is_moving(o.motion) for o in case.asked.objects):
        change = max(np.abs(first - middle).mean(), np.abs(last - middle).mean())
        made.measured["something moves"] = bool(change > DYNAMIC)
        jerk = roughness(case.answer) - roughness(case.ideal)
        made.measured["motion smoothness"] = 1 - max(jerk, 0.0) / 255
    mask = steady(case.sample)
    if mask is None:
        return
    restless, least = flicker(case.answer, mask), flicker(case.ideal, mask)
    made.measured["steadiness"] = 1 - restless / 255
    made.measured["background consistency"] = consistency(case.answer, mask)
    made.measured["flicker above the autoencoder's"] = restless - least


def _first_frame(case: Case, made: Verdict) -> None:
    """How well the picture is kept as the first frame, where one was given."""
    if case.sample.base is None:
        return
    first = case.sample.target[0]
    kept, best = psnr(case.answer[0], first), psnr(case.ideal[0], first)
    made.measured["first frame dB"] = kept
    made.measured["first frame dB lost"] = best - kept
    made.measured["first frame within 2 dB"] = kept >= best - LOSS
