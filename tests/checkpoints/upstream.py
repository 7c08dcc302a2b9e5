"""Small checkpoints as their own makers write them: diffusers, transformers, published names."""

import json
import os
from pathlib import Path

import torch
from diffusers import AutoencoderKLHunyuanVideo, HunyuanVideoTransformer3DModel
from torch import Tensor

from tests import tiny

HERE = Path(__file__).parent
FULL_NAMES = Path(
    os.environ.get("VINO_GOLDEN") or HERE.parents[2] / "shared/golden/seed0"
).parent / "full_size_keys.json"  # fmt: skip

WIDTH, VLM_WIDTH, CONTEXT, QUERIES = 64, 32, 24, 4
TRANSFORMER = {
    "in_channels": 4, "out_channels": 4, "num_attention_heads": 2, "attention_head_dim": 32,
    "num_layers": 2, "num_single_layers": 3, "num_refiner_layers": 1, "mlp_ratio": 3.0,
    "text_embed_dim": CONTEXT, "pooled_projection_dim": 6, "rope_axes_dim": (4, 14, 14),
}  # fmt: skip
VAE = {
    "latent_channels": 4, "block_out_channels": (8, 8, 8, 8), "layers_per_block": 1,
    "norm_num_groups": 4, "scaling_factor": 0.5,
}  # fmt: skip


def families() -> dict[str, dict[str, tuple[int, list[int]]]]:
    """Published names with `{}` for block indices, how many blocks there are, and shapes."""
    return json.loads((HERE / "published_names.json").read_text())


def full_size(part: str) -> dict[str, tuple[int, ...]]:
    """Every published name and shape at full size."""
    names = {}
    for family, (count, shape) in families()[part].items():
        indices = range(count) if "{}" in family else [0]
        names |= {family.format(i): tuple(shape) for i in indices}
    return names


def transformer(**sizes: object) -> HunyuanVideoTransformer3DModel:
    """diffusers' own transformer, random."""
    torch.manual_seed(1)
    model = HunyuanVideoTransformer3DModel(**{**TRANSFORMER, **sizes}).eval()
    tiny.randomise(model)
    return model


def autoencoder() -> AutoencoderKLHunyuanVideo:
    """diffusers' own autoencoder, random."""
    torch.manual_seed(2)
    return AutoencoderKLHunyuanVideo(**VAE).eval()


def extras(width: int = WIDTH, context: int = CONTEXT) -> dict[str, Tensor]:
    """Queries and connectors under their published names; widths are the transformer's."""
    full = full_size("mm_encoder_extra")
    small = {2560: VLM_WIDTH, 256: QUERIES, 4096: context, 16384: 4 * context}
    small |= {3072: width, 12288: 4 * width}
    generator = torch.Generator().manual_seed(3)
    return {
        name: torch.randn([small[n] for n in shape], generator=generator)
        for name, shape in full.items()
    }


def published(vlm_prefix: str | None = "mm_encoder.mm_encoder.") -> dict[str, Tensor]:
    """All tensors of a published checkpoint, small."""
    state = {f"transformer.{n}": t for n, t in transformer().state_dict().items()}
    state |= {f"mm_encoder.{n}": t for n, t in extras().items()}
    if vlm_prefix is not None:
        torch.manual_seed(4)
        language = tiny.qwen(tiny.tokenizer()).model
        state |= {f"{vlm_prefix}{n}": t for n, t in language.state_dict().items()}
    return {name: tensor.clone() for name, tensor in state.items()}


