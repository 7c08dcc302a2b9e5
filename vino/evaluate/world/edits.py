"""Verdicts on edits of pictures and clips: done as told, in every frame, and the rest kept."""

from collections.abc import Sequence
from dataclasses import replace
from math import log

import numpy as np

from vino.data.world.looks import with_look
from vino.data.world.motion import pose_at
from vino.data.world.render import render
from vino.data.world.samples import Sample
from vino.data.world.scene import Motion, Scene, SceneObject
from vino.data.world.vocabulary import LOOKS, TINTS
from vino.evaluate.world.clips import moves_as_told, upright_frames
from vino.evaluate.world.judge import Reading
from vino.evaluate.world.pictures import shows_exactly
from vino.evaluate.world.preservation import psnr, untouched
from vino.evaluate.world.verdicts import (
    Case,
    Verdict,
    found_at,
    has_background,
    is_in_place,
    is_it,
    is_present,
    times_seen,
)

LOSS = 2.0  # dB that untouched pixels may lose against the autoencoder
FRAMES_READ = 5  # of a clip


def edit(case: Case, made: Verdict) -> None:
    """An edit of a picture."""
    made.expect("done", _done(case, case.sample), case.why)
    _keeps(case, made)


def clip_edit(case: Case, made: Verdict) -> None:
    """An edit of a clip: in every frame that can be read, and with the motion as it was."""
    frames = len(case.answer)
    done = [
        _done(case, _at_time(case.sample, frame / (frames - 1)), frame)
        for frame in upright_frames(case.asked, frames, FRAMES_READ)
    ]
    made.expect("done", all(done), f"in {sum(done)} of {len(done)} frames; {case.why}")
    if case.asked.look is None and case.asked.objects:
        made.expect("motion", moves_as_told(case.asked, case.clip), case.why)
    _keeps(case, made)


def phrasing(case: Case, made: Verdict) -> None:
    """The same question in usual words and in words never seen."""
    if case.sample.source_scene is None:
        right = shows_exactly(case.asked, case.reading)
        right = right and has_background(case.asked, case.reading)
    else:
        right = _done(case, case.sample)
    made.expect("correct", right, case.why)


def _keeps(case: Case, made: Verdict) -> None:
    """How well the untouched pixels are kept, beside what the autoencoder keeps, and all in all."""
    mask, is_kept = untouched(case.sample), True
    if mask is not None:
        target = case.sample.target
        kept, best = psnr(case.answer, target, mask), psnr(case.ideal, target, mask)
        is_kept = kept >= best - LOSS
        made.measured["untouched dB"] = kept
        made.measured["untouched dB lost"] = best - kept
        made.measured["untouched within 2 dB"] = is_kept
    is_done = all(made.judged.values())
    made.expect("done and kept", is_done and is_kept, case.why if is_kept else "the rest changed")


def _at_time(sample: Sample, u: float) -> Sample:
    """A sample whose scenes are still, as the clip's are at time u."""
    source = sample.source_scene
    return replace(
        sample,
        source_scene=None if source is None else _frozen(source, u),
        target_scene=_frozen(sample.target_scene, u),
    )


def _frozen(scene: Scene, u: float) -> Scene:
    def still(thing: SceneObject) -> SceneObject:
        pose = pose_at(thing.motion, u)
        size = thing.size * pose.scale
        return replace(
            thing, x=thing.x + pose.dx, y=thing.y + pose.dy, size=size, motion=Motion()
        )  # fmt: skip

    return replace(scene, objects=tuple(map(still, scene.objects)))


def _done(case: Case, sample: Sample, frame: int = 0) -> bool:
    """Whether the edit of a sample happened in a frame of the answer."""
    picture = case.answer[frame]
    source, target = sample.source_scene, sample.target_scene
    assert source is not None
    new = [thing for thing in target.objects if thing not in source.objects]
    gone = [thing for thing in source.objects if thing not in target.objects]
    kind = sample.task.removeprefix("clip_")
    if kind == "look":
        return _looks_as_told(target, picture)
    if kind == "recolour":
        return _is_painted(new[0], target, picture)
    reading = case.at(frame)
    match kind:
        case "remove":
            left = len(reading.objects) == len(target.objects)
            bare = bool(target.objects) or has_background(target, reading)
            return left and bare and not any(is_it(o, t) for o in reading.objects for t in gone)
        case "replace" | "edit_ref" | "add" | "add_ref":
            return _are_there(new, reading)
        case "move":  # and not copied
            wanted = sum(thing.concept == new[0].concept for thing in target.objects)
            return _are_there(new, reading) and times_seen(new[0], reading) == wanted
        case "background":
            return has_background(target, reading)
        case "compose":
            painted = [thing for thing in new if thing.tint]  # hardly known by name any more
            right = has_background(target, reading)
            right = right and _are_there([t for t in new if t not in painted], reading)
            right = right and all(_is_painted(thing, target, picture) for thing in painted)
            return right and not any(_is_left(t, target, reading) for t in gone)
        case "resize":
            found = found_at(new[0], reading)
            return found is not None and _nearer(found.size, new[0].size, gone[0].size)
        case "restyle":
            pairs = [(found_at(thing, reading), thing) for thing in target.objects]
            return all(o is not None and case.judge.has_style(o, t.style) for o, t in pairs)
        case "extract":
            alone = len(reading.objects) == 1 and reading.backdrop.first == "white"
            return alone and is_present(target.objects[0], reading)
    raise AssertionError(f"no verdict for {sample.task}")


def _are_there(things: Sequence[SceneObject], reading: Reading) -> bool:
    return all(is_in_place(thing, reading) for thing in things)


def _is_left(thing: SceneObject, target: Scene, reading: Reading) -> bool:
    """Whether it is still to be seen where nothing of its kind should be."""
    is_wanted = any(other.concept == thing.concept for other in target.objects)
    return not is_wanted and is_present(thing, reading)


def _looks_as_told(target: Scene, picture: np.ndarray) -> bool:
    looks = [None, *LOOKS]
    plain = render(replace(target, look=None), picture.shape[:2])[0]
    drawn = [with_look(plain, look) for look in looks]
    return _nearest(picture, drawn) == looks.index(target.look)


def _nearer(size: float, asked: float, was: float) -> bool:
    return abs(log(size / asked)) < abs(log(size / was))


def _is_painted(thing: SceneObject, scene: Scene, picture: np.ndarray) -> bool:
    """Whether an object of the scene has the colour it should have, its own or a paint's."""
    tints = [None, *TINTS]
    drawn = [_tinted(scene, thing, tint) for tint in tints]
    return _nearest(picture, drawn) == tints.index(thing.tint)


def _tinted(scene: Scene, thing: SceneObject, tint: str | None) -> Scene:
    objects = tuple(replace(o, tint=tint) if o == thing else o for o in scene.objects)
    return replace(scene, objects=objects)


def _nearest(picture: np.ndarray, options: Sequence[Scene] | Sequence[np.ndarray]) -> int:
    """Which of several scenes or pictures the picture is most like."""
    drawn = [render(o, picture.shape[:2])[0] if isinstance(o, Scene) else o for o in options]
    errors = [np.square(picture.astype(np.float32) - d).mean() for d in drawn]
    return int(np.argmin(errors))
