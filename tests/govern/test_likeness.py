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


def test_plain_frames_have_no_likeness():
    """All of them would look alike, and two clips that begin with black would be the same."""
    assert fingerprint(Frames(np.zeros((1, 1, 1, 3), np.uint8))).likenesses == ()
    black = np.zeros((1, 64, 64, 3), np.uint8)
    first, second = (
        fingerprint(Frames(np.concatenate([black, scene(seed, 64).pixels]))) for seed in (1, 2)
    )
    assert len(first.likenesses) == 1 and len(first.likenesses[0]) == BITS // 4
    assert not first.resembles(second.likenesses)


def test_a_copy_is_one_in_all_its_frames():
    one, two = scene(1, 64).pixels, scene(2, 64).pixels
    known = fingerprint(Frames(one))
    mixed = fingerprint(Frames(np.concatenate([one, two, two])))
    assert mixed.resembles(known.likenesses) and not mixed.copies(known.likenesses)
    assert fingerprint(Frames(np.concatenate([one, one]))).copies(known.likenesses)
    assert not fingerprint(Frames(np.zeros_like(one))).copies(known.likenesses)
