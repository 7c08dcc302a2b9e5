"""Checkpoints: reading every format of the model, strictly, and writing two of them.

keys        names of parameters in every layout
store       tensors on disk, lazily and safely
fill        modules filled tensor by tensor
infer       sizes read off shapes
card        vino.json
upstream    licences that travel with weights
vlm, vae    folders of the frozen parts
companions  these, named beside a checkpoint that comes without them
checkpoint  what was read: the parts of a model
native, diffusers, published, original    one file a format
formats     telling them apart: read, load
save, digest, readme                      writing folders
hub         where models lie: resolve
lora        adapters, added to a model
convert     from one format to another
"""

from vino.checkpoints.card import Card, Manifest, Origin, read_manifest
from vino.checkpoints.checkpoint import Checkpoint
from vino.checkpoints.convert import convert
from vino.checkpoints.diffusers import read_hunyuan_diffusers, write_diffusers
from vino.checkpoints.fill import Placement
from vino.checkpoints.formats import detect, load, read
from vino.checkpoints.hub import resolve
from vino.checkpoints.lora import Adapter, merge
from vino.checkpoints.native import read_native, write_native
from vino.checkpoints.original import read_original
from vino.checkpoints.published import read_published
from vino.checkpoints.save import Saving
from vino.checkpoints.vae import read_vae
from vino.checkpoints.vlm import read_vlm

__all__ = [
    "Adapter",
    "Card",
    "Checkpoint",
    "Manifest",
    "Origin",
    "Placement",
    "Saving",
    "convert",
    "detect",
    "load",
    "merge",
    "read",
    "read_hunyuan_diffusers",
    "read_manifest",
    "read_native",
    "read_original",
    "read_published",
    "read_vae",
    "read_vlm",
    "resolve",
    "write_diffusers",
    "write_native",
]
