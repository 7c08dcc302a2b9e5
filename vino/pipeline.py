"""A model in the form that scripts written for diffusers expect.

No second way to generate: a call is turned into `Request`s, and their frames into what
`output_type` asks for. It is no `DiffusionPipeline`: what that class would add (offloading,
slicing, swapping of schedulers) would not work here, and no script should find it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from diffusers.utils import BaseOutput
from einops import rearrange
from torch import Tensor
from tqdm.auto import tqdm

from vino import checkpoints
from vino.errors import InputError
from vino.generate import Model, Progress, Sample, load
from vino.media import Frames
from vino.prompt import Image, Medium, Prompt, Text, Video
from vino.request import MAX_SEED, Request

OutputType = Literal["pil", "np", "pt", "latent"]
OUTPUT_TYPES: tuple[OutputType, ...] = ("pil", "np", "pt", "latent")
TIMESTEPS = 1000  # diffusers counts time from 1000 (noise) to 0
Callback = Callable[["VinoPipeline", int, Tensor, dict[str, Any]], dict[str, Any]]


@dataclass
class VinoPipelineOutput(BaseOutput):
    """What a call made: `images` of pictures, `frames` of clips, by `output_type`.

    pil: a list of PIL images, or of lists of them. np: floats from 0 to 1, B H W 3 or B T H W 3.
    pt: the same as a tensor, B 3 H W or B T 3 H W. latent: B C T H W of either.
    """

    images: Any = None
    frames: Any = None


class _Interrupted(Exception):
    """A callback set `pipe._interrupt`; carries the estimates at that step."""

    def __init__(self, samples: list[Sample]):
        self.samples = samples


class VinoPipeline:
    """A loaded model that is called as diffusers' pipelines are.

    pipe = VinoPipeline.from_pretrained("tiny")
    pipe("a red apple on a plain green background").images[0].save("a.png")
    """

    _callback_tensor_inputs = ("latents",)

    def __init__(self, model: Model, source: str | Path | None = None, **companions: Any):
        self.model = model
        self._source, self._companions = source, companions
        self._interrupt = False
        self._progress_bar_config: dict[str, Any] = {}

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        torch_dtype: torch.dtype | str | None = None,
        dtype: torch.dtype | str | None = None,
        device_map: str | None = None,
        vlm: str | Path | None = None,
        vae: str | Path | None = None,
        lora: Mapping[str | Path, float] | None = None,
    ) -> "VinoPipeline":
        """Load "tiny", a folder or a hub id onto the CPU in float32, as diffusers does.

        torch_dtype (or dtype): another type. device_map: a device ("cuda") to load onto at once.
        vlm, vae, lora: as in `vino.load`, whose errors apply.
        """
        source = pretrained_model_name_or_path
        wanted = torch_dtype or dtype or torch.float32
        model = load(source, vlm=vlm, vae=vae, lora=lora, device=device_map or "cpu", dtype=wanted)
        return cls(model, source, vlm=vlm, vae=vae)

    def save_pretrained(self, save_directory: str | Path) -> None:
        """Write a model folder with card and licences; added adapters are part of its weights."""
        if self._source is None:
            raise InputError("this pipeline was not loaded from anything: use from_pretrained")
        found = checkpoints.read(self._source, device="meta", **self._companions)
        made, card = self.model.vino, replace(found.card, hash=None)
        for adapter in self.model.identity.get("lora", ()):
            origin = checkpoints.Origin("adapter", str(adapter["name"]), "see the adapter")
            card = replace(card, provenance=(*card.provenance, origin))
        whole = checkpoints.Checkpoint.of(made, card)
        checkpoints.write_native(save_directory, replace(whole, upstream=found.upstream))

    def to(self, *where: Any, **options: Any) -> "VinoPipeline":
        """Move to a device, a dtype, or both, as `torch.nn.Module.to` does; returns itself."""
        self.model.to(*where, **options)
        return self

    @property
    def device(self) -> torch.device:
        return self.model.vino.device

    @property
    def dtype(self) -> torch.dtype:
        return self.model.vino.dtype

    @property
    def components(self) -> dict[str, torch.nn.Module]:
        """The parts of the model by name."""
        return dict(self.model.vino.named_children())

    @property
    def interrupt(self) -> bool:
        return self._interrupt

    def load_lora_weights(self, folder: str | Path, *, weight: float = 1.0) -> None:
        """Add an adapter's folder to the weights, where it stays; several add up."""
        self.model.adapt({folder: weight})

    def set_progress_bar_config(self, **options: Any) -> None:
        """Options of the tqdm bar; `disable=True` hides it."""
        self._progress_bar_config = options

    def progress_bar(self, total: int) -> Any:
        return tqdm(total=total, **self._progress_bar_config)

    def __call__(
        self,
        prompt: str | Prompt | Sequence[str | Prompt],
        image: Any = None,
        video: Any = None,
        height: int | None = None,
        width: int | None = None,
        num_frames: int | None = None,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        image_guidance_scale: float | None = None,
        negative_prompt: str | Sequence[str] | None = None,
        num_images_per_prompt: int = 1,
        generator: torch.Generator | Sequence[torch.Generator] | None = None,
        callback_on_step_end: Callback | None = None,
        callback_on_step_end_tensor_inputs: Sequence[str] = ("latents",),
        output_type: OutputType = "pil",
        return_dict: bool = True,
        edit: bool = True,
    ) -> Any:
        """Make pictures, or with `num_frames` above 1 clips; what is left out is the model's own.

        prompt: text, a `vino.Prompt` (which holds its own media), or a list of them: a batch.
        image: what the text calls "Image 1", "Image 2", ...: a PIL image, array, tensor (3 H W,
            floats from 0 to 1) or path, or a list of them. For a batch, one such entry for each
            prompt. The last one is edited, or with `num_frames` is the first frame of the clip.
        video: the clip that is edited, likewise: a path, list of images, or array T H W 3.
        edit: with False, images and videos are references alone.
        num_images_per_prompt: results of each prompt, pictures or clips.
        generator: its seed decides, as `vino generate --seed` does; results count up from it. Every
            use moves it on, so that the next call draws something else. A list has one for each
            result. None: seeds are drawn from torch's own generator.
        callback_on_step_end: called with (pipe, step, timestep, {"latents": B C T H W}); latents
            it returns take their place. `pipe._interrupt = True` ends the run there, and the
            estimate of the result is what is returned.
        return_dict: with False, a tuple of the results alone.

        Raises InputError for whatever does not fit together.
        """
        if output_type not in OUTPUT_TYPES:
            raise InputError(
                f'unknown output_type "{output_type}": use one of {", ".join(OUTPUT_TYPES)}'
            )
        names = getattr(callback_on_step_end, "tensor_inputs", callback_on_step_end_tensor_inputs)
        if unknown := sorted(set(names) - set(self._callback_tensor_inputs)):
            raise InputError(f"callbacks are given latents alone, not {', '.join(unknown)}")
        prompts = _prompts(prompt, image, video, edit)
        settings = {
            "steps": num_inference_steps,
            "guidance": guidance_scale,
            "image_guidance": image_guidance_scale,
        }
        negatives = _spread("negative_prompt", negative_prompt, len(prompts))
        seeds = iter(_seeds(generator, len(prompts), num_images_per_prompt))
        requests = [
            Request(
                words,
                self.model.sampling(words, num_frames, {**settings, "negative": negative}),
                self._size(words, width, height, num_frames),
                num_frames,
                next(seeds),
            )
            for words, negative in zip(prompts, negatives, strict=True)
            for _ in range(num_images_per_prompt)
        ]
        if len({(r.sampling.steps, r.sampling.solver) for r in requests}) > 1:
            raise InputError("one call makes pictures or clips, not both: call it for each kind")
        samples = self._sample(requests, callback_on_step_end, names)
        return self._output(samples, output_type, return_dict)

    def _size(
        self, prompt: Prompt, width: int | None, height: int | None, frames: int | None
    ) -> tuple[int, int] | None:
        """Both sides or none; one alone is completed by the model's default."""
        if width is None and height is None:
            return None
        if prompt.base is not None and (width is None or height is None):
            raise InputError(
                "give both height and width, or neither: the edited medium has its own"
            )
        defaults = self.model.defaults
        usual = defaults.clip_size if (frames or 1) > 1 else defaults.size
        return (usual[0] if width is None else width, usual[1] if height is None else height)

    def _sample(
        self, requests: Sequence[Request], callback: Callback | None, names: Sequence[str]
    ) -> list[Sample]:
        """Sample with the bar and the callback."""
        self._interrupt = False
        with self.progress_bar(total=requests[0].sampling.steps) as bar:

            def watch(progress: Progress) -> None:
                if callback is not None:
                    _call_back(self, callback, names, progress)
                bar.update()
                if self._interrupt:
                    raise _Interrupted(list(progress.estimate))

            try:
                return self.model.sample(requests, watch)
            except _Interrupted as stop:
                return stop.samples

    def _output(
        self, samples: Sequence[Sample], kind: OutputType, return_dict: bool
    ) -> VinoPipelineOutput | tuple[Any]:
        """Samples in the form asked for."""
        if kind == "latent":
            is_clip = samples[0].latent.shape[1] > 1
            results: Any = _together([sample.latent for sample in samples])
        else:
            made = [self.model.finish(sample) for sample in samples]
            is_clip = any(frames.is_clip for frames in made)
            results = _FORMS[kind](made, is_clip)
        if not return_dict:
            return (results,)
        return VinoPipelineOutput(**{"frames" if is_clip else "images": results})


