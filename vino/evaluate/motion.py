"""How the objects of a clip move: the paths of what stands out from the background."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vino.evaluate.backdrop import find_backdrop
from vino.evaluate.finding import noise_of, visible
from vino.evaluate.judge import Found, Judge, Reading

ENDS = 2  # frames averaged at either end of a path
MOVED = 0.06  # of the frame: a shorter way is no slide
AXIS = 2.0  # a slide goes at least so much further along its axis than across it
GROWN = 1.2  # ratio of sizes from which an object has grown
FADED = 0.35  # share of the visible energy below which it has faded
WAVERING = 0.05  # of the frame: further from the straight way it is no slide and not still
NEIGHBOURHOOD = 0.75  # sizes of an object within which its pixels are looked for
JUDGED = ("still", "slide", "grow", "shrink", "fade in", "fade out")


@dataclass(frozen=True, eq=False)
class Path:
    """Where one object is in every frame.

    places: T 2, x and y of the middle of its energy, fractions of the frame
    sizes: T, the root of its visible share of the frame
    energy: T, how much it differs from the background
    """

    places: np.ndarray
    sizes: np.ndarray
    energy: np.ndarray

    def motion(self) -> tuple[str, str | None]:
        """The kind and, of a slide, the direction; ("other", None) for what has no name here."""
        first, last = self.places[:ENDS].mean(0), self.places[-ENDS:].mean(0)
        dx, dy = map(float, last - first)
        straight = np.linspace(0, 1, len(self.places))[:, None] * (last - first) + first
        wavers = float(np.linalg.norm(self.places - straight, axis=-1).max()) > WAVERING
        far, near = max(abs(dx), abs(dy)), min(abs(dx), abs(dy))
        growth = _ratio(self.sizes)
        brightening = _ratio(self.energy / np.maximum(self.sizes, 1e-3) ** 2)
        if far >= MOVED:
            if wavers or far < AXIS * near:
                return "other", None
            across = ("left" if dx < 0 else "right") if abs(dx) > abs(dy) else None
            return "slide", across or ("up" if dy < 0 else "down")
        if brightening > 1 / FADED or brightening < FADED:
            return ("fade in" if brightening > 1 else "fade out"), None
        if growth > GROWN or growth < 1 / GROWN:
            return ("grow" if growth > 1 else "shrink"), None
        return ("other" if wavers else "still"), None


@dataclass(frozen=True, eq=False)
class ClipReading:
    """What a clip shows: its first and last frames, and the path of each of the first's objects."""

    first: Reading
    last: Reading
    paths: tuple[Path, ...]

    def __str__(self) -> str:
        moves = [" ".join(filter(None, path.motion())) for path in self.paths]
        told = ", ".join(f"{o}: {m}" for o, m in zip(self.first.objects, moves, strict=True))
        return f"{told or 'nothing'}; at the end {self.last}"


def read_clip(judge: Judge, clip: np.ndarray) -> ClipReading:
    """What a clip (T H W 3 uint8) shows."""
    first = judge.read(clip[0])
    return ClipReading(first, judge.read(clip[-1]), _paths(clip, first.objects))


def _paths(clip: np.ndarray, objects: Sequence[Found]) -> tuple[Path, ...]:
    """Follow each object: a pixel belongs to the object that was nearest a frame before."""
    if not objects:
        return ()
    height, width = clip.shape[1:3]
    x = ((np.arange(width) + 0.5) / width)[None, :]
    y = ((np.arange(height) + 0.5) / height)[:, None]
    places = np.array([(o.x, o.y) for o in objects])
    reach = np.array([o.size for o in objects]) * NEIGHBOURHOOD
    traced = np.zeros((len(clip), len(objects), 4))
    for number, frame in enumerate(clip):
        noise = noise_of(frame)
        difference = frame.astype(np.float32) - find_backdrop(frame, noise).pixels
        seen = visible(difference, noise)
        energy = (difference**2).sum(-1) * seen
        away = np.stack([np.hypot(x - px, y - py) for px, py in places])
        owner = away.argmin(0)
        for which in range(len(objects)):
            own = (owner == which) & (away[which] < reach[which] + MOVED)
            mine = np.minimum(energy * own, 120.0**2)  # no single part pulls the middle about
            total = mine.sum()
            if total > 0:
                places[which] = (mine * x).sum() / total, (mine * y).sum() / total
            share = (seen & own).sum() / (height * width)
            traced[number, which] = *places[which], np.sqrt(share), total
    return tuple(Path(t[:, :2], t[:, 2], t[:, 3]) for t in traced.transpose(1, 0, 2))


def _ratio(values: np.ndarray) -> float:
    """The last values over the first."""
    return float(values[-ENDS:].mean() / max(values[:ENDS].mean(), 1e-9))
