"""Sources of sizes as real collections have them, without files."""

from dataclasses import dataclass

import numpy as np

from vino.data.buckets import Buckets, Fitting, Meter
from vino.data.sample import Example
from vino.data.source import Outline
from vino.media import Frames
from vino.prompt import Image, Prompt, Video
from vino.sizes import PixelSize

STAGE_3 = {
    "image edit": 46,
    "multi-ID video": 19,
    "video edit": 13,
    "image-reference video edit": 7,
    "instruction i2v": 5,
    "t2v": 5,
    "t2i": 4,
    "image selection": 1,
}
"""The paper's third stage, percent of examples."""

FULL = Fitting(Buckets(), Meter())
TINY = Fitting(
    Buckets(area=64 * 64, unit=8, frames=17),
    Meter(
        patch=(1, 1, 1), reference_area=64 * 64, reference_frames=17, queries=16, width=256,
        vision_unit=32,
    ),
)  # fmt: skip

PHOTOS = [(1024, 1024), (1920, 1080), (1080, 1920), (1600, 1200), (1200, 1600), (3000, 2000),
          (2000, 3000), (1280, 720), (1536, 1024), (900, 1125)]  # fmt: skip
CLIPS = [(1920, 1080), (1280, 720), (1080, 1920), (720, 1280), (854, 480), (1440, 1080)]


@dataclass(frozen=True)
class Sizes:
    """A source of one task; odd-sized media as photographs and clips are, or all of one square."""

    task: str
    square: int = 0
    frames: tuple[int, int] = (49, 200)
    length: int | None = 50_000
    fingerprint: str = ""

    def name(self, number: int) -> str:
        return f"{self.task} {number}"

    def outline(self, number: int) -> Outline:
        rng = np.random.default_rng((len(self.task), number))
        shape = PHOTOS if "image" in self.task or self.task == "t2i" else CLIPS
        photo = self._size(rng, PHOTOS, 1)
        clip = self._size(rng, shape, int(rng.integers(*self.frames)))
        words = int(rng.integers(40, 900))
        match self.task:
            case "image edit":
                return Outline(photo, (("image", photo),), 0, words)
            case "multi-ID video":
                people = [self._size(rng, PHOTOS, 1) for _ in range(rng.integers(2, 5))]
                return Outline(clip, tuple(("image", p) for p in people), None, words)
            case "video edit":
                return Outline(clip, (("video", clip),), 0, words)
            case "image-reference video edit":
                return Outline(clip, (("image", photo), ("video", clip)), 1, words)
            case "instruction i2v":
                first = PixelSize(1, clip.height, clip.width)
                return Outline(clip, (("image", first),), 0, words)
            case "image selection":
                shown = [photo, *(self._size(rng, PHOTOS, 1) for _ in range(rng.integers(1, 4)))]
                return Outline(photo, tuple(("image", s) for s in shown), None, 30)
            case "t2v":
                return Outline(clip, characters=words)
        return Outline(photo, characters=words)

    def _size(self, rng: np.random.Generator, shapes: list[tuple[int, int]], frames: int):
        if self.square:
            return PixelSize(frames, self.square, self.square)
        width, height = shapes[rng.integers(len(shapes))]
        return PixelSize(frames, height, width)

    def example(self, number: int, bucket: PixelSize) -> Example:
        def media(size: PixelSize) -> Frames:
            return Frames(np.full((size.frames, 8, 8, 3), number % 256, np.uint8))

        outline = self.outline(number)
        shown = [
            (Image if kind == "image" else Video)(media(size), base=i == outline.base)
            for i, (kind, size) in enumerate(outline.references)
        ]
        names = {"image": "Image 1 Image 2 Image 3 Image 4"[: 8 * len(shown)].strip()}
        text = f"{number} {names['image'] if all(isinstance(m, Image) for m in shown) else ''}"
        return Example(Prompt(*shown, text), media(bucket), self.task, self.name(number))


def stage_3(square: int = 0, frames: tuple[int, int] = (49, 200)) -> dict[str, Sizes]:
    return {task: Sizes(task, square, frames) for task in STAGE_3}
