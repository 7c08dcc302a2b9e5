r"""Train VINO at full size: Table 1 and Figure 6 of the paper, to the number.

    torchrun --nproc-per-node 8 -m vino.cli train recipes/full.py --out runs/full \
        --model HunyuanVideo --vlm Qwen3-VL-4B-Instruct --vae HunyuanVideo/vae \
        --manifest data.jsonl

The model to begin from is HunyuanVideo's own (a base: it gets new queries and connectors). What
the paper leaves open is ours: logit-normal times, fully sharded data parallel for ZeRO-2, the
ramp of the averages' decay (it ends at 0.9996 and would pass 0.9999 after 90,000 steps). With
`--one-task false --batch 0 --tokens 80000` steps are packed with mixed tasks instead.
"""

from dataclasses import replace

from vino.train.config import CONNECTORS, EVERYTHING, Parallel, Stage, TrainConfig
from vino.train.recorded import feeds, held_out


def stage1() -> Stage:
    """Align the vision-language model's states with the base model's text space."""
    return Stage(
        name="stage1",
        trainable=CONNECTORS,
        lr=1e-4,
        betas=(0.9, 0.99),
        weight_decay=0.01,
        clip=1.0,
        ema=None,
        steps=20_000,
        area=320 * 320,
        shift=3.0,
        dropout=0.1,
        drop_together=True,
        mixture={"t2v": 45, "t2i": 40, "reconstruct": 10, "i2v": 5},
    )


def stage2() -> Stage:
    """Long and short prompts; the generator learns too."""
    return replace(
        stage1(),
        name="stage2",
        trainable=EVERYTHING,
        lr=4e-5,
        betas=(0.9, 0.95),
        ema=0.9999,
        steps=4_000,
        area=640 * 640,
        shift=5.0,
        mixture={
            "t2v_long": 15,
            "t2v_short": 15,
            "t2i_long": 15,
            "t2i_short": 15,
            "i2v_long": 15,
            "i2v_short": 15,
            "select": 10,
        },
    )


def stage3() -> Stage:
    """Every task."""
    return replace(
        stage2(),
        name="stage3",
        lr=2e-5,
        steps=16_000,
        mixture={
            "image_edit": 46,
            "multi_id_video": 19,
            "video_edit": 13,
            "video_edit_ref": 7,
            "i2v": 5,
            "t2v": 5,
            "t2i": 4,
            "select": 1,
        },
    )


def recipe() -> TrainConfig:
    """The paper's run."""
    return TrainConfig(
        stages=(stage1(), stage2(), stage3()),
        feeds=feeds,
        validation=held_out,
        queries=256,
        batch=1,
        one_task=True,
        parallel=Parallel(precision="bfloat16", recompute=True),
    )
