import json
import struct

import numpy as np
import pytest
from PIL import Image

from vino.errors import InputError
from vino.media import Frames, read_clip, read_picture, read_recipe

from .making import chunk, moving, png, write_clip

RECIPES = [
    {"vino": 1, "prompt": [{"kind": "text", "text": "a red apple"}], "seed": 0, "scale": 2.5},
    {"prompt": 'Äpfel, 苹果 и 😀 "quoted" <tag> \\ \n\t\x00\x7f', "deep": [None, True, {"a": []}]},
    {"prompt": "é" * 20_000},
    {"prompt": "x" * 300_000},
    {},
]


@pytest.mark.parametrize("recipe", RECIPES, ids=range(len(RECIPES)))
@pytest.mark.parametrize("ending", ["png", "webp", "jpg", "jpeg", "gif", "mp4"])
def test_pictures_carry_their_recipe(tmp_path, ending, recipe):
    path = Frames(moving(1), recipe=recipe).save(tmp_path / f"a.{ending}")
    assert read_recipe(path) == recipe
    assert read_recipe(str(path)) == recipe


@pytest.mark.parametrize("recipe", RECIPES, ids=range(len(RECIPES)))
@pytest.mark.parametrize("ending", ["webp", "gif", "mp4"])
def test_clips_carry_their_recipe(tmp_path, ending, recipe):
    path = Frames(moving(5), recipe=recipe).save(tmp_path / f"a.{ending}")
    assert read_recipe(path) == recipe
    assert read_clip(path).size.frames == 5


def test_other_programs_can_read_the_pixels(tmp_path):
    for ending in ("png", "jpg", "webp", "gif"):
        path = Frames(moving(1), recipe=RECIPES[1]).save(tmp_path / f"a.{ending}")
        with Image.open(path) as image:
            image.load()
            assert image.size == (64, 48)


def test_reading_does_not_take_the_recipe_over(tmp_path):
    path = Frames(moving(1), recipe=RECIPES[0]).save(tmp_path / "a.png")
    assert read_picture(path).recipe is None


@pytest.mark.parametrize("ending", ["png", "webp", "jpg", "gif", "mp4"])
def test_files_without_one(tmp_path, ending):
    path = Frames(moving(1)).save(tmp_path / f"a.{ending}")
    with pytest.raises(InputError, match="does not say how it was made"):
        read_recipe(path)


def test_comments_of_others_are_no_recipes(tmp_path):
    image = Image.new("RGB", (8, 8))
    image.save(tmp_path / "a.jpg", comment=b'{"vino": 1}')
    image.save(tmp_path / "a.gif", comment=b"made with love")
    image.save(tmp_path / "a.bmp")
    for ending in ("jpg", "gif", "bmp"):
        with pytest.raises(InputError, match="does not say"):
            read_recipe(tmp_path / f"a.{ending}")


def test_other_comments_may_stand_beside_it(tmp_path):
    path = Frames(moving(1), recipe=RECIPES[2]).save(tmp_path / "a.jpg")
    data = path.read_bytes()
    other = b"\xff\xfe" + struct.pack(">H", 7) + b"hello"
    path.write_bytes(data[:2] + other + data[2:])
    assert read_recipe(path) == RECIPES[2]


def with_text(text: bytes) -> bytes:
    """A PNG whose recipe is this text."""
    return png(1, 1, rows=b"\0\1\2\3", extra=chunk(b"iTXt", b"vino-recipe\0\0\0\0\0" + text))


HOSTILE = [
    b"",
    b"not json",
    b"[1, 2]",
    b'"text"',
    b"{",
    b"[" * 200_000,
    b'{"a":' * 100_000,
    b'{"a": ' + b"9" * 10_000 + b"}",
    b"\xff\xfe\x00",
    b'{"a": "' + b"x" * (9 << 20) + b'"}',
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_recipes_are_errors(tmp_path, text):
    (tmp_path / "a.png").write_bytes(with_text(text))
    with pytest.raises(InputError) as caught:
        read_recipe(tmp_path / "a.png")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_hostile_containers_of_recipes_are_errors(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.webp", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = 5
    Image.new("RGB", (8, 8)).save(tmp_path / "b.webp", exif=exif.tobytes())
    path = write_clip(tmp_path / "c.mp4", moving(2))
    path.write_bytes(path.read_bytes()[:200])
    for name in ("a.webp", "b.webp", "c.mp4"):
        with pytest.raises(InputError):
            read_recipe(tmp_path / name)


def test_recipes_that_are_not_json_are_refused(tmp_path):
    loop: dict = {}
    loop["self"] = loop
    for recipe in ({"a": object()}, {"a": float("nan")}, loop, {"a": np.float32(1)}):
        with pytest.raises(InputError, match="recipe"):
            Frames(moving(1), recipe=recipe).save(tmp_path / "a.png")
    assert not list(tmp_path.iterdir())
    path = Frames(moving(1), recipe={"size": (3, 4)}).save(tmp_path / "a.png")
    assert read_recipe(path) == json.loads(json.dumps({"size": (3, 4)}))
