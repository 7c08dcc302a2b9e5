"""The world judge: says what a picture shows, with nothing but the sprite library.

No trained network and no knowledge of what was asked. The background is fitted, what stands out
from it is compared with every sprite, and the reading that explains most wins.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vino.data.world.vocabulary import concept_names, name_of
from vino.evaluate.world.backdrop import Backdrop, find_backdrop
from vino.evaluate.world.finding import Box, Group, find_groups, noise_of, visible
from vino.evaluate.world.library import Library, load_library
from vino.evaluate.world.matching import Field, Match, best_match

CONFIDENT = 0.55  # share of an object's difference from the background that its sprite explains
APART = 0.3, 0.04  # of the least part, and of the whole: what parting it has to explain besides
ALIKE = 10.0  # of 255: two artists' drawings of a concept that differ less are one
SMALLEST_OBJECT = 0.004  # of the frame, in visible pixels


@dataclass(frozen=True)
class Found:
    """An object as found.

    x, y, size: as in a scene, fractions of the frame (size: of its shorter side)
    confidence: share of the object's difference from the background that the sprite explains
    tint: the colour it was repainted in, if it was
    """

    concept: str
    style: str
    x: float
    y: float
    size: float
    confidence: float
    tint: str | None = None

    @property
    def is_recognised(self) -> bool:
        return self.confidence >= CONFIDENT

    def __str__(self) -> str:
        name = " ".join(filter(None, (self.tint, name_of(self.concept))))
        name += "" if self.is_recognised else "?"
        return f"{name} ({self.style}) at {self.x:.2f}, {self.y:.2f}, size {self.size:.2f}"


@dataclass(frozen=True, eq=False)
class Reading:
    """What a picture shows."""

    backdrop: Backdrop
    objects: tuple[Found, ...]

    def __str__(self) -> str:
        background = " ".join(filter(None, (self.backdrop.kind, self.backdrop.first,
                                            self.backdrop.second)))  # fmt: skip
        return f"{', '.join(map(str, self.objects)) or 'nothing'} on {background}"


class Judge:
    """Reads pictures of the emoji world against the sprites of some styles, tinted ones too."""

    def __init__(
        self,
        styles: Sequence[str] = ("flat",),
        tints: Sequence[str] = (),
        concepts: Sequence[str] = tuple(concept_names()),
    ):
        self.library: Library = load_library(tuple(styles), tuple(tints), tuple(concepts))

    def has_style(self, found: Found, style: str) -> bool:
        """Whether it is drawn in the style, or in one that draws the concept nearly the same."""
        drawn = self.library.find(found.concept, found.style, found.tint)
        other = self.library.find(found.concept, style, found.tint)
        if drawn is None or other is None:
            return False
        return float(np.abs(drawn.astype(np.float32) - other).mean()) < ALIKE

    def read(self, picture: np.ndarray) -> Reading:
        """What a picture (H W 3 uint8) shows."""
        noise = noise_of(picture)
        backdrop = find_backdrop(picture, noise)
        difference = picture.astype(np.float32) - backdrop.pixels
        mask = visible(difference, noise)
        field = Field(difference, backdrop.pixels)
        energy = np.maximum((difference**2).sum(-1) - 3 * noise**2, 0)
        roots = find_groups(mask)
        found = [made for root in roots for made in self._best(root, field, energy, mask)[1]]
        height, width = picture.shape[:2]
        least = SMALLEST_OBJECT * height * width
        objects = [
            self._named(match, energy, group.box) for match, group in found if group.area >= least
        ]
        return Reading(backdrop, tuple(sorted(objects, key=lambda o: (round(o.y * 4), o.x))))

    def _best(
        self, group: Group, field: Field, energy: np.ndarray, mask: np.ndarray
    ) -> tuple[float, list[tuple[Match, Group]]]:
        """The best reading of a group, as one object or as its children are read, and its gain."""
        others = mask & ~group.region  # are explained by other groups
        own = Field(np.where(others[..., None], 0, field.difference), field.background)
        match = best_match(own, self.library, group.box)
        if not group.children:
            return match.gain, [(match, group)]
        apart = [self._best(child, field, energy, mask) for child in group.children]
        gain = sum(value for value, _ in apart)
        least = min(float(energy[child.region].sum()) for child in group.children)
        price = APART[0] * least + APART[1] * float(energy[group.region].sum())
        if gain > match.gain + price:
            return gain, [found for _, made in apart for found in made]
        return match.gain, [(match, group)]

    def _named(self, match: Match, energy: np.ndarray, box: Box) -> Found:
        height, width = energy.shape
        half = match.side / 2
        left, top = min(box[0], match.x - half), min(box[1], match.y - half)
        right, bottom = max(box[2], match.x + half), max(box[3], match.y + half)
        about = _inside(energy, (int(left), int(top), int(np.ceil(right)), int(np.ceil(bottom))))
        thing = match.thing(self.library, height, width)
        return Found(
            thing.concept,
            thing.style,
            thing.x,
            thing.y,
            thing.size,
            float(np.clip(match.gain / max(float(about.sum()), 1e-6), 0, 1)),
            thing.tint,
        )


def _inside(image: np.ndarray, box: Box) -> np.ndarray:
    """The part of an image that a box holds."""
    left, top, right, bottom = box
    return image[max(0, top) : bottom, max(0, left) : right]
