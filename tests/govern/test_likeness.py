"""Copies are recognised, other pictures are not."""

from itertools import combinations

import numpy as np
import pytest

from tests.govern.conftest import scene
from vino.errors import InputError
from vino.govern.likeness import BITS, MOST_DIFFERENT, distance, fingerprint, parse_name
from vino.media import Frames, read_clip, read_picture, resize


@pytest.mark.parametrize("seed", range(4))
def test_compressed_and_scaled_copies_are_recognised(seed, tmp_path):
    picture = fingerprint(scene(seed))
    jpeg = scene(seed).save(tmp_path / "a.jpg", quality=60)
    for copy in (read_picture(jpeg), resize(scene(seed), 150, 150), resize(scene(seed), 400, 380)):
        seen = fingerprint(copy)
        assert seen.content != picture.content
        assert picture.resembles(seen.likenesses)
        assert seen.shows(frozenset({f"likeness:{picture.likenesses[0]}"}))


def test_other_pictures_are_not():
    seen = [fingerprint(scene(seed, 64)).likenesses[0] for seed in range(20)]
    nearest = min(distance(a, b) for a, b in combinations(seen, 2))
    assert nearest > MOST_DIFFERENT


def test_a_clip_is_known_by_its_frames(tmp_path):
    clip = scene(frames=5, side=64)
    again = read_clip(clip.save(tmp_path / "a.mp4", quality=60))
    assert fingerprint(clip).resembles(fingerprint(again).likenesses)
    assert fingerprint(clip).resembles(fingerprint(Frames(again.pixels[:1])).likenesses)


def test_names_are_checked():
    name = f"content:{fingerprint(scene(side=8)).content}"
    assert parse_name(name) == name and fingerprint(scene(side=8)).shows(frozenset({name})) == name
    for wrong in ("content:12", "sha256:" + "0" * 64, "likeness:" + "G" * 64, ""):
        with pytest.raises(InputError, match="names no picture"):
            parse_name(wrong)


def test_a_picture_of_one_pixel_has_a_likeness():
    assert len(fingerprint(Frames(np.zeros((1, 1, 1, 3), np.uint8))).likenesses[0]) == BITS // 4
