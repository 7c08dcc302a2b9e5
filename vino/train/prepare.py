"""Examples -> what the network is trained on: prompt states, latents, noise and times.

Nothing here has gradients. Noise, time and dropout are functions of (seed, step, example), so a
step does not depend on which rank sees an example, nor on what was drawn before.
Axes: C T H W of a latent, B samples of a micro-batch.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vino.flow.schedule import shifted
from vino.media import Frames
from vino.model.vlm import PromptStates
from vino.prompt import SYSTEM_TEXT, Chat, Image, Prompt, Video, reordered
from vino.references import fit
from vino.train.config import Stage
from vino.train.feed import Example
from vino.train.frozen import Frozen


@dataclass(frozen=True)
class ReferenceGrid:
    """How references are put on the model's grid; as `vino.references.fit` takes them.

    area: pixels. unit: pixels of a token. frames: most kept of a clip.
    """

    area: int
    unit: int
    frames: int


@dataclass(frozen=True, eq=False)
class Batch:
    """One micro-batch.

    prompts: states of the vision-language model, read once. references: clean latents of each
    sample. targets, noise: latents. t: B, time of each sample, 1 is noise.
    """

    tasks: tuple[str, ...]
    prompts: tuple[PromptStates, ...]
    references: tuple[tuple[Tensor, ...], ...]
    targets: tuple[Tensor, ...]
    noise: tuple[Tensor, ...]
    t: Tensor

    def __len__(self) -> int:
        return len(self.tasks)

    def tokens(self, patch: Sequence[int], queries: int) -> int:
        """Visual and context tokens of all samples."""
        values = sum(z[0].numel() for z in (*self.targets, *_flat(self.references)))
        return values // int(np.prod(patch)) + sum(len(p.hidden) + queries for p in self.prompts)


@dataclass(frozen=True, eq=False)
class Condition:
    """What an example is conditioned on after dropout: its chat, its references on the grid."""

    chat: Chat
    references: tuple[Frames, ...]


def seed_of(*words: object) -> int:
    """A seed that follows from the words."""
    digest = hashlib.sha256("\0".join(map(str, words)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def kept(stage: Stage, step_seed: int, key: str) -> tuple[bool, bool, bool]:
    """Which of text, images and videos stay: each is dropped on its own (paper: 0.1)."""
    own = np.random.default_rng(seed_of(step_seed, key)).random(3)
    if stage.drop_together:
        own[1:] = np.random.default_rng(step_seed).random(2)
    text, images, videos = (bool(x) for x in own >= stage.dropout)
    return text, images, videos


_COUNTED = re.compile(r"\b(first|second|third|fourth|fifth|sixth|last)\b", re.IGNORECASE)


def shuffled(prompt: Prompt, seed: int) -> Prompt:
    """The same request, its pictures in random order; as it is where its words count them."""
    if _COUNTED.search(prompt.text):
        return prompt
    order = np.random.default_rng(seed).permutation(len(prompt.images))
    return reordered(prompt, order.tolist())


def condition(example: Example, stage: Stage, step_seed: int, grid: ReferenceGrid) -> Condition:
    """The example's chat and fitted references after condition dropout."""
    prompt = example.prompt
    if stage.shuffle:
        prompt = shuffled(prompt, seed_of(step_seed, "order", example.key))
    text, images, videos = kept(stage, step_seed, example.key)
    media = [m for m in prompt.media if (images if isinstance(m, Image) else videos)]
    # What is edited keeps the grid of its target, pixel by pixel; other references have their own.
    fitted = [
        m.frames if m.base else fit(m, grid.area, grid.unit, grid.frames).frames for m in media
    ]
    pairs = list(zip(media, fitted, strict=True))
    # As in generation: pictures are seen on the model's grid, clips whole.
    chat = Chat(
        SYSTEM_TEXT,
        prompt.text if text else "",
        tuple(f for m, f in pairs if isinstance(m, Image)),
        tuple(m.frames for m in media if isinstance(m, Video)),
    )
    return Condition(chat, () if example.withhold_latents else tuple(fitted))


@torch.no_grad()
def prepare(
    frozen: Frozen, examples: Sequence[Example], stage: Stage, step_seed: int, grid: ReferenceGrid
) -> Batch:
    """Encode a micro-batch; samples of equal size become neighbours, which attention likes."""
    made = [condition(e, stage, step_seed, grid) for e in examples]
    latents = iter(
        frozen.encode(
            [x for e, c in zip(examples, made, strict=True) for x in (*c.references, e.target)],
        )
    )
    clean = [(tuple(next(latents) for _ in c.references), next(latents)) for c in made]
    order = sorted(
        range(len(made)),
        key=lambda i: (clean[i][1].shape, len(clean[i][0]), len(made[i].chat.text)),
    )
    states = frozen.read([c.chat for c in made])
    draws = [_draw(clean[i][1], stage, seed_of(step_seed, "noise", examples[i].key)) for i in order]
    return Batch(
        tasks=tuple(examples[i].task for i in order),
        prompts=tuple(states[made[i].chat] for i in order),
        references=tuple(clean[i][0] for i in order),
        targets=tuple(clean[i][1] for i in order),
        noise=tuple(noise for noise, _ in draws),
        t=torch.stack([t for _, t in draws]).to(clean[0][1].device),
    )


def _draw(target: Tensor, stage: Stage, seed: int) -> tuple[Tensor, Tensor]:
    """Noise like the target, and its time; drawn on the CPU, so every device gets the same."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(target.shape, generator=generator).to(target.device)
    return noise, draw_times(1, stage, generator)[0]


def draw_times(count: int, stage: Stage, generator: torch.Generator) -> Tensor:
    """Times: logit-normal, a share of them uniform, then shifted towards noise."""
    normal, uniform, choice = (
        torch.randn(count, generator=generator),
        torch.rand(count, generator=generator),
        torch.rand(count, generator=generator),
    )
    return shifted(torch.where(choice < stage.uniform, uniform, normal.sigmoid()), stage.shift)


def _flat(rows: Iterable[Iterable[Tensor]]) -> list[Tensor]:
    return [x for row in rows for x in row]
