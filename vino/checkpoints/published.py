"""The published VINO checkpoint: one PyTorch file, beside a Qwen3-VL and an autoencoder folder."""

from pathlib import Path

from vino.checkpoints.card import Card
from vino.checkpoints.checkpoint import Checkpoint
from vino.checkpoints.companions import Companions
from vino.checkpoints.fill import Piece, Placement, Target, empty_weights, fill
from vino.checkpoints.infer import conditioner_config, mmdit_config
from vino.checkpoints.keys import (
    CLIP_BRANCH,
    CONDITIONER,
    DIFFUSERS,
    ENCODER_PREFIX,
    TRANSFORMER_PREFIX,
    VLM_MODULES,
    VLM_PREFIXES,
    renamed,
)
from vino.checkpoints.store import Weights, weights_file
from vino.checkpoints.upstream import VINO_LICENCE, licence_files, published_origins
from vino.checkpoints.vlm import empty_vlm, tied_names, vlm_target
from vino.model.conditioner import Conditioner
from vino.model.mmdit import MMDiT, MMDiTConfig
from vino.model.vlm import VLM


def read_published(
    checkpoint: Path,
    vlm: Path | None = None,
    vae: Path | None = None,
    placement: Placement | None = None,
    sizes: MMDiTConfig | None = None,
) -> Checkpoint:
    """The published weights.

    vlm: a Qwen3-VL folder. Where the checkpoint holds that model too, its weights are taken and
    the folder gives config and tokenizer. sizes: the transformer's, read off the file if None.
    """
    placement, source = placement or Placement(), weights_file(checkpoint)
    beside = Companions(vlm, vae)
    with empty_weights(checkpoint):
        mmdit = MMDiT(sizes or mmdit_config(source, transformer_name))
        conditioner = Conditioner(conditioner_config(source, conditioner_name))
    targets = [
        Target(mmdit, {n: Piece(transformer_name(n)) for n in mmdit.state_dict()}),
        Target(conditioner, {n: Piece(conditioner_name(n)) for n in conditioner.state_dict()}),
    ]
    prefix, spare = _vlm_prefix(source), {TRANSFORMER_PREFIX + CLIP_BRANCH}
    language: VLM | None = None
    if vlm is not None and prefix is not None:
        language = empty_vlm(vlm, {})
        targets.append(vlm_target(language, prefix))
        spare |= {prefix + name for name in tied_names(language)}
    elif prefix is not None:
        spare |= {prefix + module for module in VLM_MODULES}
    else:
        language = beside.read_vlm(placement)
    fill(targets, source, placement, lambda name: name.startswith(tuple(spare)))
    autoencoder = beside.read_vae(placement)
    origins = published_origins(checkpoint.name) + beside.origins(autoencoder)
    return Checkpoint(
        title=str(checkpoint),
        mmdit=mmdit,
        conditioner=conditioner,
        vae=autoencoder,
        vlm=language,
        card=Card(licence=VINO_LICENCE, provenance=origins),
        upstream=licence_files("transformer", checkpoint.parent) + beside.licences(),
    )


def transformer_name(name: str) -> str:
    """The published name of a transformer's parameter."""
    return TRANSFORMER_PREFIX + renamed(name, DIFFUSERS)


def conditioner_name(name: str) -> str:
    """The published name of one of the conditioner's parameters."""
    return ENCODER_PREFIX + renamed(name, CONDITIONER)


def _vlm_prefix(source: Weights) -> str | None:
    """Where the file keeps the vision-language model, if it does."""
    for prefix in VLM_PREFIXES:
        if any(name.startswith(prefix + VLM_MODULES[0]) for name in source.shapes):
            return prefix
    return None
