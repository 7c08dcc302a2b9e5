"""How a clip moves: of all motions and cameras there are, what explains its frames best.

The first frame says what is there; every motion of every object, and every movement of the
camera, is then drawn from it, and the drawing nearest to the clip is what the clip shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from vino.data.world.captions import way
from vino.data.world.layout import JUMP, ORBIT, REACH, shows_camera
from vino.data.world.motion import pose_at
from vino.data.world.render import render
from vino.data.world.scene import DIRECTIONS, Background, Camera, Motion, Scene, SceneObject
from vino.data.world.vocabulary import CAMERAS
from vino.evaluate.world.judge import Found, Judge, Reading

SOFT = 1.5  # pixels: finer differences do not count when a clip is said to be explained
STEPS = 8  # between the frames looked at, at least
SURE = 0.8  # of what is explained, above which a camera that goes less far is not looked for
EXPLAINED = 0.4  # share of what differs from the background, below which nothing is told
APART = 0.15  # of the frame: what the last frame shows so far from everything came in
WAYS = tuple(REACH * share for share in (0.35, 0.5, 0.65, 0.8, 1.0))  # lengths of a slide
JUMPS = tuple(JUMP * share for share in (0.4, 0.6, 0.8, 1.0))
RIDE = 1.0  # how far the world's cameras go
RIDES = (0.5, 0.75)  # and how far others may, for no words say it

MOTIONS: tuple[Motion, ...] = (
    Motion("still"),
    *(Motion("slide", way, amount) for way in DIRECTIONS for amount in WAYS),
    *(Motion("roll", way, amount) for way in ("right", "left") for amount in WAYS),
    *(Motion("spin", way) for way in ("clockwise", "counterclockwise")),
    *(Motion("bounce", None, amount) for amount in JUMPS),
    *(Motion(kind) for kind in ("swing", "grow", "shrink", "pulse", "fade out")),
    Motion("orbit", None, ORBIT),
)


@dataclass(frozen=True, eq=False)
class ClipReading:
    """What a clip shows.

    first, last: its ends
    scene: the scene that explains it best, its objects in motion or its camera
    explained: share of what differs from the bare background, filmed from where the first frame
        was, that the scene explains, in all frames
    """

    first: Reading
    last: Reading
    scene: Scene
    explained: float

    @property
    def is_explained(self) -> bool:
        return self.explained >= EXPLAINED

    def __str__(self) -> str:
        moves = [" ".join(filter(None, (o.motion.kind, way(o.motion)))) for o in self.scene.objects]
        return (
            f"{self.first}: {', '.join(moves) or 'nothing'}, camera {self.scene.camera.kind} "
            f"({self.explained:.2f}); at the end {self.last}"
        )


def read_clip(judge: Judge, clip: np.ndarray) -> ClipReading:
    """What a clip (T H W 3 uint8) shows."""
    return understand(judge.read(clip[0]), judge.read(clip[-1]), clip)


def understand(first: Reading, last: Reading, clip: np.ndarray) -> ClipReading:
    """What a clip shows whose ends have been read."""
    backdrop = first.backdrop
    background = Background(backdrop.kind, backdrop.first, backdrop.second)
    still = Scene(background, tuple(map(_thing, first.objects)))
    clip = clip[:: _stride(len(clip))]
    moving = _moving(still, clip)
    moving = replace(moving, objects=(*moving.objects, *_came_in(moving, last.objects)))
    scene = min([moving, *_filmed(still, RIDE)], key=lambda option: _error(option, clip))
    explained = _explained(scene, clip)
    if scene is not moving or explained < SURE:
        scene = min([scene, *_filmed(still, *RIDES)], key=lambda option: _error(option, clip))
        explained = _explained(scene, clip)
    return ClipReading(first, last, scene, explained)


def _filmed(still: Scene, *amounts: float) -> list[Scene]:
    """The scene before cameras that go so far, where that can be seen."""
    cameras = [Camera(kind, amount) for kind in CAMERAS[1:] for amount in amounts]
    return [s for camera in cameras if shows_camera(s := replace(still, camera=camera))]


def _stride(frames: int) -> int:
    """Between the frames that are looked at: the first and the last are, and enough of them."""
    steps = frames - 1
    return max((n for n in range(1, steps // STEPS + 1) if steps % n == 0), default=1)


def _thing(found: Found) -> SceneObject:
    return SceneObject(
        found.concept, found.style, found.x, found.y, found.size, tint=found.tint
    )  # fmt: skip


def _moving(scene: Scene, clip: np.ndarray) -> Scene:
    """The scene with the best motion for each of its objects in turn."""
    for which, thing in enumerate(scene.objects):
        before, after = scene.objects[:which], scene.objects[which + 1 :]
        options = [
            replace(scene, objects=(*before, replace(thing, motion=motion), *after))
            for motion in MOTIONS
        ]
        scene = min(options, key=lambda option: _error(option, clip))
    return scene


def _came_in(scene: Scene, found: Sequence[Found]) -> list[SceneObject]:
    """What the last frame shows and the scene does not: it faded in."""
    ends = [(o.x + pose_at(o.motion, 1).dx, o.y + pose_at(o.motion, 1).dy) for o in scene.objects]
    return [
        replace(_thing(one), motion=Motion("fade in"))
        for one in found
        if one.is_recognised and all(max(abs(one.x - x), abs(one.y - y)) > APART for x, y in ends)
    ]


def _error(scene: Scene, clip: np.ndarray) -> float:
    return float(np.square(_drawn(scene, clip) - clip).sum())


def _drawn(scene: Scene, clip: np.ndarray) -> np.ndarray:
    return render(scene, clip.shape[1:3], len(clip)).astype(np.float32)


def _explained(scene: Scene, clip: np.ndarray) -> float:
    """Beyond what is wrong everywhere: noise, softness, a background of nearly the colour named."""
    seen = _softened(clip.astype(np.float32))
    left, bare = (
        np.square(_softened(_drawn(option, clip)) - seen).sum(-1)
        for option in (scene, replace(scene, objects=(), camera=Camera()))
    )
    everywhere = float(np.median(left)) * left.size
    return 1 - max(float(left.sum()) - everywhere, 0.0) / max(float(bare.sum()) - everywhere, 1.0)


def _softened(clip: np.ndarray) -> np.ndarray:
    return np.stack([cv2.GaussianBlur(frame, (0, 0), SOFT) for frame in clip])
