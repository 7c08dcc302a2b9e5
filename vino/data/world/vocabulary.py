"""The words of the emoji world: colours, concepts with the names people type, and the splits.

A concept is known by its key, the lower-case hex code of its glyph. Splits are deterministic:
`is_held_out_concept` and `is_held_out_scene` are functions of SHA-1 alone.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from vino.errors import InputError

ASSETS = Path(__file__).parent / "assets"
HELD_OUT_SHARE = 0.10

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 60, 58),
    "orange": (240, 150, 60),
    "yellow": (246, 214, 92),
    "green": (96, 176, 92),
    "teal": (64, 160, 160),
    "blue": (74, 122, 214),
    "navy": (36, 48, 96),
    "purple": (136, 90, 190),
    "pink": (240, 150, 184),
    "brown": (140, 100, 72),
    "black": (24, 24, 26),
    "gray": (140, 140, 146),
    "white": (246, 246, 246),
    "beige": (236, 222, 196),
}
STYLES = ("flat", "glossy", "3D", "noto", "blob")
HELD_OUT_STYLES = ("twitter", "classic")  # for evaluation, where they have been built
TINTS = ("red", "orange", "yellow", "green", "blue", "purple", "pink")
BACKGROUNDS = (
    *("plain", "vertical gradient", "horizontal gradient", "radial gradient"),
    *("stripes", "checkerboard", "polka dots", "grid", "sky and ground"),
)
MOTIONS = (
    *("still", "slide", "spin", "swing", "grow", "shrink", "pulse", "bounce"),
    *("fade in", "fade out", "orbit", "roll"),
)
CAMERAS = ("static", "zoom in", "zoom out", "pan right", "pan left", "tilt up", "tilt down")
LOOKS = ("grayscale", "pixel art", "negative", "sepia", "line drawing", "blurry", "night")


def share_of(text: str) -> float:
    """A number in [0, 1) that depends on the text alone: the first 32 bits of its SHA-1."""
    return int(hashlib.sha1(text.encode()).hexdigest()[:8], 16) / 2**32


@cache
def concept_names() -> dict[str, tuple[str, ...]]:
    """Key -> names of every core concept; the first name is the one captions use most."""
    table = json.loads((ASSETS / "concepts.json").read_text())
    return {key: tuple(names) for key, names in table.items()}


@cache
def _keys_by_name() -> dict[str, str]:
    return {name: key for key, names in concept_names().items() for name in names}


def name_of(key: str) -> str:
    """The usual name of a concept."""
    return concept_names()[key][0]


def concept(name: str) -> str:
    """The key of the concept that is called so, by any of its names."""
    try:
        return _keys_by_name()[name.lower()]
    except KeyError:
        raise InputError(f"no concept is called {name!r}: see vocabulary.concept_names()") from None


def is_held_out_concept(key: str) -> bool:
    """Held-out concepts are never named or drawn in training: references at evaluation only."""
    return share_of(f"concept:{key}") < HELD_OUT_SHARE


@cache
def is_held_out_pair(key: str, style: str) -> bool:
    """Whether this concept in this style is kept for evaluation (in worlds of many styles)."""
    return share_of(f"pair:{key}:{style}") < HELD_OUT_SHARE


@cache
def _is_held_out_composition(keys: tuple[str, ...], colour: str) -> bool:
    return share_of("scene:" + " ".join((*keys, colour))) < HELD_OUT_SHARE


def is_held_out_scene(keys: Iterable[str], colour: str) -> bool:
    """Whether this set of objects on this background colour is kept for evaluation."""
    return _is_held_out_composition(tuple(sorted(keys)), colour)


@dataclass(frozen=True)
class Vocabulary:
    """What a sampler may use.

    concepts: keys of the objects that prompts may name
    references: keys of the objects that only a reference picture may show, besides those
    tints: colours that objects may be repainted in
    counts, clip_counts: how many objects a picture or clip may show, each as often as listed
    tint_share: of objects in pictures made from text, those that are repainted, where any are
    group_share: of pictures made from text, those of several equal things ("three dogs")
    """

    concepts: tuple[str, ...]
    references: tuple[str, ...]
    colours: tuple[str, ...] = tuple(COLOURS)
    styles: tuple[str, ...] = ("flat",)
    backgrounds: tuple[str, ...] = ("plain",)
    motions: tuple[str, ...] = ("still", "slide")
    cameras: tuple[str, ...] = ("static",)
    tints: tuple[str, ...] = ()
    counts: tuple[int, ...] = (1, 1, 2, 2)
    clip_counts: tuple[int, ...] = (1,)
    tint_share: float = 0.2
    group_share: float = 0.0


TRAINING_CONCEPTS = tuple(key for key in concept_names() if not is_held_out_concept(key))
HELD_OUT_CONCEPTS = tuple(key for key in concept_names() if is_held_out_concept(key))

# Everyday things whose shapes and colours differ at a glance, even at 64 pixels.
FIRST_LIGHT_NAMES = (
    *("dog", "red apple", "top hat", "banana", "pineapple", "watermelon", "mushroom", "cactus"),
    *("sunflower", "hamburger", "doughnut", "birthday cake", "balloon", "gift", "crown"),
    *("basketball", "guitar", "house", "car", "rocket", "sailboat", "umbrella", "snowman"),
    *("star", "whale", "penguin", "frog", "pig", "butterfly", "octopus", "elephant", "rainbow"),
)
FIRST_LIGHT = Vocabulary(
    concepts=tuple(concept(name) for name in FIRST_LIGHT_NAMES), references=TRAINING_CONCEPTS
)
# The same things, painted and counted too, on more backdrops, moving in more ways.
SECOND_LIGHT = replace(
    FIRST_LIGHT,
    backgrounds=(*("plain",) * 6, "vertical gradient", "stripes", "sky and ground"),
    motions=("still", "slide", "slide", "spin", "grow", "shrink", "bounce"),
    cameras=("static", "zoom in", "zoom out", "pan right", "pan left"),
    tints=TINTS,
    group_share=0.08,
)
WHOLE = Vocabulary(concepts=TRAINING_CONCEPTS, references=TRAINING_CONCEPTS)
FULL = Vocabulary(
    concepts=TRAINING_CONCEPTS,
    references=TRAINING_CONCEPTS,
    styles=STYLES,
    backgrounds=("plain", *BACKGROUNDS),
    motions=MOTIONS,
    cameras=CAMERAS,
    tints=TINTS,
    counts=(1,) * 9 + (2,) * 7 + (3,) * 4,
    clip_counts=(1, 1, 2),
    group_share=0.1,
)
VOCABULARIES: dict[str, Vocabulary] = {
    "first-light": FIRST_LIGHT,
    "second-light": SECOND_LIGHT,
    "whole": WHOLE,
    "full": FULL,
}
