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
    deltas: dict[str, Tensor] = {}
    for adapter in adapters:
        for name, delta in read_deltas(adapter).items():
            deltas[name] = deltas[name] + delta if name in deltas else delta
    weights = {name: _linear(vino, name).weight for name in deltas}
    for name, delta in deltas.items():
        weight = weights[name]
        if weight.shape != delta.shape:
            raise CheckpointError(
                f"an adapter changes {name} as {tuple(delta.shape)}, which is "
                f"{tuple(weight.shape)} here: it was trained on another model"
            )
    for name, delta in deltas.items():  # all of them fit: a model is changed whole or not at all
        weight = weights[name]
        weight.copy_((weight.float() + delta.to(weight.device)).to(weight.dtype))


def read_deltas(adapter: Adapter) -> dict[str, Tensor]:
    """The change of every matrix, float32, by the name of its module."""
    folder = adapter.folder
    if not (folder / CONFIG).is_file() or not (folder / WEIGHTS).is_file():
        raise InputError(f"{folder}: is no adapter; it needs {CONFIG} and {WEIGHTS}")
    config = read_json(folder / CONFIG)
    if unknown := [name for name in NOT_PLAIN if config.get(name)]:
        raise CheckpointError(f"{folder / CONFIG}: {listed(unknown)} of adapters is not supported")
    pairs = _pairs(folder)
    return {
        name: adapter.strength * _scale(config, len(a), folder) * (b.float() @ a.float())
        for name, (a, b) in pairs.items()
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
    if not isinstance(alpha, int | float) or isinstance(alpha, bool):
        raise CheckpointError(f"{folder / CONFIG}: lora_alpha must be a number, not {alpha!r}")
    return float(alpha) / (rank**0.5 if config.get("use_rslora") else rank)


def _linear(vino: Vino, name: str) -> nn.Linear:
    part, _, path = name.partition(".")
    try:
        module = getattr(vino, part).get_submodule(path) if part in PARTS else None
    except AttributeError:
        module = None
    if not isinstance(module, nn.Linear):
        raise CheckpointError(
            f"an adapter changes {name}, which this model does not have: it was trained on another"
        )
    return module
