"""A scene is plain data: what is on it, where, and how it moves.

Lengths are fractions of the frame's side: x runs from left to right, y from top to bottom, and a
size is the longer side of an object. Time u runs from 0 (first frame) to 1 (last frame).
"""

from dataclasses import dataclass

DIRECTIONS: dict[str, tuple[int, int]] = {
    "right": (1, 0),
    "left": (-1, 0),
    "up": (0, -1),
    "down": (0, 1),
}


@dataclass(frozen=True)
class Motion:
    """How an object moves over a clip.

    kind: "still", "slide", ... (the kinds of vino.data.world.motion)
    direction: of a motion that has one, a key of DIRECTIONS
    amount: of a motion that travels, the way from the first to the last frame
    """

    kind: str = "still"
    direction: str | None = None
    amount: float = 0.0


@dataclass(frozen=True)
class Camera:
    """How the view moves over a clip: "static", "zoom in", ... (vino.data.world.motion).

    amount: how far, of the way that it goes in the world's clips
    """

    kind: str = "static"
    amount: float = 1.0


@dataclass(frozen=True)
class Background:
    """A backdrop of one or two named colours: "plain", "stripes", ..."""

    kind: str = "plain"
    first: str = "white"
    second: str | None = None


WHITE = Background("plain", "white")


@dataclass(frozen=True)
class SceneObject:
    """One glyph: a concept drawn in an artist's style, centred at (x, y).

    tint: the colour's name it was repainted in, if it was
    """

    concept: str
    style: str = "flat"
    x: float = 0.5
    y: float = 0.5
    size: float = 0.5
    motion: Motion = Motion()
    tint: str | None = None


@dataclass(frozen=True)
class Scene:
    """A background and the objects before it, later ones in front.

    look: what was done to the whole frame ("sepia", ...), None for nothing
    """

    background: Background = Background()
    objects: tuple[SceneObject, ...] = ()
    camera: Camera = Camera()
    look: str | None = None
