import numpy as np
import pytest
from PIL import Image

from vino.errors import InputError
from vino.media import Frames, content_hash, resize
from vino.sizes import PixelSize

from .making import moving


def test_size_and_picture():
    clip = Frames(moving(5))
    assert clip.size == PixelSize(5, 48, 64)
    assert clip.is_clip and not Frames(moving(1)).is_clip
    assert np.array_equal(np.asarray(clip.picture(3)), clip.pixels[3])


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4, 3), np.uint8),
        np.zeros((1, 4, 4, 4), np.uint8),
        np.zeros((0, 4, 4, 3), np.uint8),
        np.zeros((1, 4, 4, 3), np.float32),
        [[1, 2, 3]],
    ],
)
def test_wrong_pixels_are_refused(pixels):
    with pytest.raises(InputError):
        Frames(pixels)


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf"), 1e6])
def test_wrong_rates_are_refused(fps):
    with pytest.raises(InputError, match="frames per second"):
        Frames(moving(2), fps)


def test_content_hash_counts_pixels_and_shape_only():
    pixels = moving(3)
    known = content_hash(Frames(pixels))
    assert len(known) == 64
    assert content_hash(Frames(pixels.copy(), 12.0, recipe={"a": 1})) == known
    assert content_hash(Frames(pixels.transpose(0, 2, 1, 3).copy())) != known
    assert content_hash(Frames(pixels.reshape(3, 64, 48, 3))) != known
    view = np.ascontiguousarray(pixels[:, :, ::-1])[:, :, ::-1]
    assert content_hash(Frames(view)) == known
    pixels[2, 0, 0, 0] ^= 1
    assert content_hash(Frames(pixels)) != known


@pytest.mark.parametrize("resample", ["nearest", "bilinear", "bicubic", "lanczos"])
def test_resize_is_pil(resample):
    clip = Frames(moving(3), 12.0, recipe={"a": 1})
    small = resize(clip, 30, 20, resample=resample)
    assert (small.size, small.fps, small.recipe) == (PixelSize(3, 20, 30), 12.0, {"a": 1})
    method = getattr(Image.Resampling, resample.upper())
    for i in range(3):
        expected = Image.fromarray(clip.pixels[i]).resize((30, 20), method)
        assert np.array_equal(small.pixels[i], np.asarray(expected))


def test_resize_to_the_same_size_changes_nothing():
    clip = Frames(moving(2))
    assert resize(clip, 64, 48) is clip


def test_resize_refuses():
    with pytest.raises(InputError, match="one pixel"):
        resize(Frames(moving(1)), 0, 4)
    with pytest.raises(InputError, match="resampling"):
        resize(Frames(moving(1)), 4, 4, resample="area")
