"""Names in a text."""

from pathlib import Path

import numpy as np
import pytest

from vino.errors import InputError
from vino.media import Frames
from vino.prompt import Image, Prompt, Text, Video
from vino.serve.order import Order
from vino.serve.studio.prompts import compose, renamed, words_of
from vino.serve.studio.references import Reference

pytestmark = pytest.mark.filterwarnings("ignore::vino.prompt.PromptWarning")
STILL = Frames(np.zeros((1, 8, 8, 3), np.uint8))
CLIP = Frames(np.zeros((3, 8, 8, 3), np.uint8))


def named(handle, is_clip=False, scale=1.0):
    return Reference(
        handle=handle, path=Path(handle), source=Path(handle), is_clip=is_clip, size=(8, 8),
        thumbnail="", scale=scale,
    )  # fmt: skip


HAT, DOG, WALK = named("hat"), named("dog", scale=0.5), named("walk", is_clip=True)


def read(composed):
    """The prompt as the library reads it."""
    made = {"text": lambda p: Text(p.text), "image": lambda p: Image(STILL, base=p.base),
            "video": lambda p: Video(CLIP, base=p.base)}  # fmt: skip
    return Prompt(*(made[part.kind](part) for part in composed.parts))


@pytest.mark.parametrize(("text", "base", "reads"), [
    ("put @hat on @dog", None, "put Image 1 on Image 2"),
    ("@dog and @hat", None, "Image 1 and Image 2"),
    ("@hat, then @hat again", None, "Image 2, then Image 2 again"),
    ("a cat", None, "a cat"),
    ('"hi" says the @hat', "dog", '"hi" says the Image 2'),
    (", and", "dog", ", and"),
    ("mail me@hat.org, 5 @ 3", None, "mail me@hat.org, 5 @ 3"),
    ("move as in @walk", "hat", "move as in Video 1"),
])  # fmt: skip
def test_names_become_references(text, base, reads):
    composed = compose(text, [HAT, DOG, WALK], base)
    prompt = read(composed)
    assert prompt.text == reads
    assert (len(prompt.images), len(prompt.videos)) == (2, 1)
    used = [composed.references[part.file].handle for part in composed.parts if part.kind != "text"]
    assert sorted(used) == ["dog", "hat", "walk"]
    bases = [composed.references[p.file].handle for p in composed.parts if p.base]
    assert bases == ([base] if base else [])


def test_every_reference_has_its_scale_in_the_models_order():
    assert compose("@walk @dog", [HAT, DOG, WALK]).scales == [1.0, 0.5, 1.0]
    assert compose("@hat", [HAT, WALK]).scales is None


def test_a_name_that_is_not_there_is_told():
    with pytest.raises(InputError, match=r"@hta \(there are @hat, @dog\)"):
        compose("put @hta on", [HAT, DOG])
    with pytest.raises(InputError, match="there are none"):
        compose("@hat", [])


def test_an_order_as_text_makes_the_same_prompt():
    composed = compose("put @hat on it, @hat!", [HAT, DOG], "dog")
    text, media = words_of(Order(parts=composed.parts))
    assert text == "put @picture2 on it, Image 2!"
    assert [(name, part.base) for name, part in media] == [("picture", True), ("picture2", False)]
    again = compose(text, [named(name) for name, _ in media], "picture")
    assert read(again).text == read(composed).text


def test_what_a_turn_edits_is_no_word_of_its_text():
    turn = Order(parts=compose("put @hat on it", [HAT]).parts).editing(1)
    text, media = words_of(turn)
    assert text == "put @picture on it" and [part.base for _, part in media] == [False, True]


def test_renaming_changes_whole_names():
    assert renamed("@hat @hat2 a@hat (@hat)", "hat", "cap") == "@cap @hat2 a@hat (@cap)"
