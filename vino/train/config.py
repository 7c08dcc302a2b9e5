"""What a training run is. Recipes are functions that return a `TrainConfig`.

A run is stages in order (paper, Table 1); each says what learns, how fast, and from which
mixture of tasks. Configs are values: `replace(stage, steps=10)` makes another one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vino.errors import InputError

if TYPE_CHECKING:
    from vino.checkpoints import Card
    from vino.model.vino import Vino
    from vino.train.feed import Examples, Feeds

OptimizerName = Literal["adamw", "muon"]
Precision = Literal["float32", "bfloat16"]

CONNECTORS = ("conditioner.*",)
EVERYTHING = ("conditioner.*", "mmdit.*")
ADAPTERS = ("*.lora_?.*",)


def _in(config: object, name: str, least: float, most: float) -> None:
    value = getattr(config, name)
    if not least <= value <= most:
        raise InputError(f"{name} must be from {least} to {most}, not {value}")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage of training; the defaults are those of the paper's second and third.

    trainable: fnmatch patterns on parameter names ("conditioner.*", "mmdit.dual_blocks.*").
    mixture: task -> share of examples, in any unit; what the data source is asked for.
    lr: constant after `warmup` steps and until the last `decay` share of the steps, over which it
    falls to nothing (paper: no warm-up, no decay).
    ema: decay of the averaged weights, None for none.
    area: pixels of a target frame. frames: most of a clip; lengths: task -> most, where another.
    shift: of the timesteps. uniform: share of them drawn uniformly instead of logit-normally.
    dropout: chance that a modality of the condition (text, images, videos) is left out.
    drop_together: images and videos are dropped for all examples of a step, or for none; so that
    no rank waits where one task with many images fills a step.
    shuffle: pictures of a prompt come in random order; "Image 2" in its text follows.
    """

    name: str
    trainable: tuple[str, ...]
    steps: int
    mixture: Mapping[str, float]
    lr: float
    optimizer: OptimizerName = "adamw"
    betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: float = 0.01
    clip: float = 1.0
    warmup: int = 0
    decay: float = 0.0
    ema: float | None = 0.9999
    area: int = 640 * 640
    frames: int = 85
    lengths: Mapping[str, int] = field(default_factory=dict)
    shift: float = 5.0
    uniform: float = 0.0
    dropout: float = 0.1
    drop_together: bool = False
    shuffle: bool = False

    def __post_init__(self) -> None:
        _in(self, "steps", 0, 10**9)
        _in(self, "lr", 0, 1)
        _in(self, "decay", 0, 1)
        _in(self, "uniform", 0, 1)
        _in(self, "dropout", 0, 1)
        _in(self, "warmup", 0, 10**9)
        _in(self, "weight_decay", 0, 1)
        _in(self, "area", 1, 10**12)
        _in(self, "frames", 1, 10**9)
        if not (0 < self.shift < inf and self.clip > 0):
            raise InputError(f"{self.name}: shift and clip must be above 0")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise InputError(f"{self.name}: betas must be from 0 to below 1")
        if min(self.lengths.values(), default=1) < 1:
            raise InputError(f"{self.name}: lengths are numbers of frames, from 1 on")
        if self.ema is not None:
            _in(self, "ema", 0, 1)
        shares = self.mixture.values()
        if not (shares and all(0 <= share < inf for share in shares) and sum(shares) > 0):
            raise InputError(f"{self.name}: the mixture needs tasks with shares above 0")

    def rate(self, step: int) -> float:
        """Learning rate of a step, counted from 0 within the stage."""
        warm = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        left = (self.steps - step) / (self.steps * self.decay) if self.decay else 1.0
        return self.lr * min(warm, left, 1.0)


@dataclass(frozen=True, kw_only=True)
class Parallel:
    """How a run is spread over devices and memory.

    precision: of the passes; parameters that learn and optimiser states stay float32. A processor
    without bfloat16 computes in float32 instead.
    sequence: ranks that share the tokens of every sample, for long clips; they divide the heads.
    shard: ranks that share one copy of the parameters, 0 for all; further ranks hold replicas. With
    1 every rank holds a whole copy and gradients are averaged after the pass: for small models.
    recompute: blocks forget their activations and compute them again (activation checkpointing).
    """

    precision: Precision = "bfloat16"
    sequence: int = 1
    shard: int = 0
    recompute: bool = False

    def __post_init__(self) -> None:
        _in(self, "sequence", 1, 10**6)
        _in(self, "shard", 0, 10**6)


