"""Recipes: how a file was made, as JSON in its metadata.

Where it is kept: PNG in an iTXt chunk, WebP in the EXIF user comment, JPEG in comment segments,
GIF in its comment, MP4 in the comment tag. The JSON is plain ASCII, so no format's notion of
text encoding can change it.
"""

import json
import struct
from collections.abc import Callable
from itertools import dropwhile
from pathlib import Path
from typing import IO, Any

import av
from PIL import Image, ImageFile
from PIL.PngImagePlugin import PngInfo

from vino.errors import InputError
from vino.media.files import Kind, open_file, open_picture, quiet, reason
from vino.media.frames import DEFAULT_LIMITS, Limits

PNG_KEY = "vino-recipe"
_MARK = "vino-recipe:"  # in formats whose comment may hold anything
_MAX_LENGTH = 8 << 20  # characters
_EXIF_IFD, _USER_COMMENT = 0x8769, 0x9286
_ASCII = b"ASCII\0\0\0"  # EXIF's name of the user comment's encoding
_JPEG_COMMENT = b"\xff\xfe"
_JPEG_PART = 60_000  # bytes; a segment holds 65,533


def encode_recipe(recipe: dict[str, Any]) -> str:
    """The recipe as one line of ASCII JSON (tuples become lists); InputError for other values."""
    try:
        text = json.dumps(recipe, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"the recipe cannot be written as JSON ({reason(error)})") from None
    if len(text) > _MAX_LENGTH:
        raise InputError(f"the recipe has {len(text):,} characters; at most {_MAX_LENGTH:,} fit")
    return text


def picture_options(ending: str, text: str) -> dict[str, Any]:
    """What Pillow's save needs to write the recipe into a file of this ending."""
    marked = (_MARK + text).encode()
    if ending == ".png":
        info = PngInfo()
        info.add_itxt(PNG_KEY, text)
        return {"pnginfo": info}
    if ending == ".webp":
        exif = Image.Exif()
        exif.get_ifd(_EXIF_IFD)[_USER_COMMENT] = _ASCII + marked
        return {"exif": exif.tobytes()}
    if ending == ".gif":
        return {"comment": marked}
    parts = (marked[i : i + _JPEG_PART] for i in range(0, len(marked), _JPEG_PART))
    return {"extra": b"".join(_JPEG_COMMENT + struct.pack(">H", len(p) + 2) + p for p in parts)}


def clip_metadata(text: str) -> dict[str, str]:
    """Tags of an MP4."""
    return {"comment": _MARK + text}


def read_recipe(path: str | Path, limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """How a file saved by `Frames.save` was made; InputError when it does not say."""
    path = Path(path)
    with open_file(path, limits) as (file, kind):
        try:
            with quiet():
                text = _find(file, kind)
        except Exception as error:  # metadata of unknown origin makes parsers raise nearly anything
            raise InputError(
                f"the metadata of {path} cannot be read ({reason(error)}): give an intact file"
            ) from None
    if text is None:
        raise InputError(
            f"{path} does not say how it was made: give a file that vino wrote, unchanged since"
        )
    return _parse(text, path)


def recipe_media(recipe: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(kind, sha256, file name) of every reference a recipe needs."""
    prompt = recipe.get("prompt", [])
    return [
        (s["kind"], s["sha256"], s.get("name", ""))
        for s in prompt
        if isinstance(s, dict) and s.get("kind") in ("image", "video")
    ]


def _parse(text: str, path: Path) -> dict[str, Any]:
    try:
        if len(text) > _MAX_LENGTH:
            raise ValueError(f"{len(text):,} characters")
        recipe = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the recipe in {path} is damaged ({reason(error)})") from None
    if not isinstance(recipe, dict):
        raise InputError(f"the recipe in {path} is damaged (not a JSON object)")
    return recipe


def _find(file: IO[bytes], kind: Kind) -> str | None:
    """The recipe's text, or None."""
    if kind.is_container:
        with av.open(file, "r", format=kind.name, metadata_errors="replace") as container:
            return _unmark(container.metadata.get("comment"))
    image = open_picture(file, kind)
    if kind.name == "PNG":
        text = image.info.get(PNG_KEY)
        return str(text) if isinstance(text, str) else None
    find = _IN_COMMENT.get(kind.name)
    return _unmark(find(image)) if find else None


def _webp_comment(image: ImageFile.ImageFile) -> object:
    comment = image.getexif().get_ifd(_EXIF_IFD).get(_USER_COMMENT)
    return comment.removeprefix(_ASCII) if isinstance(comment, bytes) else None


def _jpeg_comment(image: ImageFile.ImageFile) -> object:
    """The comment segments as one, from the marked one on: a long recipe spans several."""
    parts = [bytes(part) for name, part in getattr(image, "applist", ()) if name == "COM"]
    ours = list(dropwhile(lambda part: not part.startswith(_MARK.encode()), parts))
    return b"".join(ours)


_IN_COMMENT: dict[str, Callable[[ImageFile.ImageFile], object]] = {
    "WEBP": _webp_comment,
    "JPEG": _jpeg_comment,
    "GIF": lambda image: image.info.get("comment"),
}


def _unmark(comment: object) -> str | None:
    if isinstance(comment, bytes):
        comment = comment.decode("latin-1")
    if isinstance(comment, str) and comment.startswith(_MARK):
        return comment.removeprefix(_MARK)
    return None


def without_metadata(path: Path, copy: Path) -> Path:
    """A copy of an MP4, its packets as they are, that says nothing of how it was made.

    `path` itself where there is more than H.264 and AAC, which is what is saved here. Raises
    InputError for a damaged file.
    """
    try:
        with av.open(str(path), format="mp4", metadata_errors="replace") as source:
            tracks = [*source.streams.video, *source.streams.audio]
            if {track.codec.name for track in tracks} not in ({"h264"}, {"h264", "aac"}):
                return path
            index_first = {"movflags": "+faststart"}
            with av.open(str(copy), "w", format="mp4", container_options=index_first) as output:
                copies = {t.index: output.add_stream_from_template(t) for t in tracks}
                for packet in source.demux(tracks):
                    if packet.dts is not None:  # the last of a track is empty
                        packet.stream = copies[packet.stream.index]
                        output.mux(packet)
    except (av.FFmpegError, ValueError) as error:
        raise InputError(f"{path} is damaged ({reason(error)}): give an intact clip") from None
    return copy
