"""Recipes and overrides: the paper's numbers, typed settings, unknown keys refused."""

from pathlib import Path

import pytest

from vino.errors import InputError
from vino.train.config import Parallel, Stage
from vino.train.overrides import describe, keys, override, read_recipe
from vino.train.parallel import ranks

FULL = str(Path(__file__).parents[2] / "recipes" / "full.py")

# Table 1 of the paper, row by row, and Figure 6.
PAPER = {
    "stage1": dict(
        trainable=("conditioner.*",), lr=1e-4, betas=(0.9, 0.99), weight_decay=0.01, clip=1.0,
        ema=None, steps=20_000, area=320**2, shift=3, dropout=0.1, warmup=0, decay=0,
        optimizer="adamw",
        mixture={"t2v": 45, "t2i": 40, "reconstruct": 10, "i2v": 5},
    ),
    "stage2": dict(
        trainable=("conditioner.*", "mmdit.*"), lr=4e-5, betas=(0.9, 0.95), weight_decay=0.01,
        clip=1.0, ema=0.9999, steps=4_000, area=640**2, shift=5, dropout=0.1, warmup=0, decay=0,
        optimizer="adamw",
        mixture={"t2v_long": 15, "t2v_short": 15, "t2i_long": 15, "t2i_short": 15,
                 "i2v_long": 15, "i2v_short": 15, "select": 10},
    ),
    "stage3": dict(
        trainable=("conditioner.*", "mmdit.*"), lr=2e-5, betas=(0.9, 0.95), weight_decay=0.01,
        clip=1.0, ema=0.9999, steps=16_000, area=640**2, shift=5, dropout=0.1, warmup=0, decay=0,
        optimizer="adamw",
        mixture={"image_edit": 46, "multi_id_video": 19, "video_edit": 13, "video_edit_ref": 7,
                 "i2v": 5, "t2v": 5, "t2i": 4, "select": 1},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def full():
    return read_recipe(FULL)


def test_full_recipe_is_the_papers_table(full):
    assert [stage.name for stage in full.stages] == list(PAPER)
    for stage in full.stages:
        for key, value in PAPER[stage.name].items():
            assert getattr(stage, key) == value, (stage.name, key)
        assert sum(stage.mixture.values()) == 100
    assert (full.queries, full.batch, full.parallel.recompute) == (256, 1, True)
    assert full.one_task and all(s.drop_together for s in full.stages)


def test_rate_is_constant_unless_told(full):
    assert {full.stages[0].rate(s) for s in (0, 1, 19_999)} == {1e-4}
    stage = Stage(
        name="a", trainable=("*",), steps=10, mixture={"t2i": 1}, lr=1.0, warmup=2, decay=0.5
    )
    assert [round(stage.rate(s), 2) for s in range(10)] == [
        0.5, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2,
    ]  # fmt: skip


def test_overrides_are_typed(full):
    words = (
        "--seed 3 --out runs/a --saving.every=50 --stage2.lr 1e-5 --stages.steps 7 "
        "--stage3.mixture.t2i 40 --stage3.lengths.i2v 33 --stage2.ema none --stage1.betas 0.8,0.9 "
        "--parallel.precision float32 --parallel.recompute false"
    )
    changed = override(full, words.split())
    assert changed.seed == 3 and changed.out == Path("runs/a") and changed.saving.every == 50
    assert [s.steps for s in changed.stages] == [7, 7, 7]
    assert [s.lr for s in changed.stages] == [1e-4, 1e-5, 2e-5]
    assert changed.stages[2].lengths == {"i2v": 33}
    assert changed.stages[2].mixture["t2i"] == 40 and changed.stages[1].ema is None
    assert changed.stages[0].betas == (0.8, 0.9)
    assert changed.parallel.precision == "float32" and not changed.parallel.recompute
    assert full.seed == 0, "the recipe itself is a value"


@pytest.mark.parametrize(
    "words, said",
    [
        ("--sed 3", "unknown setting --sed: did you mean seed?"),
        ("--stage1.learning_rate 3", "unknown setting --stage1.learning_rate"),
        ("--stage4.lr 3", "did you mean stage"),
        ("--saving 3", "--saving is no single setting"),
        ("--seed x", '--seed cannot be "x": it takes a whole number'),
        ("--seed", "--seed needs a value"),
        ("seed 3", '"seed" is not a setting'),
        ("--parallel.precision half", "it takes float32 or bfloat16"),
        ("--stage1.ema 2", "ema must be from 0 to 1"),
        ("--stage1.shift nan", "shift and clip must be above 0"),
        ("--stage1.warmup -5", "warmup must be from 0"),
        ("--seed -1", "seed must be from 0"),
        ("--stage1.weight-decay -1", "weight_decay must be from 0"),
        ("--stage1.betas 0.9,1.5", "stage1: betas must be from 0 to below 1"),
        ("--stage1.area 0", "area must be from 1"),
        ("--stage1.frames -3", "frames must be from 1"),
        ("--stage1.mixture.t2i nan", "the mixture needs"),
        ("--reference-frames 0", "reference_frames must be from 1"),
        ("--cache-gb nan", "cache_gb must be from 0"),
        ("--parallel.sequence 0", "sequence must be from 1"),
        ("--parallel.shard -1", "shard must be from 0"),
        ("--watching.log -1", "watching: log, validate, samples and validation must be at least 0"),
        ("--watching.grid 0", "watching: grid and sample_steps must be at least 1"),
        ("--lora.rank -1", "lora: rank must be at least 0"),
        ("--lora.alpha 0", "alpha at least 1"),
        ("--lora.dropout 2", "dropout from 0 to below 1"),
        ("--saving.export -1", "export at least 0"),
        ("--queries -1", "queries must be from 0"),
        ("--feeds 1", "unknown setting"),
        ("--stage1.betas 0.9", "numbers separated by commas"),
        ("--stage1 5", "unknown setting"),
    ],
)
def test_wrong_settings_are_refused_in_one_line(full, words, said):
    with pytest.raises(InputError) as caught:
        override(full, words.split())
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_every_listed_key_can_be_set(full):
    known = list(keys(full))
    assert "stage1.lr" in known and "saving.every" in known
    assert not [key for key in known if key.startswith(("feeds", "card", "build", "validation"))]
    for key in known:
        with pytest.raises(InputError):
            override(full, [f"--{key}"])


@pytest.mark.parametrize(
    "name, said",
    [
        ("nowhere.py", "no such recipe"),
        (f"{FULL}:other", "must return a TrainConfig"),
        (f"{FULL}:stage1", "must return a TrainConfig"),
    ],
)
def test_recipes_that_are_none(name, said):
    with pytest.raises(InputError, match=said):
        read_recipe(name)


def test_describe_is_json(full):
    shown = describe(full)
    assert shown["stages"][0]["mixture"]["t2v"] == 45 and "feeds" not in shown


def test_devices_that_are_none():
    with pytest.raises(InputError, match='no device "gpu" here'), ranks(Parallel(), "gpu"):
        pass


@pytest.mark.parametrize("name", ["shard", "sequence"])
def test_ranks_that_are_not_there_are_missed(name):
    said = f"{name} 2 does not divide the number of ranks, 1: .* torchrun"
    with pytest.raises(InputError, match=said), ranks(Parallel(**{name: 2}), "cpu"):
        pass
    with ranks(Parallel(**{name: 1}), "cpu") as alone:
        assert alone.size == 1
