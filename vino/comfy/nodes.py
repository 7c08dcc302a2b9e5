"""The nodes. References chain into a prompt; sampling gives latents, which are decoded apart.

Numbers whose 0 would mean nothing stand for the model's own default at 0.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vino.comfy.host import watcher
from vino.comfy.images import to_clip, to_images, to_pictures
from vino.errors import InputError
from vino.flow.sampler import SOLVERS
from vino.flow.sampling import MAX_STEPS
from vino.generate import Model, load
from vino.media import Frames
from vino.prompt import Image, Medium, Prompt, Text, Video, attach
from vino.request import MAX_SEED, Request

Inputs = dict[str, dict[str, tuple[Any, ...]]]
References = tuple[Medium, ...]
Latent = dict[str, Any]

MODEL, REFERENCES, PROMPT = "VINO_MODEL", "VINO_REFERENCES", "VINO_PROMPT"
OWN = "the model's"  # of a choice: the model's own default
OURS = "vino"  # beside a latent's samples: where in its grid the result is, and its rate
LARGEST_SIDE, MOST_FRAMES, MOST_RESULTS = 8192, 1200, 64
FPS = ("FLOAT", {"default": 24.0, "min": 0.01, "max": 1000.0, "step": 0.01,
                 "tooltip": "Frames a second of the clip."})  # fmt: skip


class Load:
    """A model, and an adapter added to it."""

    CATEGORY = "vino"
    DESCRIPTION = "Load a VINO model: the embedded one, a folder or a Hugging Face id."
    RETURN_TYPES = (MODEL,)
    RETURN_NAMES = ("model",)
    FUNCTION = "load"

    @classmethod
    def INPUT_TYPES(cls) -> Inputs:
        return {
            "required": {
                "model": ("STRING", {"default": "tiny", "tooltip":
                                     '"tiny" is embedded; or a folder, or a Hugging Face id.'}),
                "device": (["auto", "cuda", "mps", "cpu"], {"default": "auto"}),
                "dtype": (["auto", "bfloat16", "float16", "float32"], {"default": "auto"}),
            },
            "optional": {
                "lora": ("STRING", {"default": "", "tooltip": "Folder of an adapter."}),
                "lora_strength": ("FLOAT", {"default": 1.0, "min": -10.0, "max": 10.0,
                                            "step": 0.05}),
            },
        }  # fmt: skip

    @classmethod
    def VALIDATE_INPUTS(cls, model: str | None, lora: str | None = None) -> bool | str:
        if model is not None and not model.strip():
            return 'name a model: "tiny", a folder or a Hugging Face id'
        if lora and not Path(lora).is_dir():
            return f"there is no folder {lora}: name the one of an adapter"
        return True

    @classmethod
    def IS_CHANGED(cls, model: str | None, lora: str | None = None, **_: Any) -> str:
        """Weights that were trained on are loaded again."""
        files = sorted(
            file
            for folder in (model, lora)
            if folder and Path(folder).is_dir()
            for file in Path(folder).iterdir()
        )
        return " ".join(f"{file}:{file.stat().st_mtime_ns}" for file in files)

    def load(
        self, model: str, device: str, dtype: str, lora: str = "", lora_strength: float = 1.0
    ) -> tuple[Model]:
        with torch.inference_mode(False):  # weights that live longer than this run
            return (
                load(
                    model,
                    device=None if device == "auto" else device,
                    dtype=None if dtype == "auto" else dtype,
                    lora={lora: lora_strength} if lora else None,
                ),
            )


class Reference:
    """Pictures or a clip that a prompt refers to; chained, they count on."""

    CATEGORY = "vino"
    DESCRIPTION = (
        "Pictures or a clip for the prompt to name: Image 1, Image 2, Video 1. Chain several."
    )
    RETURN_TYPES = (REFERENCES,)
    RETURN_NAMES = ("references",)
    FUNCTION = "add"

    @classmethod
    def INPUT_TYPES(cls) -> Inputs:
        return {
            "required": {
                "images": ("IMAGE", {}),
                "kind": (["pictures", "clip"], {"default": "pictures", "tooltip":
                                                "Every image by itself, or all as one clip."}),
                "fps": FPS,
            },
            "optional": {"references": (REFERENCES, {"tooltip": "Those that come before."})},
        }  # fmt: skip

    def add(
        self, images: Tensor, kind: str, fps: float, references: References = ()
    ) -> tuple[References]:
        if kind == "clip":
            return ((*references, Video(to_clip(images, fps))),)
        return ((*references, *(Image(picture) for picture in to_pictures(images))),)


class WritePrompt:
    """Text, and what it refers to."""

    CATEGORY = "vino"
    DESCRIPTION = "What to make. References are named in the text: the object in Image 1."
    RETURN_TYPES = (PROMPT,)
    RETURN_NAMES = ("prompt",)
    FUNCTION = "write"

    @classmethod
    def INPUT_TYPES(cls) -> Inputs:
        return {
            "required": {"text": ("STRING", {"multiline": True, "default": ""})},
            "optional": {"references": (REFERENCES, {})},
        }

    @classmethod
    def VALIDATE_INPUTS(cls, text: str | None) -> bool | str:
        return _said(text)

    def write(self, text: str, references: References = ()) -> tuple[Prompt]:
        return (attach(text, references),)


class Edit:
    """A picture or clip and what to change; with frames, a picture is brought to life."""

    CATEGORY = "vino"
    DESCRIPTION = (
        "Change a picture or clip. With frames set in the sampler, a picture is the first frame of "
        "a clip. Further references come first: Image 1 is the first of them."
    )
    RETURN_TYPES = (PROMPT,)
    RETURN_NAMES = ("prompt",)
    FUNCTION = "edit"

    @classmethod
    def INPUT_TYPES(cls) -> Inputs:
        return {
            "required": {
                "images": ("IMAGE", {}),
                "text": ("STRING", {"multiline": True, "default": ""}),
                "kind": (["picture", "clip"], {"default": "picture"}),
                "fps": FPS,
            },
            "optional": {"references": (REFERENCES, {})},
        }

    @classmethod
    def VALIDATE_INPUTS(cls, text: str | None) -> bool | str:
        return _said(text)

    def edit(
        self, images: Tensor, text: str, kind: str, fps: float, references: References = ()
    ) -> tuple[Prompt]:
        if kind == "clip":
            return (Prompt(*references, Video(to_clip(images, fps), base=True), Text(text)),)
        if len(images) != 1:
            raise InputError(
                f"a batch of {len(images)} images is to be edited as a picture: choose one, or "
                'the kind "clip"'
            )
        (picture,) = to_pictures(images)
        return (Prompt(*references, Image(picture, base=True), Text(text)),)


class Sampler:
    """Denoise: prompt to latents."""

    CATEGORY = "vino"
    DESCRIPTION = "Sample latents. 0: the model's own default, or that of what is edited."
    RETURN_TYPES = ("LATENT",)
    RETURN_NAMES = ("latent",)
    FUNCTION = "sample"

    @classmethod
    def INPUT_TYPES(cls) -> Inputs:
        def scale(tooltip: str) -> tuple[Any, ...]:
            options = {"default": 0.0, "min": 0.0, "max": 100.0, "step": 0.1}
            return ("FLOAT", {**options, "tooltip": f"{tooltip} 0: the model's own."})

        def side(most: int, tooltip: str) -> tuple[Any, ...]:
            return ("INT", {"default": 0, "min": 0, "max": most, "tooltip": tooltip})

        own = "0: the model's own, or that of what is edited."
        return {
            "required": {
                "model": (MODEL, {}),
                "prompt": (PROMPT, {}),
                "seed": ("INT", {"default": 0, "min": 0, "max": MAX_SEED,
                                 "control_after_generate": True}),
                "steps": side(MAX_STEPS, "0: the model's own."),
                "guidance": scale("How strongly the text is followed; 1 is plain."),
                "image_guidance": scale("How strongly pictures are followed; 1 is plain."),
                "width": side(LARGEST_SIDE, own),
                "height": side(LARGEST_SIDE, own),
                "frames": side(MOST_FRAMES, "1 is a picture. 0: that of what is edited, or 1."),
                "batch_size": ("INT", {"default": 1, "min": 1, "max": MOST_RESULTS,
                                       "tooltip": "Results, with seeds counting up."}),
            },
            "optional": {
                "negative": ("STRING", {"multiline": True, "default": ""}),
                "shift": scale("More time near the noise above 1."),
                "solver": ([OWN, *SOLVERS], {"default": OWN}),
                "previews": ("BOOLEAN", {"default": False,
                                         "tooltip": "Decode and show every step; slower."}),
            },
        }  # fmt: skip

    def sample(
        self,
        model: Model,
        prompt: Prompt,
        seed: int,
        steps: int,
        guidance: float,
        image_guidance: float,
        width: int,
        height: int,
        frames: int,
        batch_size: int,
        negative: str = "",
        shift: float = 0.0,
        solver: str = OWN,
        previews: bool = False,
    ) -> tuple[Latent]:
        if bool(width) != bool(height):
            raise InputError("give both width and height, or neither (0)")
        settings = {
            "steps": steps or None,
            "guidance": guidance or None,
            "image_guidance": image_guidance or None,
            "negative": negative or None,
            "shift": shift or None,
            "solver": None if solver == OWN else solver,
        }
        length, size = frames or None, (width, height) if width else None
        sampling = model.sampling(prompt, length, settings)
        requests = [Request(prompt, sampling, size, length, seed + i) for i in range(batch_size)]
        samples = model.sample(requests, watcher(previews))
        job = samples[0].job
        fps = job.source.fps if job.source and job.source.is_clip else model.defaults.fps
        latents = torch.stack([sample.latent.cpu() for sample in samples])
        return ({"samples": latents, OURS: {"content": job.content, "fps": fps}},)


class Decode:
    """Latents to images."""

    CATEGORY = "vino"
    DESCRIPTION = "Decode latents; a clip becomes a batch of its frames."
    RETURN_TYPES = ("IMAGE", "FLOAT")
    RETURN_NAMES = ("images", "fps")
    FUNCTION = "decode"

    @classmethod
    def INPUT_TYPES(cls) -> Inputs:
        return {"required": {"model": (MODEL, {}), "latent": ("LATENT", {})}}

    def decode(self, model: Model, latent: Mapping[str, Any]) -> tuple[Tensor, float]:
        samples = latent["samples"]
        wanted = model.vino.mmdit.config.latent_channels
        if samples.ndim != 5 or samples.shape[1] != wanted:
            raise InputError(
                f"a latent of the shape {tuple(samples.shape)} is not this model's: connect one "
                f"that the VINO sampler made (B {wanted} T H W)"
            )
        made = [model.decode(sample) for sample in samples]
        ours = latent.get(OURS, {})
        images = to_images([_cut(frames, ours.get("content")) for frames in made])
        return images, float(ours.get("fps", model.defaults.fps))


def _said(text: str | None) -> bool | str:
    """Whether there are words; text that another node gives is not known yet (None)."""
    return True if text is None or text.strip() else "it is empty: say what you want to see"


def _cut(frames: Frames, content: tuple[int, int, int, int] | None) -> Frames:
    """The result without the border that fills its grid."""
    if content is None:
        return frames
    left, top, width, height = content
    return Frames(frames.pixels[:, top : top + height, left : left + width], frames.fps)


NODE_CLASS_MAPPINGS = {
    "VinoLoad": Load,
    "VinoReference": Reference,
    "VinoPrompt": WritePrompt,
    "VinoEdit": Edit,
    "VinoSample": Sampler,
    "VinoDecode": Decode,
}
NODE_DISPLAY_NAME_MAPPINGS = {
    "VinoLoad": "VINO: load model",
    "VinoReference": "VINO: reference",
    "VinoPrompt": "VINO: prompt",
    "VinoEdit": "VINO: edit or animate",
    "VinoSample": "VINO: sample",
    "VinoDecode": "VINO: decode",
}
