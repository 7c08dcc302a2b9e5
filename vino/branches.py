"""Guidance branches of a prompt: the same request with something left out (SPEC, section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from vino.errors import InputError
from vino.flow.guidance import COND, NEG, NEG_IMAGES
from vino.flow.sampling import Sampling
from vino.prompt import SYSTEM_TEXT, Chat, Image, Medium, Prompt, Video
from vino.references import Fitted


@dataclass(frozen=True, eq=False)
class Branch:
    """One branch: its chat (media as the VLM sees them), reference latents, and weight."""

    name: str
    chat: Chat
    latents: tuple[Tensor, ...]
    weight: float


def branches(
    prompt: Prompt,
    sampling: Sampling,
    fitted: Mapping[Medium, Fitted],
    latents: Mapping[Fitted, Tensor],
) -> tuple[Branch, ...]:
    """Every branch that runs. Per-reference scales count media in the model's order.

    Without text guidance the branches keep the prompt's words: what differs is the media alone.
    """
    scales = len(sampling.per_reference)
    if scales > len(prompt.media):
        raise InputError(
            f"{scales} guidance scales for {len(prompt.media)} references: give one for each, "
            "in order, pictures before videos"
        )
    negative = sampling.negative if sampling.guidance > 1 else prompt.text
    kept = left_out(prompt)
    made = []
    for name, weight in sampling.scales.weights(
        has_images=kept[NEG_IMAGES] != prompt.media
    ).items():
        media = kept[name]
        words = prompt.text if name == COND else negative
        clean = tuple(latents[fitted[m]] for m in media)
        made.append(Branch(name, _chat(words, media, fitted), clean, weight))
    return tuple(made)


def left_out(prompt: Prompt) -> dict[str, tuple[Medium, ...]]:
    """The media of every possible branch.

    Without images, videos stay, and so does a base picture that has other images beside it.
    """
    base = prompt.base if len(prompt.images) > 1 else None
    kept: dict[str, tuple[Medium, ...]] = {
        COND: prompt.media,
        NEG: prompt.media,
        NEG_IMAGES: tuple(m for m in prompt.media if isinstance(m, Video) or m is base),
    }
    for i in range(len(prompt.media)):
        kept[f"without {i}"] = prompt.media[:i] + prompt.media[i + 1 :]
    return kept


def _chat(text: str, media: tuple[Medium, ...], fitted: Mapping[Medium, Fitted]) -> Chat:
    """The VLM sees pictures on the model's grid and clips whole, as published."""
    images = tuple(fitted[m].frames for m in media if isinstance(m, Image))
    videos = tuple(m.frames for m in media if isinstance(m, Video))
    return Chat(SYSTEM_TEXT, text, images, videos)
