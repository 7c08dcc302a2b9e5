"""The whole story on one screen: load a model, generate, edit, animate.

prompt -> conditioning -> velocity -> frames. There is no task below this file: a task is which
references the prompt holds and what size the target has.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vino import checkpoints
from vino.branches import Branch, branches
from vino.errors import InputError
from vino.flow.guidance import guided
from vino.flow.path import Latents, Velocity, data_estimate, seeded_noise
from vino.flow.sampler import SOLVERS
from vino.flow.sampling import Defaults, Sampling, counted, whole
from vino.flow.schedule import schedule
from vino.media import Frames, content_hash, is_clip_file
from vino.model.encoded import Encoded
from vino.model.vae import from_pixels, to_pixels
from vino.model.vino import Vino
from vino.prompt import Image, Medium, Prompt, Text, Video
from vino.references import Fitted, fit, target_size
from vino.request import Request, write_recipe
from vino.sizes import LatentSize, PixelSize


@dataclass(frozen=True, eq=False)
class Progress:
    """Where a run stands: `step` of `steps` done; `preview()` decodes what is there so far.

    estimate: what `preview()` decodes. latents: of every request, C T H W, after this step; they
    may be changed in place. time: of this step, from 1 (noise) to 0.
    """

    step: int
    steps: int
    preview: Callable[[], list[Frames]]
    estimate: "Sequence[Sample]" = ()
    latents: Latents = ()
    time: float = 1.0


Watcher = Callable[[Progress], None]


@dataclass(frozen=True, eq=False)
class Job:
    """A request made ready: its branches with prompt states, latents and noise."""

    request: Request
    branches: tuple[Branch, ...]
    size: PixelSize
    content: tuple[int, int, int, int]
    source: Frames | None


@dataclass(frozen=True, eq=False)
class Sample:
    """A latent C T H W that has been drawn and not decoded yet, and the job it answers."""

    latent: Tensor
    job: Job


class Model:
    """A loaded model and its defaults.

    encoded: what references were encoded to, within 1 GiB; Encoded(0) keeps nothing.
    """

    def __init__(
        self,
        vino: Vino,
        defaults: Defaults,
        identity: dict[str, Any],
        encoded: Encoded | None = None,
    ):
        self.vino = vino.eval()
        self.defaults = defaults
        self.identity = identity
        self.encoded = Encoded() if encoded is None else encoded

    @property
    def unit(self) -> int:
        """Pixels of one token: sizes are multiples of this."""
        return self.vino.vae.strides.space * self.vino.mmdit.config.patch[-1]

    def generate(
        self,
        prompt: Prompt | str,
        *,
        size: tuple[int, int] | None = None,
        frames: int | None = None,
        seed: int = 0,
        n: int = 1,
        watch: Watcher | None = None,
        **settings: Any,
    ) -> Any:
        """Make a picture, or a clip of `frames` frames; with n > 1 a list, seeds counting up.

        settings: fields of `Sampling`; the model's defaults apply to the rest. Raises InputError
        for sizes and settings the model cannot work with.
        """
        n, seed = counted("n", n), whole("the seed", seed)
        frames = None if frames is None else whole("frames", frames)
        prompt = prompt if isinstance(prompt, Prompt) else Prompt(prompt)
        sampling = self.sampling(prompt, frames, settings)
        requests = [Request(prompt, sampling, size, frames, seed + i) for i in range(n)]
        made = self.run(requests, watch)
        return made[0] if n == 1 else made

    def edit(
        self, source: Any, instruction: str, *, references: Sequence[Any] = (), **options: Any
    ) -> Any:
        """Edit a picture or clip; the result takes its size, and a clip's length, rate and sound.

        references: further pictures, named "Image 1", ... in the instruction; the edited picture
        is the last image.
        """
        base = source if isinstance(source, Image | Video) else _medium(source)
        base = type(base)(base.frames, base=True, name=base.name)
        others = [r if isinstance(r, Image | Video) else _medium(r) for r in references]
        return self.generate(Prompt(*others, base, Text(instruction)), **options)

    def animate(
        self, picture: Any, prompt: str, *, frames: int | None = None, **options: Any
    ) -> Any:
        """A clip that begins with the picture."""
        image = picture if isinstance(picture, Image) else Image(picture)
        first = Image(image.frames, base=True, name=image.name)
        return self.generate(
            Prompt(first, Text(prompt)), frames=frames or self.defaults.frames, **options
        )

    def rewrite(self, prompt: Prompt | str, seed: int = 0) -> str:
        """The prompt as the model's VLM would caption its result (understand, then generate)."""
        prompt = prompt if isinstance(prompt, Prompt) else Prompt(prompt)
        return self.vino.vlm.rewrite(prompt.chat, seed=seed)

    def sampling(self, prompt: Prompt, frames: int | None, settings: dict[str, Any]) -> Sampling:
        """The model's defaults for such a request, changed by what was asked."""
        clip = frames is not None and frames > 1
        clip = clip or (frames is None and isinstance(prompt.base, Video))
        return self.defaults.sampling(clip, bool(prompt.media)).changed(**settings)

    def check(self, request: Request) -> PixelSize:
        """The size it would be worked at, nothing encoded yet; InputError beyond the model."""
        area, limit = self.defaults.area, self._most_frames(request)
        fitted = {m: fit(m, area(m.base), self.unit, limit) for m in request.prompt.media}
        return self._size(request, fitted)[0]

    def run(self, requests: Sequence[Request], watch: Watcher | None = None) -> list[Frames]:
        """Make all requests, packed: those with equal steps and solver share every pass."""
        return [self.finish(sample) for sample in self.sample(requests, watch)]

    @torch.inference_mode()
    def sample(self, requests: Sequence[Request], watch: Watcher | None = None) -> list[Sample]:
        """As `run`, up to the latents; `finish` does the rest."""
        jobs = self._prepare(requests)
        groups: dict[tuple[int, str], list[int]] = {}
        for i, request in enumerate(requests):
            groups.setdefault((request.sampling.steps, request.sampling.solver), []).append(i)
        made: dict[int, Sample] = {}
        for members in groups.values():
            latents = self._sample([jobs[i] for i in members], watch)
            for i, latent in zip(members, latents, strict=True):
                made[i] = Sample(latent, jobs[i])
        return [made[i] for i in range(len(requests))]

    def to(self, *where: Any, **options: Any) -> "Model":
        """Move to a device or type, as `torch.nn.Module.to` does; returns itself."""
        self.vino.to(*where, **options)
        self.encoded = Encoded(self.encoded.most_bytes)  # what was encoded is of the other
        return self

    def adapt(self, lora: Mapping[str | Path, float]) -> None:
        """Add adapters, each with its strength; CheckpointError when one is of another model."""
        adapters = [checkpoints.Adapter(Path(f), strength) for f, strength in lora.items()]
        checkpoints.merge(self.vino, adapters)
        known = self.identity.get("lora", [])
        self.identity = {**self.identity, "lora": known + [a.identity for a in adapters]}

    def _prepare(self, requests: Sequence[Request]) -> list[Job]:
        """Fit and encode every reference once, read every distinct prompt once."""
        fitted: dict[tuple[Medium, int], Fitted] = {}
        latents: dict[Fitted, Tensor] = {}
        plans = []
        for request in requests:
            mine, limit = {}, self._most_frames(request)
            for medium in request.prompt.media:
                key = (medium, limit if isinstance(medium, Video) else 1)
                if key not in fitted:
                    area = self.defaults.area(medium.base)
                    fitted[key] = fit(medium, area, self.unit, limit)
                mine[medium] = fitted[key]
            plans.append((request, mine, *self._size(request, mine)))
        jobs = []
        for request, mine, size, content in plans:
            for reference in mine.values():
                if reference not in latents:
                    latents[reference] = self._encode(reference.frames)
            base = request.prompt.base
            made = branches(request.prompt, request.sampling, mine, latents)
            jobs.append(Job(request, made, size, content, base.frames if base else None))
        return jobs

    def _most_frames(self, request: Request) -> int:
        """Frames kept of its clips: those asked for; a picture is made from whole ones."""
        is_picture = request.frames == 1 and not isinstance(request.prompt.base, Video)
        asked = None if is_picture else request.frames
        return asked or self.defaults.max_frames

    def _size(
        self, request: Request, fitted: dict[Medium, Fitted]
    ) -> tuple[PixelSize, tuple[int, int, int, int]]:
        """Size worked at and the part of it that is the result; InputError beyond the model."""
        limits = self.defaults
        default = limits.clip_size if (request.frames or 1) > 1 else limits.size
        size, content = target_size(
            request.prompt, fitted, request.size, request.frames, default, self.unit
        )
        if size.frames > limits.max_frames or size.height * size.width > limits.max_area:
            side = int(limits.max_area**0.5)
            raise InputError(
                f"{size} is more than this model makes: at most {limits.max_frames} frames and "
                f"as many pixels as {side}x{side}"
            )
        return size, content

    def _encode(self, frames: Frames) -> Tensor:
        """Pixels -> latent C T H W, computed or found among what was encoded before."""

        def encode() -> tuple[Tensor]:
            pixels = torch.from_numpy(np.ascontiguousarray(frames.pixels)).to(self.vino.device)
            video = from_pixels(pixels[None]).to(self.vino.dtype)
            return (self.vino.vae.encode(video)[0].float(),)

        return self.encoded.get(f"latent {content_hash(frames)}", encode)[0]

    @torch.inference_mode()
    def decode(self, latent: Tensor) -> Frames:
        """Latent C T H W -> pixels of the whole grid; InputError for one that overflowed."""
        if not latent.isfinite().all():
            raise InputError(
                "the numbers overflowed: lower --guidance, or load the model as float32"
            )
        video = self.vino.vae.decode(latent[None].to(self.vino.device, self.vino.dtype))[0]
        return Frames(to_pixels(video).cpu().numpy(), self.defaults.fps)

    def _velocity(self, jobs: Sequence[Job]) -> Velocity:
        """The guided velocity of all jobs; prompts, references and queries are done here, once."""
        rows = [branch for job in jobs for branch in job.branches]
        chats = list(dict.fromkeys(b.chat for b in rows))
        states = dict(zip(chats, self.vino.read(chats, self.encoded), strict=True))
        conditioning = self.vino.remember(
            self.vino.condition(
                [states[branch.chat] for branch in rows], [branch.latents for branch in rows]
            )
        )

        def velocity(x: Latents, t: Tensor) -> list[Tensor]:
            return [v.float() for v in self.vino(x, t.to(self.vino.device), conditioning)]

        return guided(velocity, [[b.weight for b in job.branches] for job in jobs])

    def _sample(self, jobs: Sequence[Job], watch: Watcher | None) -> list[Tensor]:
        sampling = jobs[0].request.sampling
        noise = [
            seeded_noise(self._latent_shape(job.size), job.request.seed, self.vino.device)
            for job in jobs
        ]
        times = torch.stack(
            [schedule(sampling.steps, job.request.sampling.shift) for job in jobs], dim=1
        )

        def report(step: int, x: Latents, v: Latents, t: Tensor, after: Latents) -> None:
            if watch is not None:
                ends = [
                    Sample(data_estimate(a, b, float(u)), job)
                    for a, b, u, job in zip(x, v, t, jobs, strict=True)
                ]
                show = lambda: [self.finish(sample) for sample in ends]  # noqa: E731
                watch(Progress(step + 1, sampling.steps, show, ends, after, float(t[0])))

        return SOLVERS[sampling.solver](self._velocity(jobs), noise, times, report)

    def _latent_shape(self, size: PixelSize) -> tuple[int, int, int, int]:
        latent: LatentSize = self.vino.vae.strides.latent(size)
        channels = self.vino.mmdit.config.latent_channels
        return channels, latent.frames, latent.height, latent.width

    def finish(self, sample: Sample) -> Frames:
        """Decode, cut the result out of its grid, and write down how it was made."""
        job, frames = sample.job, self.decode(sample.latent)
        left, top, width, height = job.content
        cut = frames.pixels[:, top : top + height, left : left + width]
        keep = job.source if job.source is not None and job.source.is_clip else None
        return replace(
            frames,
            pixels=cut,
            fps=keep.fps if keep else frames.fps,
            sound=keep.sound if keep else None,
            recipe=write_recipe(job.request, self.identity, str(job.size)),
        )


