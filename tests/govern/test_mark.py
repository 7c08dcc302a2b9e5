"""The mark is invisible enough, found after attacks, and not found where it is not."""

import math

import numpy as np
import pytest

from tests.govern.conftest import scene
from vino.govern.mark import find_mark, mark
from vino.media import Frames, read_clip, read_picture


def psnr(first: Frames, second: Frames) -> float:
    error = np.square(first.pixels.astype(float) - second.pixels).mean()
    return 10 * math.log10(255**2 / error)


FLAT = Frames(np.full((1, 256, 256, 3), (30, 140, 90), np.uint8))
WHITE = Frames(np.full((1, 256, 256, 3), 255, np.uint8))
NOISE = Frames(np.random.default_rng(0).integers(40, 215, (1, 256, 256, 3), dtype=np.uint8))


@pytest.mark.parametrize("picture", [scene(), FLAT, WHITE, NOISE])
def test_a_mark_of_40_dB_is_found(picture):
    marked = mark(picture)
    assert psnr(picture, marked) >= 40
    assert not find_mark(picture).is_marked
    assert find_mark(marked).is_marked


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("cut", [(26, 0, 0, 0), (0, 26, 0, 13), (11, 3, 15, 23)])
def test_a_crop_and_jpeg_75_leave_it(seed, cut, tmp_path):
    top, bottom, left, right = cut
    pixels = mark(scene(seed)).pixels[:, top : 256 - bottom, left : 256 - right]
    path = Frames(np.ascontiguousarray(pixels)).save(tmp_path / "cut.jpg", quality=75)
    assert find_mark(read_picture(path)).is_marked


def test_it_survives_in_a_clip(tmp_path):
    marked = mark(scene(frames=9, side=128))
    assert find_mark(read_clip(marked.save(tmp_path / "c.mp4", quality=60))).is_marked
    assert not find_mark(read_clip(scene(frames=9).save(tmp_path / "d.mp4"))).is_marked


def test_another_key_finds_nothing(monkeypatch):
    marked = mark(scene(), "ours")
    assert find_mark(marked, "ours").is_marked
    assert not find_mark(marked).is_marked and not find_mark(marked, "theirs").is_marked
    monkeypatch.setenv("VINO_MARK_KEY", "ours")
    assert find_mark(marked).is_marked


def test_the_bound_holds_over_keys():
    """By chance at most p in a share p of the cases: here over 200 keys of one picture."""
    picture = Frames(scene().pixels[:, :128, :128])
    found = sorted(find_mark(picture, f"key {i}").by_chance for i in range(200))
    for p in (0.5, 0.1, 0.02):
        assert sum(f <= p for f in found) <= 200 * p + 3 * math.sqrt(200 * p)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (7, 5), (129, 3)])
def test_odd_sizes_are_marked_and_looked_at(shape):
    picture = Frames(np.full((1, *shape, 3), 90, np.uint8))
    assert mark(picture).pixels.shape == (1, *shape, 3)
    assert not find_mark(picture).is_marked


def test_the_same_picture_is_marked_the_same():
    assert (mark(scene()).pixels == mark(scene()).pixels).all()
