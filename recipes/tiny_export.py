r"""Put the trained parts together as one model folder.

    python recipes/tiny_export.py --vlm runs/vlm/final --vae runs/autoencoder/final \
        --generator runs/generator --out vino/assets/tiny
"""

from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from safetensors.torch import load_file
from tiny_generator import Run, build

from vino.checkpoints import Card, Checkpoint, Origin, Saving, write_native
from vino.model.vino import Vino

SAMPLING = {
    "picture": {"steps": 24, "guidance": 3.0, "shift": 1.5, "solver": "multistep"},
    "picture_edit": {"steps": 24, "guidance": 2.5, "shift": 1.5, "solver": "multistep"},
    "clip": {"steps": 24, "guidance": 3.0, "shift": 2.0, "solver": "multistep"},
    "clip_edit": {"steps": 24, "guidance": 2.0, "shift": 2.0, "solver": "multistep"},
    "size": [64, 64],
    "clip_size": [64, 64],
    "frames": 17,
    "max_frames": 33,
    "max_area": 128 * 128,
    "fps": 12.0,
    "reference_area": 64 * 64,
}
"""The embedded model's defaults."""


@dataclass(frozen=True, kw_only=True)
class Export:
    """Trained parts in, model folder out."""

    vlm: Path
    vae: Path
    generator: Path
    """Folder of the run; its averaged weights are taken."""
    out: Path
    queries: int = 16


def assemble(export: Export) -> Vino:
    """The model with the averaged weights of the run."""
    run = Run(vlm=export.vlm, vae=export.vae, out=export.generator, queries=export.queries)
    vino = build(run)
    averaged = load_file(export.generator / "ema.safetensors")
    for part in ("conditioner", "mmdit"):
        named = {k.removeprefix(f"{part}."): v for k, v in averaged.items() if k.startswith(part)}
        getattr(vino, part).load_state_dict(named)
    return vino.eval()


def main(export: Export) -> None:
    card = Card(
        sampling=SAMPLING,
        licence="Apache-2.0",
        provenance=(Origin("all", "trained from nothing on the emoji world", "Apache-2.0"),),
    )
    checkpoint = Checkpoint.of(assemble(export), card, export.out.name)
    write_native(export.out, checkpoint, Saving(dtype=torch.bfloat16), replace_old=True)
    print(f"{export.out}: written")


if __name__ == "__main__":
    main(tyro.cli(Export, description=__doc__))