@dataclass(frozen=True, kw_only=True)
class Lora:
    """Low-rank adapters beside the model's own weights.

    rank, alpha: the change of a matrix is alpha / rank x B A; rank 0: no adapters. targets: a
    regular expression that the full name of a linear layer must match. Stages train them alone
    (`ADAPTERS`, or patterns below it), for nothing else is exported.
    """

    rank: int = 0
    alpha: int = 16
    dropout: float = 0.0
    targets: str = r"mmdit\.(dual|single)_blocks\.\d+\..*\b(q|k|v|out|up|down|mlp_up)"

    def __post_init__(self) -> None:
        if self.rank < 0 or self.alpha < 1 or not 0 <= self.dropout < 1:
            raise InputError(
                "lora: rank must be at least 0, alpha at least 1, and dropout from 0 to below 1"
            )


@dataclass(frozen=True, kw_only=True)
class Saving:
    """Checkpoints: one every `every` steps and at the end of a stage; the last `keep` stay.

    export: steps between exports of what there is so far, 0 for none before the run is over.
    """

    every: int = 500
    keep: int = 3
    export: int = 0

    def __post_init__(self) -> None:
        if self.every < 1 or self.keep < 1 or self.export < 0:
            raise InputError("saving: every and keep must be at least 1, export at least 0")


@dataclass(frozen=True, kw_only=True)
class Watching:
    """What is looked at while a run goes on, in steps between looks; 0 for never.

    log: losses and gradient norms. validate: loss of `validation` fixed examples with fixed noise
    and times. samples: grids made of the prompts of the first `grid` of these, before and after
    EMA, with `sample_steps` steps.
    """

    log: int = 10
    validate: int = 500
    samples: int = 2000
    validation: int = 32
    grid: int = 8
    sample_steps: int = 24

    def __post_init__(self) -> None:
        if min(self.log, self.validate, self.samples, self.validation) < 0:
            raise InputError("watching: log, validate, samples and validation must be at least 0")
        if self.grid < 1 or self.sample_steps < 1:
            raise InputError("watching: grid and sample_steps must be at least 1")


@dataclass(frozen=True, kw_only=True)
class Refusing:
    """Steps that are skipped: with gradients that are not finite, or too large.

    explode: how many times the median norm of recent steps is too large. The run stops when
    `most` of the last `window` steps were skipped.
    """

    explode: float = 20.0
    window: int = 100
    most: int = 10

    def __post_init__(self) -> None:
        if not (self.explode > 1 and 1 <= self.most <= self.window):
            raise InputError("refusing: explode must be above 1, and most from 1 to window")


LEAST = {
    "accumulate": 1, "seed": 0, "batch": 0, "tokens": 0, "workers": 0,
    "reference_area": 0, "reference_frames": 1, "cache_gb": 0,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """A whole run.

    Only a recipe can give these: feeds, the source of examples of a stage; validation, examples
    that are never trained on; build, the model to begin from; card, what its folder will say.
    out: folder of the run; what is there is continued. model: what to begin from, a folder or
    file `vino.checkpoints` reads (vlm, vae: folders of parts it lacks), where `build` makes none.
    queries: of a base that gets new ones, or of what `build` makes, None for the usual number; a
    model that has queries keeps its own.
    cache: folder in which latents and prompt states are kept, for data that comes round again;
    cache_gb: most of it.
    For feeds: manifest and held_out, where examples are, and those for validation; policy: a
    policy.toml that says which of them may be used; batch or, when it is not 0, tokens: how many
    of them make a micro-batch; one_task: all of a step are of one task, as in the paper; workers:
    threads that decode ahead.
    accumulate: micro-batches of a step, on every rank. reference_area: pixels references are
    scaled to, here and by the model that comes out, 0 for the model's default; reference_frames:
    most frames kept of a clip.
    """

    stages: tuple[Stage, ...]
    feeds: "Feeds | None" = field(default=None, repr=False)
    validation: "Examples | None" = field(default=None, repr=False)
    build: "Callable[[TrainConfig], Vino] | None" = field(default=None, repr=False)
    card: "Card | None" = field(default=None, repr=False)
    out: Path | None = None
    model: str = ""
    vlm: str = ""
    vae: str = ""
    cache: Path | None = None
    cache_gb: float = 50.0
    manifest: str = ""
    held_out: str = ""
    policy: Path | None = None
    queries: int | None = None
    seed: int = 0
    batch: int = 1
    tokens: int = 0
    one_task: bool = False
    workers: int = 2
    accumulate: int = 1
    reference_area: int = 0
    reference_frames: int = 241
    device: str = ""
    lora: Lora = Lora()
    parallel: Parallel = Parallel()
    saving: Saving = Saving()
    watching: Watching = Watching()
    refusing: Refusing = Refusing()

    def __post_init__(self) -> None:
        names = [stage.name for stage in self.stages]
        if not names or len(set(names)) < len(names):
            raise InputError(f"a run needs stages of different names, not {names}")
        for name, least in LEAST.items():
            _in(self, name, least, 10**12)
        if self.queries is not None:
            _in(self, "queries", 0, 10**6)

    @property
    def steps(self) -> int:
        """Steps of all stages."""
        return sum(stage.steps for stage in self.stages)
