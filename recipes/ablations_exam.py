"""What a trained arm is asked: held-out scenes of the small world, read by the world's judge.

Every arm and seed is asked the same scenes with the same noise, so answers are compared pair by
pair. Scores of a scene are 1 or 0 where the judge decides, numbers where nothing can be wrong.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import count, islice
from typing import Any

import numpy as np
from ablations_arms import FRAMES, KEYS, SIDE, WORLD
from ablations_claims import EDITS

from vino.data.sources.world import prompt_of
from vino.data.world.captions import listing
from vino.data.world.compose import Draft, draw_places, draw_reference, until_drawn
from vino.data.world.layout import fits, is_legible
from vino.data.world.samples import Plan, Sample, Shot
from vino.data.world.scene import Background, Scene, SceneObject
from vino.data.world.tasks import draw, rendered
from vino.evaluate.asking import ModelCandidate
from vino.evaluate.world import clips, edits, pictures
from vino.evaluate.world.judge import Judge, Reading
from vino.evaluate.world.preservation import untouched
from vino.evaluate.world.trials import Trial
from vino.evaluate.world.verdicts import Case, Verdict, found_at, has_background, is_it, is_present
from vino.generate import Model
from vino.prompt import reordered
from vino.request import Request
from vino.train.prepare import seed_of

SEED = 77  # of the scenes
PACK = 8  # questions answered together

Scores = dict[str, float]
Table = dict[str, list[Scores]]
"""Group -> scores of each of its scenes, in order."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """One sort of question.

    task: of vino.data.world.tasks. number: how many scenes. score: of an answer.
    settings: of `Sampling`, other than the model's. reverse: pictures in the opposite order.
    references: so many, all objects from one each; 0 asks what the task's own samples ask.
    """

    task: str
    number: int
    score: Callable[[Case], Scores]
    settings: Mapping[str, Any] | None = None
    reverse: bool = False
    references: int = 0


def drawn(case: Case) -> Scores:
    """A picture from words: these things and no others, before their background."""
    shown = pictures.shows_exactly(case.asked, case.reading)
    return {"right": float(shown and has_background(case.asked, case.reading))}


def edited(case: Case) -> Scores:
    """Done; and how much of the rest was lost against the autoencoder."""
    made = Verdict()
    edits.edit(case, made)
    lost = made.measured["untouched dB lost"]
    return {"done": made.judged["done"], "lost dB": lost} | _leak(case)


def subjects(case: Case) -> Scores:
    """Objects of references: each recognised, in its place, not in another's, not elsewhere."""
    things, seen = case.asked.objects, case.reading
    found = [found_at(thing, seen) for thing in things]
    concepts = {thing.concept for thing in things}
    swapped = [
        o is not None and o.is_recognised and o.concept in concepts - {t.concept}
        for o, t in zip(found, things, strict=True)
    ]
    placed = [o is not None and is_it(o, t) for o, t in zip(found, things, strict=True)]
    there = [is_present(thing, seen) for thing in things]
    first = case.sample.references[0].objects[0]
    others = [
        present
        for thing, present in zip(things, there, strict=True)
        if thing.concept != first.concept
    ]
    return {
        "recognised": float(np.mean(there)),
        "first recognised": float(is_present(first, seen)),
        "others recognised": float(np.mean(others)),
        "in place": float(np.mean(placed)),
        "swapped": float(any(swapped)),
    } | _leak(case)  # fmt: skip


def _leak(case: Case) -> Scores:
    """Whether more is there of a reference than was asked: its object again, or its backdrop."""
    if not case.sample.references:
        return {}
    seen: Reading = case.reading
    wanted = [thing.concept for thing in case.asked.objects]
    again = any(
        sum(is_it(o, r.objects[0]) for o in seen.objects) > wanted.count(r.objects[0].concept)
        for r in case.sample.references
    )
    behind = (seen.backdrop.kind, seen.backdrop.first)
    others = {(r.background.kind, r.background.first) for r in case.sample.references}
    others.discard((case.asked.background.kind, case.asked.background.first))
    return {"leaked": float(again or behind in others)}


def animated(case: Case) -> Scores:
    """A clip from a picture: its first frame kept, its objects there at the end, moving as told."""
    made = Verdict()
    clips.clip(case, made)
    first, last = case.answer[0].astype(np.float32), case.answer[-1].astype(np.float32)
    truth = case.sample.target.astype(np.float32)
    change, wanted = np.abs(last - first).mean(), np.abs(truth[-1] - truth[0]).mean()
    end = case.at(len(case.answer) - 1)
    return {
        "first frame lost dB": made.measured["first frame dB lost"],
        "identity": float(np.mean([is_present(t, end) for t in case.asked.objects])),
        "motion": made.judged["motion"],
        "movement": float(min(change / max(wanted, 1.0), 2.0)),
    }


