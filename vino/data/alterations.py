"""Alterations whose outcome is known: before, after, and the words that ask for the step.

Each draws its parameters and its words from a seeded random generator. Height and width stay what
they are, so that untouched pixels stay in their place; what is lost on the way can be asked back
by the inverse, whose target is the original.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import numpy as np

from vino.errors import InputError
from vino.media import Frames, resize

HUES = (60, 120, 180, 240, 300)  # degrees
BLURS = {"slightly": 0.01, "": 0.02, "strongly": 0.04}  # of the shorter side
COARSER = (2, 3, 4)
ZOOMS = (1.5, 2.0)
PLACES = {
    "centre": (0.5, 0.5), "top left corner": (0.0, 0.0), "top right corner": (1.0, 0.0),
    "bottom left corner": (0.0, 1.0), "bottom right corner": (1.0, 1.0),
}  # fmt: skip
LUMA = np.array((0.2126, 0.7152, 0.0722))  # Rec. 709
FEWEST = 4  # frames of a clip whose time is changed


@dataclass(frozen=True, eq=False)
class Pair:
    """One step. before: None when it is the source as it is. inverse: words for the way back, "".

    parameters: what was drawn, as JSON values.
    """

    after: Frames
    instruction: str
    inverse: str = ""
    before: Frames | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


Alter = Callable[[Frames, Random], Pair]


@dataclass(frozen=True)
class Op:
    """A named alteration. clips_only: pictures are passed over."""

    name: str
    alter: Alter
    clips_only: bool = False


def _words(rng: Random, frames: Frames, *phrasings: str, **values: object) -> str:
    """One of several ways to say it."""
    medium = "clip" if frames.is_clip else "picture"
    return " ".join(rng.choice(phrasings).format(medium=medium, **values).split())


def flip(frames: Frames, rng: Random) -> Pair:
    axis, way = rng.choice(((2, "left to right"), (1, "top to bottom")))
    said = ("mirror the {medium} {way}", "flip the {medium} {way}", "flip it {way}")
    return Pair(
        replace(frames, pixels=np.flip(frames.pixels, axis)),
        _words(rng, frames, *said, way=way),
        _words(rng, frames, *said, way=way),
        parameters={"way": way},
    )


def rotate(frames: Frames, rng: Random) -> Pair:
    """By a half turn; a square may be turned by a quarter, too."""
    square = frames.size.width == frames.size.height
    degrees = rng.choice((90, 180, 270) if square else (180,))
    if degrees == 180:
        there = back = ("turn the {medium} upside down", "rotate the {medium} by 180 degrees")
    else:
        clockwise = ("rotate the {medium} by 90 degrees clockwise", "turn it to the right")
        other = ("rotate the {medium} by 90 degrees counterclockwise", "turn it to the left")
        there, back = (clockwise, other) if degrees == 90 else (other, clockwise)
    return Pair(
        replace(frames, pixels=np.rot90(frames.pixels, -degrees // 90, (1, 2))),
        _words(rng, frames, *there),
        _words(rng, frames, *back),
        parameters={"degrees": degrees},
    )


def hue(frames: Frames, rng: Random) -> Pair:
    """Colours turned around the gray axis, their luma kept where they can be shown."""
    degrees = rng.choice(HUES)
    said = (
        "shift every hue by {degrees} degrees",
        "turn all colours {degrees} degrees around the colour wheel",
        "rotate the hues of the {medium} by {degrees} degrees",
    )
    return Pair(
        replace(frames, pixels=_eight_bits(frames.pixels @ _turned(degrees).T)),
        _words(rng, frames, *said, degrees=degrees),
        _words(rng, frames, *said, degrees=360 - degrees),
        parameters={"degrees": degrees},
    )


def grayscale(frames: Frames, rng: Random) -> Pair:
    gray = _eight_bits(frames.pixels @ LUMA)
    return Pair(
        replace(frames, pixels=np.repeat(gray[..., None], 3, axis=-1)),
        _words(rng, frames, "make the {medium} black and white", "take all colour away"),
        _words(rng, frames, "colour the black-and-white {medium}", "give it its colours back"),
    )


def blur(frames: Frames, rng: Random) -> Pair:
    """A Gaussian over every frame, its edges repeated."""
    how, share = rng.choice(list(BLURS.items()))
    sigma = max(0.5, share * min(frames.size.width, frames.size.height))
    return Pair(
        replace(frames, pixels=_blurred(frames.pixels, sigma)),
        _words(rng, frames, "blur the {medium} {how}", "{how} blur the {medium}", how=how),
        _words(rng, frames, "make the blurred {medium} sharp", "bring it into focus"),
        parameters={"sigma": sigma},
    )


def coarsen(frames: Frames, rng: Random) -> Pair:
    """Scaled down and up again: the detail of a smaller picture, in the same size."""
    factor, (height, width) = rng.choice(COARSER), frames.pixels.shape[1:3]
    small = resize(frames, max(1, width // factor), max(1, height // factor), "bicubic")
    said = ("lower the resolution of the {medium} {factor} times", "make it {factor} times coarser")
    return Pair(
        resize(small, width, height, "bicubic"),
        _words(rng, frames, *said, factor=factor),
        _words(rng, frames, "restore the detail of the {medium}", "raise its resolution"),
        parameters={"factor": factor},
    )


def crop(frames: Frames, rng: Random) -> Pair:
    """A part, enlarged to the whole; nothing leads back."""
    place, (x, y) = rng.choice(list(PLACES.items()))
    zoom, (height, width) = rng.choice(ZOOMS), frames.pixels.shape[1:3]
    columns, rows = max(1, round(width / zoom)), max(1, round(height / zoom))
    left, top = round(x * (width - columns)), round(y * (height - rows))
    part = replace(frames, pixels=frames.pixels[:, top : top + rows, left : left + columns])
    said = ("zoom in on the {place}", "show the {place} of the {medium} enlarged")
    return Pair(
        resize(part, width, height, "lanczos"),
        _words(rng, frames, *said, place=place),
        parameters={"box": [left, top, columns, rows]},
    )


def reverse(clip: Frames, rng: Random) -> Pair:
    said = ("play the clip backwards", "reverse the clip", "run it from its end to its beginning")
    silent = _long_enough(clip)
    return Pair(
        replace(silent, pixels=clip.pixels[::-1]),
        _words(rng, clip, *said),
        _words(rng, clip, *said),
        before=silent,
    )


def speed(clip: Frames, rng: Random) -> Pair:
    """Twice as fast: every second frame against as many of the first ones."""
    silent = _long_enough(clip)
    count = (len(clip.pixels) + 1) // 2
    return Pair(
        replace(silent, pixels=clip.pixels[::2]),
        _words(rng, clip, "play the clip twice as fast", "double the speed"),
        _words(rng, clip, "play the clip at half its speed", "slow it down to half the speed"),
        before=replace(silent, pixels=clip.pixels[:count]),
        parameters={"frames": count},
    )


PLAIN = {
    op.name: op
    for op in (
        Op("crop", crop),
        Op("flip", flip),
        Op("rotate", rotate),
        Op("hue", hue),
        Op("blur", blur),
        Op("grayscale", grayscale),
        Op("resize", coarsen),
        Op("speed", speed, clips_only=True),
        Op("reverse", reverse, clips_only=True),
    )
}


def _long_enough(clip: Frames) -> Frames:
    """The clip without its sound, which would not fit."""
    if len(clip.pixels) < FEWEST:
        raise InputError(f"a clip of {len(clip.pixels)} frames is too short: give {FEWEST} or more")
    return replace(clip, sound=None)


def _eight_bits(values: np.ndarray) -> np.ndarray:
    return np.rint(values).clip(0, 255).astype(np.uint8)


def _turned(degrees: float) -> np.ndarray:
    """The matrix that turns RGB around the axis of grays and keeps luma.

    Of a colour, luma and the part beside the axis are taken apart; the part beside it is turned
    (Rodrigues' formula) and sheared back to no luma.
    """
    axis = np.ones(3) / math.sqrt(3)
    cross = np.cross(np.eye(3), axis)
    angle = math.radians(degrees)
    turn = np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * (cross @ cross)
    onto_gray = np.outer(np.ones(3), LUMA)
    beside = np.eye(3) - onto_gray
    return onto_gray + beside @ turn @ beside


def _blurred(pixels: np.ndarray, sigma: float) -> np.ndarray:
    """Separable, frame by frame: memory stays that of one frame."""
    reach = math.ceil(3 * sigma)
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    taps /= taps.sum()
    out = np.empty_like(pixels)
    for i, frame in enumerate(pixels):
        smooth = _along(_along(frame.astype(np.float32), taps, 0), taps, 1)
        out[i] = _eight_bits(smooth)
    return out


def _along(frame: np.ndarray, taps: np.ndarray, axis: int) -> np.ndarray:
    reach, length = len(taps) // 2, frame.shape[axis]
    room = [(reach, reach) if i == axis else (0, 0) for i in range(3)]
    padded = np.pad(frame, room, mode="edge")
    shifted = (np.take(padded, range(i, i + length), axis) * tap for i, tap in enumerate(taps))
    return sum(shifted, np.zeros_like(frame))
