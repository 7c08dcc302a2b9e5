r"""Train the embedded generator: queries, connectors and MMDiT, on the emoji world, from nothing.

    python recipes/tiny_generator.py --vlm runs/vlm/final --vae runs/autoencoder/final \
        --out runs/generator

One CPU core is enough for a first light in under two hours; a run that was stopped goes on where
its last checkpoint was. The vision-language model and the autoencoder are trained before it by
`tiny_vlm.py` and `tiny_autoencoder.py`, and stay frozen.
"""

import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
import tyro
from einops import rearrange
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm import tqdm

from vino.checkpoints import Placement, read_vae, read_vlm
from vino.data.world.samples import Sample
from vino.data.world.tasks import draw
from vino.data.world.vocabulary import FIRST_LIGHT, Vocabulary
from vino.flow.path import interpolate, velocity
from vino.flow.schedule import shifted
from vino.media import Frames
from vino.model.conditioner import Conditioner, ConditionerConfig
from vino.model.mmdit import MMDiT, MMDiTConfig
from vino.model.vino import Vino
from vino.prompt import SYSTEM_TEXT, Chat
from vino.train.begin import zero_start

WORDS: dict[str, float] = {"t2i": 0.82, "subject": 0.12, "reconstruct": 0.06}
"""What is drawn first, until words and places are learned."""

ALL: dict[str, float] = {
    "t2i": 0.45, "subject": 0.10, "reconstruct": 0.01, "select": 0.01,
    "remove": 0.07, "replace": 0.10, "background": 0.04, "add": 0.03, "edit_ref": 0.03,
    "t2v": 0.04, "i2v": 0.08, "subject_clip": 0.04,
}  # fmt: skip
"""The full mixture, shares of samples."""

