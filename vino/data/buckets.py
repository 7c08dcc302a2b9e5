"""Buckets: the size every example is brought to, and what it costs there.

The ratio is kept, the area is the stage's, the length is set per task (paper, section on training:
dynamic resolution bucketing). Packing needs no equal sizes, so there is a bucket for every ratio
on the model's grid, not a short list.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from vino.data.source import Outline
from vino.errors import InputError
from vino.media import Frames, resize
from vino.model.timeline import Patch, token_grid
from vino.sizes import (
    GRID_UNIT,
    REFERENCE_AREA,
    PixelSize,
    Strides,
    best_grid,
    clip_frames,
    clip_grid,
    letterbox,
)

MLP_RATIO = 4


@dataclass(frozen=True, kw_only=True)
class Buckets:
    """Sizes of targets.

    area: pixels of a frame. unit: sides are multiples of it. frames: most frames of a clip, and
    `lengths` of particular tasks. shortest: frames of the shortest clip of use. ratio: of the
    longest side to the shortest. enlarge: how much a side may be scaled up; smaller media would
    teach blur.
    """

    area: int = 640 * 640
    unit: int = GRID_UNIT
    frames: int = 85
    lengths: Mapping[str, int] = field(default_factory=dict)
    shortest: int = 5
    ratio: float = 4.0
    enlarge: float = 2.0

    def bucket(self, size: PixelSize, task: str) -> PixelSize:
        """Where a target of this size belongs; InputError when it is of no use at this area."""
        seen = f"a target of {size.width}x{size.height}"
        if max(size.width / size.height, size.height / size.width) > self.ratio:
            raise InputError(f"{seen} is narrower than 1:{self.ratio:g}: crop it")
        width, height = best_grid(size.width, size.height, self.area, self.unit)
        scale = max(width / size.width, height / size.height)
        if scale > self.enlarge:
            raise InputError(f"{seen} would be enlarged {scale:.1f} times: it is too small")
        if size.frames == 1:
            return PixelSize(1, height, width)
        most = self.most_frames(task)
        frames = clip_frames(size.frames, most)
        if frames < min(self.shortest, most):
            raise InputError(f"a clip of {size.frames} frames is too short: {self.shortest} needed")
        return PixelSize(frames, height, width)

    def most_frames(self, task: str) -> int:
        """Of a clip of this task; T_long and T_short are as long as T where nothing is said."""
        return self.lengths.get(task, self.lengths.get(plain_task(task), self.frames))


def plain_task(task: str) -> str:
    """T of T_long and T_short, which are T with long and with short prompts."""
    return task.removesuffix("_long").removesuffix("_short")


def reaches(base: PixelSize, bucket: PixelSize) -> None:
    """InputError when the clip that is edited is shorter than what is to come of it."""
    if 1 < base.frames < bucket.frames:
        raise InputError(
            f"the clip that is edited has {base.frames} frames, its target {bucket.frames}"
        )


def fill(media: Frames, bucket: PixelSize) -> Frames:
    """Scale to cover the bucket, crop what hangs over on both sides, keep the first frames.

    InputError when the clip has fewer frames than the bucket (damaged further on).
    """
    if media.size.frames < bucket.frames:
        raise InputError(f"only {media.size.frames} of {bucket.frames} frames can be decoded")
    scale = max(bucket.width / media.size.width, bucket.height / media.size.height)
    # Most of what hangs over goes before scaling, which would enlarge it as much as the rest.
    x = max(0, int((media.size.width - bucket.width / scale) / 2))
    y = max(0, int((media.size.height - bucket.height / scale) / 2))
    kept = media.pixels[: bucket.frames, y : media.size.height - y, x : media.size.width - x]
    media = replace(media, pixels=kept, sound=None)
    width = max(bucket.width, round(media.size.width * scale))
    height = max(bucket.height, round(media.size.height * scale))
    media = resize(media, width, height, "lanczos")
    x, y = (width - bucket.width) // 2, (height - bucket.height) // 2
    pixels = media.pixels[:, y : y + bucket.height, x : x + bucket.width]
    return replace(media, pixels=np.ascontiguousarray(pixels))


@dataclass(frozen=True, kw_only=True)
class Meter:
    """Counts the tokens of an example, as the model that is trained packs them.

    reference_area, reference_frames: what references are scaled to. queries: of the conditioner.
    vision_unit, vision_frames: pixels along a VLM token, and the most frames of a clip it sees.
    width: of the MMDiT.
    """

    strides: Strides = field(default_factory=Strides)
    patch: Patch = (1, 2, 2)
    reference_area: int = REFERENCE_AREA
    reference_frames: int = 241
    queries: int = 256
    vision_unit: int = 32
    vision_frames: int = 8
    width: int = 3072

    @property
    def unit(self) -> int:
        """Pixels of one token: sizes are multiples of it."""
        return self.strides.space * self.patch[-1]

    def visual(self, outline: Outline, bucket: PixelSize) -> int:
        """Tokens of the visual stream: the target, its references and their boundaries.

        Exact as published; variants that leave some of it out have fewer.
        """
        tokens = self._tokens(bucket)
        if not outline.withheld:
            for size in self._fitted(outline, bucket):
                tokens += self._tokens(size) + 2
        return tokens

    def context(self, outline: Outline, bucket: PixelSize) -> int:
        """Tokens of the context: chat, text, media as the VLM sees them, queries. An estimate."""
        tokens = self.queries + 32 + math.ceil(outline.characters / 4)
        for size in self._fitted(outline, bucket):
            pairs = math.ceil(min(size.frames, self.vision_frames) / 2)
            area = math.ceil(size.width / self.vision_unit) * math.ceil(
                size.height / self.vision_unit
            )
            tokens += 6 + area * pairs
        return tokens

    def work(self, tokens: int) -> float:
        """Operations of a pass over one example, in those of one token's matrices.

        A token's matrices cost 2 (4 + 2 MLP_RATIO) width² a block, its attention 4 width tokens:
        they are equal at (2 + MLP_RATIO) width tokens.
        """
        return tokens * (1 + tokens / ((2 + MLP_RATIO) * self.width))

    def _tokens(self, size: PixelSize) -> int:
        return math.prod(token_grid(self.strides.latent(size), self.patch))

    def _fitted(self, outline: Outline, bucket: PixelSize) -> list[PixelSize]:
        return [
            replace(bucket, frames=min(size.frames, bucket.frames))
            if i == outline.base
            else self._reference(kind, size)
            for i, (kind, size) in enumerate(outline.references)
        ]

    def _reference(self, kind: str, size: PixelSize) -> PixelSize:
        if kind == "image":
            box = letterbox(size.width, size.height, self.reference_area, self.unit)
            return PixelSize(1, box.height, box.width)
        width, height = clip_grid(size.width, size.height, self.reference_area, self.unit).cropped
        return PixelSize(clip_frames(size.frames, self.reference_frames), height, width)


@dataclass(frozen=True)
class Shape:
    """Where an example goes and what it costs: tokens in all, and work (see `Meter.work`)."""

    bucket: PixelSize
    tokens: int
    work: float


@dataclass(frozen=True)
class Fitting:
    """Buckets and meter of a stage."""

    buckets: Buckets
    meter: Meter

    def __post_init__(self) -> None:
        if self.buckets.unit % self.meter.unit:
            raise InputError(
                f"buckets in multiples of {self.buckets.unit} pixels do not fit a model with "
                f"tokens of {self.meter.unit}: set unit={self.meter.unit}"
            )

    def shape(self, outline: Outline, task: str) -> Shape:
        """Bucket and cost of an example; InputError when it is of no use."""
        bucket = self.buckets.bucket(outline.target, task)
        if outline.base is not None:
            reaches(outline.references[outline.base][1], bucket)
        tokens = self.meter.visual(outline, bucket) + self.meter.context(outline, bucket)
        return Shape(bucket, tokens, self.meter.work(tokens))
