"""The invisible mark: a faint keyed pattern in the brightness of a picture, found again anywhere.

The pattern is one square tile, repeated: waves of a middle band of frequencies, all equally strong,
whose phases follow from a key. A crop moves the tile and nothing else, so the finder folds the
picture onto one tile and tries every shift at once, by one Fourier transform.

How sure it is follows from the key, not from the picture: for a picture made without knowledge of
the key, the phases it is compared with are independent and uniform. Chernoff's inequality then
bounds the chance of a correlation as high as the one found, whatever the picture shows.
"""

import hashlib
import math
import os
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from einops import rearrange

from vino.media import Frames

KEY = "vino"  # known to everybody: whoever reads this can find the mark, forge it and remove it
KEY_VARIABLE = "VINO_MARK_KEY"
MOST_BY_CHANCE = 1e-6  # above this a picture is not called marked

_TILE = 128  # pixels
_BAND = (1 / 12, 0.3)  # cycles per pixel: what JPEG keeps, and pictures have little of
_STRENGTH = (1.7, 2.4)  # levels of 255, root mean square, where a picture is flat
_LARGE = 300  # pixels a side that would do with one level; smaller pictures carry more
_BUSY = 8.0  # levels of local deviation that hide as much again
_STRONGEST = 4.0  # times the strength, where the picture is busiest
_LEAST_PSNR = 40.4  # dB, before rounding
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_NEAR = 4  # pixels: radius of what hides the pattern
_AROUND = 8  # pixels between the places it is looked for
_ROUND = 5  # pixels: radius of what the finder takes for the picture's own
_SOFT = 4.0  # levels: flat places are not amplified beyond this
_CLIP = 3.0  # deviations: an edge counts no more than this
_LOOKED_AT = 9  # frames of a clip
_CHUNK = 2048  # rows and columns looked at, from the middle


@dataclass(frozen=True)
class Finding:
    """What a search for the mark came to.

    by_chance: bound on the probability that pixels made without the key correlate with it as
        well as these do, at any shift
    """

    by_chance: float

    @property
    def is_marked(self) -> bool:
        return self.by_chance <= MOST_BY_CHANCE


def mark_key() -> str:
    """The key in the environment (VINO_MARK_KEY), else the one everybody knows."""
    return os.environ.get(KEY_VARIABLE) or KEY


def mark(frames: Frames, key: str | None = None) -> Frames:
    """The picture or clip with the mark in every frame; at least 40 dB PSNR to the original.

    key: a secret known to whoever is to find it; by default `mark_key()`. The same frames and key
        give the same result.
    """
    tile = _tile(key or mark_key())
    pixels = np.stack([_marked(picture, tile) for picture in frames.pixels])
    return replace(frames, pixels=pixels)


def find_mark(frames: Frames, key: str | None = None) -> Finding:
    """Look for the mark at every shift; of a clip, in nine frames together.

    Pictures of less than 256 pixels a side carry it less surely, and a resized, turned or mirrored
    picture has lost it.
    """
    count = len(frames.pixels)
    chosen = np.linspace(0, count - 1, min(count, _LOOKED_AT)).round().astype(int)
    spectrum = np.fft.fft2(sum(_folded(frames.pixels[i]) for i in chosen))
    size = np.abs(spectrum)
    heard = _in_band() & (size > 1e-6 * max(size.max(), 1.0))
    if not heard.any():
        return Finding(1.0)
    phases = np.where(heard, spectrum / np.where(heard, size, 1.0), 0)
    # Both halves of a real spectrum say the same: each wave counts once.
    agreement = np.fft.ifft2(phases * np.exp(-1j * _phases(key or mark_key()))).real
    best = agreement.max() * _TILE**2 / 2
    waves = np.count_nonzero(heard) / 2
    # E exp(s cos) = I0(s) <= exp(s^2 / 4) for a uniform phase, hence exp(-best^2 / waves) a shift.
    return Finding(float(min(1.0, _TILE**2 * np.exp(-(best**2) / waves))))