def _call_back(
    pipe: VinoPipeline, callback: Callback, names: Sequence[str], progress: Progress
) -> None:
    """Show a callback where the run stands; latents that it gives back take their place."""
    shown = _together(progress.latents) if names else None
    given = {} if shown is None else {"latents": shown}
    timestep = torch.tensor(progress.time * TIMESTEPS)
    returned = callback(pipe, progress.step - 1, timestep, given) or {}
    for now, wanted in zip(progress.latents, returned.get("latents", ()), strict=False):
        now.copy_(wanted)


def _prompts(prompt: Any, image: Any, video: Any, edit: bool) -> list[Prompt]:
    """One prompt for each of the batch, with its media in front of the words."""
    single = isinstance(prompt, str | Prompt)
    words = [prompt] if single else list(prompt)
    if not words:
        raise InputError("there is no prompt: give text, a vino.Prompt, or a list of them")
    images = [image] if single else _spread("image", image, len(words))
    videos = [video] if single else _spread("video", video, len(words))
    return [_prompt(w, i, v, edit) for w, i, v in zip(words, images, videos, strict=True)]


def _prompt(words: str | Prompt, image: Any, video: Any, edit: bool) -> Prompt:
    pictures = [] if image is None else image if isinstance(image, list | tuple) else [image]
    media: list[Medium] = [Image(_channels_last(picture)) for picture in pictures]
    media += [] if video is None else [Video(video)]
    if isinstance(words, Prompt):
        if media:
            raise InputError("a vino.Prompt holds its media itself: write them into it")
        return words
    if edit and media:
        media[-1] = type(media[-1])(media[-1].frames, base=True, name=media[-1].name)
    return Prompt(*media, Text(words))


