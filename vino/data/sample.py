"""One record form for every task: what a manifest says (`Record`), and it decoded (`Example`).

A record is a JSON object:

    {"task": "ti2i",
     "prompt": ["put the hat of ", {"image": "hat.png"}, " on ",
                {"image": "man.jpg", "base": true}],
     "target": {"image": "man_with_hat.jpg"},
     "licence": "CC-BY-4.0", "source": "https://...", "people": true, "consent": "release 17"}

`task`, `prompt` and `target` are needed. A prompt may be text alone; `short` is other, shorter text
for the same target, for stages that train on long and short prompts. A medium is {"image": path}
or {"video": path}, beside it `base` (this is what is edited) and `size`, [width, height, frames],
which spares a look at the file before it is its turn. A target may be a bare path: its ending
tells pictures from clips.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from vino.data.members import Member
from vino.errors import InputError
from vino.govern.policy import Rules
from vino.media import Frames
from vino.prompt import Prompt
from vino.sizes import PixelSize

CLIP_ENDINGS = (
    *(".mp4", ".mov", ".webm", ".mkv", ".avi", ".m4v", ".gif"),
    *(".mpg", ".mpeg", ".ts", ".flv", ".ogv"),
)
MOST_MEDIA = 64  # of one prompt
NEEDED = ("task", "prompt", "target")
ABOUT = ("source", "licence", "consent", "people")
KNOWN = (*NEEDED, *ABOUT, "id", "short", "withhold_latents", "made")

T = TypeVar("T")
Kind = Literal["image", "video"]
Place = Path | Member
Locate = Callable[[str], Place]
"""A path of a record -> where it lies; InputError when it leaves its root."""


@dataclass(frozen=True, eq=False)
class Example:
    """One training example, decoded.

    prompt: what is asked, with its media. The base has the target's height and width already.
    target: what is to be generated, on the grid of its bucket.
    key: names the example in reports, and in a cache of a source that never changes.
    withhold_latents: the media are for the VLM's eyes only (image reconstruction).
    """

    prompt: Prompt
    target: Frames
    task: str
    key: str
    withhold_latents: bool = False
    licence: str = ""


@dataclass(frozen=True)
class Placed:
    """A medium of a record, not read yet. size: as the record says, None if it does not."""

    kind: Kind
    place: Place
    base: bool = False
    size: PixelSize | None = None


@dataclass(frozen=True)
class Record:
    """What a manifest says of one example.

    target: None in files that only ask (the published task files). short: shorter text for the
    same, if there is any. people: somebody can be recognised; consent: on what ground they are
    shown. where: the file and line it came from. made: how `vino augment` made it.
    """

    task: str
    segments: tuple[str | Placed, ...]
    target: Placed | None
    key: str
    where: str
    short: str = ""
    source: str = ""
    licence: str = ""
    consent: str = ""
    people: bool = False
    withhold_latents: bool = False
    made: Mapping[str, Any] = field(default_factory=dict)

    @property
    def media(self) -> tuple[Placed, ...]:
        """Media of the prompt in the model's order: images, then videos."""
        placed = [s for s in self.segments if isinstance(s, Placed)]
        return tuple(sorted(placed, key=lambda m: m.kind))

    @property
    def text(self) -> str:
        """The prompt's words alone."""
        return "".join(s for s in self.segments if isinstance(s, str))

    def shortened(self) -> "Record":
        """The same with the short prompt behind the media; InputError when there is none."""
        if not self.short:
            raise InputError(f'{self.where} has no short prompt: add "short"')
        media = (s for s in self.segments if isinstance(s, Placed))
        return replace(self, segments=(*media, self.short))


NO_RULES = Rules()

Refuse = Callable[[InputError], None]
"""What happens to a record that cannot be used: raise, or note it and go on without it."""


def stop(error: InputError) -> None:
    """The first record that cannot be used ends the reading."""
    raise error