GENERATOR = MMDiTConfig(
    latent_channels=16, patch=(1, 1, 1), heads=4, head_dim=64, dual_blocks=1, single_blocks=6,
    refiner_blocks=1, context_dim=128, rope_axes=(16, 24, 24), guidance_embed=False,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Run:
    """A training run of the embedded generator."""

    vlm: Path
    """Folder of the trained vision-language model."""
    vae: Path
    """Folder of the trained autoencoder."""
    out: Path
    """Where checkpoints, the log and sample sheets go."""
    minutes: float = 100.0
    """Time to train; the learning rate falls over the last third."""
    tokens: int = 3500
    """Visual and context tokens of a step, about."""
    queries: int = 16
    lr: float = 1.2e-3
    words_until: float = 0.30
    """Share of the time spent on words and places before edits and clips come in."""
    drop: float = 0.1
    """Chance that the text, and that the media, of a sample are dropped (paper: 0.1)."""
    ema: float = 0.999
    save_minutes: float = 4.0
    seed: int = 0
    threads: int = 1
    vocabulary: tyro.conf.Suppress[Vocabulary] = field(default=FIRST_LIGHT)


@dataclass(frozen=True, eq=False)
class Item:
    """One training sample, encoded: its chat, reference latents and target latent."""

    chat: Chat
    references: tuple[Tensor, ...]
    target: Tensor
    task: str


@torch.no_grad()
def encode(vino: Vino, pixels: Sequence[np.ndarray]) -> list[Tensor]:
    """Latents C T H W of pictures and clips (T H W 3 uint8); equal shapes share a pass."""
    latents: dict[int, Tensor] = {}
    groups: dict[tuple[int, ...], list[int]] = {}
    for i, x in enumerate(pixels):
        groups.setdefault(x.shape, []).append(i)
    for members in groups.values():
        video = torch.from_numpy(np.stack([pixels[i] for i in members])).float() / 127.5 - 1
        with torch.autocast("cpu", torch.bfloat16):
            z = vino.vae.encode(rearrange(video, "b t h w c -> b c t h w"))
        latents.update(zip(members, z.float(), strict=True))
    return [latents[i] for i in range(len(pixels))]


def dropped(sample: Sample, drop: float, rng: np.random.Generator) -> tuple[str, list[np.ndarray]]:
    """Text and media of a sample after condition dropout, each modality on its own."""
    text = "" if rng.random() < drop else sample.prompt
    media = [s for s in sample.segments if not isinstance(s, str)]
    if media and rng.random() < drop:
        media = []
    return text, media


def items(
    vino: Vino, samples: Sequence[Sample], drop: float, rng: np.random.Generator
) -> list[Item]:
    """Encode a batch of samples, all media and targets together."""
    kept = [dropped(s, drop, rng) for s in samples]
    pixels = [x for s, (_, media) in zip(samples, kept, strict=True) for x in (*media, s.target)]
    latents = iter(encode(vino, pixels))
    made = []
    for sample, (text, media) in zip(samples, kept, strict=True):
        clean = tuple(next(latents) for _ in media)
        images = tuple(Frames(x) for x in media if len(x) == 1)
        videos = tuple(Frames(x) for x in media if len(x) > 1)
        chat = Chat(SYSTEM_TEXT, text, images, videos)
        references = () if sample.withhold_latents else clean
        made.append(Item(chat, references, next(latents), sample.task))
    return made


def batches(run: Run, vino: Vino, progress: "Progress") -> Iterator[list[Item]]:
    """Batches of about `run.tokens` tokens, sorted so that equal lengths are neighbours."""
    while True:
        rng = np.random.default_rng((run.seed, progress.step))
        mixture = WORDS if progress.share < run.words_until else ALL
        samples, tokens = [], 0
        while tokens < run.tokens:
            task = str(rng.choice(list(mixture), p=np.array(list(mixture.values()))))
            frames = 17 if rng.random() < 0.35 else 9
            samples.append(draw(task, run.seed, progress.drawn, run.vocabulary, frames=frames))
            progress.drawn += 1
            media = [
                x for x in (*samples[-1].segments, samples[-1].target) if not isinstance(x, str)
            ]
            tokens += 40 + sum(64 * (1 + (len(x) - 1) // 4) for x in media)
        batch = items(vino, samples, run.drop, rng)
        yield sorted(batch, key=lambda i: (i.target.numel(), len(i.references), len(i.chat.text)))


@dataclass
class Progress:
    """Where the run stands; saved with every checkpoint."""

    step: int = 0
    drawn: int = 0
    seconds: float = 0.0
    minutes: float = 1.0

    @property
    def share(self) -> float:
        return min(1.0, self.seconds / 60 / self.minutes)


def draw_times(targets: Sequence[Tensor]) -> Tensor:
    """Times of a batch: logit-normal, a fifth uniform; clips see more noise (shift 2)."""
    t = torch.sigmoid(torch.randn(len(targets)))
    t = torch.where(torch.rand(len(targets)) < 0.2, torch.rand(len(targets)), t)
    shift = torch.tensor([2.0 if z.shape[1] > 1 else 1.0 for z in targets])
    return shifted(t, shift)


def losses(vino: Vino, batch: Sequence[Item]) -> Tensor:
    """Flow-matching loss of every sample: mean squared velocity error on its target tokens."""
    targets = [item.target for item in batch]
    noise = [torch.randn_like(z) for z in targets]
    t = draw_times(targets)
    x_t = [interpolate(z, e, u) for z, e, u in zip(targets, noise, t, strict=True)]
    with torch.autocast("cpu", torch.bfloat16):
        states = vino.read([item.chat for item in batch])
        conditioning = vino.condition(states, [item.references for item in batch])
        guess = vino(x_t, t, conditioning)
    return torch.stack(
        [
            (v.float() - velocity(z, e)).square().mean()
            for v, z, e in zip(guess, targets, noise, strict=True)
        ]
    )


def optimizers(modules: Sequence[nn.Module], lr: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside blocks, AdamW for the rest."""
    named = [(n, p) for m in modules for n, p in m.named_parameters()]
    matrices = [p for n, p in named if "blocks" in n and p.ndim == 2 and "modulation" not in n]
    chosen = {id(p) for p in matrices}
    rest = [p for _, p in named if id(p) not in chosen]
    return [
        torch.optim.Muon(matrices, lr=lr, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=lr, betas=(0.9, 0.95), weight_decay=0.01, fused=True),
    ]


def lr_factor(progress: Progress) -> float:
    """Warm-up over 100 steps, constant, linear to 2 % over the last third."""
    warm = min(1.0, (progress.step + 1) / 100)
    return warm * min(1.0, max(0.02, (1 - progress.share) * 3))


def build(run: Run) -> Vino:
    """The model of a run, its frozen parts loaded."""
    torch.manual_seed(run.seed)
    wide = Placement(dtype=torch.float32)
    vlm, vae = read_vlm(run.vlm, placement=wide), read_vae(run.vae, wide)
    sizes = ConditionerConfig(
        vlm_width=vlm.width, queries=run.queries,
        context_dim=GENERATOR.context_dim, visual_dim=GENERATOR.width,
    )  # fmt: skip
    vino = Vino(vlm, Conditioner(sizes), MMDiT(GENERATOR), vae)
    zero_start(vino.mmdit)
    vino.vae.requires_grad_(False)  # type: ignore[attr-defined]
    return vino


def trained(vino: Vino) -> dict[str, Tensor]:
    """Everything that is learned here, by name."""
    return {
        f"{part}.{name}": p.data
        for part in ("conditioner", "mmdit")
        for name, p in getattr(vino, part).named_parameters()
    }


def save(run: Run, vino: Vino, ema: dict[str, Tensor], opts: list, progress: Progress) -> None:
    """Write a checkpoint; a reader never sees half of one."""
    folder = run.out
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        "optimizers": [o.state_dict() for o in opts],
        "progress": asdict(progress),
        "random": torch.get_rng_state(),
        "weights": trained(vino),
        "ema": ema,
    }
    torch.save(state, folder / "state.tmp")
    save_file({k: v.contiguous() for k, v in ema.items()}, folder / "ema.tmp")
    (folder / "ema.tmp").replace(folder / "ema.safetensors")
    (folder / "state.tmp").replace(folder / "state.pt")


def resume(run: Run, vino: Vino, opts: list) -> tuple[dict[str, Tensor], Progress]:
    """Go on from the last checkpoint, or begin."""
    progress = Progress(minutes=run.minutes)
    path = run.out / "state.pt"
    if not path.exists():
        return {k: v.clone() for k, v in trained(vino).items()}, progress
    state = torch.load(path, weights_only=True, mmap=True)
    for name, value in trained(vino).items():
        value.copy_(state["weights"][name])
    for opt, saved in zip(opts, state["optimizers"], strict=True):
        opt.load_state_dict(saved)
    torch.set_rng_state(state["random"])
    ema = {k: v.clone() for k, v in state["ema"].items()}
    return ema, Progress(**{**state["progress"], "minutes": run.minutes})


def main(run: Run) -> None:
    torch.set_num_threads(run.threads)
    vino = build(run)
    opts = optimizers([vino.conditioner, vino.mmdit], run.lr)
    ema, progress = resume(run, vino, opts)
    log = tqdm(desc="generator", initial=progress.step, unit="step", mininterval=10)
    recent: dict[str, list[float]] = {}
    saved = clock = time.monotonic()
    for batch in batches(run, vino, progress):
        loss = losses(vino, batch)
        loss.mean().backward()
        norm = nn.utils.clip_grad_norm_([p for p in vino.parameters() if p.requires_grad], 1.0)
        for opt in opts:
            for group in opt.param_groups:
                group["lr"] = run.lr * lr_factor(progress)
            if math.isfinite(norm):
                opt.step()
            opt.zero_grad(set_to_none=True)
        progress.step += 1
        decay = min(run.ema, (progress.step + 1) / (progress.step + 10))
        with torch.no_grad():
            for name, value in trained(vino).items():
                ema[name].lerp_(value, 1 - decay)
        for item, value in zip(batch, loss.tolist(), strict=True):
            recent.setdefault(item.task, []).append(value)
        now = time.monotonic()
        progress.seconds, clock = progress.seconds + now - clock, now
        log.update()
        if progress.step % 50 == 0:
            line = {k: round(float(np.mean(v)), 4) for k, v in sorted(recent.items())}
            record = {
                "step": progress.step,
                "drawn": progress.drawn,
                "minutes": round(progress.seconds / 60, 1),
                "norm": round(float(norm), 3),
                **line,
            }
            run.out.mkdir(parents=True, exist_ok=True)
            with (run.out / "log.jsonl").open("a") as file:
                file.write(json.dumps(record) + "\n")
            log.set_postfix(drawn=progress.drawn, t2i=line.get("t2i"))
            recent.clear()
        done = progress.share >= 1
        if done or now - saved > 60 * run.save_minutes:
            save(run, vino, ema, opts, progress)
            saved = now
        if done:
            return


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
