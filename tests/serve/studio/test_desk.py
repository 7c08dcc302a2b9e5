"""What a page holds, and what its controls say."""

from dataclasses import replace

import pytest

from tests.serve.studio.test_prompts import DOG, HAT, WALK
from vino.errors import InputError
from vino.serve.studio.choices import CLIP, PICTURE, Choices
from vino.serve.studio.desk import Desk
from vino.serve.studio.prompts import compose
from vino.serve.studio.references import THIS

DESK = Desk(references=(HAT, DOG), base="dog")


def test_what_is_edited_goes_with_its_reference():
    assert DESK.removed("dog").base is None and DESK.removed("hat").base == "dog"
    renamed = DESK.changed("dog", lambda found: replace(found, handle="cat"))
    assert (renamed.base, renamed.handles) == ("cat", ["hat", "cat"])
    assert DESK.toggled("dog").base is None and DESK.toggled("hat").base == "hat"
    assert DESK.based(THIS).base == THIS and DESK.based(None).base is None
    with pytest.raises(InputError, match="no reference"):
        DESK.based("walk")
    with pytest.raises(InputError, match="taken"):
        DESK.changed("dog", lambda found: replace(found, handle="hat"))


def test_controls_become_an_order():
    composed = compose("put @hat on it", DESK.references, "dog")
    order = Choices(random=False, seed=7, n=3, steps="4", negative=" fog ").order(composed, False)
    assert (order.seed, order.n, order.frames, order.shown) == (7, 3, 1, True)
    assert order.sampling == {"steps": 4, "negative": "fog", "per_reference": [0.5, 1.0]}
    assert Choices().order(composed, False).seed is None
    assert Choices(kind=CLIP, frames=9).order(composed, False).frames == 9
    assert Choices(kind=PICTURE).order(compose("@walk", [WALK], "walk"), True).frames is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"n": 1.5},
        {"width": "64"},
        {"steps": "0.5"},
        {"seed": 0.1},
        {"steps": "x"},
        {"guidance": "a"},
        {"steps": "inf"},
        {"seed": "nan"},
        {"n": "1e999"},
    ],
)
def test_numbers_that_are_none_are_told(wrong):
    with pytest.raises(InputError):
        Choices(random=False, **wrong).order(compose("a dog", []), False)


def test_an_order_as_controls_makes_the_same_order():
    choices = Choices(kind=CLIP, frames=9, n=2, steps=4, guidance=2.5, width=64, height=32)
    order = choices.order(compose("a dog", []), False)
    assert Choices.of(order, 11).order(compose("a dog", []), False) == replace(order, seed=11, n=1)
