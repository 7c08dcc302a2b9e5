"""The frozen vision-language model: a chat in, states for the generator out.

The prompt is run once, without gradients: attention is causal, so its states do not depend on
the queries appended behind it (paper, section 3; SPEC: the state used is the input of the last
decoder layer). Axes: L tokens of a prompt, h width, N queries.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import cast

import torch
from torch import Tensor, nn
from transformers import DynamicCache, PreTrainedTokenizerBase, Qwen3VLForConditionalGeneration
from transformers.cache_utils import DynamicLayer

from vino.errors import InputError
from vino.model.encoded import Encoded
from vino.model.vision import VisionConfig, VisionInput, see_clip, see_picture
from vino.prompt import Chat

IMAGE, VIDEO = 1, 2  # token types transformers expects

Seen = dict[str, tuple[Tensor, ...]]  # features of media by content: embeddings, deepstack levels


@dataclass(frozen=True, eq=False)
class Tokens:
    """A chat as the model reads it: ids (L), token types (L), media, boundary places.

    boundaries: (start, end) token index of each reference, images first; a clip is bracketed by
    its first start and its last end.
    """

    ids: Tensor
    types: Tensor
    images: tuple[VisionInput, ...]
    videos: tuple[VisionInput, ...]
    boundaries: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class PromptStates:
    """What stays of a prompt: states L h, keys and values of every layer, the last position."""

    hidden: Tensor
    cache: tuple[tuple[Tensor, Tensor], ...]
    position: int
    boundaries: tuple[tuple[int, int], ...]


class VLM(nn.Module):
    """Qwen3-VL and its tokenizer, used for states and for rewriting."""

    def __init__(
        self,
        model: Qwen3VLForConditionalGeneration,
        tokenizer: PreTrainedTokenizerBase,
        vision: VisionConfig,
    ):
        super().__init__()
        self.model = model.requires_grad_(False).eval()
        self.tokenizer = tokenizer
        self.vision = vision

    @property
    def width(self) -> int:
        return self.model.config.text_config.hidden_size

    @property
    def max_tokens(self) -> int:
        return self.model.config.text_config.max_position_embeddings

    def train(self, mode: bool = True) -> "VLM":
        """Stays in evaluation mode: it is frozen."""
        return super().train(False)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "VLM":
        """Buffers that are not stored, the rotary frequencies, move but are never rounded."""
        stored = self.state_dict().keys()
        exact = {id(buffer) for name, buffer in self.named_buffers() if name not in stored}

        def apply(tensor: Tensor) -> Tensor:
            made = fn(tensor)
            if id(tensor) not in exact:
                return made
            return made.to(tensor.dtype) if tensor.is_meta else tensor.to(made.device)

        return super()._apply(apply, recurse)

    def tokenize(self, chat: Chat, room: int = 0, blind: bool = False) -> Tokens:
        """Chat -> tokens, leaving `room` for what is appended; InputError when it is too long.

        blind: media are named where they stand and not shown.
        """
        images = tuple(see_picture(f, self.vision) for f in chat.images)
        videos = tuple(see_clip(f, self.vision) for f in chat.videos)
        before = self._expand(chat.before, images, videos)
        if blind:
            before = before.replace("<|image_pad|>", "").replace("<|video_pad|>", "")
        ids = self._ids(before, chat.text, chat.after)
        if len(ids) + room > self.max_tokens:
            raise InputError(
                f"the prompt is {len(ids)} tokens long and the model reads {self.max_tokens - room}"
                ": shorten the text or use fewer or smaller references"
            )
        tokens = torch.tensor(ids, device=self.model.device)
        config = self.model.config
        types = (tokens == config.image_token_id) * IMAGE + (
            tokens == config.video_token_id
        ) * VIDEO
        boundaries = self._boundaries(ids, images, videos)
        if blind:
            images, videos = (), ()
        return Tokens(tokens, types.int(), images, videos, boundaries)

    def _expand(
        self, text: str, images: Sequence[VisionInput], videos: Sequence[VisionInput]
    ) -> str:
        """Give every placeholder as many tokens as its medium has."""
        merge = self.vision.merge
        pictures = ["<|image_pad|>" * seen.tokens(merge) for seen in images]
        clips = [
            "".join(
                f"<{t:.1f} seconds><|vision_start|>{'<|video_pad|>' * seen.tokens(merge)}"
                "<|vision_end|>"
                for t in seen.times
            )
            for seen in videos
        ]
        text = _fill(text, "<|image_pad|>", pictures)
        return _fill(text, "<|vision_start|><|video_pad|><|vision_end|>", clips)

    def _ids(self, before: str, text: str, after: str) -> list[int]:
        """Token ids; special tokens written by a user are plain text and forge nothing."""
        specials = self.tokenizer.all_special_tokens
        if not any(token in text for token in specials):
            return self.tokenizer(before + text + after, add_special_tokens=False)["input_ids"]
        pieces = (
            self.tokenizer(before, add_special_tokens=False)["input_ids"],
            self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"],
            self.tokenizer(after, add_special_tokens=False)["input_ids"],
        )
        return list(chain(*pieces))

    def _boundaries(
        self, ids: Sequence[int], images: Sequence[VisionInput], videos: Sequence[VisionInput]
    ) -> tuple[tuple[int, int], ...]:
        config = self.model.config
        starts = [i for i, t in enumerate(ids) if t == config.vision_start_token_id]
        ends = [i for i, t in enumerate(ids) if t == config.vision_end_token_id]
        places, first = [], 0
        for segments in (*(1 for _ in images), *(len(v.times) for v in videos)):
            places.append((starts[first], ends[first + segments - 1]))
            first += segments
        return tuple(places)

    @torch.no_grad()
    def read(self, prompts: Sequence[Tokens], encoded: Encoded | None = None) -> list[PromptStates]:
        """Run prompts once; those of equal length share a pass."""
        seen = self.look(prompts, encoded)
        states: list[PromptStates | None] = [None] * len(prompts)
        for members in _by_length([len(p.ids) for p in prompts]):
            made = self._read([prompts[i] for i in members], seen)
            for i, state in zip(members, made, strict=True):
                states[i] = state
        return [s for s in states if s is not None]

    def look(self, prompts: Sequence[Tokens], encoded: Encoded | None = None) -> Seen:
        """Features of all media: looked at together, or with `encoded` found there or kept there.

        What is kept was looked at alone, so that it is the same to the bit in every company.
        """
        media = {x.content: x for p in prompts for x in (*p.images, *p.videos)}
        if encoded is None:
            return dict(zip(media, self._see(list(media.values())), strict=True))
        alone = {content: partial(self._alone, x) for content, x in media.items()}
        return {c: encoded.get(f"seen {c}", see) for c, see in alone.items()}

    def _read(self, prompts: list[Tokens], seen: Seen) -> list[PromptStates]:
        embeds, positions, deepstack, visual = self._inputs(prompts, seen)
        cache = DynamicCache(config=self.model.config)
        hidden = self._last_layer_input(
            inputs_embeds=embeds,
            position_ids=positions,
            past_key_values=cache,
            visual_pos_masks=visual,
            deepstack_visual_embeds=deepstack,
        )
        layers = [(layer.keys, layer.values) for layer in cast("list[DynamicLayer]", cache.layers)]
        return [
            PromptStates(
                hidden[i],
                tuple((cast(Tensor, k)[i], cast(Tensor, v)[i]) for k, v in layers),
                int(positions[0, i, -1]),
                prompt.boundaries,
            )
            for i, prompt in enumerate(prompts)
        ]

    def _inputs(
        self, prompts: list[Tokens], seen: Seen
    ) -> tuple[Tensor, Tensor, list[Tensor] | None, Tensor | None]:
        """Embeddings G L h, positions 3 G L, deepstack features and the mask of visual tokens."""
        ids = torch.stack([p.ids for p in prompts])
        types = torch.stack([p.types for p in prompts])
        images = [x for p in prompts for x in p.images]
        videos = [x for p in prompts for x in p.videos]
        grids = [_grids(xs, ids.device) for xs in (images, videos)]
        positions, _ = self.model.model.get_rope_index(
            ids, mm_token_type_ids=types, image_grid_thw=grids[0], video_grid_thw=grids[1]
        )
        embeds = self.model.get_input_embeddings()(ids)
        if not images and not videos:
            return embeds, positions, None, None
        visual = types > 0
        features: dict[int, list[Tensor]] = {}
        for kind, media in ((IMAGE, images), (VIDEO, videos)):
            if media:
                by_level = zip(*(seen[x.content] for x in media), strict=True)
                features[kind] = [torch.cat(level) for level in by_level]
        kinds = types[visual]
        merged = []
        for level in range(len(next(iter(features.values())))):
            rows = embeds.new_zeros(len(kinds), embeds.shape[-1])
            for kind, levels in features.items():
                rows[kinds == kind] = levels[level].to(rows.dtype)
            merged.append(rows)
        return embeds.masked_scatter(visual[..., None], merged[0]), positions, merged[1:], visual

    def _see(self, media: Sequence[VisionInput]) -> list[tuple[Tensor, ...]]:
        """Vision features of each medium: embeddings, deepstack 0, ..."""
        if not media:
            return []
        patches = torch.cat([x.patches for x in media]).to(self.model.device, self.model.dtype)
        out = self.model.model.get_image_features(patches, _grids(media, self.model.device))
        lengths = [x.grid[0] * x.tokens(self.vision.merge) for x in media]
        levels = [torch.cat(list(x)) for x in (out.pooler_output, *out.deepstack_features)]
        return list(zip(*(level.split(lengths) for level in levels), strict=True))

    def _alone(self, medium: VisionInput) -> tuple[Tensor, ...]:
        return self._see([medium])[0]

    def ask(self, queries: Tensor, prompts: Sequence[PromptStates]) -> list[Tensor]:
        """States (N h) of the queries behind each prompt. Gradients reach the queries alone."""
        answers: list[Tensor] = [queries] * len(prompts)
        count = len(queries)
        if not count:
            return answers
        steps = torch.arange(count, device=queries.device)
        for members in _by_length([len(p.hidden) for p in prompts]):
            group = [prompts[i] for i in members]
            layers = [
                tuple(torch.stack(rows) for rows in zip(*layer, strict=True))
                for layer in zip(*(p.cache for p in group), strict=True)
            ]
            # The first query shares the position of the last text token (SPEC, section 2).
            last = torch.tensor([p.position for p in group], device=queries.device)
            hidden = self._last_layer_input(
                inputs_embeds=queries.expand(len(group), -1, -1),
                position_ids=(last[:, None] + steps).expand(3, -1, -1),
                past_key_values=DynamicCache(layers),
            )
            for i, state in zip(members, hidden, strict=True):
                answers[i] = state
        return answers

    def _last_layer_input(self, **inputs: object) -> Tensor:
        """Run the decoder and return what its last layer is given."""
        caught: list[Tensor] = []
        last = self.model.model.language_model.layers[-1]
        hook = last.register_forward_pre_hook(lambda _, args: caught.append(args[0]))
        try:
            self.model.model.language_model(use_cache=True, **inputs)
        finally:
            hook.remove()
        return caught[0]

    @torch.no_grad()
    def rewrite(self, chat: Chat, max_tokens: int = 256, seed: int = 0) -> str:
        """A caption for the request (SPEC, section 1: understand, then generate).

        Decoded with the checkpoint's own generation defaults; `seed` matters where they sample.
        """
        prompt = self.tokenize(chat.rewriting, room=max_tokens)
        media = {}
        for name, seen in (("pixel_values", prompt.images), ("pixel_values_videos", prompt.videos)):
            if seen:
                patches = torch.cat([x.patches for x in seen])
                media[name] = patches.to(self.model.device, self.model.dtype)
        ids = prompt.ids[None]
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            out = self.model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                mm_token_type_ids=prompt.types[None],
                image_grid_thw=_grids(prompt.images, ids.device),
                video_grid_thw=_grids(prompt.videos, ids.device),
                max_new_tokens=max_tokens,
                **media,
            )
        words = out[0, ids.shape[1] :]
        return str(self.tokenizer.decode(words, skip_special_tokens=True)).strip()


def _fill(text: str, placeholder: str, contents: Sequence[str]) -> str:
    """Replace the placeholders one after the other."""
    first, *rest = text.split(placeholder)
    return first + "".join(c + r for c, r in zip(contents, rest, strict=True))


def _grids(media: Sequence[VisionInput], device: torch.device) -> Tensor | None:
    return torch.tensor([x.grid for x in media], device=device) if media else None


def _by_length(lengths: Sequence[int]) -> list[list[int]]:
    """Indices of samples grouped by equal length."""
    groups: dict[int, list[int]] = {}
    for i, length in enumerate(lengths):
        groups.setdefault(length, []).append(i)
    return list(groups.values())
