"""Lessons as batches of tokens, and what a model's answers to them cost."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from tiny_tokenizer import END, PAD
from tiny_vlm_lessons import Lesson, draw_lesson
from torch import Tensor
from torch.nn import functional as F
from transformers import Qwen3VLForConditionalGeneration

from vino.model.vlm import VLM, Tokens

IGNORED = -100  # places that the loss does not count


@dataclass(frozen=True, eq=False)
class Row:
    """A lesson as tokens: the prompt's, then the answer's, which are what is learned."""

    tokens: Tokens
    prompt: int

    def __len__(self) -> int:
        return len(self.tokens.ids)


@dataclass(frozen=True, eq=False)
class Batch:
    """Rows padded on the right (attention is causal, so nothing needs a mask).

    ids, types, targets: B L; media: the model's own arguments
    """

    ids: Tensor
    types: Tensor
    targets: Tensor
    media: dict[str, Tensor]


def tokenized(vlm: VLM, lesson: Lesson) -> Row:
    """Chat and answer as token ids."""
    prompt = vlm.tokenize(lesson.chat)
    answer = vlm.tokenizer(lesson.answer + END, add_special_tokens=False)["input_ids"]
    ids = torch.cat([prompt.ids, torch.tensor(answer)])
    types = F.pad(prompt.types, (0, len(answer)))
    tokens = Tokens(ids, types, prompt.images, prompt.videos, prompt.boundaries)
    return Row(tokens, len(prompt.ids))


def collate(rows: list[Row], pad: int) -> Batch:
    """Rows -> one batch."""
    longest = max(map(len, rows))
    ids = torch.full((len(rows), longest), pad)
    types = torch.zeros(len(rows), longest, dtype=torch.int32)
    targets = torch.full((len(rows), longest), IGNORED)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row.tokens.ids
        types[i, : len(row)] = row.tokens.types
        targets[i, row.prompt - 1 : len(row) - 1] = row.tokens.ids[row.prompt :]
    media = {}
    for name, grid, seen in (
        ("pixel_values", "image_grid_thw", [x for row in rows for x in row.tokens.images]),
        ("pixel_values_videos", "video_grid_thw", [x for row in rows for x in row.tokens.videos]),
    ):
        if seen:
            media[name] = torch.cat([x.patches for x in seen])
            media[grid] = torch.tensor([x.grid for x in seen])
    return Batch(ids, types, targets, media)


def batches(
    vlm: VLM, seed: int, first_pool: int, pool_size: int, most_tokens: int
) -> Iterator[tuple[int, Batch]]:
    """Endless batches of lessons of similar length, with the number of their pool.

    pool_size: lessons that are sorted by length together
    most_tokens: of a batch, padding included
    """
    pad = int(vlm.tokenizer.convert_tokens_to_ids(PAD))
    pool = first_pool
    while True:
        start = pool * pool_size
        lessons = (draw_lesson(seed, start + i) for i in range(pool_size))
        rows = sorted((tokenized(vlm, lesson) for lesson in lessons), key=len)
        cuts: list[list[Row]] = [[]]
        for row in rows:
            if (len(cuts[-1]) + 1) * len(row) > most_tokens:
                cuts.append([])
            cuts[-1].append(row)
        for i in np.random.default_rng((seed, pool)).permutation(len(cuts)):
            if cuts[i]:
                yield pool, collate(cuts[i], pad)
        pool += 1


def answer_loss(model: Qwen3VLForConditionalGeneration, batch: Batch) -> tuple[Tensor, float]:
    """Mean cross entropy of the answers' tokens, and the share of them predicted exactly."""
    positions, _ = model.model.get_rope_index(
        batch.ids,
        mm_token_type_ids=batch.types,
        image_grid_thw=batch.media.get("image_grid_thw"),
        video_grid_thw=batch.media.get("video_grid_thw"),
    )
    states = model.model(
        input_ids=batch.ids, position_ids=positions, use_cache=False, **batch.media
    ).last_hidden_state
    counted = batch.targets != IGNORED
    logits = model.lm_head(states[counted]).float()
    wanted = batch.targets[counted]
    return F.cross_entropy(logits, wanted), (logits.argmax(-1) == wanted).float().mean().item()
