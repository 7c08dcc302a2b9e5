"""Edits in a row: every one is made on what the last one left, there and back again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vino.data.world.captions import indefinite
from vino.data.world.phrasing import BACKGROUND, REPLACE
from vino.data.world.render import render
from vino.data.world.samples import Sample
from vino.data.world.scene import Scene
from vino.data.world.tasks import draw
from vino.data.world.vocabulary import Vocabulary, name_of
from vino.evaluate.candidate import Candidate
from vino.evaluate.world.preservation import untouched

MOST_DRAWS = 4  # for every scene that is wanted: of some nothing is left untouched


@dataclass(frozen=True, eq=False)
class Chain:
    """A scene, the edits to make on it one after the other, and what none of them has a part in.

    samples: one for every edit, with the rendered source; of later ones it is to be replaced
    untouched: T H W bool
    """

    name: str
    task: str
    samples: tuple[Sample, ...]
    untouched: np.ndarray

    def sample(self, edit: int, last: np.ndarray | None) -> Sample:
        """The question of an edit, counted from 0; last: the answer to the one before."""
        sample = self.samples[edit]
        if last is None:
            return sample
        base = sample.base
        segments = tuple(last if i == base else s for i, s in enumerate(sample.segments))
        return replace(sample, segments=segments)


def chains(
    task: str, seed: int, count: int, edits: int, known: Vocabulary, size: int, frames: int
) -> Iterator[Chain]:
    """Held-out scenes of a task of which something is left untouched, up to so many.

    Edits of the background and of one object for another are made `edits` times in a row: there,
    back, there again. All others are made once, for the world has no words that undo them.
    """
    found = 0
    for index in range(MOST_DRAWS * count):
        if found == count:
            return
        there = draw(task, seed, index, known, "held-out", size, frames)
        mask = untouched(there)
        if mask is None:
            continue
        found += 1
        back = _back(there)
        row = (there,) if back is None else tuple((there, back)[i % 2] for i in range(edits))
        yield Chain(f"preservation-{task}-{index:03d}", task, row, mask)


def floor(candidate: Candidate, truths: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What the autoencoder alone leaves of the truth of every edit: there and back as often."""
    found = []
    for number, truth in enumerate(truths, 1):
        for _ in range(number):
            truth = candidate.reconstruct(truth)
        found.append(truth)
    return found


def _back(there: Sample) -> Sample | None:
    """The edit that undoes one, None if there is none."""
    source, target = there.source_scene, there.target_scene
    if source is None:
        return None
    words = _words_back(there.task.removeprefix("clip_"), source, target)
    if words is None:
        return None
    height, width = there.target.shape[1:3]
    return replace(
        there,
        segments=(there.target, words),
        base=0,
        target=render(source, (height, width), len(there.target)),
        source_scene=target,
        target_scene=source,
    )


def _words_back(task: str, source: Scene, target: Scene) -> str | None:
    """What to say, in the plainest words, for the target to become the source again."""
    if task == "background" and source.background.kind == "plain":
        return BACKGROUND[0].format(colour=source.background.first)
    if task == "replace":
        (old,) = (thing for thing in source.objects if thing not in target.objects)
        (new,) = (thing for thing in target.objects if thing not in source.objects)
        return REPLACE[0].format(thing=name_of(new.concept), new=indefinite(name_of(old.concept)))
    return None
