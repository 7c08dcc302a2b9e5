"""What the paper's claims are tried on: a small world, a base, and the arms trained from it.

An arm differs from the reference arm in one thing alone. All take as many steps, of as many
tokens, from one base: a generator that draws pictures and short clips from words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from vino import checkpoints
from vino.checkpoints import Card, Origin
from vino.data.buckets import Buckets, Fitting
from vino.data.loader import Loader
from vino.data.packing import Batching
from vino.data.planner import Corpus
from vino.data.sample import Example
from vino.data.sources.world import WorldSource
from vino.data.world.motion import FPS
from vino.data.world.vocabulary import Vocabulary, concept
from vino.model.conditioner import Conditioner, ConditionerConfig, Given
from vino.model.mmdit import MMDiT, MMDiTConfig
from vino.model.vino import Vino
from vino.train.begin import zero_start
from vino.train.config import CONNECTORS, EVERYTHING, Saving, Stage, TrainConfig, Watching
from vino.train.feed import Wanted
from vino.train.prepare import seed_of

Mixture = Mapping[str, float]

SIDE, FRAMES, TOKENS = 64, 9, 1800
CONCEPTS = (
    *("dog", "banana", "cactus", "doughnut", "basketball", "umbrella", "penguin", "whale"),
    *("crab", "eggplant", "bomb", "koala"),
)
KEYS = tuple(map(concept, CONCEPTS))
WORLD = Vocabulary(
    concepts=KEYS,
    references=KEYS,
    colours=("white", "yellow", "green", "blue", "pink", "red"),
    counts=(1, 1, 2, 2, 3, 4),
)
GENERATOR = MMDiTConfig(
    latent_channels=16, patch=(1, 1, 1), heads=4, head_dim=48, dual_blocks=1, single_blocks=4,
    refiner_blocks=1, context_dim=128, rope_axes=(12, 18, 18), guidance_embed=False,
)  # fmt: skip

BASE: Mixture = {"t2i": 85, "t2v": 15}
ALIGN: Mixture = {"t2i": 65, "t2v": 20, "reconstruct": 10, "i2v": 5}
ANCHOR: Mixture = {"t2i": 45, "t2v": 15, "i2v": 25, "select": 15}
EVERY: Mixture = {
    "remove": 9, "replace": 12, "background": 6, "add": 8, "edit_ref": 15, "subject": 8,
    "subjects": 17, "i2v": 12, "t2i": 10, "t2v": 3,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to build or to train the model.

    about: what is other than in the reference arm. transformer: settings of `MMDiTConfig`.
    shuffle: references in free order in the last stage. staged: False goes straight to it.
    """

    about: str
    queries: int = 16
    transformer: Mapping[str, Any] = field(default_factory=dict)
    references: Given = "both"
    shuffle: bool = False
    staged: bool = True


REFERENCE = "reference"
ARMS: dict[str, Arm] = {
    REFERENCE: Arm(about="as the paper has it, with 16 queries"),
    "queries-0": Arm(about="no queries", queries=0),
    "queries-4": Arm(about="4 queries", queries=4),
    "queries-64": Arm(about="64 queries", queries=64),
    "no-boundaries": Arm(about="no boundary tokens", transformer={"boundaries": False}),
    "direct": Arm(about="the third stage alone, for as many steps", staged=False),
    "states": Arm(about="of references the VLM's states alone", references="states"),
    "latents": Arm(about="of references the latents alone", references="latents"),
    "apart": Arm(about="references apart", transformer={"apart": True}),
    "free-order": Arm(about="references in free order", shuffle=True),
    "shared": Arm(about="RoPE: all from time 0 on, one grid", transformer={"schedule": "shared"}),
    "diagonal": Arm(about="RoPE: grids on a diagonal", transformer={"schedule": "diagonal"}),
}


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How long everything is trained.

    base, align, anchor, every: steps. tokens: of one. log, validation: steps between looks at the
    losses, and held-out examples at the end.
    """

    base: int = 6000
    align: int = 300
    anchor: int = 200
    every: int = 1300
    tokens: int = TOKENS
    log: int = 5
    validation: int = 50

    @property
    def early(self) -> int:
        """Steps of the last stage after which the model is looked at for the first time.

        As many of it as the paper's 1,000 of 16,000.
        """
        return max(1, self.every // 16)


DESK = Scale()


def feeds(wanted: Wanted) -> Loader:
    """The small world without end, packed to the token budget."""
    config, stage = wanted.config, wanted.stage
    corpus = Corpus(
        sources={
            task: WorldSource(task, WORLD, config.seed, size=SIDE, frames=(FRAMES,))
            for task in stage.mixture
        },
        weights=stage.mixture,
        fitting=Fitting(Buckets(area=SIDE**2, unit=wanted.meter.unit, frames=FRAMES), wanted.meter),
        batching=Batching(tokens=config.tokens),
        seed=seed_of(config.seed, stage.name, "data"),
    )
    return Loader(corpus, wanted.rank, wanted.ranks, config.workers)


def validation(wanted: Wanted) -> Sequence[Example]:
    """Held-out examples of every task in turn, the same for every arm and seed."""
    tasks, found = list(EVERY), []
    for i in range(wanted.config.watching.validation):
        number, which = divmod(i, len(tasks))
        source = WorldSource(tasks[which], WORLD, 0, "held-out", SIDE, (FRAMES,))
        found.append(source.example(number, source.outline(number).target))
    return found


def card() -> Card:
    """What the models' folders say."""
    solving = {"steps": 12, "guidance": 3.0, "solver": "multistep", "shift": 2.0}
    sampling = {
        **{kind: solving for kind in ("picture", "picture_edit", "clip", "clip_edit")},
        "size": [SIDE, SIDE],
        "clip_size": [SIDE, SIDE],
        "frames": FRAMES,
        "max_frames": 17,
        "max_area": SIDE**2,
        "fps": FPS,
        "reference_area": SIDE**2,
    }
    origin = Origin("all", "trained on the emoji world", "Apache-2.0")
    return Card(sampling=sampling, licence="Apache-2.0", provenance=(origin,))


