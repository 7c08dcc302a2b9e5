"""verify, consent, audit, and what commands that make things are told about provenance."""

import json

import numpy as np
import pytest

from tests.govern.conftest import home  # noqa: F401
from vino.cli import governing
from vino.cli.govern import terms_of
from vino.cli.parser import build
from vino.govern.consent import USES
from vino.media import Frames, read_picture, read_recipe

pytest.importorskip("c2pa")


def test_outputs_are_signed_marked_and_noted(vino, tmp_path):
    made = vino("generate", "a dog", "-o", "a.png", "--size", "64x64", "--credentials", "--mark",
                "--audit", "log.jsonl")  # fmt: skip
    assert made.code == 0, made.err
    told = vino("verify", "a.png")
    assert told.code == 0
    assert "valid: unchanged since it was signed by this machine" in told.out
    assert "recipe       signed; model random, seed 0" in told.out
    checked = vino("audit", "verify", "log.jsonl", "--json")
    assert json.loads(checked.out)["entries"] == 1
    assert "a dog" not in (tmp_path / "log.jsonl").read_text()


def test_a_time_stamp_is_for_a_signature():
    args = build()[1]["generate"].parse_args(["a dog", "--timestamps", "http://127.0.0.1:9"])
    signer = terms_of(args).signer
    assert signer is not None and signer.timestamps == "http://127.0.0.1:9"


def test_the_mark_changes_pixels_and_the_recipe_makes_the_same_again(vino, tmp_path):
    vino("generate", "a dog", "-o", "a.png")
    vino("generate", "a dog", "-o", "b.png", "--mark")
    vino("generate", "--like", "b.png", "-o", "c.png", "--mark")
    a, b, c = (read_picture(tmp_path / f"{n}.png").pixels for n in "abc")
    assert (a != b).any() and (b == c).all()
    assert read_recipe(tmp_path / "a.png") == read_recipe(tmp_path / "b.png")


def test_a_batch_is_signed_too(vino, tmp_path):
    task = {"index": 0, "task": "t2i", "caption": "a dog", "height": 32, "width": 32}
    (tmp_path / "t.json").write_text(json.dumps([task]))
    assert vino("batch", "t.json", "-o", "out", "--credentials").code == 0
    assert vino("verify", "out/t/0.png").code == 0


def test_verify_says_what_is_wrong_by_its_exit_code(vino, tmp_path, picture):
    vino("generate", "a dog", "-o", "a.jpg", "--credentials")
    signed = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "b.jpg").write_bytes(signed.replace(b'"seed":0', b'"seed":1'))
    assert vino("verify", "a.jpg").code == 0
    bare = vino("verify", "a.jpg", picture)
    assert bare.code == 3 and "proves nothing" in bare.err
    broken = vino("verify", picture, "b.jpg", "a.jpg")
    assert broken.code == 1 and "broken: assertion.dataHash.mismatch" in broken.out
    missing = vino("verify", "b.jpg", "none.png", "a.jpg", "--json")
    assert missing.code == 2 and "none.png does not exist" in missing.err
    states = [f.get("credentials", {}).get("state") for f in json.loads(missing.out)]
    assert states == ["broken", None, "valid"]


def test_verify_shows_no_control_characters_of_strangers(vino, tmp_path):
    recipe = {"vino": 1, "model": {"name": "\x1b[2J\nevil"}, "prompt": [], "seed": "\x1b"}
    Frames(np.full((1, 16, 16, 3), 90, np.uint8), recipe=recipe).save(tmp_path / "a.png")
    told = vino("verify", "a.png")
    assert told.code == 3 and "\x1b" not in told.out and len(told.out.splitlines()) == 4


def test_trusting_another_machine(vino, tmp_path, monkeypatch):
    vino("generate", "a dog", "-o", "a.png", "--credentials")
    root = tmp_path / "home" / "credentials" / "certificate.pem"
    monkeypatch.setenv("VINO_HOME", str(tmp_path / "elsewhere"))
    assert vino("verify", "a.png").code == 3
    assert vino("verify", "a.png", "--trust", root).code == 0
    assert vino("verify", "a.png", "--trust", "a.png").code == 2


def test_a_certificate_is_checked_before_the_model_is_loaded(vino, monkeypatch):
    from vino import generate

    monkeypatch.setattr(generate, "load", lambda *_, **__: pytest.fail("loaded"))
    said = vino("generate", "a dog", "--certificate", "none.pem", "--key", "none.pem")
    assert said.code == 2 and "none.pem cannot be read" in said.err


def test_the_uses_are_those_of_consents():
    assert governing.USES == USES


def test_consent_from_beginning_to_end(vino, picture):
    added = vino("consent", "add", picture, "--name", "Ann", "--scope", "edit", "train",
                 "--until", "2030-12-31")  # fmt: skip
    assert added.code == 0
    id = added.out.strip()
    listed = vino("consent", "list")
    assert id in listed.out and "until 2030-12-31  edit, train  Ann" in listed.out
    assert vino("consent", "revoke", id).code == 0
    assert vino("consent", "revoke", id).code == 2
    assert json.loads(vino("consent", "list", "--json").out)[0]["revoked"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["consent", "add"], "needs a FILE"),
        (["consent", "add", "picture.png"], "--name and --scope"),
        (["consent", "revoke"], "needs a record's id"),
        (["consent", "add", "x", "--until", "soon"], "is no day"),
        (["audit", "verify", "none"], "none cannot be read"),
        (["audit", "verify", "picture.png"], "line 1"),
    ],
)
def test_what_is_missing_is_said_in_one_line(vino, picture, words, named):
    said = vino(*words)
    assert said.code == 2 and named in said.err and said.err.count("\n") == 1


def test_a_log_of_lost_lines_is_warned_of(vino, tmp_path):
    vino("generate", "a dog", "-o", "a.png", "--audit", "log")
    with (tmp_path / "log").open("ab") as file:
        file.write(b'{"at":"half')
    assert "half an entry" in vino("audit", "verify", "log").err
    vino("generate", "a dog", "-o", "a.png", "--audit", "log")
    found = vino("audit", "verify", "log")
    assert found.code == 0 and "3 entries" in found.out
    assert "lost here" in found.err
    cut = vino("audit", "verify", "log", "--head", "0" * 63 + "1")
    assert cut.code == 2 and "cut off" in cut.err
