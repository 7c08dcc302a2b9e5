"""Train the small autoencoder on scenes of the emoji world: about 15 minutes on a CPU core.

    python recipes/tiny_autoencoder.py --out runs/autoencoder

Every batch is a function of (seed, step), so a run that was stopped goes on from its last
checkpoint as if nothing had happened. The result is `OUT/final/vae.safetensors` (bf16, the
running average of the weights, latent statistics measured) beside `config.json`.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import tyro
from einops import rearrange
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from tqdm import tqdm

from vino.data.world.backgrounds import KINDS
from vino.data.world.render import render
from vino.data.world.scene import DIRECTIONS, Background, Motion, Scene, SceneObject
from vino.data.world.vocabulary import COLOURS, HELD_OUT_CONCEPTS, TRAINING_CONCEPTS
from vino.model.autoencoder import AutoencoderConfig, CausalAutoencoder
from vino.model.vae import from_pixels
from vino.train.precision import Muon, low_precision

CLIP_EVERY = 4  # every fourth step is clips
PICTURES = ((64, 64), (64, 32), (128, 48), (96, 48), (64, 64), (128, 64))  # (drawn, cropped) side
CLIPS = ((5, 48), (9, 40), (17, 32), (9, 32), (5, 64))  # (frames, cropped side) of 64 px clips
START_PICTURES = 1000  # whose principal components the linear path starts from
LINEAR_PACE = 0.02  # learning rate of the linear path, which starts where it should be
CHARBONNIER = 1e-2  # below this error the absolute error turns quadratic


@dataclass(frozen=True)
class Settings:
    """Everything that decides a run."""

    out: Path
    steps: int = 12_000
    frame_budget: int = 10  # 64 px frames of one step; smaller crops are more
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    warmup: int = 200
    average: float = 0.999  # how much of the running average of the weights a step keeps
    noise: float = 0.08  # most noise added to latents, in their own standard deviations
    edges: float = 0.5  # weight of the error of differences between neighbouring pixels
    seed: int = 0
    checkpoint_minutes: float = 3.0
    styles: tuple[str, ...] = ("flat",)
    config: AutoencoderConfig = field(default_factory=AutoencoderConfig)
    device: str = field(default_factory=lambda: "cuda" if torch.cuda.is_available() else "cpu")


# ---- data ------------------------------------------------------------------------------------


def draw_scene(
    rng: np.random.Generator, concepts: tuple[str, ...], styles: tuple[str, ...]
) -> Scene:
    """Some objects anywhere, of any size, each sliding its own way, on any background."""

    def one_of(values: tuple[str, ...]) -> str:
        return values[rng.integers(len(values))]

    def an_object() -> SceneObject:
        x, y = (float(v) for v in rng.uniform(0.15, 0.85, 2))
        slide = Motion("slide", one_of(tuple(DIRECTIONS)), float(rng.uniform(0, 0.5)))
        size = float(rng.uniform(0.2, 0.65))
        return SceneObject(one_of(concepts), one_of(styles), x, y, size, slide)

    backdrop = Background(one_of(KINDS), one_of(tuple(COLOURS)), one_of(tuple(COLOURS)))
    return Scene(backdrop, tuple(an_object() for _ in range(1 + rng.integers(4))))


def draw_videos(
    rng: np.random.Generator,
    concepts: tuple[str, ...],
    styles: tuple[str, ...],
    count: int,
    shape: tuple[int, int, int],
) -> Tensor:
    """`count` videos, B 3 T S S in [-1, 1]; shape: frames, side drawn, side of the crop."""
    frames, side, crop = shape
    videos = np.empty((count, frames, crop, crop, 3), np.uint8)
    for video in videos:
        drawn = render(draw_scene(rng, concepts, styles), side, frames)
        top, left = rng.integers(0, side - crop + 1, 2)
        video[:] = drawn[:, top : top + crop, left : left + crop]
    return from_pixels(torch.from_numpy(videos))


def recoloured(videos: Tensor, rng: np.random.Generator) -> Tensor:
    """One video in four in other colours: swapped channels, negative, gray or shaded."""
    result = videos.clone()
    for index in np.flatnonzero(rng.random(len(videos)) < 0.25):
        video = videos[index]
        match rng.integers(4):
            case 0:
                result[index] = video[torch.from_numpy(rng.permutation(3))]
            case 1:
                result[index] = -video
            case 2:
                result[index] = video.mean(0, keepdim=True)
            case 3:
                light = torch.from_numpy(rng.uniform(0.3, 1, (1, 1, 3, 3)).astype(np.float32))
                light = F.interpolate(light, size=video.shape[-2:], mode="bicubic")[0]
                result[index] = (video + 1) * light.clamp(0, 1) - 1
    return result


def batch(settings: Settings, step: int) -> Tensor:
    """The videos of a step: a pure function of (seed, step)."""
    rng = np.random.default_rng((settings.seed, step))
    turn, is_clip = divmod(step, CLIP_EVERY)[0], step % CLIP_EVERY == CLIP_EVERY - 1
    if is_clip:
        frames, crop = CLIPS[turn % len(CLIPS)]
        shape = (frames, 64, crop)
    else:
        side, crop = PICTURES[step % len(PICTURES)]
        shape = (1, side, crop)
    count = max(1, settings.frame_budget * 64 * 64 // (shape[0] * crop * crop))
    videos = draw_videos(rng, TRAINING_CONCEPTS, settings.styles, count, shape)
    return recoloured(videos, rng)


# ---- one step --------------------------------------------------------------------------------


def reconstruction_error(decoded: Tensor, videos: Tensor, edges: float) -> Tensor:
    """Absolute and squared error, and the error of edges, so that outlines stay sharp."""
    error = decoded - videos
    across = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    smooth = (error.square() + CHARBONNIER**2).sqrt().mean()
    return smooth + 2 * error.square().mean() + edges * across


def disturbed(latents: Tensor, most: float, generator: torch.Generator) -> Tensor:
    """Latents with noise of another strength for each video, as a generator's would have.

    Strength is relative to the spread of each channel, so growing larger is no way out.
    """
    spread = latents.detach().float().std((0, 2, 3, 4), keepdim=True)
    strength = most * torch.rand(len(latents), 1, 1, 1, 1, generator=generator)
    noise = strength * torch.randn(latents.shape, generator=generator)
    return latents + spread * noise.to(latents.device)


def as_matrix(weight: Tensor) -> Tensor:
    """A convolution's weight as a matrix that shares its memory, one row per output channel."""
    return weight.permute(0, 2, 3, 1).flatten(1)


