"""Pictures and clips beside the prompt, each under a name."""

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from vino.errors import InputError
from vino.media import Limits, is_clip_file, read_clip, read_picture
from vino.serve.studio.pictures import cut, thumbnail

THIS = "this"  # the result that is shown, when it is edited
_NAME = re.compile(r"[^\W\d_]\w{0,23}")
Box = tuple[int, int, int, int]
WHOLE: Box = (0, 0, 100, 100)


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One picture or clip.

    handle: its name; "@hat" in the text stands for it. path: the file that is used; source: the
    file it was cut out of, by box: left, top, right and bottom in percent. size: (width, height)
    in pixels. thumbnail: a data URL. scale: its guidance; 1 is neutral.
    """

    handle: str
    path: Path
    source: Path
    is_clip: bool
    size: tuple[int, int]
    thumbnail: str
    box: Box = WHOLE
    scale: float = 1.0


def open_reference(path: Path, name: str, taken: Collection[str], limits: Limits) -> Reference:
    """A file as a reference under a name made of `name`; InputError when it cannot be read."""
    try:
        is_clip = is_clip_file(path, limits)
        frames = read_clip(path, limits) if is_clip else read_picture(path, limits)
    except InputError as error:
        raise InputError(str(error).replace(str(path), name)) from None
    return Reference(
        handle=free_handle(Path(name).stem, "clip" if is_clip else "picture", taken),
        path=path,
        source=path,
        is_clip=is_clip,
        size=(frames.size.width, frames.size.height),
        thumbnail=thumbnail(frames),
    )


def cropped(reference: Reference, box: Box, folder: Path, limits: Limits) -> Reference:
    """The part of a picture inside the box, a file in the folder; the whole again for WHOLE."""
    left, top, right, bottom = box
    if not (0 <= left < right <= 100 and 0 <= top < bottom <= 100):
        raise InputError(
            f"a crop from {left}, {top} to {right}, {bottom} percent has no inside: left must be "
            "below right and top below bottom"
        )
    if reference.is_clip:
        raise InputError(f"@{reference.handle} is a clip: only pictures are cropped here")
    frames = cut(read_picture(reference.source, limits), box)
    path = reference.source
    if box != WHOLE:
        path = frames.save(folder / f"crop-{secrets.token_hex(16)}.png")
    size = frames.size
    return replace(
        reference, path=path, box=box, size=(size.width, size.height), thumbnail=thumbnail(frames)
    )


def free_handle(wanted: str, otherwise: str, taken: Collection[str]) -> str:
    """A name made of the wanted one that is not taken: hat, hat2, hat3."""
    words = re.sub(r"\W+", "_", wanted.lower()).strip("_0123456789")[:20].rstrip("_")
    base = words if _NAME.fullmatch(words) else otherwise
    taken = {*taken, THIS}
    return next(
        name
        for name in (base if i == 1 else f"{base}{i}" for i in range(1, len(taken) + 2))
        if name not in taken
    )


def check_handle(handle: str, taken: Collection[str]) -> None:
    """InputError when it cannot be a name, or is one already."""
    if not _NAME.fullmatch(handle):
        raise InputError(
            f'"{handle[:40]}" cannot be a name: use letters, digits and _, a letter first, at '
            "most 24"
        )
    if handle in {*taken, THIS}:
        raise InputError(f"@{handle} is taken: choose another name")
