"""Prompts: segments, names, the published chat form, errors before anything runs."""

import warnings

import numpy as np
import pytest

from vino.errors import InputError
from vino.prompt import (
    REWRITE_TEXT,
    SYSTEM_TEXT,
    Image,
    Prompt,
    PromptWarning,
    Text,
    Video,
    attach,
    reordered,
)

PICTURE = np.zeros((8, 8, 3), np.uint8)
CLIP = np.zeros((5, 8, 8, 3), np.uint8)


def image(**options) -> Image:
    return Image(PICTURE, **options)


def test_the_published_chat_form_byte_for_byte():
    prompt = Prompt(Video(CLIP), image(), Text("Image 1 in Video 1"), image(base=True))
    assert str(prompt.chat) == (
        "<|im_start|>system\nYou are a helpful assistant aimed at generating an output video "
        "caption.<|im_end|>\n<|im_start|>user\n"
        "Image 1: <|vision_start|><|image_pad|><|vision_end|>"
        "Image 2: <|vision_start|><|image_pad|><|vision_end|>"
        "Video 1: <|vision_start|><|video_pad|><|vision_end|>"
        "Image 1 in Video 1<|im_end|>\n<|im_start|>assistant\n"
    )
    assert prompt.chat.rewriting.system == SYSTEM_TEXT + REWRITE_TEXT


def test_media_written_into_a_sentence_are_named():
    prompt = Prompt("Put the hat in ", image(), " on the man in ", Video(CLIP))
    assert prompt.text == "Put the hat in Image 1 on the man in Video 1"
    prompt = Prompt("the object in ", image(), " slides")
    assert prompt.text == "the object in Image 1 slides"
    assert Prompt(image(), ", then ", image(), ".").text == "Image 1, then Image 2."


@pytest.mark.parametrize(
    ("segments", "text"),
    [
        (("put", image, "on it"), "put Image 1 on it"),
        (("把", image, "放在桌上"), "把 Image 1 放在桌上"),
        (("mix ", image, image, " together"), "mix Image 1 Image 2 together"),
        (("combine ", image, image), "combine Image 1 Image 2"),
        (("the object: ", image), "the object: Image 1"),
        ((image, " and ", image, ", both"), "Image 1 and Image 2, both"),
    ],
    ids=range(6),
)
def test_names_stand_in_the_sentence_with_their_spaces(segments, text):
    assert Prompt(*(s() if callable(s) else s for s in segments)).text == text


def test_media_beside_the_text_are_not():
    assert Prompt(image(), "remove the dog").text == "remove the dog"
    assert Prompt("remove the dog", image()).text == "remove the dog"
    assert Prompt(image(), '"open" is on the door').text == '"open" is on the door'
    assert Prompt('the sign says "open"', image()).text == 'the sign says "open"'
    assert Prompt(image(), "'s hat, on a dog").text == "Image 1's hat, on a dog"
    assert attach("Image 2 wears Image 1", [image(), image()]).text == "Image 2 wears Image 1"


@pytest.mark.parametrize("name", ["Image 2", "Image_2", "image 2", "IMAGE 0", "Video 1", "video_3"])
def test_naming_what_is_not_there_is_an_error(name):
    with pytest.raises(InputError, match="names"):
        Prompt(image(), f"put {name} on a table")


def test_a_number_of_any_length_is_no_fault():
    assert Prompt("image " + "9" * 5000).images == ()


def test_words_that_only_look_like_names_are_text():
    assert Prompt("an image 1980s style, images 4 all").images == ()


def test_a_reference_never_named_among_several_is_a_warning():
    with pytest.warns(PromptWarning, match="Image 2 is never named"):
        attach("Image 1 alone", [image(), image()])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        attach("only one", [image()])
        attach("put Image 1 here", [image(), image(base=True)])


def test_one_base_at_most():
    first, second = image(base=True), Video(CLIP, base=True)
    with pytest.raises(InputError, match="one base"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Prompt(first, second, "x")
    assert Prompt(first, "x").base is first and Prompt("x").base is None


def test_other_things_are_refused():
    with pytest.raises(InputError, match="wrap"):
        Prompt("a", PICTURE)


def test_pictures_in_another_order_keep_their_meaning():
    pictures = [image(name=name, base=name == "c") for name in "abc"]
    prompt = Prompt(*pictures, Video(CLIP), "image_1 and Image 2 from Video 1, on IMAGE 3")
    made = reordered(prompt, (2, 0, 1))
    assert [m.name for m in made.images] == ["c", "a", "b"] and made.base.name == "c"
    assert made.text == "image_2 and Image 3 from Video 1, on IMAGE 1"
    assert made.videos == prompt.videos
    assert reordered(made, (1, 2, 0)).text == prompt.text


def test_the_usual_order_changes_nothing():
    prompt = Prompt("the hat in ", image(), " on a dog")
    assert reordered(prompt, (0,)).text == prompt.text == "the hat in Image 1 on a dog"
