"""Drawing a scene: a pure function of (scene, size, number of frames).

Objects are painted one after another over the background, so that what an edit does not touch
comes out the same to the last bit.
"""

import math

import cv2
import numpy as np

from vino.data.world.backgrounds import draw_background
from vino.data.world.looks import with_look
from vino.data.world.motion import Pose, View, pose_at, view_at
from vino.data.world.scene import Scene, SceneObject
from vino.data.world.sprites import load_style, tinted_sprite

SPAN = 3  # a moving camera's canvas, in frames; odd, so that whole pixels stay whole


def render(scene: Scene, size: int | tuple[int, int] = 64, frames: int = 1) -> np.ndarray:
    """Draw a picture (frames == 1) or a clip of the scene.

    size: the side in pixels, or (height, width); lengths of objects follow the shorter side
    returns T H W 3 uint8, RGB
    """
    height, width = (size, size) if isinstance(size, int) else size
    still = scene.camera.kind == "static"
    canvas = draw_background(scene.background, height, width, 1 if still else SPAN)
    drawn = np.empty((frames, height, width, 3), np.uint8)
    for frame in range(frames):
        u = frame / max(1, frames - 1)
        view = view_at(scene.camera, u)
        picture = canvas.copy() if still else _seen(canvas, view, height, width)
        for thing in scene.objects:
            paint(picture, thing, pose_at(thing.motion, u), view)
        drawn[frame] = with_look(np.clip(picture + 0.5, 0, 255).astype(np.uint8), scene.look)
    return drawn


def _seen(canvas: np.ndarray, view: View, height: int, width: int) -> np.ndarray:
    """The part of the canvas that the camera sees (H W 3 float32)."""
    left = canvas.shape[1] / 2 + view.dx * width - width / 2 / view.zoom
    top = canvas.shape[0] / 2 + view.dy * height - height / 2 / view.zoom
    centre = 0.5 / view.zoom - 0.5  # pixel centres lie at half-integers
    place = np.array(
        [[1 / view.zoom, 0, left + centre], [0, 1 / view.zoom, top + centre]], np.float32
    )
    return cv2.warpAffine(
        canvas,
        place,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )


def paint(picture: np.ndarray, thing: SceneObject, pose: Pose, view: View) -> None:
    """Paint one object over the picture (H W 3 float32), in place."""
    height, width = picture.shape[:2]
    side = thing.size * pose.scale * view.zoom * min(height, width)
    x = ((thing.x + pose.dx - 0.5 - view.dx) * view.zoom + 0.5) * width
    y = ((thing.y + pose.dy - 0.5 - view.dy) * view.zoom + 0.5) * height
    reach = side / 2 * (1 if pose.turn == 0 else math.sqrt(2)) + 1
    left, right = max(0, math.floor(x - reach)), min(width, math.ceil(x + reach))
    top, bottom = max(0, math.floor(y - reach)), min(height, math.ceil(y + reach))
    if right <= left or bottom <= top or side < 1 or pose.opacity <= 0:
        return
    sprite = _sprite(thing, side)
    place = _placement(sprite.shape[0], side, pose.turn, (x - left, y - top))
    patch = cv2.warpAffine(sprite, place, (right - left, bottom - top), flags=cv2.INTER_LINEAR)
    layer = patch.astype(np.float32) * pose.opacity
    below = picture[top:bottom, left:right]
    below *= 1 - layer[..., 3:] / 255
    below += layer[..., :3]


def _sprite(thing: SceneObject, side: float) -> np.ndarray:
    style = load_style(thing.style)
    if thing.tint is None:
        return style.sprite(thing.concept, side)
    return tinted_sprite(thing.style, thing.concept, style.level_for(side), thing.tint)


def _placement(pixels: int, side: float, turn: float, centre: tuple[float, float]) -> np.ndarray:
    """The affine map (2 3) from a sprite's pixels to the frame's, clockwise by turn degrees."""
    scale, angle = side / pixels, math.radians(turn)
    a, b = scale * math.cos(angle), scale * math.sin(angle)
    middle = (pixels - 1) / 2  # of the sprite, in the coordinates of pixel centres
    x, y = centre[0] - 0.5, centre[1] - 0.5
    return np.array([[a, -b, x - (a - b) * middle], [b, a, y - (a + b) * middle]], np.float32)
