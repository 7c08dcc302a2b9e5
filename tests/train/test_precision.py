"""Processors with and without bfloat16."""

import pytest
import torch
from torch import nn

from tests.train.fake import recipe
from vino.train import precision
from vino.train.config import Parallel
from vino.train.precision import Muon, affordable, low_precision, multiplies_bfloat16

CPU = torch.device("cpu")


@pytest.fixture(params=[True, False], ids=["with", "without"])
def has_bfloat16(request, monkeypatch):
    monkeypatch.setattr(precision, "multiplies_bfloat16", lambda device: request.param)
    return request.param


def test_passes_are_in_float32_where_there_is_no_bfloat16(has_bfloat16):
    config = recipe(parallel=Parallel(precision="bfloat16"))
    assert affordable(config, CPU).parallel.precision == ("bfloat16" if has_bfloat16 else "float32")
    with low_precision("cpu"):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert (product.dtype == torch.bfloat16) == has_bfloat16


def test_accelerators_have_it():
    assert multiplies_bfloat16(torch.device("cuda"))


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