class Optimizer:
    """Muon for the matrices inside, AdamW for the rest; the linear path moves slowly.

    Muon learns about twice as much from a batch as AdamW does, for a third more time.
    """

    def __init__(self, model: CausalAutoencoder, settings: Settings) -> None:
        named = dict(model.named_parameters())
        linear = [p for name, p in named.items() if ".linear." in name]
        inner = {n: p for n, p in named.items() if p.ndim == 4 and ".linear." not in n}
        rest = [p for n, p in named.items() if p.ndim != 4 and ".linear." not in n]
        self.rate, self.decay = settings.learning_rate, settings.weight_decay
        self.inner = {n: (p, nn.Parameter(as_matrix(p.detach()))) for n, p in inner.items()}
        matrices = [matrix for _, matrix in self.inner.values()]
        self.muon = Muon(matrices, self.rate, self.decay)
        self.adam = torch.optim.AdamW(
            [{"params": rest, "pace": 1.0}, {"params": linear, "pace": LINEAR_PACE}],
            lr=self.rate,
            betas=(0.9, 0.95),
            weight_decay=self.decay,
            fused=True,
        )
        self.slots = {f"muon.{n}": (self.muon, m) for n, (_, m) in self.inner.items()}
        self.slots |= {f"adam.{n}": (self.adam, named[n]) for n in named.keys() - inner.keys()}

    def step(self, share: float) -> None:
        """Update the weights from their gradients, at `share` of the full learning rate."""
        for group in (*self.muon.param_groups, *self.adam.param_groups):
            group["lr"] = self.rate * share * group.get("pace", 1.0)
        for weight, matrix in self.inner.values():
            matrix.grad = None if weight.grad is None else as_matrix(weight.grad)
        self.muon.step()
        self.adam.step()

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Every moment kept, by name."""
        for name, (optimizer, parameter) in self.slots.items():
            for moment, value in optimizer.state[parameter].items():
                yield f"{name}/{moment}", value

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take back what `tensors` gave."""
        for key, value in tensors.items():
            name, moment = key.split("/")
            optimizer, parameter = self.slots[name]
            optimizer.state[parameter][moment] = value.to(parameter.device)