def original(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A diffusers state dict under Tencent's names: what diffusers' converter does, undone.

    Written from the converter's own rules, not from our tables.
    """
    out: dict[str, Tensor] = {}
    fused: dict[str, dict[str, Tensor]] = {}
    for name, tensor in state.items():
        if name.startswith("norm_out.linear"):
            scale, shift = tensor.chunk(2)
            leaf = name.rpartition(".")[2]
            out[f"final_layer.adaLN_modulation.1.{leaf}"] = torch.cat([shift, scale])
            continue
        there = name
        for theirs, tencent in _RENAMED[_family(name)]:
            there = there.replace(theirs, tencent)
        base, _, part = there.partition("#")
        if part:
            which, _, leaf = part.partition(".")
            fused.setdefault(f"{base}.{leaf}", {})[which] = tensor
        else:
            out[there] = tensor
    whole = {n: torch.cat([t for _, t in sorted(parts.items())]) for n, parts in fused.items()}
    return out | whole


def _family(name: str) -> str:
    first = name.partition(".")[0]
    return first if first in _RENAMED else "other"


_RENAMED: dict[str, list[tuple[str, str]]] = {
    "context_embedder": [
        ("context_embedder", "txt_in"),
        ("token_refiner.refiner_blocks", "individual_token_refiner.blocks"),
        ("time_text_embed.timestep_embedder.linear_1", "t_embedder.mlp.0"),
        ("time_text_embed.timestep_embedder.linear_2", "t_embedder.mlp.2"),
        ("time_text_embed.text_embedder", "c_embedder"),
        ("norm_out.linear", "adaLN_modulation.1"),
        ("attn.to_q", "self_attn_qkv#0"), ("attn.to_k", "self_attn_qkv#1"),
        ("attn.to_v", "self_attn_qkv#2"), ("attn.to_out.0", "self_attn_proj"),
        ("ff.net.0.proj", "mlp.fc1"), ("ff.net.2", "mlp.fc2"), ("proj_in", "input_embedder"),
    ],
    "transformer_blocks": [
        ("transformer_blocks", "double_blocks"),
        ("norm1_context.linear", "txt_mod.linear"), ("norm1.linear", "img_mod.linear"),
        ("attn.norm_added_q", "txt_attn_q_norm"), ("attn.norm_added_k", "txt_attn_k_norm"),
        ("attn.norm_q", "img_attn_q_norm"), ("attn.norm_k", "img_attn_k_norm"),
        ("attn.to_out.0", "img_attn_proj"), ("attn.to_add_out", "txt_attn_proj"),
        ("attn.to_q", "img_attn_qkv#0"), ("attn.to_k", "img_attn_qkv#1"),
        ("attn.to_v", "img_attn_qkv#2"), ("attn.add_q_proj", "txt_attn_qkv#0"),
        ("attn.add_k_proj", "txt_attn_qkv#1"), ("attn.add_v_proj", "txt_attn_qkv#2"),
        ("ff_context.net.0.proj", "txt_mlp.fc1"), ("ff_context.net.2", "txt_mlp.fc2"),
        ("ff.net.0.proj", "img_mlp.fc1"), ("ff.net.2", "img_mlp.fc2"),
    ],
    "single_transformer_blocks": [
        ("single_transformer_blocks", "single_blocks"), ("norm.linear", "modulation.linear"),
        ("attn.norm_q", "q_norm"), ("attn.norm_k", "k_norm"), ("proj_out", "linear2"),
        ("attn.to_q", "linear1#0"), ("attn.to_k", "linear1#1"), ("attn.to_v", "linear1#2"),
        ("proj_mlp", "linear1#3"),
    ],
    "other": [
        ("x_embedder", "img_in"),
        ("time_text_embed.timestep_embedder.linear_1", "time_in.mlp.0"),
        ("time_text_embed.timestep_embedder.linear_2", "time_in.mlp.2"),
        ("time_text_embed.guidance_embedder.linear_1", "guidance_in.mlp.0"),
        ("time_text_embed.guidance_embedder.linear_2", "guidance_in.mlp.2"),
        ("time_text_embed.text_embedder.linear_1", "vector_in.in_layer"),
        ("time_text_embed.text_embedder.linear_2", "vector_in.out_layer"),
        ("proj_out", "final_layer.linear"),
    ],
}  # fmt: skip
