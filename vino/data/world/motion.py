"""Motions of objects and cameras as functions of the time u from 0 to 1."""

from dataclasses import dataclass

from vino.data.world.scene import DIRECTIONS, Camera, Motion
from vino.errors import InputError

MOTIONS = ("still", "slide")
CAMERAS = ("static",)


@dataclass(frozen=True)
class Pose:
    """Where a motion has taken an object: shift (of the frame), scale, turn (degrees), opacity."""

    dx: float = 0.0
    dy: float = 0.0
    scale: float = 1.0
    turn: float = 0.0
    opacity: float = 1.0


@dataclass(frozen=True)
class View:
    """What a camera sees: the shift of its middle (in frames) and how much it magnifies."""

    dx: float = 0.0
    dy: float = 0.0
    zoom: float = 1.0


def pose_at(motion: Motion, u: float) -> Pose:
    """The pose of an object at time u."""
    match motion.kind:
        case "still":
            return Pose()
        case "slide":
            dx, dy = DIRECTIONS[motion.direction or "right"]
            return Pose(dx=dx * motion.amount * u, dy=dy * motion.amount * u)
    raise InputError(f"no motion {motion.kind!r}: the motions are {', '.join(MOTIONS)}")


def view_at(camera: Camera, u: float) -> View:
    """What the camera sees at time u."""
    match camera.kind:
        case "static":
            return View()
    raise InputError(f"no camera {camera.kind!r}: the cameras are {', '.join(CAMERAS)}")


def is_moving(motion: Motion) -> bool:
    """Whether the object changes at all over a clip."""
    return motion.kind != "still"
