"""What was asked against what is seen: judged scores (0 or 1), measured ones, and why."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import log

import numpy as np

from vino.data.world.captions import indefinite, is_group, relation
from vino.data.world.looks import with_look
from vino.data.world.render import render
from vino.data.world.samples import Sample
from vino.data.world.scene import Scene, SceneObject
from vino.data.world.vocabulary import LOOKS, TINTS, name_of
from vino.evaluate.judge import Found, Judge, Reading
from vino.evaluate.motion import JUDGED, ClipReading, read_clip
from vino.evaluate.preservation import flicker, psnr, steady, untouched
from vino.evaluate.trials import Trial

NEAR = 0.12  # of the frame: an object this close to a place is there
LOSS = 2.0  # dB that untouched pixels may lose against the autoencoder
FLICKER = 1.0  # of 255, that still parts may flicker more than the autoencoder's
TOLD = (" at the ", "in the center", " left of ", " right of ", " above ", " below ")


@dataclass
class Verdict:
    """Scores of one answer by metric.

    judged: 0 or 1, where the judge may err; measured: where nothing can
    why: what was expected and seen, for those who look into it
    """

    judged: dict[str, float] = field(default_factory=dict)
    measured: dict[str, float] = field(default_factory=dict)
    why: list[str] = field(default_factory=list)

    @property
    def is_success(self) -> bool:
        return all(self.judged.values())

    def expect(self, metric: str, holds: bool, why: str) -> None:
        """Score a metric, and keep the reason where it does not hold."""
        self.judged[metric] = float(holds)
        if not holds:
            self.why.append(f"{metric}: {why}")


def verdict(judge: Judge, trial: Trial, answer: np.ndarray, ideal: np.ndarray) -> Verdict:
    """Score an answer (T H W 3) to a trial; ideal: the truth as the autoencoder shows it."""
    made = Verdict()
    if answer.shape != trial.sample.target.shape:
        made.expect("shape", False, f"{answer.shape} instead of {trial.sample.target.shape}")
        return made
    SCORERS[trial.suite](made, judge, trial, answer, ideal)
    return made


def _vocabulary(
    made: Verdict, judge: Judge, trial: Trial, answer: np.ndarray, _: np.ndarray
) -> None:
    reading, thing = judge.read(answer[0]), trial.sample.target_scene.objects[0]
    found = any(o.is_recognised and o.concept == thing.concept for o in reading.objects)
    made.expect("named", found, _seen(thing, reading))
    if len(set(judge.library.styles)) > 1:
        style = any(o.is_recognised and _is(o, thing, styled=True) for o in reading.objects)
        made.expect("named in its style", style, _seen(thing, reading))


def _compose(made: Verdict, judge: Judge, trial: Trial, answer: np.ndarray, _: np.ndarray) -> None:
    scene, reading, text = trial.sample.target_scene, judge.read(answer[0]), trial.sample.prompt
    seen, backdrop = str(reading), reading.backdrop
    colours = backdrop.first, backdrop.second
    asked = scene.background.first, scene.background.second
    made.expect("colours", colours == asked, f"{asked} asked, {seen}")
    if len(judge_kinds := {scene.background.kind, backdrop.kind}) > 1 or scene.background.second:
        made.expect("pattern", len(judge_kinds) == 1, f"{scene.background.kind} asked, {seen}")
    if is_group(scene):
        concept = scene.objects[0].concept
        number = sum(o.is_recognised and o.concept == concept for o in reading.objects)
        made.expect("counting", number == len(scene.objects), f"{number} are seen: {seen}")
        return
    named = all(_present(thing, reading) for thing in scene.objects)
    exact = named and len(reading.objects) == len(scene.objects)
    tag = {1: "one object", 2: "two objects"}.get(len(scene.objects), "three objects")
    made.expect(tag, exact, f"{_asked(scene)} asked, {seen}")
    if any(words in f" {text} " for words in TOLD):
        made.expect("position", _placed(scene, reading), f"{_asked(scene)} asked, {seen}")


def _placed(scene: Scene, reading: Reading) -> bool:
    """Whether something is wherever an object was asked for, and the relation is right."""
    found = [_at(thing, reading) for thing in scene.objects]
    if any(o is None for o in found):
        return False
    if len(scene.objects) != 2:
        return True
    places = [replace(t, x=o.x, y=o.y) for t, o in zip(scene.objects, found, strict=True) if o]
    return relation(*places) == relation(*scene.objects)


def _edit(made: Verdict, judge: Judge, trial: Trial, answer: np.ndarray, ideal: np.ndarray) -> None:
    sample, reading = trial.sample, judge.read(answer[0])
    done = _done(sample, reading, answer[0])
    made.expect(sample.task, done, f"{_asked(sample.target_scene)} asked, {reading}")
    made.judged["done"] = made.judged[sample.task]
    mask = untouched(sample)
    if mask is not None:
        kept, best = psnr(answer, sample.target, mask), psnr(ideal, sample.target, mask)
        made.measured["untouched dB"] = kept
        made.measured["untouched: autoencoder dB"] = best
        made.measured["untouched within 2 dB"] = float(kept >= best - LOSS)


def _done(sample: Sample, reading: Reading, picture: np.ndarray) -> bool:
    """Whether the edit happened."""
    source, target = sample.source_scene, sample.target_scene
    assert source is not None
    new = [thing for thing in target.objects if thing not in source.objects]
    gone = [thing for thing in source.objects if thing not in target.objects]
    match sample.task:
        case "remove":
            return len(reading.objects) == len(target.objects) and not any(
                _is(found, thing) for thing in gone for found in reading.objects
            )
        case "replace" | "edit_ref" | "add" | "add_ref" | "move":
            there = [_at(thing, reading) for thing in new]
            return all(o and o.is_recognised and _is(o, t) for o, t in zip(there, new, strict=True))
        case "background":
            backdrop, asked = reading.backdrop, target.background
            found = backdrop.kind, backdrop.first, backdrop.second
            return found == (asked.kind, asked.first, asked.second)
        case "resize":
            found_, was = _at(new[0], reading), gone[0].size
            return found_ is not None and _nearer(found_.size, new[0].size, was)
        case "restyle":
            return bool(reading.objects) and all(
                o.style == target.objects[0].style for o in reading.objects
            )
        case "extract":
            alone = len(reading.objects) == 1 and reading.backdrop.first == "white"
            return alone and _present(target.objects[0], reading)
        case "recolour":
            tints = [None, *TINTS]
            options = [_tinted(target, new[0], tint) for tint in tints]
            return _nearest(picture, options) == tints.index(new[0].tint)
        case "look":
            looks = [None, *LOOKS]
            plain = render(replace(target, look=None), picture.shape[:2])[0]
            return _nearest(picture, [with_look(plain, look) for look in looks]) == looks.index(
                target.look
            )
    raise AssertionError(f"no verdict for {sample.task}")


def _subject(made: Verdict, judge: Judge, trial: Trial, answer: np.ndarray, _: np.ndarray) -> None:
    sample, reading = trial.sample, judge.read(answer[0])
    scene = sample.target_scene
    group = "unseen" if "-unseen-" in trial.scene else "known"
    wanted = {reference.objects[0].concept for reference in sample.references}
    things = [thing for thing in scene.objects if thing.concept in wanted]
    why = f"{_asked(scene)} asked, {reading}"
    made.expect(f"{group} subject", all(_present(t, reading) for t in things), why)
    if len(things) > 1:
        swapped = any(
            (found := _at(thing, reading)) and found.concept in wanted - {thing.concept}
            for thing in things
        )
        made.expect("not swapped", not swapped, why)


def _clip(made: Verdict, judge: Judge, trial: Trial, answer: np.ndarray, ideal: np.ndarray) -> None:
    sample, reading = trial.sample, read_clip(judge, answer)
    scene = sample.target_scene
    why = f"{_asked(scene)} asked, {reading}"
    objects = all(_present(thing, reading.first) for thing in scene.objects)
    made.expect(f"{sample.task} objects", objects, why)
    if scene.camera.kind == "static" and all(o.motion.kind in JUDGED for o in scene.objects):
        moves = all(_moves(thing, reading) for thing in scene.objects)
        made.expect(f"{sample.task} motion", moves, why)
    if sample.task == "i2v":
        kept, best = psnr(answer[0], sample.target[0]), psnr(ideal[0], sample.target[0])
        made.measured["first frame dB"] = kept
        made.measured["first frame: autoencoder dB"] = best
        made.measured["first frame within 2 dB"] = float(kept >= best - LOSS)
    mask = steady(sample)
    if mask is not None:
        restless = flicker(answer, mask) - flicker(ideal, mask)
        made.measured["flicker above the autoencoder's"] = restless
        made.measured["flicker within 1/255"] = float(restless <= FLICKER)


SCORERS: dict[str, Callable[[Verdict, Judge, Trial, np.ndarray, np.ndarray], None]] = {
    "vocabulary": _vocabulary,
    "compose": _compose,
    "edit": _edit,
    "subject": _subject,
    "clip": _clip,
}


def _moves(thing: SceneObject, reading: ClipReading) -> bool:
    """Whether what is found where the object starts moves as the object should."""
    told = thing.motion.kind, thing.motion.direction
    found = _at(thing, reading.first)
    if found is None:
        return False
    return reading.paths[reading.first.objects.index(found)].motion() == told


def _is(found: Found, thing: SceneObject, styled: bool = False) -> bool:
    return found.concept == thing.concept and (not styled or found.style == thing.style)


def _present(thing: SceneObject, reading: Reading) -> bool:
    return any(o.is_recognised and _is(o, thing) for o in reading.objects)


def _at(thing: SceneObject, reading: Reading) -> Found | None:
    """What is found where the object should be."""
    near = [o for o in reading.objects if max(abs(o.x - thing.x), abs(o.y - thing.y)) < NEAR]
    return min(near, key=lambda o: abs(o.x - thing.x) + abs(o.y - thing.y), default=None)


def _nearer(size: float, asked: float, was: float) -> bool:
    return abs(log(size / asked)) < abs(log(size / was))


def _tinted(scene: Scene, thing: SceneObject, tint: str | None) -> Scene:
    objects = tuple(replace(o, tint=tint) if o == thing else o for o in scene.objects)
    return replace(scene, objects=objects)


def _nearest(picture: np.ndarray, options: list[Scene] | list[np.ndarray]) -> int:
    """Which of several scenes or pictures the picture is most like."""
    drawn = [render(o, picture.shape[:2])[0] if isinstance(o, Scene) else o for o in options]
    errors = [np.square(picture.astype(np.float32) - d).mean() for d in drawn]
    return int(np.argmin(errors))


def _asked(scene: Scene) -> str:
    """The truth in a few words."""
    things = [
        f"{indefinite(name_of(o.concept))} at {o.x:.2f}, {o.y:.2f}"
        + (f" ({o.motion.kind} {o.motion.direction or ''})" if o.motion.kind != "still" else "")
        for o in scene.objects
    ]
    return f"{', '.join(things) or 'nothing'} on {scene.background.first}"


def _seen(thing: SceneObject, reading: Reading) -> str:
    return f"{name_of(thing.concept)} ({thing.style}) asked, {reading}"
