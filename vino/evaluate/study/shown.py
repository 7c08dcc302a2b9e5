"""Pictures and clips as a browser shows them."""

import io
import tempfile
from functools import lru_cache
from pathlib import Path

import av
import numpy as np

from vino.errors import InputError
from vino.media import Frames, read_picture

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

    A PNG or MP4 is written anew, for its metadata may say which model made it; a PNG of several
    frames side by side becomes an animated WebP. Other files are given as they are.
    """
    ending = path.suffix.lower()
    if moves(path):
        return ENDINGS[ending], _bare(path)
    if ending != ".png":
        return ENDINGS[ending], path.read_bytes()
    picture = read_picture(path).pixels[0]
    if picture.shape[1] % frames:
        raise InputError(f"{path} is {picture.shape[1]} pixels wide, which is not {frames} frames")
    clip = np.stack(np.split(picture, frames, axis=1))
    ending, quality = (".webp", FINEST) if frames > 1 else (".png", None)
    with tempfile.TemporaryDirectory() as folder:
        saved = Frames(clip, FPS).save(Path(folder) / f"shown{ending}", quality=quality)
        return ENDINGS[ending], saved.read_bytes()


def _bare(path: Path) -> bytes:
    """An MP4 with the same pictures and sound, bit for bit, and nothing said about them."""
    made = io.BytesIO()
    try:
        with av.open(str(path), format="mp4") as source, av.open(made, "w", format="mp4") as output:
            tracks = [*source.streams.video[:1], *source.streams.audio[:1]]
            copies = {track.index: output.add_stream_from_template(track) for track in tracks}
            for packet in source.demux(tracks):
                if packet.dts is not None:  # the last of a track is empty
                    packet.stream = copies[packet.stream.index]
                    output.mux(packet)
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise InputError(f"{path} is no intact MP4 ({error}): make it again") from None
    return made.getvalue()


def moves(path: Path) -> bool:
    """Whether a browser needs a player for it."""
    return path.suffix.lower() == ".mp4"
