"""The model a run begins with."""

from dataclasses import replace

import torch
from torch import nn

from vino import checkpoints
from vino.checkpoints import Card
from vino.data.buckets import Meter
from vino.errors import InputError
from vino.model.mmdit import MMDiT
from vino.model.vino import Vino
from vino.train.config import TrainConfig


def begin(config: TrainConfig, device: torch.device) -> tuple[Vino, Card]:
    """The model and what its folder will say; the same on every rank, drawn from the seed."""
    torch.manual_seed(config.seed)
    card = config.card
    if config.build is not None and config.model:
        raise InputError("this recipe builds the model that it begins from: leave --model out")
    if config.build is not None:
        vino = config.build(config)
    elif config.model:
        is_low = device.type == "cuda" and config.parallel.precision == "bfloat16"
        frozen = torch.bfloat16 if is_low else torch.float32
        read = checkpoints.read(
            config.model, vlm=config.vlm or None, vae=config.vae or None, dtype=frozen,
            device=device,
        )  # fmt: skip
        vino, card = read.start(config.queries), card or read.card
    else:
        raise InputError("nothing to begin from: name a model with --model")
    vino.vae.requires_grad_(False)  # type: ignore[attr-defined]
    vino.vlm.requires_grad_(False)
    return vino.to(device), as_trained(card or Card(), config)


def as_trained(card: Card, config: TrainConfig) -> Card:
    """The card, saying what references are scaled to in this run: a model is used as trained."""
    if not config.reference_area:
        return card
    areas = {"reference_area": config.reference_area, "base_area": config.stages[-1].area}
    return replace(card, sampling={**card.sampling, **areas})


def meter(vino: Vino, reference_area: int, reference_frames: int) -> Meter:
    """Counts tokens as this model packs them."""
    return Meter(
        strides=vino.vae.strides,
        patch=vino.mmdit.config.patch,
        reference_area=reference_area,
        reference_frames=reference_frames,
        queries=vino.conditioner.config.queries,
        vision_unit=vino.vlm.vision.unit,
        vision_frames=vino.vlm.vision.clip_frames,
        width=vino.mmdit.config.width,
    )


def zero_start(mmdit: MMDiT) -> None:
    """Blocks begin as the identity and the velocity as zero (adaLN-zero, arXiv 2212.09748)."""
    for name, module in mmdit.named_modules():
        if isinstance(module, nn.Linear) and (name.endswith("modulation") or name == "final_proj"):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)
