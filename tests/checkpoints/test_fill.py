"""Strictness: what is missing, unexpected or of another shape is listed."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from vino.checkpoints.fill import Piece, Placement, Target, empty_weights, fill, same_names
from vino.checkpoints.store import weights_file
from vino.errors import CheckpointError


def empty(count: int = 1) -> nn.Module:
    with empty_weights("test"):
        return nn.Sequential(*(nn.Linear(3, 2) for _ in range(count)))


def file(tmp_path, tensors):
    save_file(tensors, tmp_path / "m.safetensors")
    return weights_file(tmp_path / "m.safetensors")


def test_filled_with_copies_in_the_type_asked(tmp_path):
    wanted = nn.Sequential(nn.Linear(3, 2))
    source = file(tmp_path, wanted.state_dict())
    module = empty().requires_grad_(False)
    fill([same_names(module)], source, Placement(torch.bfloat16))
    (tmp_path / "m.safetensors").write_bytes(b"")  # nothing is read or mapped any more
    assert torch.equal(module[0].weight, wanted[0].weight.bfloat16())
    assert not module[0].weight.requires_grad


def test_memory_format_of_the_module_is_kept(tmp_path):
    conv = nn.Conv2d(4, 4, 3)
    source = file(tmp_path, conv.state_dict())
    with empty_weights("test"):
        module = nn.Conv2d(4, 4, 3).to(memory_format=torch.channels_last)
    fill([same_names(module)], source, Placement())
    assert module.weight.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(module.weight, conv.weight)


def test_faults_are_listed_ten_at_most_with_their_count(tmp_path):
    state = nn.Sequential(*(nn.Linear(3, 2) for _ in range(8))).state_dict()
    state = {n: t for n, t in state.items() if n.startswith("0.")}
    state["0.weight"] = torch.zeros(5)
    source = file(tmp_path, state | {"extra": torch.zeros(1)})
    with pytest.raises(CheckpointError) as error:
        fill([same_names(empty(8))], source, Placement())
    message = str(error.value)
    assert "missing: 14 (1.weight, 1.bias, " in message and "and 4 more)" in message
    assert "unexpected: 1 (extra)" in message
    assert "of another shape: 1 (0.weight is 5, not 2x3)" in message
    assert "\n" not in message and "m.safetensors" in message


def test_unused_names_are_named_not_ignored(tmp_path):
    state = {f"{n}": t for n, t in nn.Sequential(nn.Linear(3, 2)).state_dict().items()}
    source = file(tmp_path, state | {"clip.x": torch.zeros(1)})
    with pytest.raises(CheckpointError, match="unexpected"):
        fill([same_names(empty())], source, Placement())
    fill([same_names(empty())], source, Placement(), lambda name: name.startswith("clip."))


def test_rows_of_a_fused_tensor(tmp_path):
    whole = torch.arange(12.0).reshape(4, 3)
    source = file(tmp_path, {"fused": whole, "b": torch.zeros(2), "c": torch.zeros(2)})
    module = empty(2)
    pieces = {
        "0.weight": Piece("fused", ((2, 4),)), "0.bias": Piece("b"),
        "1.weight": Piece("fused", ((1, 2), (0, 1))), "1.bias": Piece("c"),
    }  # fmt: skip
    fill([Target(module, pieces)], source, Placement())
    assert torch.equal(module[0].weight, whole[2:])
    assert torch.equal(module[1].weight, whole[[1, 0]])


@pytest.mark.parametrize("dtype", [torch.int64, torch.int8, torch.float8_e4m3fn])
def test_quantised_weights_are_refused(tmp_path, dtype):
    state = nn.Sequential(nn.Linear(3, 2)).state_dict()
    source = file(tmp_path, {n: t.to(dtype) for n, t in state.items()})
    with pytest.raises(CheckpointError, match="quantised"):
        fill([same_names(empty())], source, Placement())