def _medium(source: Any) -> Medium:
    if isinstance(source, Frames):
        return Video(source) if source.is_clip else Image(source)
    if isinstance(source, str | Path) and is_clip_file(source):
        return Video(source)
    if (isinstance(source, np.ndarray) and source.ndim == 4) or isinstance(source, list):
        return Video(source)
    return Image(source)


def load(
    model: str | Path = "tiny",
    *,
    vlm: str | Path | None = None,
    vae: str | Path | None = None,
    lora: Mapping[str | Path, float] | None = None,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
) -> Model:
    """Load a model: "tiny" (embedded), a folder or file, or a hub id.

    vlm, vae: folders of Qwen3-VL and of the autoencoder, for checkpoints that come without them.
    lora: folders of adapters and their strengths (1 as trained), all of which are added.
    device: CUDA or MPS are taken when there. dtype: bfloat16 on CUDA, float32 elsewhere. Raises
    CheckpointError for damaged weights and for bases that cannot generate, InputError for names
    that lead nowhere.
    """
    where = device_of(device)
    wanted = _dtype(dtype) or (torch.bfloat16 if where.type == "cuda" else torch.float32)
    read = checkpoints.read(model, vlm=vlm, vae=vae, dtype=wanted, device=where, generating=True)
    identity = {"name": Path(model).name, "hash": read.hash()}
    made = Model(read.vino(), Defaults.parse(read.card.sampling), identity)
    if lora:
        made.adapt(lora)
    return made


def device_of(name: str | torch.device | None) -> torch.device:
    """Where to compute, None for the fastest there is; InputError when it is not there."""
    if name is None:
        return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
        return device
    except (RuntimeError, AssertionError, NotImplementedError):
        raise InputError(f'no device "{name}" here: leave --device out or use "cpu"') from None


def _dtype(name: str | torch.dtype | None) -> torch.dtype | None:
    if name is None or isinstance(name, torch.dtype):
        return name
    known = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    if name not in known:
        raise InputError(f'unknown dtype "{name}": choose from {", ".join(known)}')
    return known[name]
