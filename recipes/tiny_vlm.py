"""Train the tiny vision-language model on the emoji world: one CPU core, less than an hour.

    python recipes/tiny_vlm.py --out runs/vlm
    python recipes/tiny_vlm.py --out runs/vlm --start vino/assets/tiny/vlm   # from another one on

First the vision tower learns to name what its tokens show (tiny_vlm_sight), then the
whole model learns to answer (tiny_vlm_lessons); the loss counts the answers alone. Both
schedules are measured in minutes, so a slower machine trains less, not longer. A stopped run goes
on from its last checkpoint. The result is `OUT/final`, a Hugging Face folder in bfloat16.
"""

import json
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from tiny_tokenizer import train_tokenizer
from tiny_vlm_batches import answer_loss, batches
from tiny_vlm_exam import examine
from tiny_vlm_lessons import draw_lesson
from tiny_vlm_model import VISION, VOCABULARY, new_model, save
from tiny_vlm_sight import Namer, SightHeads, sight_batch
from torch import Tensor
from tqdm import tqdm
from transformers import AutoTokenizer, PreTrainedTokenizerBase, Qwen3VLForConditionalGeneration

from vino.data.world.captions import long_caption
from vino.data.world.motion import FPS
from vino.data.world.tasks import plan
from vino.data.world.vocabulary import FIRST_LIGHT, TRAINING_CONCEPTS, WHOLE, concept_names
from vino.model.vlm import VLM
from vino.train.precision import low_precision


@dataclass(frozen=True)
class Settings:
    """Everything that decides a run."""

    out: Path
    start: Path | None = None  # a folder to go on from, instead of from nothing
    sight_minutes: float = 7.0
    minutes: float = 40.0
    sight_batch: int = 64
    batch_tokens: int = 1500  # of a step, padding included
    naming_batch: int = 16  # pictures of a step whose visual tokens are named one by one
    pool: int = 256  # lessons sorted by length together
    learning_rate: float = 1.6e-3
    warmup: float = 0.03  # share of a schedule
    last_rate: float = 0.02  # of the learning rate, at the end of a schedule
    weight_decay: float = 0.02
    clip: float = 1.0
    average: float = 0.998  # how much of the running average of the weights a step keeps
    checkpoint_minutes: float = 2.0
    exam: int = 48  # held-out scenes of each kind that the finished model is examined on
    seed: int = 0


def corpus() -> list[str]:
    """Texts the tokenizer learns from: requests, captions, every name, the frame of a chat."""
    texts = []
    for vocabulary, count in ((FIRST_LIGHT, 150), (WHOLE, 350)):
        for task in ("t2i", "t2v", "remove", "replace", "background", "add", "edit_ref", "i2v"):
            for index in range(count):
                drawn = plan(task, 1, index, vocabulary)
                texts += [drawn.prompt, long_caption(drawn.target.scene, drawn.target.is_clip)]
    for key in TRAINING_CONCEPTS:
        for name in concept_names()[key]:
            texts += [f"a {name} and the {name}"] * 12
    texts += [f"<{k / FPS:.1f} seconds>" for k in range(480)]
    frame = ["system\n", "user\n", "assistant\n", "Image 1: ", "Video 1: "]
    questions = [draw_lesson(1, index) for index in range(400)]
    return texts + frame * 500 + [f"{q.chat.text} {q.answer}" for q in questions]


def rate(settings: Settings, progress: float) -> float:
    """The learning rate after a share of the schedule: a short rise, then half a cosine."""
    if progress < settings.warmup:
        return settings.learning_rate * (0.01 + progress / settings.warmup)
    fall = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return settings.learning_rate * (settings.last_rate + (1 - settings.last_rate) * fall)


def optimizer(parameters: list[Tensor], settings: Settings) -> torch.optim.AdamW:
    """Weight decay is for matrices alone."""
    matrices = [p for p in parameters if p.ndim > 1]
    others = [p for p in parameters if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98), fused=True)


def update(
    loss: Tensor, parameters: list[Tensor], adam: torch.optim.AdamW, lr: float, clip: float
) -> None:
    """One step of the optimizer."""
    for group in adam.param_groups:
        group["lr"] = lr
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, clip)
    adam.step()
    adam.zero_grad()


def learn_to_see(model: Qwen3VLForConditionalGeneration, settings: Settings) -> None:
    """Teach the vision tower what its tokens show."""
    tower = model.model.visual
    heads = SightHeads(model.config.text_config.hidden_size)
    parameters = [*tower.parameters(), *heads.parameters()]
    adam = optimizer(parameters, settings)
    rng = np.random.default_rng((settings.seed, 1))
    start, progress, step = time.monotonic(), 0.0, 0
    bar = tqdm(desc="seeing", mininterval=10)
    while progress < 1:
        batch = sight_batch(rng, settings.sight_batch)
        with low_precision("cpu"):
            loss, right = heads(tower, batch)
        update(loss, parameters, adam, rate(settings, progress), settings.clip)
        progress, step = (time.monotonic() - start) / 60 / settings.sight_minutes, step + 1
        if step % 25 == 0:
            bar.set_postfix(loss=f"{loss.item():.3f}", **{k: f"{v:.2f}" for k, v in right.items()})
        bar.update()


