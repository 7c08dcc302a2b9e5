"""Modules built without memory, then filled tensor by tensor from a checkpoint, strictly."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from accelerate import init_empty_weights
from torch import Tensor, nn
from transformers import PreTrainedModel

from vino.checkpoints.store import Shape, Watch, Weights, first_line, listed
from vino.errors import CheckpointError


@dataclass(frozen=True)
class Placement:
    """How weights are wanted: their type (None: as stored) and device."""

    dtype: torch.dtype | None = None
    device: torch.device | str = "cpu"
    watch: Watch | None = None


@dataclass(frozen=True)
class Piece:
    """Where one of our tensors lies: a tensor of the checkpoint and, if fused, which of its rows.

    rows: ranges (start, end) along the first axis, in our order; empty for the whole tensor.
    """

    name: str
    rows: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, eq=False)
class Target:
    """A module on the meta device and the piece of the checkpoint for each of its tensors.

    Tensors without a piece must be tied to one that has it.
    """

    module: nn.Module
    pieces: Mapping[str, Piece]


@contextmanager
def empty_weights(what: object) -> Iterator[None]:
    """Modules built inside have parameters on the meta device and real buffers.

    `what` names the source of the config in the CheckpointError raised when it builds nothing.
    """
    try:
        with init_empty_weights(include_buffers=False):
            yield
    except CheckpointError:
        raise
    except Exception as error:  # whatever a foreign config makes the builders trip over
        raise CheckpointError(f"{what}: its config builds no model ({first_line(error)})") from None


def same_names(module: nn.Module, except_for: Iterable[str] = ()) -> Target:
    """The checkpoint has the module's own names."""
    left_out = set(except_for)
    return Target(module, {n: Piece(n) for n in module.state_dict() if n not in left_out})


@torch.no_grad()
def fill(
    targets: Sequence[Target],
    source: Weights,
    placement: Placement,
    unused: Callable[[str], bool] = lambda name: False,
) -> None:
    """Give every target its tensors; every tensor of the source is used or named unused.

    Raises CheckpointError that lists what is missing, unexpected or of another shape.
    """
    wanted: dict[str, list[_Slot]] = {}
    for target in targets:
        tensors = target.module.state_dict()
        for key, piece in target.pieces.items():
            slot = _Slot(target, key, tensors[key], piece.rows)
            wanted.setdefault(piece.name, []).append(slot)
    _check(source, {name: _whole_shape(slots) for name, slots in wanted.items()}, unused)
    filled: dict[int, dict[str, Tensor]] = {id(target): {} for target in targets}
    done = 0
    for name, tensor in source.stream(wanted):
        _check_type(source, name, tensor)
        for slot in wanted[name]:
            filled[id(slot.target)][slot.key] = slot.taken(tensor, placement)
        done += tensor.nbytes
        if placement.watch:
            placement.watch(f"reading {source.title.name}", min(done, source.bytes), source.bytes)
    for target in targets:
        target.module.load_state_dict(filled[id(target)], strict=False, assign=True)
        if isinstance(target.module, PreTrainedModel):
            target.module.tie_weights()
        target.module.to(placement.device)  # buffers that no checkpoint holds


@dataclass(frozen=True, eq=False)
class _Slot:
    """One tensor of a module that waits for its values."""

    target: Target
    key: str
    like: Tensor
    rows: tuple[tuple[int, int], ...]

    def taken(self, tensor: Tensor, placement: Placement) -> Tensor:
        """A copy of this slot's share of `tensor`, in memory of its own."""
        dtype = placement.dtype or tensor.dtype
        fresh = torch.empty_like(self.like, dtype=dtype, device=placement.device)
        if not self.rows:
            return fresh.copy_(tensor)
        at = 0
        for start, end in self.rows:
            fresh[at : at + end - start].copy_(tensor[start:end])
            at += end - start
        return fresh


def _whole_shape(slots: Sequence[_Slot]) -> Shape:
    """Shape of the checkpoint's tensor, to which fused rows contribute their ends."""
    own = tuple(slots[0].like.shape)
    ends = [end for slot in slots for _, end in slot.rows]
    return (max(ends), *own[1:]) if ends else own


def _check(source: Weights, expected: Mapping[str, Shape], unused: Callable[[str], bool]) -> None:
    shapes = source.shapes
    missing = [name for name in expected if name not in shapes]
    unexpected = [name for name in shapes if name not in expected and not unused(name)]
    wrong = [
        f"{name} is {_by(shapes[name])}, not {_by(shape)}"
        for name, shape in expected.items()
        if name in shapes and shapes[name] != shape
    ]
    faults = (("missing", missing), ("unexpected", unexpected), ("of another shape", wrong))
    if said := "; ".join(f"{what}: {listed(names)}" for what, names in faults if names):
        raise CheckpointError(f"{source.title}: not the weights of this model. Tensors {said}")


def _check_type(source: Weights, name: str, tensor: Tensor) -> None:
    if not tensor.is_floating_point() or tensor.itemsize < 2:
        raise CheckpointError(
            f"{source.title}: tensor {name} is {str(tensor.dtype).removeprefix('torch.')}; "
            "quantised checkpoints are not read, use the float or bfloat16 one"
        )


def _by(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "a single number"
