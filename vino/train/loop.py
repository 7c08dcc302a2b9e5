"""One stage after the other, step by step (paper, section on training)."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from torch import nn

from vino.data.buckets import plain_task
from vino.errors import InputError
from vino.flow.sampling import Defaults
from vino.train import checkpoint
from vino.train.begin import begin, meter
from vino.train.checkpoint import Tensors
from vino.train.config import ADAPTERS, Stage, TrainConfig
from vino.train.ema import Average
from vino.train.export import export
from vino.train.feed import Example, Feed, Wanted
from vino.train.frozen import cached
from vino.train.guard import Guard
from vino.train.log import Journal, Sums
from vino.train.lora import export_adapter, inject
from vino.train.optim import clip, gradient_norms, optimizers, set_rate
from vino.train.parallel import Ranks, settle, spread
from vino.train.precision import affordable
from vino.train.prepare import ReferenceGrid, prepare, seed_of
from vino.train.trainee import Trainee, choose
from vino.train.watch import Watcher


@dataclass
class Progress:
    """Where a run stands. step: within the stage; total: over all stages."""

    stage: int = 0
    step: int = 0
    total: int = 0


class Run:
    """A run in memory: what learns, its averages, and where it stands."""

    def __init__(self, config: TrainConfig, ranks: Ranks):
        if config.out is None:
            raise InputError("where does the run go? name a folder with --out")
        if config.feeds is None:
            raise InputError("this recipe names no source of examples (feeds)")
        _check(config)
        self.config, self.ranks, self.out = config, ranks, Path(config.out)
        self.feeds = config.feeds
        vino, self.card = begin(config, ranks.device)
        self.defaults = Defaults.parse(self.card.sampling)
        precision = config.parallel.precision
        self.frozen = cached(vino, config.cache, precision, config.cache_gb)
        self.trainee = Trainee(vino, precision, adapted=config.lora.rank > 0)
        if config.lora.rank:
            inject(self.trainee, config.lora)
        spread(self.trainee, config.parallel, ranks)
        area = self.defaults.reference_area
        self.meter = meter(vino, area, config.reference_frames)
        self.grid = ReferenceGrid(area, self.meter.unit, config.reference_frames)
        self.average: Average | None = None
        self.guard = Guard(config.refusing)
        self.progress = Progress()

    @property
    def folder(self) -> Path:
        """Where checkpoints lie."""
        return self.out / "checkpoints"

    def wanted(self, stage: Stage) -> Wanted:
        """What this rank asks a stage's feed for."""
        return Wanted(self.config, stage, self.meter, self.ranks.reader, self.ranks.readers)

    def learned(self) -> dict[str, nn.Parameter]:
        """All parameters that have been trained so far."""
        stages = self.config.stages[: self.progress.stage + (self.progress.step > 0)]
        patterns = [p for stage in stages for p in stage.trainable]
        named = self.trainee.named_parameters()
        return {n: p for n, p in named if any(fnmatchcase(n, q) for q in patterns)}

    def tensors(self, opts: list) -> Tensors:
        averages = self.average.weights if self.average else {}
        return Tensors(self.trainee, self.learned(), opts if self.progress.step else [], averages)

    def save(self, feed: Feed, opts: list) -> None:
        run = {
            "progress": asdict(self.progress),
            "guard": self.guard.state_dict(),
            "averaged": sorted(self.average.weights) if self.average else None,
            "updates": self.average.updates if self.average else 0,
            "feeds": self.ranks.gather(feed.state_dict() if self.progress.step else None),
        }
        total = self.progress.total
        checkpoint.save(self.folder, total, self.tensors(opts), run, self.ranks)
        if self.ranks.first:
            checkpoint.rotate(self.folder, self.config.saving.keep)

    def export(self) -> Path:
        """Write the model, or its adapters, as they are now."""
        lora, average = self.config.lora, self.average
        if lora.rank:
            return export_adapter(self.trainee, average, lora, self.out / "adapter", self.ranks)
        return export(self.trainee, average, self.card, self.out / "model", self.ranks)


def train(
    config: TrainConfig, ranks: Ranks, stop: Callable[[], bool] = lambda: False, quiet: bool = True
) -> Path:
    """Carry a run out, or go on with it; returns the exported folder: a model, or adapters.

    stop: asked after every step; the run is saved and KeyboardInterrupt raised when it says so.
    """
    run = Run(affordable(config, ranks), ranks)
    if run.config != config and ranks.first and not quiet:
        print("this processor has no bfloat16: passes are computed in float32", file=sys.stderr)
    config = run.config
    path = checkpoint.latest(run.folder)
    saved = checkpoint.read_run(path) if path else None
    if saved:
        run.progress = Progress(**{f.name: saved["progress"][f.name] for f in fields(Progress)})
        run.guard.load_state_dict(saved["guard"])
        _refuse_more(run)
    feeds = _foresee(run)
    journal = Journal(run.out, config, run.progress.total, ranks, quiet)
    watcher = Watcher(
        config, run.trainee, run.frozen, run.grid, run.meter, run.card, ranks, journal
    )
    with journal, closing(run.frozen):
        for stage in config.stages[run.progress.stage :]:
            if stage.name in feeds:
                _stage(run, stage, feeds[stage.name], path, saved, journal, watcher, stop)
                path = saved = None
        if path:  # the run was over: only its last checkpoint is needed
            _restore(run, path, saved or {}, [])
    return run.export()


