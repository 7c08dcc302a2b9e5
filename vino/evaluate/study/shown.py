"""Pictures and clips as a browser shows them."""

import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np

from vino.errors import InputError
from vino.media import Frames, read_picture, without_metadata

ENDINGS = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".mp4": "video/mp4",
}
FPS = 8.0  # of strips, which do not say it
FINEST = 100
REMEMBERED = 256


@lru_cache(maxsize=REMEMBERED)
def shown(path: Path, frames: int) -> tuple[str, bytes]:
    """The type and content of a medium.

    PNG and H.264 files, which runs write, are written anew, for their metadata may say which model
    made them; a PNG of several frames side by side becomes an animated WebP. Other files are given
    as they are.
    """
    ending = path.suffix.lower()
    if ending not in (".png", ".mp4"):
        return ENDINGS[ending], path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        if moves(path):
            return ENDINGS[ending], without_metadata(path, Path(folder) / "shown.mp4").read_bytes()
        picture = read_picture(path).pixels[0]
        if picture.shape[1] % frames:
            raise InputError(
                f"{path} is {picture.shape[1]} pixels wide, which is not {frames} frames"
            )
        clip = np.stack(np.split(picture, frames, axis=1))
        ending, quality = (".webp", FINEST) if frames > 1 else (".png", None)
        saved = Frames(clip, FPS).save(Path(folder) / f"shown{ending}", quality=quality)
        return ENDINGS[ending], saved.read_bytes()


def moves(path: Path) -> bool:
    """Whether a browser needs a player for it."""
    return path.suffix.lower() == ".mp4"
