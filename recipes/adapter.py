"""Teach a model examples of your own, with a low-rank adapter beside weights that stay.

    vino train recipes/adapter.py --model ./vino-13b --manifest pairs --out runs/mine
    vino train recipes/adapter.py:tiny --manifest pairs --out runs/mine     # the embedded model
    vino generate "..." --lora runs/mine/adapter

The mixture names the tasks of the manifest's records; those of `vino augment` are image_edit and
video_edit.
"""

from dataclasses import replace

from vino.train.config import ADAPTERS, Lora, Parallel, Stage, TrainConfig, Watching
from vino.train.recorded import feeds, held_out


def stage() -> Stage:
    """Adapters alone learn."""
    return Stage(
        name="adapter",
        trainable=ADAPTERS,
        lr=1e-4,
        warmup=20,
        ema=None,
        steps=1_000,
        area=640 * 640,
        shift=5.0,
        dropout=0.1,
        mixture={"image_edit": 1},
    )


def recipe() -> TrainConfig:
    """At the published model's size."""
    return TrainConfig(
        stages=(stage(),),
        feeds=feeds,
        validation=held_out,
        lora=Lora(rank=16),
        parallel=Parallel(recompute=True),
        watching=Watching(validate=200, samples=500),  # where --held-out names examples
    )


def tiny() -> TrainConfig:
    """At the embedded model's."""
    small = replace(stage(), area=64 * 64, lr=1e-3, shift=1.5)
    return replace(recipe(), stages=(small,), model="tiny", batch=4, parallel=Parallel())
