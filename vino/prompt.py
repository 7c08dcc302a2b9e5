"""The interleaved prompt: text, pictures and videos in any order.

A prompt compiles to the published chat form: images first, then videos, each labelled, then the
text, which names them ("Image 2"). Guidance branches are prompts too, with something left out.
"""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vino.errors import InputError
from vino.media import Frames, read_clip, read_picture

SYSTEM_TEXT = "You are a helpful assistant aimed at generating an output video caption."
REWRITE_TEXT = (
    " Based on the user's input command, provide a caption describing the video and output it"
    " directly. "
)
_NAMES = re.compile(r"\b(image|video)[ _](\d{1,9})\b", re.IGNORECASE)

Source = Any  # a path, PIL image, array or Frames; read and checked by vino.media


class PromptWarning(UserWarning):
    """A prompt that works, but probably not as meant."""


@dataclass(frozen=True)
class Text:
    """Words of a prompt."""

    text: str


@dataclass(frozen=True, eq=False)
class Image:
    """A picture: a path, PIL image, array (H W 3) or `Frames`.

    base: this is the picture being edited; the result takes its size.
    """

    frames: Frames
    base: bool = False
    name: str = ""

    def __init__(self, source: Source, *, base: bool = False, name: str = ""):
        object.__setattr__(self, "frames", read_picture(source))
        object.__setattr__(self, "base", base)
        object.__setattr__(self, "name", name or _file_name(source))


@dataclass(frozen=True, eq=False)
class Video:
    """A clip: a path, array (T H W 3), list of pictures or `Frames`.

    base: this is the clip being edited; the result takes its size, length and sound.
    """

    frames: Frames
    base: bool = False
    name: str = ""

    def __init__(self, source: Source, *, base: bool = False, name: str = ""):
        object.__setattr__(self, "frames", read_clip(source))
        object.__setattr__(self, "base", base)
        object.__setattr__(self, "name", name or _file_name(source))


Medium = Image | Video
Segment = Text | Image | Video


@dataclass(frozen=True, eq=False)
class Prompt:
    """Segments of text, pictures and videos; plain strings are text.

    A medium written into a sentence is named there: Prompt("the hat in ", Image(h), " on a dog")
    reads "the hat in Image 1 on a dog". It counts as written in when the text joins it with a
    space (or an opening bracket) before it or a space or punctuation behind it. Other media stand
    beside the text, which may name them itself: Prompt(Image(a), "Image 1 in the rain").

    Raises InputError when the text names a picture or video that is not there, when more than one
    medium is the base, or when a segment is of no known kind.
    """

    segments: tuple[Segment, ...]
    text: str = field(init=False)
    images: tuple[Image, ...] = field(init=False)
    videos: tuple[Video, ...] = field(init=False)

    def __init__(self, *segments: Segment | str):
        parsed = tuple(_segment(s) for s in segments)
        object.__setattr__(self, "segments", parsed)
        object.__setattr__(self, "images", tuple(s for s in parsed if isinstance(s, Image)))
        object.__setattr__(self, "videos", tuple(s for s in parsed if isinstance(s, Video)))
        object.__setattr__(self, "text", _name_inline(parsed))
        _check_names(self)
        if sum(m.base for m in self.media) > 1:
            raise InputError("a prompt has one base at most: mark only the medium being edited")

    @property
    def media(self) -> tuple[Medium, ...]:
        """All references in the model's order: images, then videos."""
        return (*self.images, *self.videos)

    @property
    def base(self) -> Medium | None:
        """The medium being edited, if one is marked."""
        return next((m for m in self.media if m.base), None)

    @property
    def chat(self) -> "Chat":
        """The published chat form, generating."""
        images = tuple(m.frames for m in self.images)
        videos = tuple(m.frames for m in self.videos)
        return Chat(SYSTEM_TEXT, self.text, images, videos)


@dataclass(frozen=True)
class Chat:
    """One conversation with the vision-language model, before tokenisation.

    Equal chats (the same text, the same `Frames` objects) are read once.
    """

    system: str
    text: str
    images: tuple[Frames, ...] = ()
    videos: tuple[Frames, ...] = ()

    @property
    def before(self) -> str:
        """Everything before the user's text, media as single placeholders."""
        images = "".join(
            f"Image {i}: <|vision_start|><|image_pad|><|vision_end|>"
            for i in range(1, len(self.images) + 1)
        )
        videos = "".join(
            f"Video {i}: <|vision_start|><|video_pad|><|vision_end|>"
            for i in range(1, len(self.videos) + 1)
        )
        return f"<|im_start|>system\n{self.system}<|im_end|>\n<|im_start|>user\n{images}{videos}"

    @property
    def after(self) -> str:
        """Everything after the user's text."""
        return "<|im_end|>\n<|im_start|>assistant\n"

    @property
    def rewriting(self) -> "Chat":
        """The same request, asking for a caption instead of a picture (understand first)."""
        return replace(self, system=self.system + REWRITE_TEXT)

    def __str__(self) -> str:
        return self.before + self.text + self.after


