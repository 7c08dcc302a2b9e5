"""A model without weights that draws what it is asked in plain colours, one step at a time."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from vino.errors import InputError
from vino.flow.sampling import Defaults, Sampling
from vino.generate import Progress
from vino.media import Frames
from vino.model.encoded import Encoded
from vino.prompt import Prompt, Video
from vino.request import Request, write_recipe
from vino.sizes import PixelSize

STEPS = Sampling(steps=4, guidance=2.0, shift=1.0)


class FakeModel:
    """What the server asks of `vino.generate.Model`. `made` has the prompts of every run.

    Prompts that say "break" fail; "slow" takes `seconds` a step.
    """

    def __init__(self, seconds: float = 0.3):
        self.identity: dict[str, Any] = {"name": "tiny", "hash": "0" * 16}
        self.defaults = Defaults(
            picture=STEPS, clip=STEPS, picture_edit=STEPS, clip_edit=STEPS, size=(32, 32),
            clip_size=(32, 32), frames=17, max_frames=17, max_area=128 * 128, fps=8.0,
            reference_area=32 * 32,
        )  # fmt: skip
        self.encoded = Encoded(0)
        self.seconds = seconds
        self.made: list[list[str]] = []

    @property
    def texts(self) -> list[str]:
        """The prompts of all runs."""
        return [text for run in self.made for text in run]

    def sampling(self, prompt: Prompt, frames: int | None, settings: dict[str, Any]) -> Sampling:
        return STEPS.changed(**settings)

    def check(self, request: Request) -> PixelSize:
        width, height = request.size or self.defaults.size
        if width * height > self.defaults.max_area:
            raise InputError(f"{width}x{height} is more than this model makes")
        base = request.prompt.base
        frames = request.frames or (base.frames.size.frames if isinstance(base, Video) else 1)
        return PixelSize(frames, height, width)

    def run(self, requests: Sequence[Request], watch: Any = None) -> list[Frames]:
        texts = [request.prompt.text for request in requests]
        self.made.append(texts)
        steps = requests[0].sampling.steps
        frames = [self._draw(request) for request in requests]
        for step in range(steps):
            if any("slow" in text for text in texts):
                time.sleep(self.seconds)
            watch(Progress(step + 1, steps, lambda: frames))
        if any("break" in text for text in texts):
            raise RuntimeError("a secret of the server's")
        return frames

    def _draw(self, request: Request) -> Frames:
        size = self.check(request)
        shape = (size.frames, size.height, size.width, 3)
        pixels = np.full(shape, request.seed % 256, np.uint8)
        return Frames(pixels, 8.0, recipe=write_recipe(request, self.identity, "here"))

