"""Reading a folder of recorded numbers: weights, inputs, and what is compared."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoTokenizer, Qwen3VLForConditionalGeneration

from vino.checkpoints.keys import CLIP_BRANCH, CONDITIONER, DIFFUSERS, renamed
from vino.media import Frames, read_clip
from vino.model.conditioner import Conditioner, ConditionerConfig
from vino.model.mmdit import MMDiT, MMDiTConfig
from vino.model.vision import VisionConfig
from vino.model.vlm import VLM

HERE = Path(__file__).parent
FULL = HERE.parents[2] / "shared/golden/seed0"  # beside the checkout, where there is one
FOLDER = Path(os.environ.get("VINO_GOLDEN") or (FULL if FULL.is_dir() else HERE / "recorded"))

TO_NATIVE = {theirs: ours for table in (DIFFUSERS, CONDITIONER) for ours, theirs in table.items()}


def names(pattern: str) -> list[str]:
    """Cases in the folder whose description matches `pattern`, in order."""
    return sorted(path.stem for path in FOLDER.glob(f"{pattern}.json"))


def case(name: str) -> dict[str, Any]:
    """A case's description."""
    return json.loads((FOLDER / f"{name}.json").read_text())


def tensors(name: str) -> dict[str, Tensor]:
    """A case's tensors; weights are stored as bf16 and exact."""
    stored = load_file(FOLDER / f"{name}.safetensors")
    return {k: v.float() if v.is_floating_point() else v for k, v in stored.items()}


def deviation(ours: Tensor, recorded: Tensor) -> float:
    """Largest difference relative to the recorded value's standard deviation."""
    return float((ours - recorded).abs().max() / recorded.std())


def distance(ours: Tensor, recorded: Tensor) -> float:
    """Largest absolute difference."""
    return float((ours.float() - recorded.float()).abs().max())


def mmdit_config(stored: dict[str, Any]) -> MMDiTConfig:
    """Our config of a recorded diffusers config."""
    side = stored["patch_size"]
    return MMDiTConfig(
        latent_channels=stored["in_channels"],
        patch=(stored["patch_size_t"], side, side),
        heads=stored["num_attention_heads"],
        head_dim=stored["attention_head_dim"],
        dual_blocks=stored["num_layers"],
        single_blocks=stored["num_single_layers"],
        refiner_blocks=stored["num_refiner_layers"],
        mlp_ratio=int(stored["mlp_ratio"]),
        context_dim=stored["text_embed_dim"],
        rope_axes=tuple(stored["rope_axes_dim"]),
        rope_theta=stored["rope_theta"],
        guidance_embed=stored["guidance_embeds"],
    )


@cache
def mmdit(number: int) -> MMDiT:
    """The recorded transformer of config 1, 2, ..."""
    name = f"A_transformer_cfg{number}"
    net = MMDiT(mmdit_config(case(name))).eval()
    net.load_state_dict(
        {
            renamed(k, TO_NATIVE): v
            for k, v in tensors(name).items()
            if not k.startswith(CLIP_BRANCH)
        }
    )
    return net


@cache
def vlm() -> VLM:
    """The recorded Qwen3-VL, seeing media as the published code shows them."""
    folder = FOLDER / "tiny_qwen3vl"
    model = Qwen3VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    vision = VisionConfig.from_folder(folder, published_resize=True, published_timestamps=True)
    return VLM(model, AutoTokenizer.from_pretrained(folder), vision)


@cache
def conditioner() -> Conditioner:
    """The recorded queries and connectors."""
    sizes = case("B_metaquery_connectors")
    config = ConditionerConfig(
        vlm_width=sizes["hidden_size"],
        queries=sizes["num_queries"],
        context_dim=sizes["z_dim"],
        visual_dim=sizes["hy_dim"],
    )
    made = Conditioner(config)
    stored = tensors("B_metaquery_connectors")
    made.load_state_dict({renamed(k, TO_NATIVE): v for k, v in stored.items()})
    return made


def picture(stored: Tensor) -> Frames:
    """A recorded 8-bit picture H W 3."""
    return Frames(stored.numpy()[None])


@cache
def clip(file: str) -> Frames:
    """A recorded clip, decoded from its file."""
    return read_clip(FOLDER / file)