def load_json(text: bytes, where: str) -> Any:
    """A JSON value; InputError names `where`.

    Numbers that are none (NaN) are refused, and characters that are none (half of a pair).
    """
    try:
        value = json.loads(text, parse_constant=_no_number)
        if b"\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is not JSON ({error!s:.80})") from None


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def parse_record(fields: object, where: str, key: str, locate: Locate) -> Record:
    """A record from JSON; InputError names `where` and the field that cannot be used."""
    try:
        return _parse(fields, where, key, locate)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _parse(fields: object, where: str, key: str, locate: Locate) -> Record:
    if not isinstance(fields, dict):
        raise InputError(f"a record is a JSON object, not {type(fields).__name__}")
    if missing := [name for name in NEEDED if name not in fields]:
        raise InputError(f"the record lacks {', '.join(missing)}")
    _refuse_unknown(fields, KNOWN)
    task = typed(fields, "task", str, "")
    segments = _segments(fields["prompt"], locate)
    if not task:
        raise InputError("task must not be empty")
    if sum(isinstance(s, Placed) and s.base for s in segments) > 1:
        raise InputError("only one medium can be the base")
    if sum(isinstance(s, Placed) for s in segments) > MOST_MEDIA:
        raise InputError(f"a prompt holds at most {MOST_MEDIA} media")
    return Record(
        task=task,
        segments=segments,
        target=_target(fields["target"], locate),
        key=typed(fields, "id", str, "") or key,
        where=where,
        short=typed(fields, "short", str, ""),
        source=typed(fields, "source", str, ""),
        licence=typed(fields, "licence", str, ""),
        consent=typed(fields, "consent", str, ""),
        people=typed(fields, "people", bool, False),
        withhold_latents=typed(fields, "withhold_latents", bool, False),
        made=typed(fields, "made", dict, {}),
    )


def typed(fields: Mapping[str, Any], name: str, kind: type[T], default: T) -> T:
    """A field of the given type, or its default; InputError when it is of another type."""
    value = fields.get(name, default)
    if type(value) is not kind:
        names = {str: "text", bool: "true or false", list: "a list", dict: "an object"}
        raise InputError(f"{name} must be {names.get(kind, kind.__name__)}, not {value!r:.60}")
    return value


def _segments(prompt: object, locate: Locate) -> tuple[str | Placed, ...]:
    if isinstance(prompt, str):
        return (prompt,)
    if not isinstance(prompt, list) or not prompt:
        raise InputError("prompt must be text, or a list of text and media")
    return tuple(s if isinstance(s, str) else _medium(s, "prompt", locate) for s in prompt)


def _target(target: object, locate: Locate) -> Placed:
    if isinstance(target, str):
        target = {kind_of(target): target}
    placed = _medium(target, "target", locate)
    if placed.base:
        raise InputError("target: a base is one of the prompt's media, not the target")
    return placed


def kind_of(path: str) -> Kind:
    """Whether a path is meant as a clip, by its ending."""
    return "video" if path.lower().endswith(CLIP_ENDINGS) else "image"


def _medium(fields: object, name: str, locate: Locate) -> Placed:
    if not isinstance(fields, dict) or ("image" in fields) == ("video" in fields):
        raise InputError(f'{name}: a medium is {{"image": path}} or {{"video": path}}')
    kind: Kind = "image" if "image" in fields else "video"
    _refuse_unknown(fields, (kind, "base", "size"))
    path = typed(fields, kind, str, "")
    if not path:
        raise InputError(f"{name}: the path of its {kind} is empty")
    base = typed(fields, "base", bool, False)
    return Placed(kind, locate(path), base, _size(fields.get("size"), kind))


def _size(size: object, kind: Kind) -> PixelSize | None:
    if size is None:
        return None
    if not isinstance(size, list) or len(size) != 3 or not all(type(n) is int for n in size):
        raise InputError("size must be [width, height, frames]")
    width, height, frames = size
    if min(size) < 1 or (kind == "image" and frames > 1):
        raise InputError(f"size {size} is impossible for the {kind}")
    return PixelSize(frames, height, width)


def _refuse_unknown(fields: Mapping[str, Any], known: tuple[str, ...]) -> None:
    if unknown := sorted(set(fields) - set(known)):
        raise InputError(f"unknown {', '.join(unknown)!s:.80}: known are {', '.join(known)}")