TEXT = {"t2i": Group(task="t2i", number=32, score=drawn)}
EDITING = {task: Group(task=task, number=16, score=edited) for task in EDITS}
MAKING = {
    "two references": Group(task="subjects", number=24, score=subjects, references=2),
    "four references": Group(task="subjects", number=12, score=subjects, references=4),
    "i2v": Group(task="i2v", number=16, score=animated),
}
WHOLE = TEXT | EDITING | MAKING
REVERSED = {
    "edit_ref, reversed": replace(EDITING["edit_ref"], reverse=True),
    "two references, reversed": replace(MAKING["two references"], reverse=True),
}
IMAGE_SCALES = (1.0, 1.5, 2.0, 3.0, 4.0)
REFERENCE_SCALES = (0.0, 0.5, 1.0, 2.0, 3.0)
SWEEPS = {
    **{
        f"i2v, image guidance {s:g}": replace(MAKING["i2v"], settings={"image_guidance": s})
        for s in IMAGE_SCALES
    },
    **{
        f"two references, first at {s:g}": replace(
            MAKING["two references"], settings={"per_reference": (s,)}
        )
        for s in REFERENCE_SCALES
    },
}


def examine(model: Model, groups: Mapping[str, Group], truth: bool = False) -> Table:
    """Ask and judge.

    truth: judge what should have been answered, as the autoencoder shows it: what the judge itself
    gets right.
    """
    judge = Judge(("flat",), (), KEYS)
    candidate = ModelCandidate(model)
    table: Table = {}
    for name, group in groups.items():
        trials = list(questions(group))
        for start in range(0, len(trials), PACK):
            asked = trials[start : start + PACK]
            ideals = [candidate.reconstruct(trial.sample.target) for trial in asked]
            made = ideals if truth else answers(model, group, asked)
            for trial, answer, ideal in zip(asked, made, ideals, strict=True):
                scores = group.score(Case(judge, trial, answer, ideal))
                rounded = {metric: round(float(value), 3) for metric, value in scores.items()}
                table.setdefault(name, []).append(rounded)
    return table


def answers(model: Model, group: Group, trials: Sequence[Trial]) -> list[np.ndarray]:
    """One answer (T H W 3 uint8) each; the noise follows from the scene alone."""
    requests = []
    for trial in trials:
        prompt, frames = prompt_of(trial.sample), len(trial.sample.target)
        if group.reverse:
            prompt = reordered(prompt, range(len(prompt.images))[::-1])
        sampling = model.sampling(prompt, frames, dict(group.settings or {}))
        size = None if prompt.base else (SIDE, SIDE)
        requests.append(Request(prompt, sampling, size, frames, seed_of(trial.scene) % 2**31))
    return [made.pixels for made in model.run(requests)]


def questions(group: Group) -> Iterator[Trial]:
    """The scenes of a group; the same for every group of its task."""
    for number in range(group.number):
        sample = _sample(group.task, group.references, number)
        scene = f"{group.task}-{group.references}-{number:03}"
        yield Trial("paper", scene, group.task, 0, sample)


@cache
def _sample(task: str, references: int, number: int) -> Sample:
    """The number-th held-out scene; of an edit, the number-th that leaves something untouched."""
    if references:
        return rendered(task, _crowd(references, number), SIDE, FRAMES)
    drawn = (draw(task, SEED, i, WORLD, "held-out", SIDE, FRAMES) for i in count())
    fit = (s for s in drawn if task not in EDITS or untouched(s) is not None)
    return next(islice(fit, number, None))


def _crowd(number: int, index: int) -> Plan:
    """Different objects, each from a picture of its own, named in the order of their places."""
    draft = Draft(np.random.default_rng((SEED, number, index)), WORLD, "held-out")

    def attempt() -> Scene | None:
        keys = [KEYS[i] for i in draft.rng.permutation(len(KEYS))[:number]]
        things = [
            SceneObject(k, "flat", *p)
            for k, p in zip(keys, draw_places(draft, number), strict=True)
        ]
        scene = Scene(Background("plain", draft.pick(WORLD.colours)), tuple(things))
        sound = fits(scene) and is_legible(scene) and draft.allows(scene)
        # Two above each other would have to be told so.
        return scene if sound and (number != 2 or abs(things[0].x - things[1].x) > 0.3) else None

    scene = until_drawn(attempt)
    order = draft.rng.permutation(number).tolist()
    references = tuple(draw_reference(draft, scene.objects[i]) for i in order)
    names = [f"the object in Image {order.index(i) + 1}" for i in range(number)]
    text = f"{listing(names)} on a plain {scene.background.first} background"
    return Plan((*map(Shot, references), text), Shot(scene), references=references)
