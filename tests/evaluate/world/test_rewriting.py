"""What a caption says of a scene."""

from dataclasses import replace

import pytest

from tests.evaluate.pretending import Noise, Truth
from vino.data.world.captions import long_caption
from vino.data.world.scene import Background, Scene, SceneObject
from vino.data.world.vocabulary import SECOND_LIGHT, concept
from vino.evaluate.world.rewriting import REWRITING, mentioned, score
from vino.evaluate.world.trials import WORLDS, Course

DOG = SceneObject(concept("dog"), "flat", 0.2, 0.2, 0.4)
STAR = SceneObject(concept("star"), "flat", 0.75, 0.5, 0.4)
BLUE = Background("plain", "blue")


def course(world="second-light") -> Course:
    return Course(WORLDS[world], (0, 1), 32, 5, 5, quick=True)


def test_names_are_found_whole():
    said = mentioned("two mice, a shooting star and a hot dog")
    assert said == {concept(name) for name in ("mouse", "shooting star", "hot dog")}


@pytest.mark.parametrize(
    "scene",
    [
        Scene(BLUE, (DOG,)),
        Scene(BLUE, (replace(DOG, tint="red"), STAR)),
        Scene(BLUE, (DOG, replace(DOG, x=0.8))),
    ],
    ids=["place", "colour", "count"],
)
def test_the_long_caption_says_everything(scene):
    assert set(score(long_caption(scene), scene).values()) == {1.0}


@pytest.mark.parametrize(
    "caption, wrong",
    [
        ("A dog at the top left on a red background.", {"background"}),
        ("A dog at the top right on a blue background.", {"places"}),
        ("A dog and a pig at the top left on a blue background.", {"nothing invented"}),
        ("A pig at the top left on a blue background.",
         {"objects named", "nothing invented", "places"}),
        ("", {"objects named", "nothing invented", "background", "places"}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(caption, wrong):
    found = score(caption, Scene(BLUE, (DOG,)))
    assert {metric for metric, value in found.items() if not value} == wrong


def test_counts_and_colours_are_told():
    pair = Scene(BLUE, (DOG, replace(DOG, x=0.8)))
    assert score("Three dogs on a blue background.", pair)["counts"] == 0
    painted = Scene(BLUE, (replace(DOG, tint="red"), STAR))
    assert score("A dog and a red star on a blue background.", painted)["colours"] == 0


def test_truth_says_all_and_silence_nothing():
    values = REWRITING.take(Truth(), course())
    assert set(values) == set(REWRITING.shares)
    assert all(value == [1.0] for scenes in values.values() for value in scenes.values())
    silent = REWRITING.take(Noise(), course())
    assert all(value == [0.0] for scenes in silent.values() for value in scenes.values())


def test_what_the_vocabulary_lacks_is_not_asked():
    assert SECOND_LIGHT.tints
    assert not {"counts", "colours"} & set(REWRITING.take(Truth(), course("first-light")))
