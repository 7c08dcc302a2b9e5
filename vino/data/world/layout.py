"""Where things are: inside the frame, apart from each other, visible, with room to move."""

import math
from dataclasses import replace
from functools import cache

import numpy as np

from vino.data.world.motion import is_moving, pose_at, view_at
from vino.data.world.render import render
from vino.data.world.scene import DIRECTIONS, Motion, Scene, SceneObject
from vino.data.world.sprites import load_style, tinted_sprite
from vino.data.world.vocabulary import COLOURS

MARGIN = 0.01  # kept free between an object and the frame's edge, and between objects
REACH = 0.35  # how far a slide goes where there is room
SHORTEST_SLIDE = 0.12
JUMP = 0.25  # how high a bounce goes where there is room
SHORTEST_JUMP = 0.1
ORBIT = 0.12  # radius of a circling motion
TIMES = tuple(step / 8 for step in range(9))  # at which a clip is checked
SEEN = 0.05  # how far inside the frame an object's middle stays when the camera moves
VISIBLE_DISTANCE = 70.0  # of RGB values, from which a pixel is told from the background
VISIBLE_SHARE = 0.5  # of an object's ink that has to be told from the background
COARSE = 32  # pixels of a side: enough to see whether a background moves
SEEN_TO_MOVE = 2.0  # of 255, mean difference that a moving camera makes to a background

Box = tuple[float, float, float, float]  # left, top, right, bottom


def box(thing: SceneObject, u: float = 0.0) -> Box:
    """The upright square that holds the object at time u, however it is turned."""
    pose = pose_at(thing.motion, u)
    turn = math.radians(pose.turn)
    half = thing.size * pose.scale / 2 * (abs(math.cos(turn)) + abs(math.sin(turn)))
    x, y = thing.x + pose.dx, thing.y + pose.dy
    return x - half, y - half, x + half, y + half


def fits(scene: Scene) -> bool:
    """Whether all objects are inside the frame and apart, from the first frame to the last.

    A moving camera may cut objects off at the edge; their middles stay in sight.
    """
    moving = any(is_moving(thing.motion) for thing in scene.objects)
    placed = all(_fits_at(scene, u) for u in (TIMES if moving else (0.0,)))
    return placed and (scene.camera.kind == "static" or _stays_in_sight(scene))


def _fits_at(scene: Scene, u: float) -> bool:
    boxes = [box(thing, u) for thing in scene.objects]
    inside = all(min(b[:2]) >= MARGIN and max(b[2:]) <= 1 - MARGIN for b in boxes)
    return inside and not any(
        _overlap(a, b) for place, a in enumerate(boxes) for b in boxes[:place]
    )


def _overlap(a: Box, b: Box) -> bool:
    return (
        min(a[2], b[2]) - max(a[0], b[0]) > -MARGIN and min(a[3], b[3]) - max(a[1], b[1]) > -MARGIN
    )


def _stays_in_sight(scene: Scene) -> bool:
    view = view_at(scene.camera, 1.0)
    middles = [
        ((value - 0.5 - shift) * view.zoom + 0.5)
        for thing in scene.objects
        for value, shift in ((thing.x, view.dx), (thing.y, view.dy))
    ]
    return all(SEEN <= middle <= 1 - SEEN for middle in middles)


def shows_camera(scene: Scene) -> bool:
    """Whether the background tells a moving camera from moving objects.

    A plain one does not, nor does one that is the same all along the camera's way.
    """
    bare = render(replace(scene, objects=()), COARSE, 2).astype(np.float32)
    return bool(np.abs(bare[0] - bare[1]).mean() > SEEN_TO_MOVE)


def are_aligned(first: SceneObject, second: SceneObject) -> bool:
    """Whether two objects lie so nearly in a row or column that "above" or "left of" is plain."""
    near, far = sorted((abs(first.x - second.x), abs(first.y - second.y)))
    return near < far / 2


def is_legible(scene: Scene) -> bool:
    """Whether every object stands out from the background."""
    colours = [scene.background.first, scene.background.second]
    return all(
        stands_out(thing.concept, thing.style, colour, thing.tint)
        for thing in scene.objects
        for colour in colours
        if colour is not None
    )


@cache
def stands_out(key: str, style: str, colour: str, tint: str | None = None) -> bool:
    """Whether enough of the glyph can be told from a background of this colour."""
    sheet = load_style(style)
    level = len(sheet.levels) - 2
    stored = (
        sheet.levels[level][sheet.places[key]]
        if tint is None
        else tinted_sprite(style, key, level, tint)
    )
    sprite = stored.astype(np.float32)
    ink = sprite[..., 3] > 127
    behind = np.array(COLOURS[colour], np.float32)
    seen = sprite[..., :3] + (1 - sprite[..., 3:] / 255) * behind
    distance = np.linalg.norm(seen[ink] - behind, axis=-1)
    return bool((distance > VISIBLE_DISTANCE).mean() > VISIBLE_SHARE)


def room(scene: Scene, which: int, direction: str) -> float:
    """How far an object can slide before it meets the frame's edge or another object."""
    sideways = DIRECTIONS[direction][0] != 0
    left, top, right, bottom = box(scene.objects[which])
    free = {"right": 1 - right, "left": left, "down": 1 - bottom, "up": top}[direction]
    for place, other in enumerate(scene.objects):
        a = box(other)
        crosses = a[1] < bottom and a[3] > top if sideways else a[0] < right and a[2] > left
        if place == which or not crosses:
            continue
        gap = {"right": a[0] - right, "left": left - a[2], "down": a[1] - bottom, "up": top - a[3]}
        if gap[direction] > -MARGIN:
            free = min(free, gap[direction])
    return free - 2 * MARGIN


def set_moving(scene: Scene, which: int, kind: str, direction: str | None = None) -> Scene | None:
    """The scene with a motion for one object, as far as that usually goes; None without room."""
    amount = 0.0
    match kind:
        case "slide" | "roll":
            amount = min(REACH, room(scene, which, direction or "right"))
            if amount < SHORTEST_SLIDE:
                return None
        case "bounce":
            amount = min(JUMP, room(scene, which, "up"))
            if amount < SHORTEST_JUMP:
                return None
        case "orbit":
            amount = ORBIT
    return with_object(scene, which, motion=Motion(kind, direction, round(amount, 4)))


def without(scene: Scene, which: int) -> Scene:
    """The scene without one object."""
    return replace(scene, objects=scene.objects[:which] + scene.objects[which + 1 :])


def with_object(scene: Scene, which: int, **changes: object) -> Scene:
    """The scene with one object changed."""
    objects = list(scene.objects)
    objects[which] = replace(objects[which], **changes)  # type: ignore[arg-type]
    return replace(scene, objects=tuple(objects))
