"""A small random model of the real classes, for tests."""

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import nn
from transformers import PreTrainedTokenizerFast, Qwen3VLConfig, Qwen3VLForConditionalGeneration

from vino.model.autoencoder import AutoencoderConfig, CausalAutoencoder
from vino.model.conditioner import Conditioner, ConditionerConfig
from vino.model.mmdit import MMDiT, MMDiTConfig
from vino.model.vino import Vino
from vino.model.vision import PixelRange, VisionConfig
from vino.model.vlm import VLM
from vino.prompt import SYSTEM_TEXT

SPECIALS = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>",
    "<|image_pad|>", "<|video_pad|>",
]  # fmt: skip

MMDIT = MMDiTConfig(
    latent_channels=4, patch=(1, 1, 1), heads=2, head_dim=16, dual_blocks=1, single_blocks=2,
    refiner_blocks=1, context_dim=24, rope_axes=(4, 6, 6), guidance_embed=False,
)  # fmt: skip


def tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE of the chat frame and a few words."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=SPECIALS, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    bpe.train_from_iterator([SYSTEM_TEXT, "system user assistant Image 1: Video 1:"], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token="<|im_end|>", pad_token="<|endoftext|>",
        additional_special_tokens=SPECIALS[1:],
    )  # fmt: skip


def qwen(words: PreTrainedTokenizerFast, layers: int = 4, room: int = 2048) -> VLM:
    """A random Qwen3-VL of width 32."""
    ids = {f"{n}_token_id": words.convert_tokens_to_ids(f"<|{n}|>") for n in
           ("vision_start", "vision_end")}  # fmt: skip
    ids |= {
        f"{n}_token_id": words.convert_tokens_to_ids(f"<|{n}_pad|>") for n in ("image", "video")
    }
    config = Qwen3VLConfig(
        text_config=dict(
            vocab_size=len(words), hidden_size=32, intermediate_size=48, num_hidden_layers=layers,
            num_attention_heads=4, num_key_value_heads=2, head_dim=8, max_position_embeddings=room,
            rope_parameters=dict(rope_type="default", rope_theta=1e4, mrope_section=[2, 1, 1],
                                 mrope_interleaved=True), tie_word_embeddings=True,
        ),
        vision_config=dict(
            depth=3, hidden_size=16, intermediate_size=32, num_heads=2, out_hidden_size=32,
            patch_size=8, num_position_embeddings=64, deepstack_visual_indexes=[0, 1],
        ),
        tie_word_embeddings=True, **ids,
    )  # fmt: skip
    model = Qwen3VLForConditionalGeneration(config)
    model.generation_config.eos_token_id = words.eos_token_id
    model.generation_config.pad_token_id = words.pad_token_id
    limits = PixelRange(32 * 32, 64 * 64)
    return VLM(model, words, VisionConfig(patch=8, image=limits, video=limits, clip_frames=4))


def randomise(module: nn.Module, std: float = 0.15) -> None:
    """Give every weight a value, so that nothing is zero by its initialisation."""
    for p in module.parameters():
        nn.init.normal_(p, std=std)


def vino(seed: int = 0) -> Vino:
    """The whole model, random but repeatable."""
    torch.manual_seed(seed)
    vlm = qwen(tokenizer())
    sizes = ConditionerConfig(
        vlm_width=32, queries=4, context_dim=MMDIT.context_dim, visual_dim=MMDIT.width
    )
    small = AutoencoderConfig(latent_channels=4, fine_width=8, coarse_width=16)
    made = Vino(vlm, Conditioner(sizes), MMDiT(MMDIT), CausalAutoencoder(small))
    randomise(made.conditioner)
    randomise(made.mmdit)
    return made.eval()
