"""Adapters: trained, resumed, saved as peft saves, added at generation with a strength."""

import json
import re
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests import tiny
from tests.train.fake import STAGE, recipe
from vino import generate
from vino.checkpoints import Adapter, Card, Checkpoint, merge, write_native
from vino.errors import CheckpointError, InputError
from vino.train.config import ADAPTERS, Lora, Watching
from vino.train.log import read_lines
from vino.train.loop import Run, train
from vino.train.parallel import Ranks

ALONE = Ranks(0, 1, torch.device("cpu"))
CONFIG = recipe(
    stages=(replace(STAGE, trainable=ADAPTERS, steps=3, lr=0.05, ema=None),),
    lora=Lora(rank=2, alpha=4),
    watching=Watching(log=1, validate=0, samples=3, grid=2, sample_steps=1),
)


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    out = tmp_path_factory.mktemp("lora")
    with warnings.catch_warnings(action="ignore"):
        return train(replace(CONFIG, out=out), ALONE)


def weight(vino):
    return vino.mmdit.single_blocks[0].qkv.q.weight.detach().clone()


def test_only_adapters_learn_and_they_begin_as_no_change(tmp_path, adapter):
    plain = replace(CONFIG, lora=Lora(), out=tmp_path)
    with warnings.catch_warnings(action="ignore"):
        train(replace(plain, stages=(replace(STAGE, steps=1),)), ALONE)
    first, later = (read_lines(p)[0]["loss"] for p in (tmp_path, adapter.parent))
    assert first == pytest.approx(later, rel=1e-6)
    norms = read_lines(adapter.parent)[0]["norms"]
    assert set(norms) == {"all", "mmdit.dual_blocks", "mmdit.single_blocks"}
    assert (adapter.parent / "samples" / "step-00000003-raw.png").exists()


def test_strengths_scale_and_adapters_add_up(adapter):
    base = weight(tiny.vino())
    changes = []
    for strengths in ([1.0], [0.5], [0.25, 0.25], [0.0]):
        vino = tiny.vino()
        merge(vino, [Adapter(adapter, s) for s in strengths])
        changes.append(weight(vino) - base)
    whole, half, quarters, none = changes
    assert whole.abs().max() > 1e-3 and none.abs().max() == 0
    torch.testing.assert_close(half, whole / 2)
    torch.testing.assert_close(quarters, half)


def test_peft_reads_it_and_agrees(adapter):
    """peft's own forward with these files equals ours with the sum."""
    from peft import LoraConfig, inject_adapter_in_model, set_peft_model_state_dict
    from safetensors.torch import load_file

    settings = json.loads((adapter / "adapter_config.json").read_text())
    settings.pop("peft_type")
    theirs, ours = tiny.vino(), tiny.vino()
    inject_adapter_in_model(LoraConfig(**settings), theirs)
    told = set_peft_model_state_dict(theirs, load_file(adapter / "adapter_model.safetensors"))
    assert not told.unexpected_keys
    merge(ours, [Adapter(adapter)])
    x = torch.randn(3, 32)
    expected = theirs.mmdit.single_blocks[1].mlp_up(x)
    torch.testing.assert_close(ours.mmdit.single_blocks[1].mlp_up(x), expected)


def test_generation_takes_adapters(adapter, tmp_path):
    card = Card(sampling=CONFIG.card.sampling, licence="Apache-2.0")
    folder = write_native(tmp_path / "base", Checkpoint.of(tiny.vino(), card))
    made = {}
    for strength in (0.0, 1.0):
        model = generate.load(folder, lora={adapter: strength}, device="cpu")
        made[strength] = model.generate("thing", steps=2)
    plain = generate.load(folder, device="cpu").generate("thing", steps=2)
    assert np.array_equal(made[0.0].pixels, plain.pixels)
    assert not np.array_equal(made[1.0].pixels, plain.pixels)
    told = made[1.0].recipe["model"]["lora"][0]
    assert told["name"] == "adapter" and told["strength"] == 1.0


