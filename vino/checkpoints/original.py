"""Tencent's original HunyuanVideo file: q, k, v (and a block's MLP) fused, other names.

The reference for the layout is diffusers' single-file converter. Final modulation is stored as
(shift, scale) there and as (scale, shift) everywhere else.
"""

from collections.abc import Mapping
from pathlib import Path

from vino.checkpoints.card import Card
from vino.checkpoints.checkpoint import Checkpoint
from vino.checkpoints.companions import Companions
from vino.checkpoints.fill import Piece, Placement, Target, empty_weights, fill
from vino.checkpoints.infer import mmdit_config
from vino.checkpoints.keys import block_free, renamed
from vino.checkpoints.store import weights_file
from vino.checkpoints.upstream import HUNYUAN_LICENCE, base_origin, licence_files
from vino.model.mmdit import MMDiT, MMDiTConfig

CLIP_BRANCH = "vector_in."  # unused by VINO
_REFINER = "txt_in.individual_token_refiner.blocks.{}"
_DUAL = "double_blocks.{}"
_SINGLE = "single_blocks.{}"

ORIGINAL: Mapping[str, str] = {
    "patch_embed": "img_in.proj",
    "time_embed.up": "time_in.mlp.0",
    "time_embed.down": "time_in.mlp.2",
    "guidance_embed.up": "guidance_in.mlp.0",
    "guidance_embed.down": "guidance_in.mlp.2",
    "context_refiner.time_embed.up": "txt_in.t_embedder.mlp.0",
    "context_refiner.time_embed.down": "txt_in.t_embedder.mlp.2",
    "context_refiner.pooled_embed.up": "txt_in.c_embedder.linear_1",
    "context_refiner.pooled_embed.down": "txt_in.c_embedder.linear_2",
    "context_refiner.proj_in": "txt_in.input_embedder",
    "context_refiner.blocks.{}.modulation": f"{_REFINER}.adaLN_modulation.1",
    "context_refiner.blocks.{}.norm1": f"{_REFINER}.norm1",
    "context_refiner.blocks.{}.norm2": f"{_REFINER}.norm2",
    "context_refiner.blocks.{}.qkv.q": f"{_REFINER}.self_attn_qkv",
    "context_refiner.blocks.{}.qkv.k": f"{_REFINER}.self_attn_qkv",
    "context_refiner.blocks.{}.qkv.v": f"{_REFINER}.self_attn_qkv",
    "context_refiner.blocks.{}.out": f"{_REFINER}.self_attn_proj",
    "context_refiner.blocks.{}.mlp.up": f"{_REFINER}.mlp.fc1",
    "context_refiner.blocks.{}.mlp.down": f"{_REFINER}.mlp.fc2",
    **{
        f"dual_blocks.{{}}.{ours}.{module}": f"{_DUAL}.{theirs}_{there}"
        for ours, theirs in (("visual", "img"), ("context", "txt"))
        for module, there in (
            ("modulation", "mod.linear"),
            ("qkv.q", "attn_qkv"),
            ("qkv.k", "attn_qkv"),
            ("qkv.v", "attn_qkv"),
            ("qkv.q_norm", "attn_q_norm"),
            ("qkv.k_norm", "attn_k_norm"),
            ("out", "attn_proj"),
            ("mlp.up", "mlp.fc1"),
            ("mlp.down", "mlp.fc2"),
        )
    },
    "single_blocks.{}.modulation": f"{_SINGLE}.modulation.linear",
    "single_blocks.{}.qkv.q": f"{_SINGLE}.linear1",
    "single_blocks.{}.qkv.k": f"{_SINGLE}.linear1",
    "single_blocks.{}.qkv.v": f"{_SINGLE}.linear1",
    "single_blocks.{}.mlp_up": f"{_SINGLE}.linear1",
    "single_blocks.{}.qkv.q_norm": f"{_SINGLE}.q_norm",
    "single_blocks.{}.qkv.k_norm": f"{_SINGLE}.k_norm",
    "single_blocks.{}.out": f"{_SINGLE}.linear2",
    "final_modulation": "final_layer.adaLN_modulation.1",
    "final_proj": "final_layer.linear",
}


def read_original(
    checkpoint: Path,
    vlm: Path | None = None,
    vae: Path | None = None,
    placement: Placement | None = None,
    sizes: MMDiTConfig | None = None,
) -> Checkpoint:
    """HunyuanVideo's original transformer, a base for training.

    sizes: the transformer's, read off the file if None.
    """
    placement, source = placement or Placement(), weights_file(checkpoint)
    beside = Companions(vlm, vae)
    with empty_weights(checkpoint):
        mmdit = MMDiT(sizes or mmdit_config(source, original_name))
    pieces = original_pieces(mmdit)
    fill([Target(mmdit, pieces)], source, placement, lambda name: name.startswith(CLIP_BRANCH))
    autoencoder = beside.read_vae(placement)
    origins = (base_origin(checkpoint.name), *beside.origins(autoencoder))
    return Checkpoint(
        title=str(checkpoint),
        mmdit=mmdit,
        vae=autoencoder,
        vlm=beside.read_vlm(placement),
        card=Card(licence=HUNYUAN_LICENCE, provenance=origins),
        upstream=licence_files("transformer", checkpoint.parent) + beside.licences(),
    )


def original_name(name: str) -> str:
    """The original tensor that holds one of our parameters."""
    return renamed(name, ORIGINAL)


def original_pieces(mmdit: MMDiT) -> dict[str, Piece]:
    """Where every parameter lies in the original file."""
    width, hidden = mmdit.config.width, mmdit.config.width * mmdit.config.mlp_ratio
    return {
        name: Piece(original_name(name), _rows(block_free(name), width, hidden))
        for name in mmdit.state_dict()
    }


def _rows(name: str, width: int, hidden: int) -> tuple[tuple[int, int], ...]:
    """Rows of the fused tensor a parameter takes; none where nothing is fused."""
    module = name.rpartition(".")[0]
    if module == "final_modulation":  # ours is (scale, shift)
        return ((width, 2 * width), (0, width))
    if module == "single_blocks.{}.mlp_up":
        return ((3 * width, 3 * width + hidden),)
    for place, part in enumerate(("qkv.q", "qkv.k", "qkv.v")):
        if module.endswith(part):
            return ((place * width, (place + 1) * width),)
    return ()
