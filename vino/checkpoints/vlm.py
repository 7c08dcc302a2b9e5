"""Hugging Face folders of Qwen3-VL, read strictly and written whole."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from transformers import (
    AutoTokenizer,
    GenerationConfig,
    PreTrainedTokenizerBase,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
)

from vino.checkpoints.fill import Piece, Placement, Target, empty_weights, fill, same_names
from vino.checkpoints.save import Saving, save_json, save_tensors
from vino.checkpoints.store import first_line, read_json, weights_in
from vino.errors import CheckpointError
from vino.model.vision import TEMPORAL_PATCH, VisionConfig
from vino.model.vlm import VLM

STEM = "model"


def read_vlm(
    folder: str | Path,
    placement: Placement | None = None,
    compat: Mapping[str, bool] | None = None,
) -> VLM:
    """The vision-language model of a Qwen3-VL folder with its tokenizer.

    compat: settings of `VisionConfig` that keep published behaviour.
    """
    folder = Path(folder)
    vlm = empty_vlm(folder, compat or {})
    source = weights_in(folder, STEM)
    fill([vlm_target(vlm)], source, placement or Placement(), tied_names(vlm).__contains__)
    return vlm


def empty_vlm(folder: Path, compat: Mapping[str, bool]) -> VLM:
    """The model of a folder, its weights still on the meta device."""
    config = read_json(folder / "config.json")
    if config.get("model_type") != "qwen3_vl":
        raise CheckpointError(
            f"{folder}: a {config.get('model_type')!r} model; a Qwen3-VL folder is needed "
            "(Qwen3-VL-4B-Instruct for the published weights)"
        )
    with empty_weights(folder):
        model = Qwen3VLForConditionalGeneration(Qwen3VLConfig.from_dict(config))
        if (folder / "generation_config.json").exists():
            defaults = read_json(folder / "generation_config.json")
            model.generation_config = GenerationConfig.from_dict(defaults)
    try:
        vision = VisionConfig.from_folder(folder, **compat)
    except TypeError:
        raise CheckpointError(f"unknown compat setting among {', '.join(compat)}") from None
    return VLM(model, _tokenizer(folder), vision)


def vlm_target(vlm: VLM, prefix: str = "") -> Target:
    """Where the model's tensors lie in a checkpoint; tied ones are not asked for."""
    target = same_names(vlm.model, tied_names(vlm))
    return Target(vlm.model, {n: Piece(prefix + n) for n in target.pieces})


def tied_names(vlm: VLM) -> frozenset[str]:
    """Tensors that are others by another name (the head and the embedding)."""
    return frozenset(vlm.model.all_tied_weights_keys)


def write_vlm(folder: Path, vlm: VLM, saving: Saving) -> list[Path]:
    """Write a Qwen3-VL folder that transformers loads too; returns the files of weights."""
    folder.mkdir()
    tied = tied_names(vlm)
    tensors = {n: t for n, t in vlm.model.state_dict().items() if n not in tied}
    files = save_tensors(folder, STEM, tensors, saving)
    config = vlm.model.config.to_dict() | {"architectures": [type(vlm.model).__name__]}
    dtype = saving.dtype or vlm.model.dtype
    save_json(folder / "config.json", config | {"dtype": str(dtype).removeprefix("torch.")})
    if vlm.model.generation_config is not None:
        vlm.model.generation_config.save_pretrained(folder)
    vlm.tokenizer.save_pretrained(folder)
    for name, content in _processing(vlm.vision).items():
        save_json(folder / name, content)
    return files


def _processing(vision: VisionConfig) -> dict[str, dict[str, Any]]:
    """The files that tell processors, and us, what the model sees of a picture or clip."""
    common = {
        "patch_size": vision.patch,
        "merge_size": vision.merge,
        "temporal_patch_size": TEMPORAL_PATCH,
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
        "rescale_factor": 1 / 255,
        "resample": 3,
        "do_convert_rgb": True,
        "do_normalize": True,
        "do_rescale": True,
        "do_resize": True,
    }
    image, video = (
        {"shortest_edge": limits.least, "longest_edge": limits.most}
        for limits in (vision.image, vision.video)
    )
    clip = {"video_processor_type": "Qwen3VLVideoProcessor", "vino_clip_frames": vision.clip_frames}
    return {
        "preprocessor_config.json": common
        | {"image_processor_type": "Qwen2VLImageProcessor", "size": image},
        "video_preprocessor_config.json": common | clip | {"size": video},
    }


def _tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # transformers raises whatever its parsers raise
        raise CheckpointError(f"{folder}: no usable tokenizer ({first_line(error)})") from None
    return cast(PreTrainedTokenizerBase, tokenizer)
