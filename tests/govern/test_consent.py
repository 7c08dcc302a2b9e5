"""Records of consent: recognised, limited to uses and days, and revoked."""

import stat
from datetime import date, timedelta

import numpy as np
import pytest

from tests.govern.conftest import scene
from vino.errors import InputError
from vino.govern.consent import Consents
from vino.govern.likeness import fingerprint
from vino.media import Frames, read_picture

ANN, BOB = fingerprint(scene(1)), fingerprint(scene(2))


def test_a_use_is_allowed_as_far_as_it_was_agreed_to(home):
    consents = Consents()
    assert not consents.allows(ANN, "edit") and not home.exists()
    made = consents.add(ANN, "Ann", ["edit", "animate", "edit"])
    assert made.scope == ("edit", "animate") and consents.records() == [made]
    assert consents.allows(ANN, "edit") and not consents.allows(ANN, "train")
    assert not consents.allows(BOB, "edit")
    assert stat.S_IMODE((home / "consent.sqlite").stat().st_mode) == 0o600


def test_a_copy_is_recognised(tmp_path):
    Consents().add(ANN, "Ann", ["edit"])
    copy = read_picture(scene(1).save(tmp_path / "a.jpg", quality=70))
    assert Consents().allows(fingerprint(copy), "edit")


def test_the_very_picture_counts_before_those_like_it(tmp_path):
    copy = fingerprint(read_picture(scene(1).save(tmp_path / "a.jpg", quality=70)))
    consents = Consents()
    consents.add(ANN, "Ann", ["edit"])
    own = consents.add(copy, "Ann", ["edit"])
    consents.revoke(own.id)
    assert consents.allows(ANN, "edit") and not consents.allows(copy, "edit")


def test_a_clip_is_not_let_in_by_its_first_frame():
    Consents().add(ANN, "Ann", ["edit"])
    clip = Frames(np.concatenate([scene(1).pixels, scene(2).pixels]))
    assert not Consents().allows(fingerprint(clip), "edit")


def test_it_ends():
    today = date(2030, 5, 1)
    made = Consents().add(ANN, "Ann", ["edit"], today)
    assert made.covers("edit", today) and not made.covers("edit", today + timedelta(days=1))
    Consents().add(BOB, "Bob", ["edit"], date(2001, 1, 1))
    assert not Consents().allows(BOB, "edit")
    Consents().revoke(made.id)
    assert not Consents().allows(ANN, "edit") and Consents().records()[0].revoked


@pytest.mark.parametrize(
    ("name", "scope", "words"),
    [("", ["edit"], "a name"), ("a\nb", ["edit"], "a name"), ("Ann", [], "a scope"),
     ("Ann", ["dance"], "a scope")],
)  # fmt: skip
def test_odd_records_are_refused(name, scope, words):
    with pytest.raises(InputError, match=words):
        Consents().add(ANN, name, scope)


def test_what_is_not_there_cannot_be_revoked(tmp_path):
    with pytest.raises(InputError, match="vino consent list"):
        Consents().revoke("0123")
    broken = tmp_path / "broken"
    broken.write_bytes(b"no database" * 100)
    with pytest.raises(InputError, match="cannot be used"):
        Consents(broken).records()
