"""Task files: JSON lists of what to make, in the published form, and what they ask of a model.

The published rules (SPEC, section 4): ti2i and i2v take the size of the last picture, tv2v and
tiv2v the size and at most the length of the video; the others the size that is asked.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vino.data.sample import Refuse, stop
from vino.errors import InputError
from vino.prompt import Image, Medium, Video

NEEDED = ("index", "task", "caption")
SIZES = ("height", "width", "num_frames", "seed")
SAMPLING = {
    "steps": "steps",
    "guidance": "guidance",
    "image_guidance": "image_guidance",
    "shift": "shift",
    "solver": "solver",
    "negative": "negative",
    "negative_prompt": "negative",
}
REFERENCES = ("ref_image_paths", "ref_video_path", "ref_image_have_base")
LONGEST_NAME = 200


@dataclass(frozen=True)
class Kind:
    """What a task takes and makes. A kind with a video edits it, or clones from it."""

    is_clip: bool
    has_pictures: bool = False
    has_video: bool = False
    edits_picture: bool = False


KINDS = {
    "t2i": Kind(is_clip=False),
    "ti2i": Kind(is_clip=False, has_pictures=True, edits_picture=True),
    "t2v": Kind(is_clip=True),
    "i2v": Kind(is_clip=True, has_pictures=True, edits_picture=True),
    "ti2v": Kind(is_clip=True, has_pictures=True),
    "tv2v": Kind(is_clip=True, has_video=True),
    "tiv2v": Kind(is_clip=True, has_pictures=True, has_video=True),
}


@dataclass(frozen=True)
class Task:
    """One entry of a task file, checked; paths lie under the root. References are not read yet."""

    file: str
    index: str
    kind: Kind
    caption: str
    pictures: tuple[Path, ...]
    video: Path | None
    keeps_base: bool
    size: tuple[int, int] | None
    frames: int | None
    seed: int | None
    sampling: Mapping[str, Any]
    unknown: tuple[str, ...]

    @property
    def output(self) -> Path:
        """Where the result goes, inside the output folder."""
        return Path(self.file) / f"{self.index}{'.mp4' if self.kind.is_clip else '.png'}"

    @property
    def base(self) -> int | None:
        """Which picture is edited or animated, counted from 0; None if none is.

        A single picture to edit or animate is the base. Of several the last is, when the task
        animates it or says so (`ref_image_have_base`).
        """
        count = len(self.pictures)
        animates = self.kind.is_clip and self.kind.edits_picture
        has_base = self.kind.edits_picture and (count == 1 or animates or self.keeps_base)
        return count - 1 if has_base else None

    def references(self) -> list[Medium]:
        """The pictures and the video, read; the one that is edited is the base."""
        media: list[Medium] = [
            Image(path, base=i == self.base) for i, path in enumerate(self.pictures)
        ]
        if self.video is not None:
            media.append(Video(self.video, base=True))
        return media


def read_entries(path: Path, refuse: Refuse = stop) -> Iterator[tuple[int, dict[str, Any]]]:
    """The entries of a task file, counted from 1; InputError when it is not one.

    refuse: called for every entry that lacks what each has; by default the first one is raised.
    """
    form = "a task file is a JSON list of objects with index, task and caption"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): correct the path") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path} is not JSON: {form}") from None
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{path} holds no list of tasks: {form}")
    for number, entry in enumerate(entries, 1):
        missing = [n for n in NEEDED if not isinstance(entry, dict) or n not in entry]
        if missing:
            refuse(InputError(f"{path}, entry {number} lacks {', '.join(missing)}: {form}"))
        else:
            yield number, entry


def parse_task(entry: dict[str, Any], file: str, root: Path) -> Task:
    """One entry; InputError names the field that cannot be used."""
    kind = KINDS.get(str(entry["task"]))
    if kind is None:
        raise InputError(f'unknown task "{entry["task"]}": known are {", ".join(KINDS)}')
    if not isinstance(entry["caption"], str):
        raise InputError("caption must be text")
    pictures = _paths(entry, "ref_image_paths", root)
    videos = _paths(entry, "ref_video_path", root)
    _check_references(str(entry["task"]), kind, len(pictures), len(videos))
    known = {*NEEDED, *SIZES, *SAMPLING, *REFERENCES}
    return Task(
        file=file,
        index=index_of(entry),
        kind=kind,
        caption=entry["caption"],
        pictures=pictures,
        video=videos[0] if videos else None,
        keeps_base=bool(entry.get("ref_image_have_base", False)),
        size=_size(entry),
        frames=_whole(entry, "num_frames", 1),
        seed=_whole(entry, "seed", 0),
        sampling={ours: entry[n] for n, ours in SAMPLING.items() if entry.get(n) is not None},
        unknown=tuple(sorted(set(entry) - known)),
    )


def index_of(entry: dict[str, Any]) -> str:
    """The entry's index, which names its result; InputError unless it can be a file's name."""
    index = str(entry["index"]) if isinstance(entry["index"], str | int) else ""
    forbidden = set('/\\:*?"<>|')
    is_name = index.strip() == index and index.isprintable() and not index.startswith(".")
    if not index or not is_name or forbidden & set(index) or len(index.encode()) > LONGEST_NAME:
        raise InputError(
            f"the index {index!r} cannot name a file: use letters, digits, - and _ (no folders)"
        )
    return index


def _paths(entry: dict[str, Any], name: str, root: Path) -> tuple[Path, ...]:
    """Paths of a field, one or a list, under the root."""
    value = entry.get(name)
    values = [] if value in (None, "", []) else value if isinstance(value, list) else [value]
    if not all(isinstance(v, str) and v for v in values):
        raise InputError(f"{name} must be a path or a list of paths")
    return tuple(inside(v, root, name) for v in values)


def inside(path: str, root: Path, name: str = "the path") -> Path:
    """`path` under the root: a task file comes from someone else and reaches no other folder."""
    plain = os.path.normpath(path.replace("\\", "/"))
    leaves = plain == ".." or plain.startswith("../")
    if leaves or os.path.isabs(plain) or Path(plain).drive or "\0" in plain:
        raise InputError(
            f"{name}: {path} lies outside the root folder: give the folder that holds it with "
            "--root, and a path relative to that"
        )
    return root / plain


def _check_references(task: str, kind: Kind, pictures: int, videos: int) -> None:
    for has, count, name in (
        (kind.has_pictures, pictures, "ref_image_paths"),
        (kind.has_video, videos, "ref_video_path"),
    ):
        if has and not count:
            raise InputError(f"{task} needs {name}, which is missing")
        if count and not has:
            raise InputError(f"{task} takes no {name}: leave it out or choose another task")
    if videos > 1:
        raise InputError(f"{task} takes one ref_video_path, not {videos}")


def _size(entry: dict[str, Any]) -> tuple[int, int] | None:
    width, height = _whole(entry, "width", 1), _whole(entry, "height", 1)
    if (width is None) != (height is None):
        raise InputError("width and height belong together: give both or neither")
    return None if width is None or height is None else (width, height)


def _whole(entry: dict[str, Any], name: str, least: int) -> int | None:
    value = entry.get(name)
    if value is not None and (type(value) is not int or value < least):
        raise InputError(f"{name} must be a whole number of at least {least}, not {value!r}")
    return value
