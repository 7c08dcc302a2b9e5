"""Looks at a run while it goes on: loss on fixed examples, grids of samples."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import torch

from vino.checkpoints import Card
from vino.data.buckets import Meter
from vino.flow.sampling import Defaults
from vino.generate import Model
from vino.media import Frames
from vino.prompt import PromptWarning
from vino.request import Request
from vino.sizes import spread_frames
from vino.train.config import Stage, TrainConfig
from vino.train.ema import Average
from vino.train.export import snapshot
from vino.train.feed import Example, Wanted
from vino.train.frozen import Frozen
from vino.train.log import Journal
from vino.train.parallel import Ranks, rest
from vino.train.prepare import ReferenceGrid, prepare, seed_of
from vino.train.trainee import Trainee

TOGETHER, PIXELS = 8, 2**22  # validation examples in one pass, and pixels of their targets
CLIP_CELLS = 3  # frames of a clip shown in a grid
WHITE = 255


class Watcher:
    """Validates and draws at the intervals of `Watching`; every rank must take part."""

    def __init__(
        self,
        config: TrainConfig,
        trainee: Trainee,
        frozen: Frozen,
        grid: ReferenceGrid,
        meter: Meter,
        card: Card,
        ranks: Ranks,
        journal: Journal,
    ):
        self.config, self.trainee = config, trainee
        self.frozen, self.grid = frozen, grid
        self.defaults = Defaults.parse(card.sampling)
        self.ranks, self.journal = ranks, journal
        looks = config.watching.validate or config.watching.samples
        source = config.validation if looks else None
        wanted = Wanted(config, config.stages[-1], meter)
        with warnings.catch_warnings(action="ignore", category=PromptWarning):
            self.examples = list(source(wanted) if source else ())[: config.watching.validation]

    def look(self, stage: Stage, average: Average | None, total: int) -> None:
        """What is due after step `total`."""
        watching = self.config.watching
        if not self.examples:
            return
        if watching.validate and total % watching.validate == 0:
            self.journal.line({"stage": stage.name, **self.validate(stage, average)})
        if watching.samples and total % watching.samples == 0:
            self.draw(average, total)

    def validate(self, stage: Stage, average: Average | None) -> dict[str, Mapping[str, float]]:
        """Loss of each task with fixed noise and times, of the weights and of their averages."""
        found: dict[str, Mapping[str, float]] = {"validation": self._losses(stage, None)}
        if average is not None:
            found["validation_ema"] = self._losses(stage, average)
        return found

    @torch.no_grad()
    def _losses(self, stage: Stage, average: Average | None) -> dict[str, float]:
        whole = replace(stage, dropout=0.0)
        seed = seed_of(self.config.seed, "validation")
        named = dict(self.trainee.named_parameters())
        rows: dict[str, list[float]] = {}
        self.trainee.eval()
        with average.applied(named) if average else nullcontext():
            for examples in passes(self.examples):
                with self.trainee.autocast():
                    batch = prepare(self.frozen, examples, whole, seed, self.grid)
                for task, loss in zip(batch.tasks, self.trainee(batch).tolist(), strict=True):
                    rows.setdefault(task, []).append(loss)
            rest(self.trainee)
        self.trainee.train()
        every = [loss for losses in rows.values() for loss in losses]
        tasks = {task: float(np.mean(losses)) for task, losses in sorted(rows.items())}
        return {"all": float(np.mean(every)), **tasks}

    def draw(self, average: Average | None, total: int) -> None:
        """Grids of samples for the first validation prompts, before and after averaging."""
        chosen = self.examples[: self.config.watching.grid]
        kinds = {"raw": None, "ema": average} if average is not None else {"raw": None}
        for name, weights in kinds.items():
            made = snapshot(self.trainee, weights, self.ranks, self.config.lora)
            if made is None:
                continue
            model = Model(made, self.defaults, {"name": f"step {total}"})
            sheet = grid(chosen, [model.run([self._request(model, e)])[0] for e in chosen])
            folder = self.journal.out / "samples"
            folder.mkdir(exist_ok=True)
            Frames(sheet[None]).save(folder / f"step-{total:08}-{name}.png")
            self.journal.picture(f"samples/{name}", sheet)
        self.ranks.wait()

    def _request(self, model: Model, example: Example) -> Request:
        size = example.target.size
        steps = {"steps": self.config.watching.sample_steps}
        sampling = model.sampling(example.prompt, size.frames, steps)
        return Request(example.prompt, sampling, (size.width, size.height), size.frames, 0)


def passes(examples: Sequence[Example]) -> Iterator[list[Example]]:
    """Neighbours that fit into one pass: small ones together, a long clip alone."""
    chosen: list[Example] = []
    for example in examples:
        pixels = sum(e.target.pixels[..., 0].size for e in (*chosen, example))
        if chosen and (len(chosen) == TOGETHER or pixels > PIXELS):
            yield chosen
            chosen = []
        chosen.append(example)
    if chosen:
        yield chosen


def grid(examples: Sequence[Example], made: Sequence[Frames]) -> np.ndarray:
    """H W 3: a row an example: its references, the sample, and the true target."""
    rows = [
        _beside([_cell(m.frames) for m in e.prompt.media] + [_cell(f), _cell(e.target)])
        for e, f in zip(examples, made, strict=True)
    ]
    width = max(row.shape[1] for row in rows)
    return np.concatenate([_padded(row, row.shape[0] + 2, width) for row in rows])


def _cell(frames: Frames) -> np.ndarray:
    """A picture, or a few frames of a clip side by side."""
    count = min(CLIP_CELLS, len(frames.pixels))
    return np.concatenate(list(frames.pixels[spread_frames(len(frames.pixels), count)]), axis=1)


def _beside(cells: Sequence[np.ndarray]) -> np.ndarray:
    height = max(cell.shape[0] for cell in cells)
    return np.concatenate([_padded(c, height, c.shape[1] + 4) for c in cells], axis=1)


def _padded(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    page = np.full((height, width, 3), WHITE, np.uint8)
    page[: pixels.shape[0], : pixels.shape[1]] = pixels
    return page
