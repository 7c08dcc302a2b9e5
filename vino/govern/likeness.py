"""Telling a picture or clip again: by its content exactly, and by its looks after re-encoding.

The likeness of a picture is the sign of its lowest frequencies (a perceptual hash): compressing
and scaling it change few bits, another picture changes about half of them.
"""

import re
from dataclasses import dataclass

import numpy as np

from vino.errors import InputError
from vino.media import Frames, content_hash, resize

BITS = 256
MOST_DIFFERENT = 38  # bits in which copies may differ

_SIDE, _KEPT = 64, 16
_LUMA = np.array([0.299, 0.587, 0.114])
_LOOKED_AT = 3  # frames of a clip: first, middle and last
_PLAIN = 2.0  # levels of 255, standard deviation, below which a frame shows nothing
_FORM = re.compile(r"(content|likeness):([0-9a-f]{64})")


@dataclass(frozen=True)
class Fingerprint:
    """content: SHA-256 of the pixels, in hex. likenesses: 256 bits, in hex, of a few frames;
    none of those that are plain, as all plain ones look alike (a clip may begin with black)."""

    content: str
    likenesses: tuple[str, ...]

    def shows(self, names: frozenset[str]) -> str | None:
        """The first of these names (see `parse_name`) that stands for this, or None."""
        if (exact := f"content:{self.content}") in names:
            return exact
        known = [n for n in sorted(names) if n.startswith("likeness:")]
        return next((n for n in known if self.resembles((n.removeprefix("likeness:"),))), None)

    def resembles(self, likenesses: tuple[str, ...]) -> bool:
        """Whether any of its frames looks like any of these."""
        return any(_alike(mine, likenesses) for mine in self.likenesses)

    def copies(self, likenesses: tuple[str, ...]) -> bool:
        """Whether it has frames to tell it by, and each of them looks like one of these."""
        return bool(self.likenesses) and all(_alike(mine, likenesses) for mine in self.likenesses)


def fingerprint(frames: Frames) -> Fingerprint:
    """Both hashes of a picture or clip."""
    last = len(frames.pixels) - 1
    chosen = sorted({round(last * i / (_LOOKED_AT - 1)) for i in range(_LOOKED_AT)})
    small = (_small(frames.pixels[i]) for i in chosen)
    seen = (_signs(light) for light in small if light.std() >= _PLAIN)
    return Fingerprint(content_hash(frames), tuple(dict.fromkeys(seen)))


def likeness(picture: np.ndarray) -> str:
    """256 bits, in hex, of one frame H W 3: signs of its lowest frequencies about their median."""
    return _signs(_small(picture))


def _small(picture: np.ndarray) -> np.ndarray:
    return resize(Frames(picture[None]), _SIDE, _SIDE, "bilinear").pixels[0] @ _LUMA


def _signs(small: np.ndarray) -> str:
    place = 2 * np.arange(_SIDE) + 1
    waves = np.cos(np.pi * np.arange(_KEPT)[:, None] * place / (2 * _SIDE))
    low = (waves @ small @ waves.T).ravel()
    low[0] = 0  # the mean says nothing
    return np.packbits(low > np.median(low)).tobytes().hex()


def _alike(likeness: str, likenesses: tuple[str, ...]) -> bool:
    return any(distance(likeness, other) <= MOST_DIFFERENT for other in likenesses)


def distance(first: str, second: str) -> int:
    """Bits in which two likenesses differ."""
    return (int(first, 16) ^ int(second, 16)).bit_count()


def parse_name(text: str) -> str:
    """ "content:HEX" or "likeness:HEX", as `vino verify` prints them; InputError for others."""
    if _FORM.fullmatch(text) is None:
        raise InputError(
            f'"{text:.80}" names no picture: write content: or likeness: and 64 hex digits, as '
            "vino verify prints them"
        )
    return text
