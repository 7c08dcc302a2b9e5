"""The diffusers layout: a folder with `transformer/` and `vae/`, as `from_pretrained` reads it."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vino.checkpoints.card import Card, parse
from vino.checkpoints.checkpoint import Checkpoint
from vino.checkpoints.companions import Companions
from vino.checkpoints.fill import Piece, Placement, Target, empty_weights, fill
from vino.checkpoints.keys import CLIP_BRANCH, CLIP_WIDTH, DIFFUSERS, clip_branch, renamed
from vino.checkpoints.readme import write_readme
from vino.checkpoints.save import Saving, folder_written_whole, save_json, save_tensors
from vino.checkpoints.store import read_json, weights_in
from vino.checkpoints.upstream import HUNYUAN_LICENCE, base_origin, carry, licence_files
from vino.checkpoints.vae import DIFFUSERS_STEM, write_diffusers_vae
from vino.errors import CheckpointError, InputError
from vino.model.mmdit import MMDiT, MMDiTConfig
from vino.model.timeline import PUBLISHED
from vino.model.vae import HunyuanVAE

TRANSFORMER_CLASS = "HunyuanVideoTransformer3DModel"
# Our field -> diffusers' argument. The patch, two arguments there, is handled by itself.
SIZES = {
    "heads": "num_attention_heads",
    "head_dim": "attention_head_dim",
    "dual_blocks": "num_layers",
    "single_blocks": "num_single_layers",
    "refiner_blocks": "num_refiner_layers",
    "mlp_ratio": "mlp_ratio",
    "latent_channels": "in_channels",
    "context_dim": "text_embed_dim",
    "rope_axes": "rope_axes_dim",
    "rope_theta": "rope_theta",
    "guidance_embed": "guidance_embeds",
}
# What the network has to be for its numbers to be ours.
FIXED: Mapping[str, Any] = {"qk_norm": "rms_norm", "image_condition_type": None}
# Arguments that change nothing of what is read.
IGNORED = ("out_channels", "pooled_projection_dim", "patch_size", "patch_size_t")


def read_hunyuan_diffusers(
    folder: Path,
    vlm: Path | None = None,
    vae: Path | None = None,
    placement: Placement | None = None,
) -> Checkpoint:
    """HunyuanVideo's transformer, a base for training (a pipeline's folder, or `transformer/`)."""
    placement = placement or Placement()
    inner = folder / "transformer" if (folder / "transformer").is_dir() else folder
    with empty_weights(inner / "config.json"):
        mmdit = MMDiT(_read_config(inner / "config.json"))
    pieces = {name: Piece(renamed(name, DIFFUSERS)) for name in mmdit.state_dict()}
    source = weights_in(inner, DIFFUSERS_STEM)
    fill([Target(mmdit, pieces)], source, placement, lambda name: name.startswith(CLIP_BRANCH))
    own_vae = folder / "vae"
    beside = Companions(vlm, vae or (own_vae if own_vae.is_dir() else None))
    autoencoder = beside.read_vae(placement)
    origins = (base_origin(folder.name), *beside.origins(autoencoder))
    return Checkpoint(
        title=str(folder),
        mmdit=mmdit,
        vae=autoencoder,
        vlm=beside.read_vlm(placement),
        card=Card(licence=HUNYUAN_LICENCE, provenance=origins),
        upstream=licence_files("transformer", folder, inner) + beside.licences(),
    )


def write_diffusers(
    folder: str | Path, checkpoint: Checkpoint, saving: Saving | None = None
) -> Path:
    """Write what diffusers has classes for: the transformer, and HunyuanVideo's autoencoder."""
    folder, saving = Path(folder), saving or Saving()
    config = checkpoint.mmdit.config
    with folder_written_whole(folder) as fresh:
        inner = fresh / "transformer"
        inner.mkdir()
        save_json(inner / "config.json", _config(config))
        files = save_tensors(inner, DIFFUSERS_STEM, _tensors(checkpoint.mmdit), saving)
        if isinstance(checkpoint.vae, HunyuanVAE):
            files += write_diffusers_vae(fresh / "vae", checkpoint.vae, saving)
        carry(fresh, checkpoint.upstream, checkpoint.card.provenance)
        write_readme(fresh, folder.name, "diffusers", checkpoint, checkpoint.card, files)
    return folder


def _tensors(mmdit: MMDiT) -> dict[str, Tensor]:
    """The transformer's tensors under diffusers' names, the CLIP branch as zeros."""
    tensors = {renamed(n, DIFFUSERS): t for n, t in mmdit.state_dict().items()}
    dtype = mmdit.final_proj.weight.dtype
    branch = clip_branch(mmdit.config.width)
    return tensors | {n: torch.zeros(shape, dtype=dtype) for n, shape in branch.items()}


def _config(config: MMDiTConfig) -> dict[str, Any]:
    time, height, width = config.patch
    if config.apart or config.layout != PUBLISHED:
        raise InputError("diffusers has no model whose references are apart or laid out otherwise")
    if height != width:
        raise InputError(f"diffusers has no patches of {height}x{width}: they have to be square")
    return {
        "_class_name": TRANSFORMER_CLASS,
        **{there: getattr(config, ours) for ours, there in SIZES.items()},
        **FIXED,
        "mlp_ratio": float(config.mlp_ratio),
        "out_channels": config.latent_channels,
        "patch_size": height,
        "patch_size_t": time,
        "pooled_projection_dim": CLIP_WIDTH,
    }


def _read_config(path: Path) -> MMDiTConfig:
    data = {name: value for name, value in read_json(path).items() if not name.startswith("_")}
    for name, needed in FIXED.items():
        if data.pop(name, needed) != needed:
            raise CheckpointError(f"{path}: {name} has to be {needed}; another variant")
    side, time = data.get("patch_size", 2), data.get("patch_size_t", 1)
    channels = data.get("in_channels", MMDiTConfig.latent_channels)
    if data.get("out_channels", channels) not in (channels, None):
        raise CheckpointError(f"{path}: in_channels and out_channels differ; another variant")
    for name in IGNORED:
        data.pop(name, None)
    ours = {there: name for name, there in SIZES.items()}
    if unknown := sorted(set(data) - set(ours)):
        raise CheckpointError(f"{path}: {TRANSFORMER_CLASS} knows no {', '.join(unknown)}")
    sizes = {ours[name]: value for name, value in data.items()}
    ratio = sizes.get("mlp_ratio", 4.0)
    if isinstance(ratio, float) and math.isfinite(ratio) and ratio == int(ratio):
        sizes["mlp_ratio"] = int(ratio)
    return parse(MMDiTConfig, sizes | {"patch": [time, side, side]}, path)