@dataclass
class Run:
    """The state of a run: what a checkpoint holds."""

    model: Qwen3VLForConditionalGeneration
    averaged: Qwen3VLForConditionalGeneration
    adam: torch.optim.AdamW
    step: int = 0
    pool: int = 0
    minutes: float = 0.0

    def write(self, file: Path) -> None:
        """Write a checkpoint; the file is whole at any moment."""
        state = {
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict(),
            "adam": self.adam.state_dict(),
            "counts": (self.step, self.pool, self.minutes),
        }
        torch.save(state, file.with_suffix(".part"))
        file.with_suffix(".part").replace(file)

    def read(self, file: Path) -> None:
        """Go on from a checkpoint."""
        state = torch.load(file, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.averaged.load_state_dict(state["averaged"])
        self.adam.load_state_dict(state["adam"])
        self.step, self.pool, self.minutes = state["counts"]

    def average(self, most: float) -> None:
        """Move the running average of the weights towards the weights."""
        keep = min(most, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            pairs = zip(self.averaged.parameters(), self.model.parameters(), strict=True)
            for slow, fast in pairs:
                slow.lerp_(fast, 1 - keep)


def learn_to_answer(run: Run, tokenizer: PreTrainedTokenizerBase, settings: Settings) -> None:
    """Train the whole model on lessons until the schedule's minutes are over."""
    vlm = VLM(run.averaged, tokenizer, VISION)
    parameters = list(run.model.parameters())
    start, saved = time.monotonic() - 60 * run.minutes, run.minutes
    bar = tqdm(initial=run.step, desc="answering", mininterval=10)
    namer = Namer(tokenizer)
    loss_mean, right_mean, named_mean = 3.0, 0.0, 0.0
    draws = batches(vlm, settings.seed, run.pool, settings.pool, settings.batch_tokens)
    for run.pool, batch in draws:
        with low_precision("cpu"):
            loss, right = answer_loss(run.model, batch)
            rng = np.random.default_rng((settings.seed, 2, run.step))
            naming, named = namer.loss(run.model, sight_batch(rng, settings.naming_batch))
        lr = rate(settings, run.minutes / settings.minutes)
        update(loss + naming, parameters, run.adam, lr, settings.clip)
        run.step += 1
        run.average(settings.average)
        run.minutes = (time.monotonic() - start) / 60
        loss_mean += 0.03 * (loss.item() - loss_mean)
        right_mean += 0.03 * (right - right_mean)
        named_mean += 0.03 * (named - named_mean)
        bar.update()
        if run.step % 10 == 0:
            means = {"loss": loss_mean, "right": right_mean, "named": named_mean}
            bar.set_postfix({key: f"{mean:.3f}" for key, mean in means.items()})
        over = run.minutes >= settings.minutes
        if over or run.minutes - saved > settings.checkpoint_minutes:
            run.write(settings.out / "last.pt")
            save(run.averaged, tokenizer, settings.out / "latest")
            saved = run.minutes
        if over:
            return


def main(settings: Settings) -> None:
    """Tokenizer, eyes, answers, the final folder and its figures."""
    torch.manual_seed(settings.seed)
    settings.out.mkdir(parents=True, exist_ok=True)
    folder = settings.start or settings.out / "tokenizer"
    if not (folder / "tokenizer.json").exists():
        train_tokenizer(corpus(), VOCABULARY, folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model, averaged = new_model(tokenizer), new_model(tokenizer)
    run = Run(model, averaged, optimizer(list(model.parameters()), settings))
    seen, last = settings.out / "sight.pt", settings.out / "last.pt"
    if last.exists():
        run.read(last)
    else:
        if settings.start is not None:
            known = Qwen3VLForConditionalGeneration.from_pretrained(settings.start)
            model.load_state_dict(known.state_dict())
        elif seen.exists():
            model.model.visual.load_state_dict(torch.load(seen, weights_only=True))
        else:
            learn_to_see(model, settings)
            torch.save(model.model.visual.state_dict(), seen)
        averaged.load_state_dict(model.state_dict())
    model.train()
    if run.minutes < settings.minutes:
        learn_to_answer(run, tokenizer, settings)
    save(averaged, tokenizer, settings.out / "final")
    if not settings.exam:
        return
    figures = examine(settings.out / "final", settings.exam)
    (settings.out / "figures.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures, indent=2), file=sys.stderr)


if __name__ == "__main__":
    main(tyro.cli(Settings))
