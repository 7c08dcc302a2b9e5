"""Low-rank adapters (LoRA, arXiv 2106.09685): small changes of a model, added when it is loaded.

A folder as peft writes it: adapter_config.json and adapter_model.safetensors. The change of a
matrix is strength x scale x B A; several adapters simply add up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vino.checkpoints.save import file_hash
from vino.checkpoints.store import listed, read_json, weights_file
from vino.errors import CheckpointError, InputError
from vino.model.vino import Vino

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
PARTS = ("conditioner", "mmdit")
PEFT_PREFIX = "base_model.model."  # what peft puts before names when it wraps a whole model
A, B = ".lora_A.weight", ".lora_B.weight"
NOT_PLAIN = ("use_dora", "fan_in_fan_out", "modules_to_save", "rank_pattern", "alpha_pattern")

Change = tuple[float, Tensor, Tensor]  # scale, A (rank, inputs), B (outputs, rank)


@dataclass(frozen=True)
class Adapter:
    """An adapter's folder, and how strongly it is applied; 1 is as it was trained."""

    folder: Path
    strength: float = 1.0

    @property
    def identity(self) -> dict[str, Any]:
        """What a recipe says of it."""
        return {
            "name": self.folder.name,
            "hash": file_hash(self.folder / WEIGHTS),
            "strength": self.strength,
        }


@torch.no_grad()
def merge(vino: Vino, adapters: Iterable[Adapter]) -> None:
    """Add adapters to a model's weights; CheckpointError when one is of another model."""
    changes: dict[Tensor, list[Change]] = {}
    for adapter in adapters:
        file = adapter.folder / WEIGHTS
        for name, (scale, a, b) in read_changes(adapter).items():
            weight, shape = _linear(vino, name, file).weight, (len(b), a.shape[1])
            if weight.shape != shape:
                raise CheckpointError(
                    f"{file}: changes {name} as {shape}, which is {tuple(weight.shape)} here: "
                    "it was trained on another model"
                )
            changes.setdefault(weight, []).append((scale, a, b))
    for weight, parts in changes.items():  # they all fit: a model is changed whole or not at all
        weight.copy_(added(weight, parts))


def added(weight: Tensor, changes: Iterable[Change]) -> Tensor:
    """The weight and all its changes, summed in float32 on its device."""
    total = torch.zeros_like(weight, dtype=torch.float32)
    for scale, a, b in changes:
        total += scale * (b.to(total) @ a.to(total))
    return (weight.float() + total).to(weight.dtype)


def read_changes(adapter: Adapter) -> dict[str, Change]:
    """What an adapter adds to every matrix, by the name of its module."""
    folder, strength = adapter.folder, adapter.strength
    if not (folder / CONFIG).is_file() or not (folder / WEIGHTS).is_file():
        raise InputError(f"{folder}: is no adapter; it needs {CONFIG} and {WEIGHTS}")
    if not _is_finite(strength):
        raise InputError(f"{folder}: its strength must be a finite number, not {strength!r}")
    config = read_json(folder / CONFIG)
    if unknown := [name for name in NOT_PLAIN if config.get(name)]:
        raise CheckpointError(f"{folder / CONFIG}: {listed(unknown)} of adapters is not supported")
    pairs = _pairs(folder)
    for name, (a, b) in pairs.items():
        if not a.ndim == b.ndim == 2 or not len(a) == b.shape[1] > 0:
            raise CheckpointError(
                f"{folder / WEIGHTS}: A {tuple(a.shape)} and B {tuple(b.shape)} of {name} are not "
                "(rank, inputs) and (outputs, rank); get the adapter again"
            )
    return {
        name: (strength * _scale(config, len(a), folder), a, b) for name, (a, b) in pairs.items()
    }


def _pairs(folder: Path) -> dict[str, tuple[Tensor, Tensor]]:
    weights = weights_file(folder / WEIGHTS)
    tensors = {
        name.removeprefix(PEFT_PREFIX): tensor.clone()
        for name, tensor in weights.stream(weights.shapes)
    }
    names = {name.removesuffix(A) for name in tensors if name.endswith(A)}
    if odd := sorted(set(tensors) - {n + end for n in names for end in (A, B)}):
        raise CheckpointError(f"{folder / WEIGHTS}: holds more than an adapter: {listed(odd)}")
    if half := sorted(n for n in names if n + B not in tensors):
        raise CheckpointError(f"{folder / WEIGHTS}: lacks one half of {listed(half)}")
    return {name: (tensors[name + A], tensors[name + B]) for name in names}


def _scale(config: Mapping[str, Any], rank: int, folder: Path) -> float:
    alpha = config.get("lora_alpha", rank)
    if not _is_finite(alpha):
        raise CheckpointError(
            f"{folder / CONFIG}: lora_alpha must be a finite number, not {alpha!r}"
        )
    return float(alpha) / (rank**0.5 if config.get("use_rslora") else rank)


def _is_finite(value: object) -> bool:
    """Whether it is a number, and one that float32 can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= torch.finfo(torch.float32).max


def _linear(vino: Vino, name: str, file: Path) -> nn.Linear:
    part, _, path = name.partition(".")
    try:
        module = getattr(vino, part).get_submodule(path) if part in PARTS else None
    except AttributeError:
        module = None
    if not isinstance(module, nn.Linear):
        raise CheckpointError(
            f"{file}: changes {name}, which this model does not have: it was trained on another"
        )
    return module
