"""A small run on random examples: what a recipe and a loader are to the tests."""

from dataclasses import dataclass, replace

import numpy as np

from tests import tiny
from vino.checkpoints import Card
from vino.media import Frames
from vino.prompt import Image, Prompt, Video
from vino.train.config import EVERYTHING, Parallel, Saving, Stage, TrainConfig, Watching

SIDE = 32  # pixels
KINDS = ("t2i", "edit", "reconstruct", "t2v", "clone")


@dataclass(frozen=True, eq=False)
class Example:
    prompt: Prompt
    target: Frames
    task: str
    key: str
    withhold_latents: bool = False


def noise(rng, frames=1):
    return Frames(rng.integers(0, 256, (frames, SIDE, SIDE, 3), dtype=np.uint8))


def example(index: int) -> Example:
    """The index-th example: its kind goes round."""
    rng = np.random.default_rng(index)
    kind, key = KINDS[index % len(KINDS)], f"fake/{index}"
    words = f"thing {index % 7}"
    if kind == "t2i":
        return Example(Prompt(words), noise(rng), kind, key)
    if kind == "t2v":
        return Example(Prompt(words), noise(rng, 5), kind, key)
    if kind == "clone":
        return Example(Prompt(Video(noise(rng, 5)), words), noise(rng, 5), kind, key)
    if kind == "reconstruct":
        picture = noise(rng)
        return Example(Prompt(Image(picture)), picture, kind, key, withhold_latents=True)
    return Example(Prompt(Image(noise(rng), base=True), words), noise(rng), kind, key)


class Loader:
    """Deals examples in turn to the ranks; the union of a step is the same for any number."""

    skipped = 0

    def __init__(self, whole: int, rank: int, ranks: int, first: int = 0):
        self.whole, self.rank, self.ranks, self.place = whole, rank, ranks, first

    def __iter__(self):
        while True:
            batch = range(self.place, self.place + self.whole)
            self.place += self.whole
            yield [example(i) for i in batch[self.rank :: self.ranks]]

    def state_dict(self):
        return {"place": self.place}

    def load_state_dict(self, state):
        self.place = state["place"]


STAGE = Stage(
    name="both", trainable=EVERYTHING, steps=6, mixture={"t2i": 1.0}, lr=1e-3, ema=0.99,
    area=SIDE * SIDE, shift=3.0, dropout=0.2,
)  # fmt: skip
SAMPLING = {"size": [SIDE, SIDE], "clip_size": [SIDE, SIDE], "reference_area": SIDE * SIDE,
            "frames": 5, "max_area": 4 * SIDE * SIDE}  # fmt: skip


def recipe(**changes) -> TrainConfig:
    """A run of two stages over everything, in float32, logged at every step."""
    config = TrainConfig(
        stages=(
            replace(STAGE, name="first", trainable=("conditioner.*",), steps=3, ema=None),
            STAGE,
        ),
        feeds=lambda wanted: Loader(wanted.config.batch, wanted.rank, wanted.ranks),
        validation=lambda wanted: [example(10_000 + i) for i in range(5)],
        build=lambda config: tiny.vino(config.seed),
        card=Card(sampling=SAMPLING, licence="Apache-2.0"),
        batch=4,
        parallel=Parallel(precision="float32"),
        saving=Saving(every=2, keep=2),
        watching=Watching(log=1, validate=0, samples=0),
    )
    return replace(config, **changes)
