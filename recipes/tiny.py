r"""Train the embedded model from nothing: its parts, a base, and the paper's three stages.

    vino train recipes/tiny.py --out runs/tiny              # one fast core: about a day
    vino train recipes/tiny.py:whole --out runs/whole       # the whole world at 128 pixels: a GPU
    vino train recipes/tiny.py:onward --out runs/onward     # from the shipped weights on
    vino train recipes/tiny.py:smoke --out runs/smoke       # everything for a moment: minutes

What the paper takes ready-made comes first: an autoencoder (`tiny_autoencoder.py`), a
vision-language model (`tiny_vlm.py`) and a base model. Parts that are there already are named
with --vae and --vlm. A run that was stopped goes on where it was, parts included. At full length
the first has not been made: its day is reckoned from about 800,000 samples, ten a second.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import tiny_autoencoder
import tiny_vlm
import torch
import torch.distributed as dist

from vino.checkpoints import Card, Origin, Placement, read_vae, read_vlm
from vino.data.loader import Loader
from vino.data.planner import Corpus
from vino.data.sample import Example
from vino.data.sources.world import WorldSource
from vino.data.world.compose import Split
from vino.data.world.motion import FPS
from vino.data.world.vocabulary import FULL, SECOND_LIGHT, STYLES, Vocabulary
from vino.errors import InputError
from vino.model.autoencoder import AutoencoderConfig
from vino.model.conditioner import Conditioner, ConditionerConfig
from vino.model.mmdit import MMDiT, MMDiTConfig
from vino.model.vino import Vino
from vino.train.begin import zero_start
from vino.train.config import CONNECTORS, EVERYTHING, Parallel, Saving, Stage, TrainConfig, Watching
from vino.train.feed import Wanted, batching
from vino.train.prepare import seed_of
from vino.train.recorded import fitting

Mixture = Mapping[str, float]
Settings = TypeVar("Settings", tiny_autoencoder.Settings, tiny_vlm.Settings)

GENERATOR = MMDiTConfig(
    latent_channels=16, patch=(1, 1, 1), heads=4, head_dim=64, dual_blocks=1, single_blocks=6,
    refiner_blocks=1, context_dim=128, rope_axes=(16, 24, 24), guidance_embed=False,
)  # fmt: skip

QUERIES = 16

BASE: Mixture = {"t2i": 82, "t2v": 18}
ALIGN: Mixture = {"t2v": 20, "t2i": 65, "reconstruct": 10, "i2v": 5}
ANCHOR: Mixture = {"t2i": 50, "t2v": 15, "i2v": 15, "subject": 10, "select": 10}
LIGHT_TASKS: Mixture = {
    "t2i": 70, "t2v": 5, "i2v": 3, "subject": 40, "subjects": 22, "subject_clip": 3,
    "subjects_clip": 1, "select": 0.5,
    "remove": 4, "replace": 6, "background": 1.5, "add": 14, "move": 3.5, "resize": 5,
    "recolour": 2, "look": 4, "extract": 1.5, "edit_ref": 18, "add_ref": 12,
    "clip_remove": 1, "clip_replace": 1, "clip_background": 0.3, "clip_add": 1, "clip_move": 0.5,
    "clip_resize": 0.5, "clip_extract": 0.3, "compose": 5, "clip_compose": 0.3, "clip_add_ref": 0.3,
    "clip_recolour": 0.3, "clip_look": 0.3, "clip_edit_ref": 0.5, "motion_clone": 2,
    "camera_clone": 1.5,
}  # fmt: skip
ALL_TASKS: Mixture = {
    "t2i": 18, "t2v": 8, "i2v": 6, "subject": 8, "subjects": 8, "subject_clip": 4,
    "subjects_clip": 3, "select": 1,
    "remove": 4, "replace": 5, "background": 3, "add": 4, "move": 2, "resize": 2, "recolour": 3,
    "restyle": 2, "look": 2, "extract": 1, "compose": 2, "edit_ref": 4, "add_ref": 2,
    "clip_remove": 1, "clip_replace": 1, "clip_background": 1, "clip_add": 1, "clip_move": 1,
    "clip_resize": 1, "clip_extract": 1, "clip_compose": 1, "clip_recolour": 1,
    "clip_restyle": 1, "clip_look": 1, "clip_edit_ref": 1, "clip_add_ref": 1,
    "motion_clone": 2, "camera_clone": 1,
}  # fmt: skip


SHOWN = replace(SECOND_LIGHT, tint_share=0.5, group_share=0.2)
AUTOENCODER = tiny_autoencoder.Settings(out=Path("autoencoder"))
VLM = tiny_vlm.Settings(out=Path("vlm"))


@dataclass(frozen=True, kw_only=True)
class Desk:
    """How much of the world is learned, and by what.

    vocabulary: what is shown in training; examined: what validation shows, on held-out scenes.
    side: pixels of its media. references: of those that are not edited, in which things are about
        as large as in most scenes. frames: lengths of its clips. tasks: the last stage's mixture.
    autoencoder, vlm: how the parts are trained where none are named.
    """

    vocabulary: Vocabulary = SHOWN
    examined: Vocabulary = SECOND_LIGHT
    side: int = 64
    references: int = 40
    frames: tuple[int, ...] = (9, 17)
    tasks: Mixture = field(default_factory=lambda: LIGHT_TASKS)
    generator: MMDiTConfig = GENERATOR
    autoencoder: tiny_autoencoder.Settings = AUTOENCODER
    vlm: tiny_vlm.Settings = VLM

    def build(self, config: TrainConfig) -> Vino:
        """A new generator behind its parts, which are trained where none are named."""
        self._check(config)
        out = config.out or Path()
        vae_folder = config.vae or part(out, self.autoencoder, tiny_autoencoder.main)
        vlm_folder = config.vlm or part(out, self.vlm, tiny_vlm.main)
        torch.manual_seed(config.seed)  # the same start whether parts were trained just now or not
        wide = Placement(dtype=torch.float32)
        vlm, vae = read_vlm(vlm_folder, placement=wide), read_vae(vae_folder, wide)
        sizes = ConditionerConfig(
            vlm_width=vlm.width,
            queries=QUERIES if config.queries is None else config.queries,
            context_dim=self.generator.context_dim,
            visual_dim=self.generator.width,
        )
        mmdit = MMDiT(replace(self.generator, latent_channels=vae.latent_channels))
        zero_start(mmdit)
        return Vino(vlm, Conditioner(sizes), mmdit, vae)

    def feeds(self, wanted: Wanted) -> Loader:
        """The world without end, packed to the token budget."""
        config, stage = wanted.config, wanted.stage
        self._check(config)
        corpus = Corpus(
            sources={task: self._source(task, config.seed) for task in stage.mixture},
            weights=stage.mixture,
            fitting=fitting(wanted),
            batching=batching(config),
            seed=seed_of(config.seed, stage.name, "data"),
        )
        return Loader(corpus, wanted.rank, wanted.ranks, config.workers)

    def validation(self, wanted: Wanted) -> Sequence[Example]:
        """Held-out scenes of every task in turn."""
        found, tasks = [], list(self.tasks)
        for i in range(wanted.config.watching.validation):
            number, which = divmod(i, len(tasks))
            held = self._source(tasks[which], wanted.config.seed, "held-out")
            shape = fitting(wanted).shape(held.outline(number), tasks[which])
            found.append(held.example(number, shape.bucket))
        return found

    def _check(self, config: TrainConfig) -> None:
        """InputError for settings that would change nothing: examples are drawn, at one size."""
        for name in ("manifest", "held_out", "policy"):
            if getattr(config, name):
                raise InputError(
                    f"{name}: this recipe draws its examples and reads none: leave it out, or "
                    "train with recipes/adapter.py or recipes/full.py"
                )
        for stage in config.stages:
            if stage.area != self.side**2:
                raise InputError(
                    f"{stage.name}.area: this recipe's examples have {self.side**2} pixels, not "
                    f"{stage.area}: leave it as it is"
                )

    def _source(self, task: str, seed: int, split: Split = "train") -> WorldSource:
        shown = self.vocabulary if split == "train" else self.examined
        return WorldSource(task, shown, seed, split, self.side, self.frames)

    def card(self) -> Card:
        """What the model's folder says."""
        solving = {"steps": 12, "guidance": 3.0, "solver": "multistep"}
        sampling = {
            "picture": {**solving, "shift": 1.5},
            "picture_edit": {**solving, "guidance": 2.5, "shift": 1.5},
            **{kind: {**solving, "shift": 2.0} for kind in ("clip", "clip_edit")},
            "size": [self.side, self.side],
            "clip_size": [self.side, self.side],
            "frames": 17,
            "max_frames": 33,
            "max_area": 128 * 128,
            "fps": FPS,
            "reference_area": self.references**2,
            "base_area": self.side**2,
        }
        origin = Origin("all", "trained from nothing on the emoji world", "Apache-2.0")
        return Card(sampling=sampling, licence="Apache-2.0", provenance=(origin,))

    def config(self, stages: tuple[Stage, ...]) -> TrainConfig:
        """A run of these stages."""
        return TrainConfig(
            stages=tuple(
                replace(stage, area=self.side**2, frames=max(self.frames)) for stage in stages
            ),
            feeds=self.feeds,
            validation=self.validation,
            build=self.build,
            card=self.card(),
            tokens=3500,
            workers=1,
            parallel=Parallel(precision="bfloat16"),
            saving=Saving(every=200, keep=2),
            watching=Watching(validation=48),
        )


