"""What is told of marked, signed, attacked and clean files."""

import numpy as np
import pytest

from tests.govern.conftest import RECIPE, scene
from vino.errors import InputError
from vino.govern.audit import AuditLog, verify_log
from vino.govern.guard import Guard, RefusedByPolicy
from vino.govern.likeness import fingerprint
from vino.govern.policy import Policy, Refused
from vino.govern.signing import local_signer
from vino.govern.terms import Terms
from vino.govern.verify import verify
from vino.media import Frames, read_picture
from vino.prompt import Prompt

pytest.importorskip("c2pa")


def made(tmp_path, name="a.png", **terms):
    return Terms(**terms).save(scene(), tmp_path / name, who="ana", job="job 1")


def test_a_signed_and_marked_file(tmp_path):
    origin = verify(made(tmp_path, signer=local_signer(), mark=True))
    assert origin.credentials.state == "valid" and origin.signed and origin.is_vouched
    assert origin.credentials.actions == ("c2pa.created", "c2pa.watermarked.unbound")
    assert origin.recipe == RECIPE and origin.mark.is_marked and not origin.is_broken


def test_the_mark_outlives_the_credentials(tmp_path):
    path = made(tmp_path, signer=local_signer(), mark=True)
    cut = Frames(np.ascontiguousarray(read_picture(path).pixels[:, 20:, :240]))
    origin = verify(cut.save(tmp_path / "cut.jpg", quality=75))
    assert origin.credentials.state == "none" and origin.recipe is None
    assert origin.mark.is_marked and origin.is_vouched


def test_a_clean_file_and_a_recipe_anybody_may_write(tmp_path):
    bare = verify(Frames(scene().pixels).save(tmp_path / "bare.png"))
    told = verify(scene().save(tmp_path / "told.png"))
    assert bare.recipe is None and not bare.is_vouched and not bare.is_broken
    assert told.recipe == RECIPE and not told.signed and not told.is_vouched


def test_an_unknown_signer_does_not_vouch(tmp_path, monkeypatch):
    path = made(tmp_path, signer=local_signer())
    monkeypatch.setenv("VINO_HOME", str(tmp_path / "elsewhere"))
    origin = verify(path)
    assert origin.credentials.is_intact and origin.signed and not origin.is_vouched


def test_files_that_are_none(tmp_path):
    for content in (b"", b"text", b"\x89PNG\r\n\x1a\n" + b"\0" * 99):
        (tmp_path / "x.png").write_bytes(content)
        with pytest.raises(InputError, match=r"x\.png"):
            verify(tmp_path / "x.png")


def test_terms_note_what_was_made_refused_and_withheld(tmp_path):
    log = AuditLog(tmp_path / "log")
    listed = f"content:{fingerprint(scene(5)).content}"
    policy = Policy(refused=Refused(words=("secret",), pictures=(listed,)))
    terms = Terms(Guard.of(policy), log=log)
    path = terms.save(scene(), tmp_path / "a.png", who="ana", job="job 1")
    with pytest.raises(RefusedByPolicy):
        terms.admit(Prompt("a secret"), False, "bob")
    with pytest.raises(RefusedByPolicy):
        terms.save(scene(5), tmp_path / "b.png", who="eve", job="job 2")
    assert not (tmp_path / "b.png").exists()
    text = log.path.read_text()
    assert verify_log(log.path).entries == 3
    assert [word in text for word in ("apple", "secret", "a.png")] == [False] * 3
    assert log.prompt_hash("a red apple") in text and log.prompt_hash("a secret") in text
    assert all(f'"who":"{who}"' in text for who in ("ana", "bob", "eve")) and path.exists()


def test_no_file_is_left_that_was_not_noted(tmp_path):
    log = AuditLog(tmp_path / "log")
    log.path.write_text('{"changed": true}\n')
    with pytest.raises(InputError, match="audit verify"):
        Terms(log=log).save(scene(side=16), tmp_path / "a.png", who="ana", job="1")
    assert not (tmp_path / "a.png").exists()
