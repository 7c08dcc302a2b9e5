"""Verdicts on clips: what is in them, how it moves, how steady the rest is."""

import numpy as np

from vino.data.world.motion import is_moving
from vino.data.world.scene import Scene, SceneObject
from vino.evaluate.world.motion import ClipReading
from vino.evaluate.world.preservation import flicker, psnr, steady
from vino.evaluate.world.verdicts import NEAR, Case, Verdict, has_background, is_present

LOSS = 2.0  # dB that the first frame may lose against the autoencoder
FLICKER = 1.0  # of 255, that still parts may flicker more than the autoencoder's
DYNAMIC = 2.0  # of 255, mean difference between the ends of a clip in which something moves


def clip(case: Case, made: Verdict) -> None:
    """Motion or camera as told, of the right things, steadily."""
    made.expect("objects", _shows(case), case.why)
    _moves(case, made)
    if case.asked.camera.kind == "static":
        ends = case.clip.first, case.clip.last
        made.expect("background", all(has_background(case.asked, e) for e in ends), case.why)
    _steady(case, made)
    _first_frame(case, made)


def subject_clip(case: Case, made: Verdict) -> None:
    """The object of a reference, in motion."""
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
    made.measured["last frame: autoencoder dB"] = best


def moves_as_told(scene: Scene, reading: ClipReading) -> bool:
    """Whether the clip's motions, and its camera's, are the scene's."""
    if not reading.is_explained or reading.scene.camera != scene.camera:
        return False
    return all(_has_motion(thing, reading) for thing in scene.objects)


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


def _steady(case: Case, made: Verdict) -> None:
    """Flicker where nothing should move, beside the autoencoder's; whether anything moves."""
    first, middle, last = case.answer[[0, len(case.answer) // 2, -1]].astype(np.float32)
    if case.asked.camera.kind != "static" or any(is_moving(o.motion) for o in case.asked.objects):
        change = max(np.abs(first - middle).mean(), np.abs(last - middle).mean())
        made.measured["something moves"] = float(change > DYNAMIC)
    mask = steady(case.sample)
    if mask is None:
        return
    restless, least = flicker(case.answer, mask), flicker(case.ideal, mask)
    made.measured["steadiness"] = 1 - restless / 255
    made.measured["flicker above the autoencoder's"] = restless - least
    made.measured["flicker within 1/255"] = float(restless - least <= FLICKER)


def _first_frame(case: Case, made: Verdict) -> None:
    """How well the picture is kept as the first frame, where one was given."""
    if case.sample.base is None:
        return
    first = case.sample.target[0]
    kept, best = psnr(case.answer[0], first), psnr(case.ideal[0], first)
    made.measured["first frame dB"] = kept
    made.measured["first frame: autoencoder dB"] = best
    made.measured["first frame within 2 dB"] = float(kept >= best - LOSS)
