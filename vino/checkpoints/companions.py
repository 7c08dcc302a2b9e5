"""The frozen parts that published and upstream weights come without, named as folders."""

from dataclasses import dataclass
from pathlib import Path

from vino.checkpoints.card import Origin
from vino.checkpoints.fill import Placement
from vino.checkpoints.upstream import (
    HUNYUAN_LICENCE,
    QWEN_LICENCE,
    Carried,
    licence_files,
)
from vino.checkpoints.vae import Autoencoder, read_vae
from vino.checkpoints.vlm import read_vlm
from vino.model.vae import HunyuanVAE
from vino.model.vlm import VLM


@dataclass(frozen=True)
class Companions:
    """A Qwen3-VL folder and an autoencoder's folder, either of which may be absent."""

    vlm: Path | None = None
    vae: Path | None = None

    def read_vlm(self, placement: Placement) -> VLM | None:
        return None if self.vlm is None else read_vlm(self.vlm, placement)

    def read_vae(self, placement: Placement) -> Autoencoder | None:
        return None if self.vae is None else read_vae(self.vae, placement)

    def origins(self, vae: Autoencoder | None) -> tuple[Origin, ...]:
        """Where these parts come from; `vae` is the autoencoder that was read."""
        origins: tuple[Origin, ...] = ()
        if self.vlm is not None:
            origins += (
                Origin("vlm", f"Qwen3-VL by Alibaba Cloud ({self.vlm.name})", QWEN_LICENCE),
            )
        if self.vae is not None and isinstance(vae, HunyuanVAE):
            title = f"HunyuanVideo's autoencoder by Tencent ({self.vae.name})"
            origins += (Origin("vae", title, HUNYUAN_LICENCE),)
        return origins

    def licences(self) -> tuple[Carried, ...]:
        """Licence files beside them; an autoencoder's may lie with the pipeline around it."""
        files: tuple[Carried, ...] = ()
        if self.vlm is not None:
            files += licence_files("vlm", self.vlm)
        if self.vae is not None:
            files += licence_files("vae", self.vae, self.vae.parent)
        return files
