"""Alterations against closed forms."""

from random import Random

import numpy as np
import pytest

from tests.data.making import clip, picture
from vino.data.alterations import LUMA, PLAIN, Pair
from vino.errors import InputError
from vino.media import Frames


def colours(height: int = 24, width: int = 36, frames: int = 1) -> Frames:
    shape = (frames, height, width, 3)
    return Frames(np.random.default_rng(3).integers(90, 165, shape, dtype=np.uint8))


def drawn(op: str, frames: Frames, count: int = 24) -> list[Pair]:
    return [PLAIN[op].alter(frames, Random(i)) for i in range(count)]


@pytest.mark.parametrize("op", PLAIN)
def test_sizes_stay_and_words_vary(op):
    frames = colours(frames=9) if PLAIN[op].clips_only else colours()
    pairs = drawn(op, frames)
    for pair in pairs:
        before = pair.before or frames
        assert pair.after.pixels.shape == before.pixels.shape
        assert pair.after.pixels.dtype == np.uint8
        assert pair.instruction and "{" not in pair.instruction + pair.inverse
    assert len({pair.instruction for pair in pairs}) > 1
    assert bool(pairs[0].inverse) == (op != "crop")


@pytest.mark.parametrize("op", ["flip", "rotate", "reverse"])
def test_what_is_its_own_inverse(op):
    square = colours(20, 20, frames=5)
    for pair in drawn(op, square, 8):
        axis = 1 if pair.parameters.get("way") == "top to bottom" else 2
        turns = {90: 3, 180: 2, 270: 1}[pair.parameters.get("degrees", 180)]
        back = {
            "flip": lambda p, axis=axis: np.flip(p, axis),
            "rotate": lambda p, k=turns: np.rot90(p, -k, (1, 2)),
            "reverse": lambda p: p[::-1],
        }[op](pair.after.pixels)
        assert np.array_equal(back, square.pixels)


def test_a_quarter_turn_clockwise_puts_the_top_to_the_right():
    marked = np.zeros((1, 8, 8, 3), np.uint8)
    marked[:, 0, :] = 255
    clockwise = next(p for p in drawn("rotate", Frames(marked)) if p.parameters["degrees"] == 90)
    assert clockwise.after.pixels[0, :, -1].min() == 255
    assert "counter" not in clockwise.instruction and "left" not in clockwise.instruction
    assert {p.parameters["degrees"] for p in drawn("rotate", colours())} == {180}


def test_hues_turn_and_luma_and_grays_stay():
    frames = colours()
    for pair in drawn("hue", frames):
        error = np.abs(pair.after.pixels @ LUMA - frames.pixels @ LUMA)
        unclipped = ((pair.after.pixels > 0) & (pair.after.pixels < 255)).all(-1)
        assert error[unclipped].max() < 1
        assert str(360 - pair.parameters["degrees"]) in pair.inverse
    gray = Frames(np.full((1, 4, 4, 3), 77, np.uint8))
    assert all(np.array_equal(p.after.pixels, gray.pixels) for p in drawn("hue", gray, 5))
    red = Frames(np.full((1, 4, 4, 3), (150, 120, 120), np.uint8))
    third = next(p for p in drawn("hue", red) if p.parameters["degrees"] == 120)
    assert third.after.pixels[0, 0, 0].argmax() == 1  # red becomes green


def test_gray_is_luma():
    (pair,) = drawn("grayscale", colours(), 1)
    expected = np.rint(colours().pixels @ LUMA)
    assert np.array_equal(pair.after.pixels[..., 0], expected)
    assert np.ptp(pair.after.pixels, axis=-1).max() == 0


def test_blur_is_the_gaussian():
    dot = np.zeros((1, 31, 31, 3), np.uint8)
    dot[0, 15, 15] = 255
    for pair in drawn("blur", Frames(dot), 6):
        sigma = pair.parameters["sigma"]
        x = np.arange(31) - 15
        bell = np.exp(-0.5 * (x / sigma) ** 2)
        expected = np.outer(bell, bell) / bell.sum() ** 2 * 255
        assert np.abs(pair.after.pixels[0, :, :, 0] - expected).max() <= 1
    flat = Frames(np.full((1, 9, 9, 3), 200, np.uint8))
    assert all(np.array_equal(p.after.pixels, flat.pixels) for p in drawn("blur", flat, 3))


def test_crop_and_resize_show_what_they_say():
    quarter = np.zeros((1, 40, 40, 3), np.uint8)
    quarter[:, :20, :20] = 255
    for pair in drawn("crop", Frames(quarter)):
        left, top, columns, rows = pair.parameters["box"]
        assert 0 <= left <= 40 - columns and 0 <= top <= 40 - rows
        if "top left" in pair.instruction and columns == 20:
            assert pair.after.pixels.min() == 255
    stripes = np.zeros((1, 24, 24, 3), np.uint8)
    stripes[:, ::2] = 255
    for pair in drawn("resize", Frames(stripes), 6):
        assert np.ptp(pair.after.pixels[0, 6:18].astype(int)) < 140


def test_twice_as_fast():
    source = clip(9)
    (pair,) = drawn("speed", source, 1)
    assert np.array_equal(pair.after.pixels, source.pixels[::2])
    assert np.array_equal(pair.before.pixels, source.pixels[:5])
    with pytest.raises(InputError, match="too short"):
        PLAIN["reverse"].alter(clip(3), Random(0))


def test_one_pixel_is_a_picture():
    for name, op in PLAIN.items():
        if not op.clips_only:
            one = op.alter(picture(1, 1), Random(name)).after
            assert one.pixels.shape == (1, 1, 1, 3)
