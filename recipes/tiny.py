r"""Train the embedded generator on the emoji world: the paper's stages at desk scale.

    vino train recipes/tiny.py --vlm runs/vlm/final --vae runs/autoencoder/final --out runs/tiny
    vino train recipes/tiny.py:smoke --vlm ... --vae ... --out runs/smoke     # minutes

Before the paper's three stages comes the base model that the paper takes ready-made. The
vision-language model and the autoencoder are trained by `tiny_vlm.py` and `tiny_autoencoder.py`.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch

from vino.checkpoints import Card, Origin, Placement, read_vae, read_vlm
from vino.data.buckets import Buckets, Fitting
from vino.data.loader import Loader
from vino.data.packing import Batching
from vino.data.planner import Corpus
from vino.data.sample import Example
from vino.data.sources.world import WorldSource
from vino.data.world.compose import Split
from vino.data.world.vocabulary import FIRST_LIGHT
from vino.errors import InputError
from vino.model.conditioner import Conditioner, ConditionerConfig
from vino.model.mmdit import MMDiT, MMDiTConfig
from vino.model.vino import Vino
from vino.train.begin import zero_start
from vino.train.config import CONNECTORS, EVERYTHING, Parallel, Saving, Stage, TrainConfig, Watching
from vino.train.feed import Wanted
from vino.train.prepare import seed_of

SIDE = 64  # pixels
FRAMES = (9, 17)  # lengths of clips
LEARNED = replace(FIRST_LIGHT, in_place_share=0.4)

GENERATOR = MMDiTConfig(
    latent_channels=16, patch=(1, 1, 1), heads=4, head_dim=64, dual_blocks=1, single_blocks=6,
    refiner_blocks=1, context_dim=128, rope_axes=(16, 24, 24), guidance_embed=False,
)  # fmt: skip

BASE = {"t2i": 82, "t2v": 18}
ALIGN = {"t2v": 20, "t2i": 65, "reconstruct": 10, "i2v": 5}
ANCHOR = {"t2i": 55, "t2v": 15, "i2v": 15, "subject": 5, "select": 10}
ALL = {
    "t2i": 25, "t2v": 9, "i2v": 9, "subject": 15, "subject_clip": 8, "select": 1,
    "reconstruct": 1, "remove": 7, "replace": 8, "background": 3, "add": 7, "edit_ref": 7,
}  # fmt: skip

SAMPLING = {
    **{
        kind: {"steps": 24, "guidance": 3.0, "shift": shift, "solver": "multistep"}
        for kind, shift in (
            ("picture", 1.5), ("picture_edit", 1.5), ("clip", 2.0), ("clip_edit", 2.0)
        )
    },
    "size": [SIDE, SIDE],
    "clip_size": [SIDE, SIDE],
    "frames": 17,
    "max_frames": 33,
    "max_area": 128 * 128,
    "fps": 12.0,
    "reference_area": SIDE * SIDE,
}  # fmt: skip


def base() -> Stage:
    """Words and places, then motion: what the paper's base model already knows."""
    return Stage(
        name="base",
        trainable=EVERYTHING,
        steps=12_000,
        mixture=BASE,
        lr=1.2e-3,
        optimizer="muon",
        warmup=100,
        ema=0.999,
        area=SIDE * SIDE,
        frames=max(FRAMES),
        shift=1.5,
        uniform=0.2,
    )


def stages() -> tuple[Stage, ...]:
    """The base and the paper's three."""
    align = replace(
        base(), name="stage1", trainable=CONNECTORS, mixture=ALIGN, steps=1_000, ema=None,
        optimizer="adamw", lr=3e-4,
    )  # fmt: skip
    anchor = replace(base(), name="stage2", mixture=ANCHOR, steps=4_000, lr=6e-4)
    every = replace(base(), name="stage3", mixture=ALL, steps=24_000, lr=6e-4, decay=0.3)
    return base(), align, anchor, every


def build(config: TrainConfig) -> Vino:
    """A new generator behind the trained parts."""
    if not config.vlm or not config.vae:
        raise InputError("name the folders of the trained parts with --vlm and --vae")
    wide = Placement(dtype=torch.float32)
    vlm, vae = read_vlm(config.vlm, placement=wide), read_vae(config.vae, wide)
    sizes = ConditionerConfig(
        vlm_width=vlm.width,
        queries=config.queries,
        context_dim=GENERATOR.context_dim,
        visual_dim=GENERATOR.width,
    )
    mmdit = MMDiT(replace(GENERATOR, latent_channels=vae.latent_channels))
    zero_start(mmdit)
    return Vino(vlm, Conditioner(sizes), mmdit, vae)


def source(task: str, config: TrainConfig, split: Split = "train") -> WorldSource:
    vocabulary = LEARNED if split == "train" else FIRST_LIGHT
    return WorldSource(task, vocabulary, config.seed, split, SIDE, FRAMES)


def feeds(wanted: Wanted) -> Loader:
    """The world without end, packed to the token budget."""
    config, stage = wanted.config, wanted.stage
    corpus = Corpus(
        sources={task: source(task, config) for task in stage.mixture},
        weights=stage.mixture,
        fitting=_fitting(wanted),
        batching=Batching(tokens=config.tokens, micro_batches=config.accumulate),
        seed=seed_of(config.seed, stage.name, "data"),
    )
    return Loader(corpus, wanted.rank, wanted.ranks, config.workers)


def validation(wanted: Wanted) -> Sequence[Example]:
    """Held-out scenes of every task in turn."""
    tasks = list(ALL)
    found = []
    for i in range(wanted.config.watching.validation):
        task = tasks[i % len(tasks)]
        held = source(task, wanted.config, "held-out")
        number = i // len(tasks)
        shape = _fitting(wanted).shape(held.outline(number), task)
        found.append(held.example(number, shape.bucket))
    return found


def _fitting(wanted: Wanted) -> Fitting:
    unit = wanted.meter.unit
    return Fitting(Buckets(area=SIDE * SIDE, unit=unit, frames=max(FRAMES)), wanted.meter)


def recipe() -> TrainConfig:
    """One GPU and an hour, or one CPU and a weekend."""
    return TrainConfig(
        stages=stages(),
        feeds=feeds,
        validation=validation,
        build=build,
        card=Card(
            sampling=SAMPLING,
            licence="Apache-2.0",
            provenance=(Origin("all", "trained from nothing on the emoji world", "Apache-2.0"),),
        ),
        queries=16,
        tokens=3500,
        workers=1,
        parallel=Parallel(precision="bfloat16"),
        saving=Saving(every=500, keep=2, export=2000),
    )


def onward() -> TrainConfig:
    """The last stage alone, from the embedded weights on: to train them further, or on others."""
    return replace(recipe(), build=None, model="tiny", stages=(stages()[-1],))


def smoke() -> TrainConfig:
    """Every stage for two steps, with everything that a run does."""
    few = tuple(replace(stage, steps=2, warmup=0) for stage in stages())
    return replace(
        recipe(),
        stages=few,
        tokens=800,
        saving=Saving(every=3, keep=2),
        watching=Watching(log=1, validate=4, samples=8, validation=4, grid=2, sample_steps=2),
    )
