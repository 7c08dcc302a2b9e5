"""From any format that is read to our own or to diffusers' layout."""

from pathlib import Path
from typing import Literal

import torch

from vino.checkpoints.diffusers import write_diffusers
from vino.checkpoints.formats import read
from vino.checkpoints.native import write_native
from vino.checkpoints.save import Saving
from vino.checkpoints.store import Watch
from vino.errors import InputError

Layout = Literal["native", "diffusers"]


def convert(
    source: str | Path,
    dest: str | Path,
    *,
    to: Layout = "native",
    vlm: str | Path | None = None,
    vae: str | Path | None = None,
    dtype: torch.dtype | None = None,
    watch: Watch | None = None,
) -> Path:
    """Write the model `source` as a new folder `dest`, licences with it; returns `dest`.

    source, vlm, vae: as `read` takes them. dtype: of the written weights, as stored if None.
    watch: called with what is being done, how much is done and of how much. A base for training
    stays one. InputError when a trained model would lose its vision-language model or
    autoencoder on the way.
    """
    if to not in ("native", "diffusers"):
        raise InputError(f'cannot convert to "{to}": choose native or diffusers')
    checkpoint = read(source, vlm=vlm, vae=vae, dtype=dtype, watch=watch)
    saving = Saving(watch=watch)
    if to == "diffusers":
        return write_diffusers(dest, checkpoint, saving)
    if checkpoint.conditioner is not None and checkpoint.refusal:
        raise InputError(checkpoint.refusal)
    return write_native(dest, checkpoint, saving)
