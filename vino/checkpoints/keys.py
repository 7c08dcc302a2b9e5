"""Names of parameters: ours, those of diffusers' HunyuanVideo, those of the published weights.

One row per module; `{}` is a block's index. Modules are renamed whole, nothing is split or
fused. In the published file the transformer lies under `transformer.` with diffusers' names,
the queries and connectors under `mm_encoder.`, and the vision-language model below that.
"""

import re
from collections.abc import Mapping

_REFINER = "context_embedder.token_refiner.refiner_blocks.{}"
_DUAL = "transformer_blocks.{}"
_SINGLE = "single_transformer_blocks.{}"

DIFFUSERS: Mapping[str, str] = {
    "patch_embed": "x_embedder.proj",
    "time_embed.up": "time_text_embed.timestep_embedder.linear_1",
    "time_embed.down": "time_text_embed.timestep_embedder.linear_2",
    "guidance_embed.up": "time_text_embed.guidance_embedder.linear_1",
    "guidance_embed.down": "time_text_embed.guidance_embedder.linear_2",
    "context_refiner.time_embed.up": "context_embedder.time_text_embed.timestep_embedder.linear_1",
    "context_refiner.time_embed.down": (
        "context_embedder.time_text_embed.timestep_embedder.linear_2"
    ),
    "context_refiner.pooled_embed.up": "context_embedder.time_text_embed.text_embedder.linear_1",
    "context_refiner.pooled_embed.down": "context_embedder.time_text_embed.text_embedder.linear_2",
    "context_refiner.proj_in": "context_embedder.proj_in",
    "context_refiner.blocks.{}.modulation": f"{_REFINER}.norm_out.linear",
    "context_refiner.blocks.{}.norm1": f"{_REFINER}.norm1",
    "context_refiner.blocks.{}.norm2": f"{_REFINER}.norm2",
    "context_refiner.blocks.{}.qkv.q": f"{_REFINER}.attn.to_q",
    "context_refiner.blocks.{}.qkv.k": f"{_REFINER}.attn.to_k",
    "context_refiner.blocks.{}.qkv.v": f"{_REFINER}.attn.to_v",
    "context_refiner.blocks.{}.out": f"{_REFINER}.attn.to_out.0",
    "context_refiner.blocks.{}.mlp.up": f"{_REFINER}.ff.net.0.proj",
    "context_refiner.blocks.{}.mlp.down": f"{_REFINER}.ff.net.2",
    "dual_blocks.{}.visual.modulation": f"{_DUAL}.norm1.linear",
    "dual_blocks.{}.visual.qkv.q": f"{_DUAL}.attn.to_q",
    "dual_blocks.{}.visual.qkv.k": f"{_DUAL}.attn.to_k",
    "dual_blocks.{}.visual.qkv.v": f"{_DUAL}.attn.to_v",
    "dual_blocks.{}.visual.qkv.q_norm": f"{_DUAL}.attn.norm_q",
    "dual_blocks.{}.visual.qkv.k_norm": f"{_DUAL}.attn.norm_k",
    "dual_blocks.{}.visual.out": f"{_DUAL}.attn.to_out.0",
    "dual_blocks.{}.visual.mlp.up": f"{_DUAL}.ff.net.0.proj",
    "dual_blocks.{}.visual.mlp.down": f"{_DUAL}.ff.net.2",
    "dual_blocks.{}.context.modulation": f"{_DUAL}.norm1_context.linear",
    "dual_blocks.{}.context.qkv.q": f"{_DUAL}.attn.add_q_proj",
    "dual_blocks.{}.context.qkv.k": f"{_DUAL}.attn.add_k_proj",
    "dual_blocks.{}.context.qkv.v": f"{_DUAL}.attn.add_v_proj",
    "dual_blocks.{}.context.qkv.q_norm": f"{_DUAL}.attn.norm_added_q",
    "dual_blocks.{}.context.qkv.k_norm": f"{_DUAL}.attn.norm_added_k",
    "dual_blocks.{}.context.out": f"{_DUAL}.attn.to_add_out",
    "dual_blocks.{}.context.mlp.up": f"{_DUAL}.ff_context.net.0.proj",
    "dual_blocks.{}.context.mlp.down": f"{_DUAL}.ff_context.net.2",
    "single_blocks.{}.modulation": f"{_SINGLE}.norm.linear",
    "single_blocks.{}.qkv.q": f"{_SINGLE}.attn.to_q",
    "single_blocks.{}.qkv.k": f"{_SINGLE}.attn.to_k",
    "single_blocks.{}.qkv.v": f"{_SINGLE}.attn.to_v",
    "single_blocks.{}.qkv.q_norm": f"{_SINGLE}.attn.norm_q",
    "single_blocks.{}.qkv.k_norm": f"{_SINGLE}.attn.norm_k",
    "single_blocks.{}.mlp_up": f"{_SINGLE}.proj_mlp",
    "single_blocks.{}.out": f"{_SINGLE}.proj_out",
    "final_modulation": "norm_out.linear",
    "final_proj": "proj_out",
}

# Queries and connectors of the published weights, relative to `mm_encoder.`.
CONDITIONER: Mapping[str, str] = {
    "queries": "metaquery",
    "context_connector.norm": "connector.norm_qwen",
    "context_connector.up": "connector.mlp.0",
    "context_connector.down": "connector.mlp.2",
    "boundary_connector.norm": "connector_vae_branch.norm_qwen",
    "boundary_connector.up": "connector_vae_branch.mlp.0",
    "boundary_connector.down": "connector_vae_branch.mlp.2",
}

TRANSFORMER_PREFIX = "transformer."
ENCODER_PREFIX = "mm_encoder."
# The encoder keeps the vision-language model as `mm_encoder.model`; its own prefix may be folded.
VLM_PREFIXES = ("mm_encoder.mm_encoder.", "mm_encoder.")
VLM_MODULES = ("model.", "lm_head.")

# HunyuanVideo's pooled CLIP text: in every upstream file, unused by VINO, absent from our model.
CLIP_BRANCH = "time_text_embed.text_embedder."
CLIP_WIDTH = 768  # what diffusers calls pooled_projection_dim


def renamed(name: str, table: Mapping[str, str]) -> str:
    """A parameter's name after `table`; KeyError when no row covers its module."""
    module, _, leaf = name.rpartition(".")
    if not module or name in table:
        return table[name]
    indices = re.findall(r"(?<=blocks\.)\d+", module)
    return f"{table[block_free(module)].format(*indices)}.{leaf}"


def block_free(name: str) -> str:
    """`name` with `{}` for the indices of blocks."""
    return re.sub(r"(?<=blocks\.)\d+", "{}", name)


def clip_branch(width: int, pooled: int = CLIP_WIDTH) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the unused CLIP branch, which diffusers' class insists on."""
    return {
        f"{CLIP_BRANCH}linear_1.weight": (width, pooled),
        f"{CLIP_BRANCH}linear_1.bias": (width,),
        f"{CLIP_BRANCH}linear_2.weight": (width, width),
        f"{CLIP_BRANCH}linear_2.bias": (width,),
    }
