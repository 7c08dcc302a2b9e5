"""Any checkpoint: its format is told from what lies there, then it is read."""

from collections.abc import Callable
from pathlib import Path

import torch

from vino.checkpoints.card import FILE, read_manifest
from vino.checkpoints.checkpoint import Checkpoint, base_refusal
from vino.checkpoints.diffusers import TRANSFORMER_CLASS, read_hunyuan_diffusers
from vino.checkpoints.fill import Placement
from vino.checkpoints.hub import VAE_WEIGHTS, resolve
from vino.checkpoints.keys import ENCODER_PREFIX, TRANSFORMER_PREFIX
from vino.checkpoints.native import read_native
from vino.checkpoints.original import read_original
from vino.checkpoints.published import read_published
from vino.checkpoints.store import Watch, read_json, weights_file
from vino.errors import CheckpointError
from vino.model.vino import Vino

READERS: dict[str, Callable[[Path, Path | None, Path | None, Placement], Checkpoint]] = {
    "native": read_native,
    "diffusers": read_hunyuan_diffusers,
    "published": read_published,
    "original": read_original,
}


def read(
    model: str | Path,
    *,
    vlm: str | Path | None = None,
    vae: str | Path | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str = "cpu",
    watch: Watch | None = None,
    generating: bool = False,
) -> Checkpoint:
    """Read a checkpoint of any known format, whole parts only.

    model, vlm, vae: as `resolve` takes them ("tiny", a folder or file, a hub id). vlm and vae
    name what published and original weights come without. Nothing of the files stays open or
    mapped. generating: refuse a base for training before its gigabytes are read. Raises
    CheckpointError for damaged or foreign weights, InputError for unknown names.
    """
    path = resolve(model)
    reader = READERS[detect(path)]
    if generating and _is_base(path, reader):
        raise CheckpointError(base_refusal(path))
    placement = Placement(dtype, device, watch)
    vlm_folder = None if vlm is None else resolve(vlm)
    vae_folder = None if vae is None else resolve(vae, VAE_WEIGHTS)
    return reader(path, vlm_folder, vae_folder, placement)


def load(
    model: str | Path,
    *,
    vlm: str | Path | None = None,
    vae: str | Path | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str = "cpu",
) -> Vino:
    """A whole model, ready to generate; what is a base for training is refused, with the reason."""
    return read(model, vlm=vlm, vae=vae, dtype=dtype, device=device, generating=True).vino()


def detect(path: Path) -> str:
    """The format of a folder or file: a key of `READERS`."""
    if path.is_dir():
        return _folder_format(path)
    names = weights_file(path).shapes
    if any(name.startswith((TRANSFORMER_PREFIX, ENCODER_PREFIX)) for name in names):
        return "published"
    if any(name.startswith(("double_blocks.", "txt_in.")) for name in names):
        return "original"
    first = sorted({name.partition(".")[0] for name in names})[:5]
    raise CheckpointError(
        f"{path}: not a file of VINO's or HunyuanVideo's; its tensors belong to "
        f"{', '.join(first)}. Of a diffusers or model folder name the folder"
    )


def _is_base(path: Path, reader: object) -> bool:
    if reader is read_native:
        return read_manifest(path).conditioner is None
    return reader is not read_published


def _folder_format(folder: Path) -> str:
    if (folder / FILE).exists():
        return "native"
    for config in (folder / "transformer" / "config.json", folder / "config.json"):
        if config.exists():
            named = read_json(config).get("_class_name")
            if named == TRANSFORMER_CLASS:
                return "diffusers"
            what = named or read_json(config).get("model_type") or "something else"
            raise CheckpointError(f"{config}: describes {what}, not a {TRANSFORMER_CLASS}")
    raise CheckpointError(
        f"{folder}: not a model folder; it has neither {FILE} nor transformer/config.json"
    )
