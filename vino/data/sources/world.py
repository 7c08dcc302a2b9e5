"""Examples of the emoji world, drawn anew without end."""

from functools import lru_cache

import numpy as np

from vino.data.sample import Example, Kind
from vino.data.source import Outline
from vino.data.world.compose import Split
from vino.data.world.motion import FPS
from vino.data.world.samples import Plan, Sample, Shot
from vino.data.world.tasks import plan, rendered
from vino.data.world.vocabulary import Vocabulary
from vino.media import Frames
from vino.prompt import Image, Prompt, Segment, Text, Video
from vino.sizes import PixelSize

PLANS = 4096  # remembered from when a sample's size is asked until it is rendered


class WorldSource:
    """One task of the world; example i is a pure function of (task, seed, i, split).

    size: side of its media in pixels. frames: lengths of its clips, one drawn for every example.
    """

    length: int | None = None
    fingerprint: str = ""

    def __init__(
        self,
        task: str,
        vocabulary: Vocabulary,
        seed: int = 0,
        split: Split = "train",
        size: int = 64,
        frames: tuple[int, ...] = (17,),
    ):
        self.task = task
        self.vocabulary = vocabulary
        self.seed = seed
        self.split = split
        self.size = size
        self.frames = frames
        self._plan = lru_cache(PLANS)(self._draw_plan)

    def name(self, number: int) -> str:
        return f"world {self.task} {self.seed}/{number}"

    def outline(self, number: int) -> Outline:
        drawn = self._plan(number)
        frames = self._frames(number)
        shots = [(i, s) for i, s in enumerate(drawn.segments) if isinstance(s, Shot)]
        shots.sort(key=lambda found: found[1].is_clip)
        kinds: dict[bool, Kind] = {False: "image", True: "video"}
        return Outline(
            target=self._pixels(drawn.target, frames),
            references=tuple((kinds[s.is_clip], self._pixels(s, frames)) for _, s in shots),
            base=next((place for place, (i, _) in enumerate(shots) if i == drawn.base), None),
            characters=len(drawn.prompt),
            withheld=drawn.withhold_latents,
        )

    def example(self, number: int, bucket: PixelSize) -> Example:
        sample = rendered(self.task, self._plan(number), self.size, self._frames(number))
        return Example(
            prompt=prompt_of(sample),
            target=Frames(sample.target[: bucket.frames], FPS),
            task=self.task,
            key=self.name(number),
            withhold_latents=sample.withhold_latents,
            licence="Apache-2.0",
        )

    def _draw_plan(self, number: int) -> Plan:
        return plan(self.task, self.seed, number, self.vocabulary, self.split)

    def _frames(self, number: int) -> int:
        if len(self.frames) == 1:
            return self.frames[0]
        return int(np.random.default_rng((self.seed, number)).choice(self.frames))

    def _pixels(self, shot: Shot, frames: int) -> PixelSize:
        return PixelSize(frames if shot.is_clip else 1, self.size, self.size)


def prompt_of(sample: Sample) -> Prompt:
    """The prompt of a rendered sample; its media stand before the words."""
    media: list[Segment] = []
    for i, segment in enumerate(sample.segments):
        if not isinstance(segment, str):
            make = Video if len(segment) > 1 else Image
            media.append(make(Frames(segment, FPS), base=i == sample.base))
    return Prompt(*media, Text(sample.prompt))