def part(out: Path, settings: Settings, train: Callable[[Settings], None]) -> str:
    """The folder of a trained part, trained by the first rank if it is not there yet."""
    folder = out / settings.out
    done, is_alone = folder / "done", not dist.is_initialized()
    if not done.exists() and (is_alone or dist.get_rank() == 0):
        train(replace(settings, out=folder))
        done.touch()
    if not is_alone:
        dist.barrier()
    return str(folder / "final")


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
        shift=1.5,
        uniform=0.2,
    )


def stages(tasks: Mixture = LIGHT_TASKS) -> tuple[Stage, ...]:
    """The base and the paper's three."""
    align = replace(
        base(), name="stage1", trainable=CONNECTORS, mixture=ALIGN, steps=1_000, ema=None,
        optimizer="adamw", lr=3e-4,
    )  # fmt: skip
    anchor = replace(base(), name="stage2", mixture=ANCHOR, steps=4_000, lr=8e-4)
    # Above a time of about 0.8 alone the prompt must be read: half of the samples lie there.
    every = replace(
        base(), name="stage3", mixture=tasks, steps=24_000, lr=8e-4, decay=0.3, warmup=200,
        shift=4.0, uniform=0.3,
    )  # fmt: skip
    return base(), align, anchor, every


def recipe() -> TrainConfig:
    """The shipped model's world: 32 named objects in one style at 64 pixels."""
    return Desk().config(stages())