@lru_cache(maxsize=8)
def _phases(key: str) -> np.ndarray:
    """Phases of the tile's spectrum (tile x tile): those of white noise seeded by the key."""
    seed = int.from_bytes(hashlib.sha256(f"vino mark 1\0{key}".encode()).digest(), "big")
    noise = np.random.Generator(np.random.PCG64(seed)).standard_normal((_TILE, _TILE))
    return np.angle(np.fft.fft2(noise))


@lru_cache(maxsize=1)
def _in_band() -> np.ndarray:
    f = np.fft.fftfreq(_TILE)
    radius = np.hypot(f[:, None], f[None])
    return (radius >= _BAND[0]) & (radius <= _BAND[1])


@lru_cache(maxsize=8)
def _tile(key: str) -> np.ndarray:
    """The pattern, tile x tile float32, of variance 1."""
    tile = np.fft.ifft2(_in_band() * np.exp(1j * _phases(key))).real
    return (tile / tile.std()).astype(np.float32)


def _marked(picture: np.ndarray, tile: np.ndarray) -> np.ndarray:
    """One frame, H W 3 uint8, with the pattern: stronger where the picture is busy."""
    height, width = picture.shape[:2]
    pattern = np.tile(tile, (-(-height // _TILE), -(-width // _TILE)))[:height, :width]
    light = picture @ _LUMA
    strength = np.clip(_LARGE / math.sqrt(light.size), *_STRENGTH)
    added = strength * pattern * np.minimum(1 + _busyness(light) / _BUSY, _STRONGEST)
    most = 255 / 10 ** (_LEAST_PSNR / 20)
    added *= min(1.0, most / float(np.sqrt((added**2).mean())))
    return np.clip(np.rint(picture + added[..., None]), 0, 255).astype(np.uint8)


def _busyness(light: np.ndarray) -> np.ndarray:
    """Deviation in the calmest of nine places around each pixel: an edge beside a flat hides
    nothing, texture does."""
    spread = np.sqrt(np.maximum(_mean(light**2, _NEAR) - _mean(light, _NEAR) ** 2, 0))
    for axis in (0, 1):
        border = [(_AROUND, _AROUND) if a == axis else (0, 0) for a in (0, 1)]
        wide = np.pad(spread, border, mode="edge")
        places = (
            np.take(wide, range(i, i + light.shape[axis]), axis) for i in (0, _AROUND, 2 * _AROUND)
        )
        spread = np.minimum.reduce(list(places))
    return spread


def _folded(picture: np.ndarray) -> np.ndarray:
    """One frame summed onto one tile, after its own content is evened out."""
    height, width = picture.shape[:2]
    top, left = max(0, height - _CHUNK) // 2, max(0, width - _CHUNK) // 2
    light = picture[top : top + _CHUNK, left : left + _CHUNK] @ _LUMA
    light -= _mean(light, _ROUND)
    light /= np.sqrt(_mean(light**2, _ROUND)) + _SOFT
    even = np.pad(np.clip(light, -_CLIP, _CLIP), [(0, -side % _TILE) for side in light.shape])
    return rearrange(even, "(m h) (n w) -> m n h w", h=_TILE, w=_TILE).sum((0, 1))


def _mean(x: np.ndarray, radius: int) -> np.ndarray:
    """Mean over squares of 2 radius + 1, with the border repeated; float32."""
    for axis in (0, 1):
        border = [(radius + 1, radius) if a == axis else (0, 0) for a in (0, 1)]
        total = np.pad(x, border, mode="edge").cumsum(axis, dtype=np.float64)
        _, ends = np.split(total, [2 * radius + 1], axis)
        starts, _ = np.split(total, [x.shape[axis]], axis)
        x = ((ends - starts) / (2 * radius + 1)).astype(np.float32)
    return x