def test_a_run_of_adapters_resumes(adapter, tmp_path):
    config = replace(CONFIG, out=tmp_path)
    with warnings.catch_warnings(action="ignore"):
        with pytest.raises(KeyboardInterrupt):
            train(config, ALONE, stop=lambda: len(read_lines(tmp_path)) == 2)
        train(config, ALONE)
    logs = [[line["loss"] for line in read_lines(p)] for p in (tmp_path, adapter.parent)]
    assert logs[0] == logs[1]


def test_mistakes(adapter, tmp_path):
    with pytest.raises(InputError, match="is no adapter"):
        merge(tiny.vino(), [Adapter(tmp_path)])
    for targets, said in (("nothing", "not found in the base model"), ("mmdit(", "unterminated")):
        with pytest.raises(InputError, match=f'"{re.escape(targets)}": .*{said}'):
            Run(replace(CONFIG, out=tmp_path, lora=Lora(rank=2, targets=targets)), ALONE)
    other = tiny.vino()
    other.mmdit.single_blocks = other.mmdit.single_blocks[:1]
    before = weight(other)
    with pytest.raises(CheckpointError, match="trained on another"):
        merge(other, [Adapter(adapter)])
    assert torch.equal(weight(other), before)


def test_damaged_adapters_change_nothing(adapter, tmp_path):
    """A good one before it is not added either; every message names the file, and what is wrong."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(adapter / "adapter_model.safetensors")
    name = next(n for n in tensors if n.endswith(".lora_A.weight"))
    matrix, a = name.removesuffix(".lora_A.weight"), tensors[name]
    settings = json.loads((adapter / "adapter_config.json").read_text())
    bad = (
        ({name: a[0].clone()}, {}, 1.0, matrix),
        ({name: a[:1].clone()}, {}, 1.0, matrix),
        ({name: a[:, 1:].clone()}, {}, 1.0, f"{matrix} as .* trained on another"),
        ({}, {"lora_alpha": float("inf")}, 1.0, "lora_alpha"),
        ({}, {"lora_alpha": 10**400}, 1.0, "lora_alpha"),
        ({}, {}, float("nan"), "strength"),
    )
    for i, (changed, configured, strength, words) in enumerate(bad):
        folder = tmp_path / f"bad{i}"
        folder.mkdir()
        save_file(tensors | changed, folder / "adapter_model.safetensors")
        (folder / "adapter_config.json").write_text(json.dumps(settings | configured))
        vino = tiny.vino()
        with pytest.raises((CheckpointError, InputError), match=f"bad{i}.*{words}"):
            merge(vino, [Adapter(adapter), Adapter(folder, strength)])
        assert torch.equal(weight(vino), weight(tiny.vino()))
    empty = {n: t[:0] if ".lora_A." in n else t[:, :0].clone() for n, t in tensors.items()}
    save_file(empty, folder / "adapter_model.safetensors")
    with pytest.raises(CheckpointError, match="rank"):
        merge(vino, [Adapter(folder)])


def test_one_matrix_at_a_time_is_in_memory(adapter, monkeypatch):
    """The sum of one weight is gone before the next one is made."""
    import weakref

    from vino.checkpoints import lora

    made, alive = [], []

    def spy(weight, changes):
        alive.append(sum(ref() is not None for ref in made))
        result = real(weight, changes)
        made.append(weakref.ref(result))
        return result

    real = lora.added
    monkeypatch.setattr(lora, "added", spy)
    merge(tiny.vino(), [Adapter(adapter), Adapter(adapter, 0.5)])
    assert len(made) > 10 and max(alive) == 0


def test_the_command_line_takes_adapters(adapter, tmp_path, capsys):
    from vino.cli import main

    folder = write_native(tmp_path / "base", Checkpoint.of(tiny.vino(), CONFIG.card))
    out = tmp_path / "a.png"
    words = f"--model {folder} --lora {adapter}:0.5 --steps 1 --device cpu -q -o {out}"
    assert main(["generate", "thing", *words.split()]) == 0 and out.exists()
    words = f"--model {folder} --lora {tmp_path / 'none'} -o {out}"
    assert main(["generate", "thing", *words.split()]) == 2
    assert "is no adapter" in capsys.readouterr().err
