"""The tiny vision-language model: Qwen3-VL's own classes, small.

About 2.5 million parameters, for pictures of 64 × 64 pixels (16 visual tokens).
"""

import json
from pathlib import Path

import torch
from transformers import (
    GenerationConfig,
    PreTrainedTokenizerBase,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
)

from vino.model.vision import PixelRange, VisionConfig

PATCH, MERGE, TEMPORAL_PATCH = 8, 2, 2
SMALLEST_AREA, LARGEST_AREA = 32 * 32, 96 * 96  # pixels of a picture as the model sees it
CLIP_FRAMES = 8  # at most, of a clip
VOCABULARY = 2048
VISION = VisionConfig(
    patch=PATCH,
    merge=MERGE,
    image=PixelRange(SMALLEST_AREA, LARGEST_AREA),
    video=PixelRange(SMALLEST_AREA * CLIP_FRAMES, LARGEST_AREA * CLIP_FRAMES),
    clip_frames=CLIP_FRAMES,
)

NORMALISATION = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "rescale_factor": 1 / 255}
PATCHING = {"patch_size": PATCH, "merge_size": MERGE, "temporal_patch_size": TEMPORAL_PATCH}
PROCESSING = {
    **NORMALISATION,
    **PATCHING,
    "do_convert_rgb": True,
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "resample": 3,
}


def tiny_config(tokenizer: PreTrainedTokenizerBase | None = None) -> Qwen3VLConfig:
    """The configuration; without a tokenizer the token ids are left at their defaults."""
    tokens = {}
    if tokenizer is not None:
        names = ("image_pad", "video_pad", "vision_start", "vision_end")
        image, video, start, end = (tokenizer.convert_tokens_to_ids(f"<|{n}|>") for n in names)
        tokens = {
            "image_token_id": image,
            "video_token_id": video,
            "vision_start_token_id": start,
            "vision_end_token_id": end,
        }
    return Qwen3VLConfig(
        text_config={
            "vocab_size": VOCABULARY,
            "hidden_size": 160,
            "intermediate_size": 448,
            "num_hidden_layers": 4,
            "num_attention_heads": 5,
            "num_key_value_heads": 5,
            "head_dim": 32,
            "max_position_embeddings": 8192,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": [6, 5, 5],
                "mrope_interleaved": True,
            },
            "tie_word_embeddings": True,
        },
        vision_config={
            "depth": 3,
            "hidden_size": 96,
            "intermediate_size": 256,
            "num_heads": 3,
            "patch_size": PATCH,
            "spatial_merge_size": MERGE,
            "temporal_patch_size": TEMPORAL_PATCH,
            "out_hidden_size": 160,
            "num_position_embeddings": 256,
            "deepstack_visual_indexes": [0, 1],
        },
        tie_word_embeddings=True,
        **tokens,
    )


def new_model(tokenizer: PreTrainedTokenizerBase | None = None) -> Qwen3VLForConditionalGeneration:
    """The model with fresh weights.

    Eager attention: at these widths it is faster on a CPU than the fused kernels, whose
    backward passes are not vectorised for heads of 32.
    """
    return Qwen3VLForConditionalGeneration._from_config(
        tiny_config(tokenizer), attn_implementation="eager"
    )


def save(
    model: Qwen3VLForConditionalGeneration, tokenizer: PreTrainedTokenizerBase, folder: Path
) -> None:
    """Write a Hugging Face folder in bfloat16: weights, tokenizer, configs of the processors."""
    folder.mkdir(parents=True, exist_ok=True)
    stored = new_model(tokenizer).to(torch.bfloat16)
    stored.load_state_dict(model.state_dict())
    end, pad = tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    stored.generation_config = GenerationConfig(
        do_sample=False, eos_token_id=[end, pad], pad_token_id=pad, max_new_tokens=256
    )
    stored.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    sides = {"shortest_edge": SMALLEST_AREA, "longest_edge": LARGEST_AREA}
    picture = {**PROCESSING, "image_processor_type": "Qwen2VLImageProcessor", "size": sides}
    clip = {
        **PROCESSING,
        "video_processor_type": "Qwen3VLVideoProcessor",
        "do_sample_frames": True,
        "fps": 1,
        "min_frames": 2,
        "max_frames": CLIP_FRAMES,
        "size": {key: area * CLIP_FRAMES for key, area in sides.items()},
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(picture, indent=2) + "\n")
    (folder / "video_preprocessor_config.json").write_text(json.dumps(clip, indent=2) + "\n")
