"""Folders of autoencoders: HunyuanVideo's as diffusers writes it, and our small one."""

import inspect
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vino.checkpoints.card import FILE, AutoencoderCard, parse, read_manifest
from vino.checkpoints.fill import Piece, Placement, Target, empty_weights, fill, same_names
from vino.checkpoints.save import Saving, save_json, save_tensors
from vino.checkpoints.store import read_json, weights_in
from vino.errors import CheckpointError
from vino.model.autoencoder import AutoencoderConfig, CausalAutoencoder
from vino.model.vae import HunyuanVAE

Autoencoder = HunyuanVAE | CausalAutoencoder

HUNYUAN_CLASS = "AutoencoderKLHunyuanVideo"
DIFFUSERS_STEM = "diffusion_pytorch_model"
STEM = "vae"


def read_vae(folder: str | Path, placement: Placement | None = None) -> Autoencoder:
    """The autoencoder of a folder.

    Known are diffusers' folder of HunyuanVideo's autoencoder, a pipeline with it under `vae/`,
    a model folder of ours, and `vae.safetensors` beside the `config.json` of our small one.
    """
    folder, placement = Path(folder), placement or Placement()
    if (folder / FILE).exists():
        card = read_manifest(folder).vae
        if card is None:
            raise CheckpointError(f"{folder}: this model holds no autoencoder")
        return read_native_vae(folder, card, placement)
    if (folder / "vae" / "config.json").exists():
        folder = folder / "vae"
    config = read_json(folder / "config.json")
    named = config.get("_class_name")
    if named is None:
        return read_native_vae(folder, AutoencoderCard("causal", config), placement)
    if named != HUNYUAN_CLASS:
        raise CheckpointError(f"{folder}: a {named}; the autoencoder has to be a {HUNYUAN_CLASS}")
    config = {name: value for name, value in config.items() if not name.startswith("_")}
    vae = empty_vae(AutoencoderCard("hunyuan", config), folder / "config.json")
    pieces = {n: Piece(n.removeprefix("model.")) for n in vae.state_dict()}
    fill([Target(vae, pieces)], weights_in(folder, DIFFUSERS_STEM), placement)
    return vae


def read_native_vae(folder: Path, card: AutoencoderCard, placement: Placement) -> Autoencoder:
    """The autoencoder of a model folder of ours, described by `card`."""
    vae = empty_vae(card, folder)
    fill([same_names(vae)], weights_in(folder, STEM), placement)
    return vae


def empty_vae(card: AutoencoderCard, where: object) -> Autoencoder:
    """The autoencoder a card describes, its weights still on the meta device."""
    if card.kind == "causal":
        config = parse(AutoencoderConfig, card.config, f"{where}, vae")
        with empty_weights(where):
            return CausalAutoencoder(config)
    if card.kind == "hunyuan":
        _refuse_unknown_arguments(card.config, where)
        with empty_weights(where):
            return HunyuanVAE(card.config)
    raise CheckpointError(f'{where}: unknown kind of autoencoder "{card.kind}"')


def vae_card(vae: Autoencoder) -> AutoencoderCard:
    """Kind and config of an autoencoder."""
    if isinstance(vae, CausalAutoencoder):
        return AutoencoderCard("causal", asdict(vae.config))
    given = {n: v for n, v in vae.model.config.items() if not n.startswith("_")}
    return AutoencoderCard("hunyuan", given)


def write_diffusers_vae(folder: Path, vae: HunyuanVAE, saving: Saving) -> list[Path]:
    """Write the folder diffusers' own `from_pretrained` reads."""
    folder.mkdir()
    config = {"_class_name": HUNYUAN_CLASS, **vae_card(vae).config}
    save_json(folder / "config.json", config)
    return save_tensors(folder, DIFFUSERS_STEM, vae.model.state_dict(), saving)


def _refuse_unknown_arguments(config: Mapping[str, Any], where: object) -> None:
    from diffusers import AutoencoderKLHunyuanVideo  # takes seconds, needed for this kind alone

    known = set(inspect.signature(AutoencoderKLHunyuanVideo.__init__).parameters) - {"self"}
    if unknown := sorted(set(config) - known):
        raise CheckpointError(f"{where}: {HUNYUAN_CLASS} knows no {', '.join(unknown)}")
