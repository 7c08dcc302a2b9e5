"""From timestamps to a constant frame rate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vino.media.frames import Limits

DEFAULT_RATE = 24.0
_JITTER = 0.4  # of a frame: timestamps this near a regular grid are that grid
_NEAR = 0.15  # of the median step: steps this near it are meant to be it
_EXACT = 0.0005  # well below what tells 23.976 from 24


@dataclass(frozen=True)
class Timestamps:
    """When the frames of a clip are shown.

    starts: seconds, one per frame, not decreasing
    last: seconds the last frame stays; None: as long as the others
    declared: rates the file names, the most trusted first
    precision: seconds the timestamps are rounded to
    """

    starts: np.ndarray
    last: float | None = None
    declared: Sequence[float] = ()
    precision: float = 0.0


@dataclass(frozen=True)
class Schedule:
    """At `rate` frames per second, which frame is shown in each of `count` places.

    places: the place where each frame begins; None when every frame has just its own.
    """

    rate: float
    count: int
    places: np.ndarray | None = None

    @property
    def frames(self) -> int:
        """How many frames are decoded for it."""
        return self.count if self.places is None else len(self.places)

    def first(self, most: int) -> "Schedule":
        """Of its first places."""
        if self.count <= most:
            return self
        places = None if self.places is None else self.places[self.places < most]
        return Schedule(self.rate, most, places)

    def resample(self, pixels: np.ndarray) -> np.ndarray:
        """T H W 3 as decoded to `count` H W 3."""
        if self.places is None:
            return pixels[: self.count]
        return pixels[np.searchsorted(self.places, np.arange(self.count), side="right") - 1]


def constant_rate(times: Timestamps) -> Schedule:
    """The schedule of a clip.

    Regular timestamps keep every frame. Irregular ones (a variable frame rate) are resampled at
    the rate that prevails, the mean of the steps near the median step: each frame begins at the
    place nearest its time and stays until the next begins, so motion keeps its speed; pauses
    become repeated frames, and of frames that share a place the last is shown.
    """
    starts = times.starts - times.starts[0]
    n, span = len(starts), float(starts[-1])
    if n == 1 or span <= 0:
        return Schedule(next(iter(times.declared), DEFAULT_RATE), n)
    mean = (n - 1) / span
    jitter = np.abs(starts * mean - np.arange(n)).max()
    if jitter <= _JITTER and (times.last is None or times.last * mean < 1.5):
        error = max(times.precision / span, jitter / (n - 1))
        return Schedule(_named_rate(mean, times, error), n)
    steps = np.diff(starts)
    steps = steps[steps > 0]
    median = np.median(steps)
    steps = steps[np.abs(steps - median) <= max(_NEAR * median, times.precision)]
    step = float(steps.mean()) if len(steps) else float(median)
    rate = _named_rate(1 / step, times, times.precision / step / max(1, len(steps)) ** 0.5)
    places = np.floor(starts * rate + 0.5)  # floats: absurd timestamps must not overflow
    stay = 1 if times.last is None else max(1, round(times.last * rate))
    return Schedule(rate, int(places[-1]) + stay, places)


def within(
    schedule: Schedule, name: str, size: tuple[int, int], limits: Limits, most: int | None
) -> Schedule:
    """A schedule of frames of this width and height that the limits allow.

    Cut to `most` places and to the limits when that is given, else InputError beyond the limits.
    """
    if most is None:
        limits.check_clip(name, schedule.count, *size)
        return schedule
    return schedule.first(min(most, limits.most_frames(name, *size)))


def _named_rate(measured: float, times: Timestamps, error: float) -> float:
    """A declared or whole rate within the error of measurement, else the measured one."""
    for rate in (*times.declared, float(round(measured))):
        if rate > 0 and abs(rate / measured - 1) <= error + _EXACT:
            return float(rate)
    return measured