def attach(text: str, references: Sequence[Medium]) -> Prompt:
    """A prompt whose references stand beside the text, as `--ref` gives them."""
    return Prompt(*references, Text(text))


def reordered(prompt: Prompt, order: Sequence[int]) -> Prompt:
    """The same request with its pictures in another order, which "Image 2" in its text follows.

    order: the places the pictures have now, in the order they are to come. Other words that count
    them ("the second picture") are not understood.
    """
    now = {place + 1: number for number, place in enumerate(order, 1)}

    def renamed(match: re.Match[str]) -> str:
        is_picture = match[1].lower() == "image"
        return f"{match[0][:-len(match[2])]}{now[int(match[2])]}" if is_picture else match[0]

    images = [prompt.images[place] for place in order]
    return Prompt(*images, *prompt.videos, Text(_NAMES.sub(renamed, prompt.text)))


def _file_name(source: object) -> str:
    return Path(source).name if isinstance(source, str | Path) else ""


def _segment(segment: Segment | str) -> Segment:
    if isinstance(segment, str):
        return Text(segment)
    if isinstance(segment, Text | Image | Video):
        return segment
    raise InputError(
        f"a prompt is made of text, vino.Image and vino.Video, not {type(segment).__name__}: "
        "wrap the picture in vino.Image(...) or the clip in vino.Video(...)"
    )


def _name_inline(segments: tuple[Segment, ...]) -> str:
    """The text with every written-in medium replaced by its name."""
    counts = {Image: 0, Video: 0}
    words, media = "", [""]  # the names of media that follow each other
    for i, segment in enumerate(segments):
        if not isinstance(segment, Text):
            kind = type(segment)
            counts[kind] += 1
            media.append(f"{kind.__name__} {counts[kind]}")
            if i + 1 < len(segments):
                continue
        behind = segment.text if isinstance(segment, Text) else ""
        if len(media) > 1 and _joined(words, behind):
            words = _spaced(words, " ".join(media[1:]))
            words = _spaced(words, behind)
        else:
            words += behind
        media = [""]
    return words


def _joined(before: str, behind: str) -> bool:
    """Whether media between these words are written into the sentence."""
    if before and behind:
        return True
    last = before[-1:]
    is_quoted = last in tuple("\"'") and before.count(last) % 2 == 1  # an opening one
    goes_on = behind.startswith((*" \n,.;:!?)]", "'s "))
    return is_quoted or last in tuple(" \n([:,") or goes_on


def _spaced(before: str, behind: str) -> str:
    """Two pieces of a sentence with the space that is missing between words."""
    gap = " " if before[-1:].isalnum() and behind[:1].isalnum() else ""
    return before + gap + behind


def _check_names(prompt: Prompt) -> None:
    """Names must exist; a reference that is never named among several is worth a warning."""
    named: set[tuple[str, int]] = set()
    for match in _NAMES.finditer(prompt.text):
        kind, number = match[1].lower(), int(match[2])
        count = len(prompt.images if kind == "image" else prompt.videos)
        if not 1 <= number <= count:
            have = f"{len(prompt.images)} images and {len(prompt.videos)} videos"
            raise InputError(
                f'the prompt names "{match[0]}" but has {have}: add the reference or correct '
                "the name"
            )
        named.add((kind, number))
    kinds: list[tuple[str, tuple[Medium, ...]]] = [
        ("image", prompt.images),
        ("video", prompt.videos),
    ]
    media = [(kind, i, m) for kind, found in kinds for i, m in enumerate(found, 1)]
    if len(media) > 1 and prompt.text:
        for kind, i, medium in media:
            if not medium.base and (kind, i) not in named:
                warnings.warn(
                    f'{kind.title()} {i} is never named in the prompt; say "{kind.title()} {i}" '
                    "where it is meant",
                    PromptWarning,
                    stacklevel=4,
                )
