"""An order: what a client asked for, as it is stored, and the requests it stands for."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vino.errors import InputError
from vino.media import Frames, is_clip_file, read_clip, read_picture, read_size
from vino.prompt import Image, Medium, Prompt, Segment, Text, Video
from vino.request import MAX_SEED, Request
from vino.serve.config import Settings

if TYPE_CHECKING:
    from vino.generate import Model

FORMATS = {
    "png": "image/png",
    "webp": "image/webp",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "mp4": "video/mp4",
}


@dataclass(frozen=True)
class Part:
    """One segment: text, or a medium by its place among the order's files.

    kind: text, image, video, or medium: whichever the file turns out to be.
    """

    kind: str
    text: str = ""
    file: int = 0
    base: bool = False


@dataclass(frozen=True, kw_only=True)
class Order:
    """Everything that decides the result.

    seed: of the first of `n` results. sampling: settings that were given. form, quality: of the
    files made; form None is PNG or MP4. seconds: length instead of frames. shown: previews wanted.
    """

    parts: tuple[Part, ...]
    seed: int | None = None
    n: int = 1
    size: tuple[int, int] | None = None
    frames: int | None = None
    seconds: float | None = None
    sampling: dict[str, Any] = field(default_factory=dict)
    form: str | None = None
    quality: int | None = None
    shown: bool = False

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Order":
        size = values["size"]
        return cls(**values | {
            "parts": tuple(Part(**part) for part in values["parts"]),
            "size": None if size is None else (size[0], size[1]),
        })  # fmt: skip

    def editing(self, file: int) -> "Order":
        """The same order as an edit of one more file: the last image, as in `Model.edit`."""
        base = Part("medium", file=file, base=True)
        beside = all(part.kind == "text" for part in self.parts)
        return replace(self, parts=(base, *self.parts) if beside else (*self.parts, base))

    def fingerprint(self, media: Sequence[bytes], origin: str = "") -> str:
        """Equal for equal orders with equal files, and of equal origin."""
        digest = hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode())
        digest.update(origin.encode())
        for data in media:
            digest.update(hashlib.sha256(data).digest())
        return digest.hexdigest()

    def check(self, settings: Settings) -> None:
        """InputError when the server makes no such thing, whatever the model and the media."""
        words = [part.text for part in self.parts if part.kind == "text"]
        if sum(map(len, words)) > settings.max_prompt:
            raise InputError(f"the prompt is longer than {settings.max_prompt:,} characters")
        try:
            "".join(words).encode()
        except UnicodeEncodeError:
            raise InputError("the prompt is no text: it holds half of a character pair") from None
        if len(self.parts) - len(words) > settings.max_references:
            raise InputError(f"more than {settings.max_references} references")
        if not 1 <= self.n <= settings.max_outputs:
            raise InputError(f"n must be from 1 to {settings.max_outputs}, not {self.n}")
        if (self.sampling.get("steps") or 1) > settings.max_steps:
            raise InputError(f"steps must be at most {settings.max_steps} here")
        if self.seed is not None and not 0 <= self.seed <= MAX_SEED - self.n:
            raise InputError(f"the seed must be from 0 to {MAX_SEED - self.n}")
        if not "".join(words).strip():
            raise InputError("the prompt is empty: say what to make")

    def requests(self, files: Sequence[Path], model: "Model", settings: Settings) -> list[Request]:
        """The requests, media decoded; InputError when model or media do not allow them."""
        prompt = read_prompt(self.parts, files, settings)
        frames = self.frames
        if frames is None and self.seconds is not None:
            frames = max(1, round(self.seconds * model.defaults.fps))
        if frames is not None and frames > model.defaults.max_frames:
            limit, fps = model.defaults.max_frames, model.defaults.fps
            raise InputError(
                f"{frames} frames are more than this model makes: at most {limit} "
                f"({limit / fps:g} seconds)"
            )
        sampling = model.sampling(prompt, frames, self.sampling)
        if len(sampling.per_reference) > len(prompt.media):
            raise InputError(f"per_reference has more numbers than the {len(prompt.media)} media")
        first = Request(prompt, sampling, self.size, frames, self.seed or 0)
        return [replace(first, seed=first.seed + i) for i in range(self.n)]


def read_prompt(parts: Sequence[Part], files: Sequence[Path], settings: Settings) -> Prompt:
    """Media measured together, then decoded, under names that show nothing of this machine."""
    media = [part for part in parts if part.kind != "text"]
    names = {part.file: f"reference {i}" for i, part in enumerate(media, 1)}
    kinds: dict[int, type[Image] | type[Video]] = {}
    pixels = 0
    for part in media:
        kinds[part.file], size = _named(_measure, part, files, names, settings)
        pixels += size
        if pixels > settings.max_media_pixels:
            raise InputError(
                f"the references have more than {settings.max_media_pixels:,} pixels together: "
                "give smaller or fewer ones"
            )
    segments: list[Segment] = []
    for part in parts:
        if part.kind == "text":
            segments.append(Text(part.text))
            continue
        kind = kinds[part.file]
        frames = _named(_decode, part, files, names, settings)
        segments.append(kind(frames, base=part.base))
    return Prompt(*segments)


def _named(
    read: Callable[[Part, Path, Settings], Any],
    part: Part,
    files: Sequence[Path],
    names: dict[int, str],
    settings: Settings,
) -> Any:
    path = files[part.file]
    try:
        return read(part, path, settings)
    except InputError as error:
        raise InputError(str(error).replace(str(path), names[part.file])) from None


def _measure(part: Part, path: Path, settings: Settings) -> tuple[type[Medium], int]:
    is_clip = _is_clip(part, path, settings)
    size = read_size(path, is_clip=is_clip, limits=settings.media)
    return Video if is_clip else Image, size.frames * size.height * size.width


def _decode(part: Part, path: Path, settings: Settings) -> Frames:
    read = read_clip if _is_clip(part, path, settings) else read_picture
    return read(path, settings.media)


def _is_clip(part: Part, path: Path, settings: Settings) -> bool:
    if part.kind == "medium":
        return is_clip_file(path, settings.media)
    return part.kind == "video"
