"""Motions of objects and cameras as functions of the time u from 0 to 1.

At u = 0 every motion but "fade in" leaves things as they are, so that any still picture is the
first frame of its clips.
"""

import math
from dataclasses import dataclass

from vino.data.world.scene import DIRECTIONS, Camera, Motion
from vino.data.world.vocabulary import CAMERAS, MOTIONS
from vino.errors import InputError

FPS = 12.0  # of the world's clips
TURNS = {"clockwise": 1, "counterclockwise": -1}
SWING = 25.0  # degrees
GROWTH = 1.5
PULSE = 0.25
ZOOM = 1.6
PAN = 0.3  # of the frame


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
    amount, cycle = motion.amount, 2 * math.pi * u
    match motion.kind:
        case "still":
            return Pose()
        case "slide":
            dx, dy = DIRECTIONS[motion.direction or "right"]
            return Pose(dx=dx * amount * u, dy=dy * amount * u)
        case "roll":
            dx, _ = DIRECTIONS[motion.direction or "right"]
            return Pose(dx=dx * amount * u, turn=dx * 360 * u)
        case "spin":
            return Pose(turn=TURNS[motion.direction or "clockwise"] * 360 * u)
        case "swing":
            return Pose(turn=SWING * math.sin(2 * cycle))
        case "grow":
            return Pose(scale=1 + (GROWTH - 1) * u)
        case "shrink":
            return Pose(scale=1 - (1 - 1 / GROWTH) * u)
        case "pulse":
            return Pose(scale=1 + PULSE * math.sin(2 * cycle))
        case "bounce":
            return Pose(dy=-amount * abs(math.sin(1.5 * cycle)))
        case "orbit":
            return Pose(dx=amount * (math.cos(cycle) - 1), dy=amount * math.sin(cycle))
        case "fade in":
            return Pose(opacity=u)
        case "fade out":
            return Pose(opacity=1 - u)
    raise InputError(f"no motion {motion.kind!r}: the motions are {', '.join(MOTIONS)}")


def view_at(camera: Camera, u: float) -> View:
    """What the camera sees at time u."""
    way = camera.amount * u
    match camera.kind.split():
        case ["static"]:
            return View()
        case ["zoom", "in"]:
            return View(zoom=1 + (ZOOM - 1) * way)
        case ["zoom", "out"]:
            return View(zoom=1 / (1 + (ZOOM - 1) * way))
        case ["pan" | "tilt", direction] if direction in DIRECTIONS:
            dx, dy = DIRECTIONS[direction]
            return View(dx=dx * PAN * way, dy=dy * PAN * way)
    raise InputError(f"no camera {camera.kind!r}: the cameras are {', '.join(CAMERAS)}")


def is_moving(motion: Motion) -> bool:
    """Whether the object changes at all over a clip."""
    return motion.kind != "still"
