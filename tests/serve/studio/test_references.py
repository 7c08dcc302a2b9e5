"""Files as references: names, thumbnails, crops."""

import numpy as np
import pytest

from vino.errors import InputError
from vino.media import Frames, read_picture
from vino.serve.config import STRANGERS_MEDIA
from vino.serve.studio.references import check_handle, cropped, free_handle, open_reference


@pytest.fixture
def picture(tmp_path):
    """40 by 20, its right half white."""
    pixels = np.zeros((1, 20, 40, 3), np.uint8)
    pixels[:, :, 20:] = 255
    return Frames(pixels).save(tmp_path / "Old Hat.png")


def test_a_picture_and_a_clip(picture, tmp_path):
    still = open_reference(picture, "Old Hat.png", [], STRANGERS_MEDIA)
    assert (still.handle, still.size, still.is_clip) == ("old_hat", (40, 20), False)
    assert still.thumbnail.startswith("data:image/webp;base64,")
    path = Frames(np.zeros((4, 16, 16, 3), np.uint8), 8.0).save(tmp_path / "7.mp4")
    clip = open_reference(path, "7.mp4", [], STRANGERS_MEDIA)
    assert (clip.handle, clip.is_clip) == ("clip", True)
    with pytest.raises(InputError, match="only pictures"):
        cropped(clip, (0, 0, 50, 50), tmp_path, STRANGERS_MEDIA)


def test_what_is_no_picture_is_told_by_its_own_name(tmp_path):
    path = tmp_path / "secret-place"
    path.write_bytes(b"no picture")
    with pytest.raises(InputError) as told:
        open_reference(path, "cat.png", [], STRANGERS_MEDIA)
    assert "cat.png" in str(told.value) and "secret" not in str(told.value)


def test_a_crop_is_of_the_whole_each_time(picture, tmp_path):
    whole = open_reference(picture, "a.png", [], STRANGERS_MEDIA)
    right = cropped(whole, (50, 0, 100, 100), tmp_path, STRANGERS_MEDIA)
    assert right.size == (20, 20) and read_picture(right.path).pixels.min() == 255
    left = cropped(right, (0, 0, 50, 50), tmp_path, STRANGERS_MEDIA)
    assert left.size == (20, 10) and read_picture(left.path).pixels.max() == 0
    back = cropped(left, (0, 0, 100, 100), tmp_path, STRANGERS_MEDIA)
    assert (back.path, back.size) == (picture, (40, 20))
    assert cropped(whole, (99, 99, 100, 100), tmp_path, STRANGERS_MEDIA).size == (1, 1)
    for box in ((50, 0, 50, 100), (0, 60, 100, 40), (-1, 0, 100, 100), (0, 0, 101, 100)):
        with pytest.raises(InputError, match="no inside"):
            cropped(whole, box, tmp_path, STRANGERS_MEDIA)


@pytest.mark.parametrize(("wanted", "taken", "handle"), [
    ("Top Hat", [], "top_hat"), ("hat", ["hat", "hat2"], "hat3"), ("../../x", [], "x"),
    ("12", [], "picture"), ("this", [], "this2"), ("größe", [], "größe"), ("a" * 90, [], "a" * 20),
])  # fmt: skip
def test_names_from_files(wanted, taken, handle):
    assert free_handle(wanted, "picture", taken) == handle
    check_handle(handle, taken)


@pytest.mark.parametrize("handle", ["", "1a", "a b", "a-b", "this", "hat", "<b>", "a" * 25])
def test_names_that_cannot_be(handle):
    with pytest.raises(InputError):
        check_handle(handle, ["hat"])
