"""Processors with and without bfloat16."""

import json

import pytest
import torch
from torch import nn

from tests.train.fake import recipe
from vino import checkpoints
from vino.errors import CheckpointError
from vino.train import precision
from vino.train.begin import begin
from vino.train.config import Parallel
from vino.train.loop import train
from vino.train.parallel import Ranks
from vino.train.precision import Muon, affordable, low_precision, multiplies_bfloat16


@pytest.fixture(params=[True, False], ids=["with", "without"])
def has_bfloat16(request, monkeypatch):
    monkeypatch.setattr(precision, "multiplies_bfloat16", lambda device: request.param)
    return request.param


def test_passes_are_in_float32_where_there_is_no_bfloat16(has_bfloat16):
    config = recipe(parallel=Parallel(precision="bfloat16"))
    alone = Ranks(0, 1, torch.device("cpu"))
    wanted = "bfloat16" if has_bfloat16 else "float32"
    assert affordable(config, alone).parallel.precision == wanted
    with low_precision("cpu"):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert (product.dtype == torch.bfloat16) == has_bfloat16


def test_a_run_says_what_it_computes_in(has_bfloat16, tmp_path):
    config = recipe(out=tmp_path, parallel=Parallel(precision="bfloat16"))
    train(config, Ranks(0, 1, torch.device("cpu")))
    told = json.loads((tmp_path / "config.json").read_text())["parallel"]["precision"]
    assert told == ("bfloat16" if has_bfloat16 else "float32")


@pytest.mark.parametrize("native", [True, False])
def test_graphics_processors_are_asked_and_other_accelerators_have_it(native, monkeypatch):
    """Older ones emulate it, and say that they support it unless they are asked without that."""
    ask = lambda including_emulation=True: including_emulation or native  # noqa: E731
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", ask)
    assert multiplies_bfloat16(torch.device("cuda")) == native
    assert multiplies_bfloat16(torch.device("mps"))


@pytest.mark.parametrize("name", ["bfloat16", "float32"])
def test_frozen_parts_are_of_the_passes_type(name, monkeypatch):
    """On an accelerator: outside of autocast nothing would bring them together."""
    asked = []

    def read(model, *, dtype, **options):
        asked.append(dtype)
        raise CheckpointError("that was all")

    monkeypatch.setattr(checkpoints, "read", read)
    config = recipe(build=None, model="tiny", parallel=Parallel(precision=name))
    with pytest.raises(CheckpointError):
        begin(config, torch.device("cuda"))
    assert asked == [getattr(torch, name)]


@pytest.mark.parametrize("shape", [(24, 8), (8, 24)])
def test_muon_steps_as_pytorchs_does(shape, has_bfloat16):
    torch.manual_seed(0)
    start, gradients = torch.randn(shape), torch.randn(3, *shape)
    moved = []
    for kind in (
        lambda p: Muon(p, lr=0.1, weight_decay=0.2),
        lambda p: torch.optim.Muon(p, 0.1, 0.2, adjust_lr_fn="match_rms_adamw"),
    ):
        matrix = nn.Parameter(start.clone())
        optimizer = kind([matrix])
        for gradient in gradients:
            matrix.grad = gradient.clone()
            optimizer.step()
        moved.append((matrix.detach(), optimizer.state[matrix]["momentum_buffer"]))
    (ours, momentum), (theirs, wanted) = moved
    torch.testing.assert_close(momentum, wanted)
    torch.testing.assert_close(ours, theirs, atol=0.01, rtol=0)  # theirs is rounded to bfloat16
