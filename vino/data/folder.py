"""Plain folders: pictures and clips, each with its caption beside it in a text file."""

from collections.abc import Iterator
from pathlib import Path

from vino.data.sample import CLIP_ENDINGS, Placed, Record, kind_of
from vino.errors import InputError
from vino.media import DEFAULT_LIMITS
from vino.media.files import open_bytes

PICTURE_ENDINGS = (
    *(".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".avif"),
    *(".heic", ".heif"),  # cannot be read, but shall be told
)
LONGEST_CAPTION = 100_000  # bytes
LICENCE = "LICENCE.txt"


def read_folder(folder: Path) -> list[Record]:
    """Every picture and clip below the folder, in order of names: t2i and t2v records.

    The caption of `a.jpg` is `a.txt`; without one it is empty (`vino data check` counts these). A
    file LICENCE.txt in the folder names the licence of all in its first line.
    """
    licence = caption_of(folder / LICENCE).partition("\n")[0]
    records = []
    for path in _media(folder):
        kind = kind_of(path.name)
        name = path.relative_to(folder).as_posix()
        records.append(
            Record(
                task="t2v" if kind == "video" else "t2i",
                segments=(caption_of(path.with_suffix(".txt")),),
                target=Placed(kind, path),
                key=name,
                where=str(path),
                licence=licence,
            )
        )
    if not records:
        raise InputError(f"{folder} holds no manifest.jsonl, no shards, no pictures and no clips")
    return records


def caption_of(path: Path) -> str:
    """The text of a file without the white space around it; empty when there is none."""
    try:
        with open_bytes(path, DEFAULT_LIMITS) as file:
            return file.read(LONGEST_CAPTION).decode("utf-8", errors="replace").strip()
    except (InputError, OSError):
        return ""


def _media(folder: Path) -> Iterator[Path]:
    endings = (*PICTURE_ENDINGS, *CLIP_ENDINGS)
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in endings and not path.name.startswith("."):
            yield path
