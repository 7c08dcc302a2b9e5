"""Training adapters instead of the model (LoRA, arXiv 2106.09685), through peft."""

import re
from pathlib import Path

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor

from vino.checkpoints.lora import CONFIG, WEIGHTS, added
from vino.checkpoints.save import Saving as Storing
from vino.checkpoints.save import folder_written_whole, save_json, save_tensors
from vino.errors import InputError
from vino.train.config import Lora
from vino.train.ema import Average
from vino.train.parallel import Ranks
from vino.train.trainee import Trainee

NAME = ".default"  # peft's own name of an adapter inside the model
BASE = ".base_layer."


def inject(trainee: Trainee, lora: Lora) -> None:
    """Put adapters beside the matrices that `lora.targets` names; they begin as no change."""
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError:
        raise InputError("LoRA needs peft: install vino again with its extra [train]") from None
    config = LoraConfig(
        r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=lora.targets
    )
    try:
        inject_adapter_in_model(config, trainee)
    except (ValueError, re.error) as error:
        reason = " ".join(str(error).split())
        raise InputError(f'no adapters for lora.targets "{lora.targets}": {reason}') from None
    for name, parameter in trainee.named_parameters():
        if ".lora_" in name:
            parameter.data = parameter.data.float()  # what learns is float32, the base as it came


def merged(state: dict[str, Tensor], lora: Lora) -> dict[str, Tensor]:
    """The state of a module with adapters as that of the module they make of it."""
    plain = {n.replace(BASE, "."): t for n, t in state.items() if ".lora_" not in n}
    for name, a in state.items():
        if f".lora_A{NAME}." in name:
            b = state[name.replace(".lora_A.", ".lora_B.")]
            target = name.replace(f".lora_A{NAME}", "")
            plain[target] = added(plain[target], [(lora.alpha / lora.rank, a, b)])
    return plain


@torch.no_grad()
def export_adapter(
    trainee: Trainee, average: Average | None, lora: Lora, folder: Path, ranks: Ranks
) -> Path:
    """Write the adapters as peft does, in the place of older ones; every rank must call it."""
    averaged = average.weights if average else {}
    state: dict[str, Tensor] = {}
    for name, parameter in trainee.named_parameters():
        if ".lora_" in name:
            value = averaged.get(name, parameter).detach()
            value = value.full_tensor() if isinstance(value, DTensor) else value
            state[name.replace(NAME, "")] = value.cpu()
    if ranks.first:
        with folder_written_whole(folder, replace=True) as fresh:
            save_tensors(fresh, WEIGHTS.removesuffix(".safetensors"), state, Storing())
            config = {
                "peft_type": "LORA",
                "r": lora.rank,
                "lora_alpha": lora.alpha,
                "lora_dropout": lora.dropout,
                "target_modules": lora.targets,
            }
            save_json(fresh / CONFIG, config)
    ranks.wait()
    return folder