def onward() -> TrainConfig:
    """The last stage alone, from the shipped weights on."""
    return replace(Desk().config(stages()[-1:]), build=None, card=None, model="tiny")


def whole() -> TrainConfig:
    """Every concept, style, motion and task, at 128 pixels: for a GPU.

    A first guess, never run. Its vision-language model is the desk's, which trains on one CPU core
    and has lessons in the flat style alone.
    """
    desk = Desk(
        vocabulary=FULL,
        examined=FULL,
        side=128,
        references=80,
        tasks=ALL_TASKS,
        generator=replace(GENERATOR, heads=5, single_blocks=5),
        autoencoder=replace(
            AUTOENCODER, styles=STYLES, config=AutoencoderConfig(latent_channels=24)
        ),
    )
    return replace(desk.config(stages(ALL_TASKS)), tokens=60_000, workers=8)


def smoke() -> TrainConfig:
    """Parts and every stage for a moment, with everything that a run does."""
    desk = Desk(
        autoencoder=replace(AUTOENCODER, steps=4, frame_budget=2),
        vlm=replace(VLM, sight_minutes=0.02, minutes=0.05, exam=0),
    )
    few = tuple(replace(stage, steps=2, warmup=0) for stage in stages())
    return replace(
        desk.config(few),
        tokens=800,
        saving=Saving(every=3, keep=2),
        watching=Watching(log=1, validate=4, samples=8, validation=4, grid=2, sample_steps=2),
    )
