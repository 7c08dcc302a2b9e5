"""Opening a file safely and telling by its first bytes what it is.

The kind is never guessed by Pillow or FFmpeg: the formats that run programs, fetch other files
or accept anything (PostScript, playlists, raw data) are not among these.
"""

import logging
import os
import stat
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from PIL import Image, ImageFile

from vino.errors import InputError
from vino.media.frames import Limits

HEAD = 512  # bytes looked at
PICTURES = "PNG, JPEG, WebP, GIF, BMP, TIFF, PPM or AVIF"
CLIPS = "MP4, MOV, WebM, MKV, AVI, GIF or animated WebP"
# Pillow logs errors beside raising them; without a handler Python prints them.
logging.getLogger("PIL").addHandler(logging.NullHandler())

_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


@dataclass(frozen=True)
class Kind:
    """A file format: Pillow's name of it, or FFmpeg's when `is_container` (streams of a clip)."""

    name: str
    is_container: bool = False

    @property
    def may_move(self) -> bool:
        """Whether files of this kind can hold a clip."""
        return self.is_container or self.name in ("GIF", "WEBP", "PNG")


@contextmanager
def open_file(path: Path, limits: Limits) -> Iterator[tuple[IO[bytes], Kind]]:
    """The opened file and its kind; InputError when it cannot be read or is of no known kind."""
    with open_bytes(path, limits) as file:
        head = file.read(HEAD)
        file.seek(0)
        kind = sniff(head)
        if kind is None:
            raise InputError(
                f"{path} {_describe(head)}: give a picture ({PICTURES}) or a clip ({CLIPS})"
            )
        yield file, kind


@contextmanager
def open_bytes(path: Path, limits: Limits) -> Iterator[IO[bytes]]:
    """A regular, non-empty file within the limit, opened for reading."""
    try:
        file = open(path, "rb", opener=_open_without_waiting)  # noqa: SIM115 (closed below)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} {_why_unreadable(path, error)}") from None
    with file:
        status = os.fstat(file.fileno())
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{path} is a folder: give a file")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{path} is not a regular file: save it to one first")
        if status.st_size == 0:
            raise InputError(f"{path} is empty (zero bytes): give another file")
        if status.st_size > limits.max_bytes:
            raise InputError(
                f"{path} has {status.st_size:,} bytes; the limit is {limits.max_bytes:,}: "
                "make it smaller first"
            )
        yield file


def sniff(head: bytes) -> Kind | None:
    """What a file is by its first bytes."""
    for magic, name in _PICTURE_MAGIC:
        if head.startswith(magic):
            return Kind(name)
    if head[:4] == b"RIFF":
        return {b"WEBP": Kind("WEBP"), b"AVI ": Kind("avi", True)}.get(head[8:12])
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace():
        return Kind("PPM")
    if head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis"):
        return Kind("AVIF")
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return None
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"):
        return Kind("mov", True)
    if head[:1] == b"G" and head[188:189] == b"G" and head[376:377] in (b"G", b""):
        return Kind("mpegts", True)
    for magic, name in _CONTAINER_MAGIC:
        if head.startswith(magic):
            return Kind(name, is_container=True)
    return None


_PICTURE_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
)
_CONTAINER_MAGIC = (
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"FLV\x01", "flv"),
    (b"OggS", "ogg"),
    (b"\0\0\1\xba", "mpeg"),
)


def open_picture(file: IO[bytes], kind: Kind) -> ImageFile.ImageFile:
    """The picture's header, nothing decoded yet.

    Pillow's plugin is called directly: `Image.open` would try other formats and warn of large
    pictures, which `Limits` refuses. Raises whatever the plugin raises on damaged files.
    """
    Image.init()
    make: Callable[..., ImageFile.ImageFile] = Image.OPEN[kind.name][0]
    with quiet():
        return make(file, "")


def moves(image: Image.Image) -> bool:
    """Whether a second frame (or page) begins, be it damaged."""
    try:
        with quiet():
            return bool(getattr(image, "is_animated", False))
    except Exception:  # plugins raise nearly anything on damaged data
        return True


@contextmanager
def quiet() -> Iterator[None]:
    """Without Pillow's own warnings: it warns of odd metadata that changes nothing here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="PIL")
        yield


def reason(error: Exception) -> str:
    """A library's error, in one short line."""
    text = str(getattr(error, "strerror", None) or error)
    words = " ".join(text.split()) or type(error).__name__
    return words if len(words) <= 100 else words[:99] + "…"


def _open_without_waiting(path: str, flags: int) -> int:
    # A named pipe would block here until somebody writes to it.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _why_unreadable(path: Path, error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "does not exist: check the path"
    if isinstance(error, PermissionError) and not path.is_dir():
        return "may not be read (no permission): change its permissions"
    if isinstance(error, IsADirectoryError | PermissionError):
        return "is a folder: give a file"
    return f"cannot be opened ({reason(error)}): check the path"


def _describe(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return "is a HEIC picture, which cannot be read (export it as JPEG)"
    if b"\0" not in head:
        try:
            head.decode()
        except UnicodeDecodeError as error:
            if error.start < len(head) - 4:
                return "is not a picture or clip"
        return "holds text, not a picture or clip"
    return "is not a picture or clip"