def _check(config: TrainConfig) -> None:
    """InputError for what no run could do, known from its settings alone."""
    if config.lora.rank and config.reference_area:
        raise InputError(
            "adapters meet references as their model scales them: leave reference_area at 0"
        )
    drawn = {task for stage in config.stages for task in stage.mixture}
    known = drawn | set(map(plain_task, drawn))
    for stage in config.stages:
        if strange := set(stage.lengths) - known:
            raise InputError(
                f"{stage.name}: lengths of {', '.join(sorted(strange))}, which no stage draws"
            )
        others = [pattern for pattern in stage.trainable if "lora_" not in pattern]
        if config.lora.rank and others:
            raise InputError(
                f"{stage.name}: with adapters nothing else is trained and exported: set its "
                f"trainable to {ADAPTERS[0]}, not {', '.join(others)}, or lora.rank to 0"
            )


def _refuse_more(run: Run) -> None:
    """InputError when stages that are over are asked for more steps: they are not taken up again.

    With fewer than were taken they stay as they are.
    """
    progress = run.progress
    asked = sum(stage.steps for stage in run.config.stages[: progress.stage]) + progress.step
    if asked > progress.total:
        raise InputError(
            f"{run.out}: the stages that are over finished after {progress.total - progress.step} "
            f"steps, not {asked - progress.step}: give as many as before, or name another --out"
        )


def _foresee(run: Run) -> dict[str, Feed]:
    """The feeds of the stages to come; raises now what one of them would raise when it begins."""
    begun = run.progress.step > 0
    stages = run.config.stages[run.progress.stage :]
    coming = [stage for i, stage in enumerate(stages) if stage.steps or (i == 0 and begun)]
    for stage in coming:
        optimizers(choose(run.trainee, stage.trainable), stage, run.ranks)
    return {stage.name: run.feeds(run.wanted(stage)) for stage in coming}


def _stage(
    run: Run,
    stage: Stage,
    feed: Feed,
    path: Path | None,
    saved: dict[str, Any] | None,
    journal: Journal,
    watcher: Watcher,
    stop: Callable[[], bool],
) -> None:
    """One stage, from its beginning or from a checkpoint in it, up to the checkpoint at its end."""
    config, ranks, progress = run.config, run.ranks, run.progress
    parameters = choose(run.trainee, stage.trainable)
    settle(run.trainee)
    opts = optimizers(parameters, stage, ranks)
    if path and saved:
        _restore(run, path, saved, opts, feed)
    progress.stage = config.stages.index(stage)  # only now: a checkpoint has what learned before it
    if progress.step == 0:
        run.guard.forget()
    if stage.ema is None:
        run.average = None
    elif run.average is None:
        run.average = Average(parameters)
    micros, stopped = iter(feed), False
    while progress.step < stage.steps and not stopped:
        journal.begin()
        examples = [_next(micros, stage) for _ in range(config.accumulate)]
        record = _step(run, stage, opts, parameters, examples)
        progress.step += 1
        progress.total += 1
        journal.step(stage, record)
        stopped = ranks.sum(stop()) > 0
        log, total = config.watching.log, progress.total
        due = (stopped or total % config.saving.every == 0) and progress.step < stage.steps
        if log and (due or total % log == 0):
            journal.write(stage, run.guard.skipped, feed.skipped)
        if due and stopped:  # at once: who stops a run may not wait for looks
            run.save(feed, opts)
        watcher.look(stage, run.average, total)
        if due and not stopped:
            run.save(feed, opts)
        if config.saving.export and total % config.saving.export == 0:
            run.export()
    journal.write(stage, run.guard.skipped, feed.skipped)
    if progress.step >= stage.steps:
        progress.stage, progress.step = progress.stage + 1, 0
        run.save(feed, opts)
    if stopped:
        raise KeyboardInterrupt


def _step(
    run: Run,
    stage: Stage,
    opts: list,
    parameters: dict[str, nn.Parameter],
    micros: Sequence[Sequence[Example]],
) -> Sums:
    """One step: the mean loss over all samples of all ranks and micro-batches, and its descent."""
    config, ranks, trainee = run.config, run.ranks, run.trainee
    count = ranks.sum(sum(map(len, micros))) / ranks.sequence
    seed = seed_of(config.seed, stage.name, run.progress.step)
    sums = Sums(lr=stage.rate(run.progress.step))
    for examples in micros:
        with trainee.autocast():
            batch = prepare(run.frozen, examples, stage, seed, run.grid)
        losses = trainee(batch)
        # Sharding averages gradients over ranks; ours is the mean over samples.
        (losses.sum() * (ranks.readers / count)).backward()
        sums.add(batch, losses.detach(), trainee)
    ranks.average([p.grad for p in parameters.values() if p.grad is not None])
    sums.norms = gradient_norms(parameters, ranks)
    if run.guard.accepts(sums.norms["all"]):
        clip(parameters, sums.norms["all"], stage.clip)
        set_rate(opts, sums.lr)
        for optimizer in opts:
            optimizer.step()
        if run.average is not None and stage.ema is not None:
            run.average.update(parameters, stage.ema)
    trainee.zero_grad(set_to_none=True)
    return sums


def _next(micros: Iterator[Sequence[Example]], stage: Stage) -> Sequence[Example]:
    examples = next(micros, None)
    if not examples:
        raise InputError(f"{stage.name}: the examples ran out; a feed must not end")
    return examples


def _restore(
    run: Run, path: Path, saved: dict[str, Any], opts: list, feed: Feed | None = None
) -> None:
    """Everything as it was when the checkpoint at `path` was written."""
    if saved["averaged"] is not None:
        named = dict(run.trainee.named_parameters())
        run.average = Average({n: named[n] for n in saved["averaged"]}, saved["updates"])
    checkpoint.load(path, run.tensors(opts), run.ranks)
    own = run.ranks.rank if len(saved["random"]) == run.ranks.size else 0
    if feed is not None and saved["feeds"][own] is not None:
        feed.load_state_dict(saved["feeds"][own])
    checkpoint.set_random_state(saved["random"][own])