def _channels_last(picture: Any) -> Any:
    """A tensor 3 H W (or 1 3 H W) as an array H W 3; anything else as it is."""
    if not isinstance(picture, Tensor):
        return picture
    return rearrange(picture.detach().float().cpu().numpy(), "... c h w -> ... h w c")


def _spread(name: str, value: Any, count: int) -> list[Any]:
    """One value for all, or a list with one for each prompt."""
    if not isinstance(value, list | tuple):
        return [value] * count
    if len(value) != count:
        raise InputError(f"{name} has {len(value)} entries for {count} prompts: give one for each")
    return list(value)


def _seeds(generator: Any, prompts: int, each: int) -> list[int]:
    """One seed for each result."""
    if each < 1:
        raise InputError(f"num_images_per_prompt must be at least 1, not {each}")
    count = prompts * each
    if isinstance(generator, list | tuple):
        if len(generator) != count:
            raise InputError(f"there are {len(generator)} generators for {count} results")
        return [_seed(g) for g in generator]
    first = _seed(generator)
    return [(first + i) % (MAX_SEED + 1) for i in range(count)]


def _seed(generator: torch.Generator | None) -> int:
    """The seed a fresh generator was given; one drawn from it when it was used before.

    The generator moves on, so that a loop over one generator draws something else each time.
    """
    generator = torch.default_generator if generator is None else generator
    device = generator.device
    begun = torch.Generator(device).manual_seed(generator.initial_seed())
    fresh = torch.equal(begun.get_state(), generator.get_state())
    drawn = int(torch.randint(MAX_SEED, (), generator=generator, device=device))
    given = generator is not torch.default_generator
    return generator.initial_seed() % (MAX_SEED + 1) if fresh and given else drawn


def _together(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors of one shape, stacked."""
    if len({tensor.shape for tensor in tensors}) > 1:
        raise InputError(
            'the results of this call have several sizes: use output_type="pil" and no callback '
            "on latents, or ask for one size"
        )
    return torch.stack(list(tensors))


def _pil(made: Sequence[Frames], is_clip: bool) -> list[Any]:
    if not is_clip:
        return [frames.picture() for frames in made]
    return [[frames.picture(i) for i in range(frames.size.frames)] for frames in made]


def _tensor(made: Sequence[Frames], is_clip: bool) -> Tensor:
    pixels = _together([torch.from_numpy(frames.pixels) for frames in made])
    floats = rearrange(pixels, "b t h w c -> b t c h w").float() / 255
    return floats if is_clip else floats[:, 0]


def _array(made: Sequence[Frames], is_clip: bool) -> np.ndarray:
    return rearrange(_tensor(made, is_clip), "... c h w -> ... h w c").numpy()


_FORMS: dict[str, Callable[[Sequence[Frames], bool], Any]] = {
    "pil": _pil,
    "np": _array,
    "pt": _tensor,
}
