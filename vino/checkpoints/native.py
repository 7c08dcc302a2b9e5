"""Our own format: a folder of safetensors, each part by itself, described by vino.json.

vino.json                   sizes, sampling defaults, compatibility, licence, provenance, hash
transformer.safetensors     or numbered shards and an index; so for every part
conditioner.safetensors     absent in a base for training
vae.safetensors
vlm/                        a Qwen3-VL folder with its tokenizer
README.md NOTICE LICENSE*   the model card and what upstream licences ask for
"""

from dataclasses import replace
from pathlib import Path

from vino.checkpoints.card import FILE, Manifest, read_manifest, write_manifest
from vino.checkpoints.checkpoint import Checkpoint
from vino.checkpoints.companions import Companions
from vino.checkpoints.digest import model_hash
from vino.checkpoints.fill import Placement, empty_weights, fill, same_names
from vino.checkpoints.readme import write_readme
from vino.checkpoints.save import Saving, folder_written_whole, save_tensors
from vino.checkpoints.store import weights_in
from vino.checkpoints.upstream import carry, licence_files
from vino.checkpoints.vae import STEM as VAE_STEM
from vino.checkpoints.vae import read_native_vae, vae_card
from vino.checkpoints.vlm import read_vlm, write_vlm
from vino.errors import InputError
from vino.model.conditioner import Conditioner
from vino.model.mmdit import MMDiT

TRANSFORMER_STEM, CONDITIONER_STEM, VLM_FOLDER = "transformer", "conditioner", "vlm"


def read_native(
    folder: Path,
    vlm: Path | None = None,
    vae: Path | None = None,
    placement: Placement | None = None,
) -> Checkpoint:
    """A model folder of ours; `vlm` and `vae` name folders to use in place of its own parts."""
    placement, manifest = placement or Placement(), read_manifest(folder)
    with empty_weights(folder / FILE):
        mmdit = MMDiT(manifest.mmdit)
    fill([same_names(mmdit)], weights_in(folder, TRANSFORMER_STEM), placement)
    conditioner: Conditioner | None = None
    if manifest.conditioner is not None:
        with empty_weights(folder / FILE):
            conditioner = Conditioner(manifest.conditioner)
        fill([same_names(conditioner)], weights_in(folder, CONDITIONER_STEM), placement)
    beside, card = Companions(vlm, vae), manifest.card
    autoencoder = beside.read_vae(placement)
    if vlm is not None or vae is not None:
        origins = tuple(o for o in card.provenance if not getattr(beside, o.part, None))
        card = replace(card, hash=None, provenance=origins + beside.origins(autoencoder))
    if autoencoder is None and manifest.vae is not None:
        autoencoder = read_native_vae(folder, manifest.vae, placement)
    language = vlm or (folder / VLM_FOLDER if (folder / VLM_FOLDER).exists() else None)
    return Checkpoint(
        title=str(folder),
        mmdit=mmdit,
        conditioner=conditioner,
        vae=autoencoder,
        vlm=None if language is None else read_vlm(language, placement, card.compat),
        card=card,
        upstream=licence_files("", folder) + beside.licences(),
    )


def write_native(
    folder: str | Path,
    checkpoint: Checkpoint,
    saving: Saving | None = None,
    replace_old: bool = False,
) -> Path:
    """Write a model folder, whole or not at all.

    replace_old: a model folder of ours that is there gives way (any other is refused).
    """
    folder, saving = Path(folder), saving or Saving()
    if replace_old and folder.is_dir() and any(folder.iterdir()) and not (folder / FILE).exists():
        raise InputError(f"{folder}: is not a model folder and is not replaced; name another")
    card = replace(checkpoint.card, hash=model_hash(checkpoint.tensors(), saving.dtype))
    conditioner, vae = checkpoint.conditioner, checkpoint.vae
    manifest = Manifest(
        card=card,
        mmdit=checkpoint.mmdit.config,
        conditioner=None if conditioner is None else conditioner.config,
        vae=None if vae is None else vae_card(vae),
    )
    parts = (
        (TRANSFORMER_STEM, checkpoint.mmdit),
        (CONDITIONER_STEM, conditioner),
        (VAE_STEM, vae),
    )
    with folder_written_whole(folder, replace_old) as fresh:
        files = []
        for stem, module in parts:
            if module is not None:
                files += save_tensors(fresh, stem, module.state_dict(), saving)
        if checkpoint.vlm is not None:
            files += write_vlm(fresh / VLM_FOLDER, checkpoint.vlm, saving)
        write_manifest(fresh, manifest)
        carry(fresh, checkpoint.upstream, card.provenance)
        write_readme(fresh, folder.name, "native", checkpoint, card, files)
    return folder