@dataclass
class Training:
    """The weights and all that a resumed run needs besides the step."""

    model: CausalAutoencoder
    average: CausalAutoencoder
    optimizer: Optimizer
    step: int = 0

    def take_step(self, settings: Settings) -> float:
        """Train on the next batch and return its loss."""
        videos = batch(settings, self.step).to(settings.device)
        noise = torch.Generator().manual_seed(settings.seed * 1_000_003 + self.step)
        with low_precision(videos.device):
            latents = self.model.encoder(videos)
            decoded = self.model.decoder(disturbed(latents, settings.noise, noise))
        loss = reconstruction_error(decoded.float(), videos, settings.edges)
        self.model.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        warm = min(1.0, (self.step + 1) / settings.warmup)
        self.optimizer.step(warm * max(0.01, 1 - self.step / settings.steps))
        kept = min(settings.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, weight in zip(
                self.average.parameters(), self.model.parameters(), strict=True
            ):
                mean.lerp_(weight, 1 - kept)
        self.step += 1
        return loss.item()

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Every tensor of the run under a name of its own."""
        for part, module in (("model", self.model), ("average", self.average)):
            for name, value in module.state_dict().items():
                yield f"{part}.{name}", value
        for name, value in self.optimizer.tensors():
            yield f"optimizer.{name}", value


def begin(settings: Settings) -> Training:
    """A fresh run: random weights around the best linear code of the data."""
    torch.manual_seed(settings.seed)
    model = CausalAutoencoder(settings.config)
    rng = np.random.default_rng((settings.seed, 2**40))
    pictures = draw_videos(rng, TRAINING_CONCEPTS, settings.styles, START_PICTURES, (1, 64, 64))
    model.start_from(pictures[:, :, 0])
    model = model.to(settings.device)
    average = CausalAutoencoder(settings.config).to(settings.device).requires_grad_(False)
    average.load_state_dict(model.state_dict())
    return Training(model, average, Optimizer(model, settings))


def save_checkpoint(training: Training, path: Path) -> None:
    """Write the run so that `path` is at every moment a whole checkpoint."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    tensors = {name: value.contiguous() for name, value in training.tensors()}
    save_file(tensors, partial, metadata={"step": str(training.step)})
    os.replace(partial, path)


def load_checkpoint(training: Training, path: Path) -> None:
    """Go on from a checkpoint."""
    with safe_open(path, "pt") as file:
        training.step = int(file.metadata()["step"])
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "average": {}, "optimizer": {}}
    for key, value in load_file(path).items():
        part, name = key.split(".", 1)
        parts[part][name] = value
    training.model.load_state_dict(parts["model"])
    training.average.load_state_dict(parts["average"])
    training.optimizer.load(parts["optimizer"])


# ---- judging and finishing -------------------------------------------------------------------

JUDGED = {"64 px": (48, (1, 64, 64)), "128 px": (24, (1, 128, 128)), "clips": (8, (17, 64, 64))}


@torch.no_grad()
def quality(model: CausalAutoencoder, settings: Settings) -> dict[str, float]:
    """Mean PSNR in dB of reconstructed scenes of concepts never trained on."""
    scores = {}
    for number, (name, (count, shape)) in enumerate(JUDGED.items()):
        rng = np.random.default_rng((settings.seed, 2**41 + number))
        errors = []
        for _ in range(count // 8):
            videos = draw_videos(rng, HELD_OUT_CONCEPTS, settings.styles, 8, shape)
            videos = videos.to(settings.device)
            with low_precision(videos.device):
                decoded = model.decode(model.encode(videos)).float().clamp(-1, 1)
            errors.append(((decoded - videos) / 2).square().mean((1, 2, 3, 4)))
        scores[name] = float(-10 * torch.cat(errors).log10().mean())
    return scores


@torch.no_grad()
def measure_latents(model: CausalAutoencoder, settings: Settings) -> None:
    """Set the statistics of latents: three quarters pictures, one quarter clips."""
    rng = np.random.default_rng((settings.seed, 2**42))
    raw = []
    for count, shape in ((480, (1, 64, 64)), (80, (1, 128, 128)), (50, (17, 64, 64))):
        videos = draw_videos(rng, TRAINING_CONCEPTS, settings.styles, count, shape)
        for some in videos.to(settings.device).split(10):
            raw.append(rearrange(model.encoder(some), "b c t h w -> (b t h w) c"))
    model.measured(torch.cat(raw))


def finish(training: Training, settings: Settings) -> None:
    """Write the averaged weights in bf16, with latent statistics, as the model's files."""
    model = training.average
    measure_latents(model, settings)
    folder = settings.out / "final"
    folder.mkdir(parents=True, exist_ok=True)
    half = {"device": "cpu", "dtype": torch.bfloat16}
    weights = {k: v.to(**half).contiguous() for k, v in model.state_dict().items()}
    save_file(weights, folder / "vae.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(asdict(settings.config), indent=2) + "\n")
    scores = quality(model, settings) | {"steps": training.step}
    (folder / "quality.json").write_text(json.dumps(scores, indent=2) + "\n")
    print(f"wrote {folder}:", scores, file=sys.stderr)


def main(settings: Settings) -> None:
    """Train, or go on training, and write the result."""
    training = begin(settings)
    checkpoint = settings.out / "training.safetensors"
    if checkpoint.exists():
        load_checkpoint(training, checkpoint)
    print("step", training.step, quality(training.average, settings), file=sys.stderr)
    saved, smooth = time.monotonic(), None
    progress = tqdm(total=settings.steps, initial=training.step, mininterval=5)
    while training.step < settings.steps:
        loss = training.take_step(settings)
        smooth = loss if smooth is None else 0.98 * smooth + 0.02 * loss
        progress.update()
        progress.set_postfix(loss=f"{smooth:.4f}", refresh=False)
        if time.monotonic() - saved > 60 * settings.checkpoint_minutes:
            save_checkpoint(training, checkpoint)
            progress.write(f"step {training.step} {quality(training.average, settings)}")
            saved = time.monotonic()
    progress.close()
    save_checkpoint(training, checkpoint)
    finish(training, settings)


if __name__ == "__main__":
    main(tyro.cli(Settings))