def sizes(parts: Vino, queries: int, references: Given = "both") -> ConditionerConfig:
    """Widths between the embedded model's frozen parts and the small generator."""
    return ConditionerConfig(
        vlm_width=parts.vlm.width,
        queries=queries,
        context_dim=GENERATOR.context_dim,
        visual_dim=GENERATOR.width,
        references=references,
    )


def build_base(config: TrainConfig) -> Vino:
    """A new generator behind the embedded model's frozen parts, without queries."""
    parts = checkpoints.read("tiny", dtype=torch.float32).vino()
    torch.manual_seed(config.seed)
    mmdit = MMDiT(GENERATOR)
    zero_start(mmdit)
    return Vino(parts.vlm, Conditioner(sizes(parts, 0)), mmdit, parts.vae)


def build_arm(arm: Arm, base: Path, seed: int) -> Vino:
    """The base's generator as the arm has it, behind new queries and connectors.

    Connectors begin alike in all arms of a seed, and so do as many queries as they share.
    """
    start = checkpoints.read(base, dtype=torch.float32).vino()
    mmdit = MMDiT(replace(start.mmdit.config, **arm.transformer))
    mmdit.load_state_dict(start.mmdit.state_dict())
    torch.manual_seed(seed)
    conditioner = Conditioner(sizes(start, 0, arm.references))
    queries = torch.randn(arm.queries, start.vlm.width) * start.vlm.width**-0.5
    conditioner.config = replace(conditioner.config, queries=arm.queries)
    conditioner.queries = torch.nn.Parameter(queries)
    return Vino(start.vlm, conditioner, mmdit, start.vae)


def _stage(name: str, mixture: Mixture, steps: int, **changes: Any) -> Stage:
    return replace(
        Stage(
            name=name, trainable=EVERYTHING, steps=steps, mixture=mixture, lr=8e-4,
            optimizer="muon", warmup=min(20, steps), ema=0.99, area=SIDE**2, frames=FRAMES,
            shift=3.0, uniform=0.3,
        ),
        **changes,
    )  # fmt: skip


def stages(arm: Arm, scale: Scale) -> tuple[Stage, ...]:
    """The paper's three, or the last one for as many steps."""
    if not arm.staged:
        steps = scale.align + scale.anchor + scale.every
        return (_stage("stage3", EVERY, steps, decay=0.2 * scale.every / steps),)
    align = _stage(
        "stage1", ALIGN, scale.align, trainable=CONNECTORS, optimizer="adamw", lr=1e-3, ema=None
    )
    anchor = _stage("stage2", ANCHOR, scale.anchor)
    return align, anchor, _stage("stage3", EVERY, scale.every, decay=0.2, shuffle=arm.shuffle)


def _config(stages: tuple[Stage, ...], scale: Scale, **settings: Any) -> TrainConfig:
    """A run that looks at held-out examples once, at its end."""
    steps = sum(stage.steps for stage in stages)
    watching = Watching(log=scale.log, validate=steps, samples=0, validation=scale.validation)
    return TrainConfig(
        stages=stages, feeds=feeds, validation=validation, card=card(), tokens=scale.tokens,
        workers=0, watching=watching, **settings,
    )  # fmt: skip


def base_run(out: Path, scale: Scale = DESK) -> TrainConfig:
    """The base that all arms begin from."""
    stage = _stage("base", BASE, scale.base, lr=1.2e-3, warmup=100, decay=0.3, ema=0.999)
    return _config(
        (stage,), scale, out=out, build=build_base, queries=0, saving=Saving(every=250, keep=1)
    )


def arm_run(name: str, seed: int, base: Path, out: Path, scale: Scale = DESK) -> TrainConfig:
    """One arm with one seed: its data, its noise and what is new in it."""
    arm = ARMS[name]
    return _config(
        stages(arm, scale), scale, out=out, seed=seed, queries=arm.queries,
        build=lambda config: build_arm(arm, base, config.seed),
        saving=Saving(every=150, keep=1),
    )  # fmt: skip
