"""What a run says: a progress bar, one JSON line at every look, TensorBoard."""

import json
import math
import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from vino.train.config import Stage, TrainConfig
from vino.train.overrides import describe
from vino.train.parallel import Ranks
from vino.train.prepare import Batch
from vino.train.trainee import Trainee

LINES = "log.jsonl"


@dataclass
class Sums:
    """What one step, or the steps since the last look, added up to on this rank.

    tasks: task -> (sum of losses, samples), of losses that are finite; others only have the step
    refused, which the guard counts. norms: of the last step.
    """

    lr: float = 0.0
    tasks: dict[str, tuple[float, int]] = field(default_factory=dict)
    tokens: int = 0
    norms: dict[str, float] = field(default_factory=dict)

    def add(self, batch: Batch, losses: Tensor, trainee: Trainee) -> None:
        """Count a micro-batch."""
        for task, loss in zip(batch.tasks, losses.tolist(), strict=True):
            if math.isfinite(loss):
                self._count(task, loss, 1)
        config = trainee.mmdit.config
        self.tokens += batch.tokens(config.patch, trainee.conditioner.config.queries)

    def merge(self, other: "Sums") -> None:
        """Add another's counts; its norms and rate are newer."""
        for task, (total, count) in other.tasks.items():
            self._count(task, total, count)
        self.tokens += other.tokens
        self.norms, self.lr = other.norms, other.lr

    def _count(self, task: str, total: float, count: int) -> None:
        before = self.tasks.get(task, (0.0, 0))
        self.tasks[task] = (before[0] + total, before[1] + count)

    @property
    def samples(self) -> int:
        return sum(count for _, count in self.tasks.values())


class Journal:
    """Writes on the first rank; the others only hand over their sums."""

    def __init__(self, out: Path, config: TrainConfig, total: int, ranks: Ranks, quiet: bool):
        self.out, self.ranks, self.total, self.steps = out, ranks, total, config.steps
        self.sums, self.seconds, self.begun = Sums(), 0.0, time.monotonic()
        self.bar: tqdm | None = None
        self.board: Any = None
        if not ranks.first:
            return
        out.mkdir(parents=True, exist_ok=True)
        (out / "config.json").write_text(json.dumps(describe(config), indent=2) + "\n")
        _forget_after(out / LINES, total)
        self.bar = tqdm(
            total=config.steps, initial=total, unit="step", disable=quiet, mininterval=1.0
        )
        self.board = _board(out / "tensorboard", total)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()
        if self.board is not None:
            self.board.close()

    def begin(self) -> None:
        """A step begins: looks and saves before it are not part of its time."""
        self.begun = time.monotonic()

    def step(self, stage: Stage, record: Sums) -> None:
        """Count a step."""
        self.total += 1
        self.seconds += time.monotonic() - self.begun
        self.sums.merge(record)
        if self.bar is not None:
            self.bar.set_description(stage.name, refresh=False)
            self.bar.update()

    def write(self, stage: Stage, skipped: int, broken: int) -> None:
        """Put down what was counted since the last look; every rank must call it.

        skipped: steps that were not taken. broken: examples that the first rank could not use since
        the stage began or was resumed.
        """
        if not self.sums.norms:  # of no step
            return
        whole = Sums()
        for part in self.ranks.gather(self.sums)[:: self.ranks.sequence]:
            whole.merge(part)
        seconds, self.seconds = max(1e-9, self.seconds), 0.0
        self.sums = Sums()
        losses = {task: total / count for task, (total, count) in sorted(whole.tasks.items())}
        added = sum(total for total, _ in whole.tasks.values())
        mean = added / whole.samples if whole.samples else math.nan
        self.line(
            {
                "stage": stage.name,
                "loss": mean,
                "tasks": losses,
                "norms": whole.norms,
                "lr": whole.lr,
                "samples_per_second": whole.samples / seconds,
                "tokens_per_second": whole.tokens / seconds,
                "memory_gb": memory(self.ranks.device) / 1e9,
                "skipped": skipped,
                "broken": broken,
            }
        )
        if self.bar is not None:
            self.bar.set_postfix(
                loss=f"{mean:.4f}",
                samples=f"{whole.samples / seconds:.1f}/s",
                tokens=f"{whole.tokens / seconds:.0f}/s",
                memory=f"{memory(self.ranks.device) / 1e9:.1f}GB",
                skipped=skipped,
                broken=broken,
            )

    def line(self, values: Mapping[str, Any]) -> None:
        """One line of the log, and its numbers as curves; null for those that are not finite."""
        if not self.ranks.first:
            return
        values = _finite(values)
        with (self.out / LINES).open("a") as file:
            file.write(json.dumps({"step": self.total, **values}) + "\n")
        if self.board is not None:
            for name, value in _numbers(values):
                self.board.add_scalar(name, value, self.total)

    def picture(self, name: str, pixels: Any) -> None:
        """A picture (H W 3 uint8) beside the curves."""
        if self.board is not None:
            self.board.add_image(name, pixels, self.total, dataformats="HWC")


def read_lines(out: Path) -> list[dict[str, Any]]:
    """The log of a run."""
    path = out / LINES
    return [json.loads(x) for x in path.read_text().splitlines()] if path.exists() else []


def memory(device: torch.device) -> int:
    """Most bytes held so far: of the accelerator, or of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _forget_after(path: Path, total: int) -> None:
    """Drop lines of steps that will be taken again, and a line cut short by a kill."""
    if not path.exists():
        return
    kept = []
    for text in path.read_text().splitlines():
        try:
            if json.loads(text)["step"] <= total:
                kept.append(text)
        except ValueError:
            continue
    fresh = path.with_suffix(".new")
    fresh.write_text("".join(f"{text}\n" for text in kept))
    fresh.replace(path)


def _board(folder: Path, total: int) -> Any:
    """TensorBoard's writer, or None where the extra `train` is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=total + 1)


def _finite(values: Mapping[str, Any]) -> dict[str, Any]:
    """None in the place of numbers that JSON has none for."""
    kept: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            kept[name] = _finite(value)
        else:
            kept[name] = None if isinstance(value, float) and not math.isfinite(value) else value
    return kept


def _numbers(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    groups: dict[str, Mapping[str, Any]] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            groups[name] = value
        elif isinstance(value, int | float):
            found.append((f"{prefix}{name}", float(value)))
    for name, group in groups.items():
        found += _numbers(group, f"{prefix}{name}/")
    return found
