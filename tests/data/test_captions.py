"""Words: articles, plurals, verbs, places, and captions that are true."""

import pytest

from vino.data.world.captions import (
    background_words,
    camera_words,
    indefinite,
    long_caption,
    motion_words,
    place,
    plural,
    relation,
    short_caption,
)
from vino.data.world.scene import Background, Camera, Motion, Scene, SceneObject
from vino.data.world.vocabulary import BACKGROUNDS, CAMERAS, MOTIONS, concept, concept_names

DOG = SceneObject(concept("dog"), x=0.25)
APPLE = SceneObject(concept("red apple"), x=0.75, size=0.2)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dog", "a dog"),
        ("octopus", "an octopus"),
        ("unicorn", "a unicorn"),
        ("hourglass", "an hourglass"),
        ("scissors", "scissors"),
        ("popcorn", "popcorn"),
    ],
)
def test_articles(name: str, said: str) -> None:
    assert indefinite(name) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dog", "dogs"),
        ("mouse", "mice"),
        ("computer mouse", "computer mice"),
        ("slice of pizza", "slices of pizza"),
        ("loaf of bread", "loaves of bread"),
        ("cherry", "cherries"),
        ("wine glass", "wine glasses"),
        ("key", "keys"),
        ("torch", "torches"),
        ("snowman", "snowmen"),
        ("pancakes", "pancakes"),
    ],
)
def test_plurals(name: str, said: str) -> None:
    assert plural(name) == said


def test_every_name_has_an_article_and_a_plural() -> None:
    for names in concept_names().values():
        for name in names:
            assert name == name.lower() and indefinite(name).endswith(name) and plural(name)


def test_verbs_agree() -> None:
    right = Motion("slide", "right", 0.3)
    assert motion_words(right, "dog") == "slides to the right"
    assert motion_words(right, "scissors") == "slide to the right"
    assert motion_words(Motion("orbit"), "dog") == "moves in a circle"
    assert all(motion_words(Motion(kind), "dog") for kind in MOTIONS)


def test_cameras_and_backgrounds_have_words() -> None:
    assert camera_words(Camera("pan left")) == "the camera pans to the left"
    assert camera_words(Camera("zoom in")) == "the camera zooms in"
    assert len({camera_words(Camera(kind)) for kind in CAMERAS}) == len(CAMERAS)
    said = {background_words(Background(kind, "red", "blue")) for kind in BACKGROUNDS}
    assert len(said) == len(BACKGROUNDS) and "a plain red background" in said


def test_places_and_relations() -> None:
    assert place(DOG) == "at the left" and place(SceneObject("x")) == "in the center"
    assert place(SceneObject("x", x=0.8, y=0.2)) == "at the top right"
    assert relation(DOG, APPLE) == "to the left of" and relation(APPLE, DOG) == "to the right of"


def test_captions_say_what_is_there() -> None:
    scene = Scene(Background("plain", "green"), (APPLE, DOG))
    assert short_caption(scene) == "a dog and a red apple"
    assert long_caption(scene) == (
        "A picture of a dog and a red apple on a plain green background. "
        "The dog is medium-sized, drawn in flat style, at the left. "
        "The red apple is small, drawn in flat style, at the right. "
        "The dog is to the left of the red apple."
    )
    dogs = Scene(Background("plain", "blue"), (DOG, DOG, DOG))
    assert short_caption(dogs) == "three dogs"
    assert long_caption(Scene(Background("plain", "red"))) == (
        "A picture of nothing but a plain red background."
    )
