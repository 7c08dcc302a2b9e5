"""Questions to a judge: text, pictures, and the scores an answer must have."""

import hashlib
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vino.media import Frames, is_clip_file, read_clip, read_picture, read_size, resize
from vino.sizes import spread_frames

LONGEST = 1024  # pixels of a side that are shown
CLIP_FRAMES = 8  # shown of a clip, spread evenly, both ends included
FORM = 2  # of the questions; answers to another form are not taken again
TOKEN_PIXELS = 28 * 28  # about what a token of a vision-language model covers
TOKEN_LETTERS = 4
ANSWER_TOKENS = 120


@dataclass(frozen=True)
class Verdict:
    """The scores of an answer, in the order of the criteria, and the answer as it came."""

    scores: tuple[int, ...]
    answer: str


@dataclass(frozen=True)
class Question:
    """One question.

    name: of the sample, and of the question where there are several. shown: pictures and clips.
    criteria: names of the scores, whole numbers from `lowest` to `highest`. frames: shown of every
    clip. like: a picture whose size all take
    """

    name: str
    text: str
    shown: tuple[Path, ...]
    criteria: tuple[str, ...]
    lowest: int
    highest: int
    frames: int = CLIP_FRAMES
    like: Path | None = None

    @cached_property
    def content(self) -> str:
        """SHA-256, in hex, of all that an answer depends on but the judge."""
        settings = (FORM, self.criteria, self.lowest, self.highest, self.frames, LONGEST)
        digest = hashlib.sha256(f"{settings}{self.text}".encode())
        for path in (*self.shown, *([self.like] if self.like else [])):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def pictures(self) -> list[tuple[str, bytes]]:
        """(media type, encoded) of everything shown: PNG of pictures, JPEG of a clip's frames."""
        size = read_size(self.like, is_clip=False) if self.like else None
        made = []
        for path in self.shown:
            is_clip = is_clip_file(path)
            media = read_clip(path) if is_clip else read_picture(path)
            if size is not None:
                media = resize(media, size.width, size.height)
            media = _bounded(media)
            for index in spread_frames(len(media.pixels), min(self.frames, len(media.pixels))):
                made.append(_encoded(media, index, "JPEG" if is_clip else "PNG"))
        return made

    def read(self, answer: str) -> Verdict | None:
        """The scores in an answer: every criterion once, in range; None if it is malformed."""
        scores: list[int] = []
        for criterion in self.criteria:
            number = r"[^\w.−–-]*(\d+)(?:\s*/\s*\d+)?"  # neither a sign nor a point before it
            line = rf"^\W*{re.escape(criterion)}\W*[:：]{number}\W*$"
            found = {int(score) for score in re.findall(line, answer, re.I | re.M)}
            if len(found) != 1 or not self.lowest <= min(found) <= self.highest:
                return None
            scores += found
        return Verdict(tuple(scores), answer)


@dataclass(frozen=True)
class Estimate:
    """About what questions cost."""

    calls: int
    pictures: int
    tokens: int

    def __str__(self) -> str:
        return (
            f"{self.calls:,} calls with {self.pictures:,} pictures, "
            f"about {self.tokens:,} tokens, answers included"
        )


def estimate(questions: Sequence[Question]) -> Estimate:
    """From headers alone; nothing is decoded."""
    pictures = tokens = 0
    for question in questions:
        tokens += len(question.text) // TOKEN_LETTERS + ANSWER_TOKENS
        for path in question.shown:
            size = read_size(path, is_clip=is_clip_file(path))
            scale = min(1.0, LONGEST / max(size.width, size.height))
            count = min(question.frames, size.frames)
            pictures += count
            tokens += count * math.ceil(size.width * size.height * scale**2 / TOKEN_PIXELS)
    return Estimate(len(questions), pictures, tokens)


def _bounded(media: Frames) -> Frames:
    """No side longer than is shown."""
    scale = LONGEST / max(media.size.width, media.size.height)
    if scale >= 1:
        return media
    width, height = (max(1, round(side * scale)) for side in (media.size.width, media.size.height))
    return resize(media, width, height, resample="lanczos")


def _encoded(media: Frames, index: int, form: str) -> tuple[str, bytes]:
    buffer = io.BytesIO()
    options = {"quality": 95} if form == "JPEG" else {}
    media.picture(index).save(buffer, form, **options)
    return f"image/{form.lower()}", buffer.getvalue()
