"""Signed manifests in every format: what they say, and that every change breaks them."""

import json
import socket
import stat
import subprocess
import sys
import threading

import numpy as np
import pytest

pytest.importorskip("c2pa")

import c2pa

from tests.govern.conftest import RECIPE, scene
from vino.errors import InputError
from vino.govern.credentials import (
    BROKEN,
    ELSEWHERE,
    NONE,
    UNKNOWN,
    VALID,
    manifest,
    read_credentials,
    sign,
)
from vino.govern.signing import chosen_signer, local_signer, own_signer
from vino.media import Frames, read_picture, read_recipe

ENDINGS = (".png", ".jpg", ".webp", ".gif", ".mp4")
EDIT = {
    **RECIPE,
    "prompt": [
        {"kind": "image", "sha256": "ab" * 32, "name": "hat.png", "base": False},
        {"kind": "image", "sha256": "cd" * 32, "name": "man.png", "base": True},
        {"kind": "text", "text": "Image 1 — on him"},
    ],
}


def saved(tmp_path, ending, recipe=RECIPE):
    frames = scene(side=64, frames=5 if ending == ".mp4" else 1)
    return Frames(frames.pixels, recipe=recipe).save(tmp_path / f"a{ending}")


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_format_carries_credentials_and_keeps_its_recipe(tmp_path, ending):
    path = saved(tmp_path, ending)
    assert read_credentials(path).state == NONE
    assert sign(path) == path
    found = read_credentials(path)
    assert found.state == VALID and found.signer == "this machine"
    assert found.actions == ("c2pa.created",) and found.recipe == read_recipe(path) == RECIPE


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_changed_byte_breaks_them(tmp_path, ending):
    path = sign(saved(tmp_path, ending))
    data = bytearray(path.read_bytes())
    at = data.rindex(b"mdat") + 400 if ending == ".mp4" else len(data) - 40
    data[at] ^= 1
    path.write_bytes(data)
    found = read_credentials(path)
    assert found.state == BROKEN and found.failures


def test_a_changed_recipe_breaks_them(tmp_path):
    path = sign(saved(tmp_path, ".jpg"))
    path.write_bytes(path.read_bytes().replace(b'"seed":7', b'"seed":8', 1))
    assert read_credentials(path).state == BROKEN


def test_a_picture_saved_anew_has_none(tmp_path):
    path = sign(saved(tmp_path, ".png"))
    again = read_picture(path).save(tmp_path / "again.png")
    assert read_credentials(again).state == NONE


def test_an_edit_is_told_as_one(tmp_path):
    path = sign(saved(tmp_path, ".png", EDIT), marked=True)
    with path.open("rb") as file, c2pa.Reader("image/png", file) as reader:
        told = json.loads(reader.json())
    active = told["manifests"][told["active_manifest"]]
    assert [(i["relationship"], i["instance_id"]) for i in active["ingredients"]] == [
        ("inputTo", "sha256:" + "ab" * 32),
        ("parentOf", "sha256:" + "cd" * 32),
    ]
    actions = next(a for a in active["assertions"] if a["label"] == "c2pa.actions.v2")
    opened, edited, marked = actions["data"]["actions"]
    assert opened["action"] == "c2pa.opened" and marked["action"] == "c2pa.watermarked.unbound"
    assert edited["digitalSourceType"].endswith("/compositeWithTrainedAlgorithmicMedia")
    assert edited["softwareAgent"]["name"] == "vino"
    created = manifest(RECIPE, "a.png")["assertions"][0]["data"]["actions"]
    assert created[0]["digitalSourceType"].endswith("/trainedAlgorithmicMedia")


def test_another_machine_does_not_know_the_signer_until_told(tmp_path, monkeypatch):
    path = sign(saved(tmp_path, ".png"))
    root = (tmp_path / "home" / "credentials" / "certificate.pem").read_text()
    monkeypatch.setenv("VINO_HOME", str(tmp_path / "elsewhere"))
    assert read_credentials(path).state == UNKNOWN
    local_signer()  # a certificate of the same names is not the same certificate
    assert read_credentials(path).state == UNKNOWN
    assert read_credentials(path, (root,)).state == VALID


def test_the_local_key_is_made_once_and_kept_private(home):
    first = local_signer()
    key = home / "credentials" / "key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    assert local_signer() == first and first.key not in repr(first)
    assert first.certificate.count("BEGIN CERTIFICATE") == 2
    assert [p.name for p in sorted(home.iterdir())] == ["credentials"]


def test_one_s_own_certificate_signs(home, tmp_path, monkeypatch):
    local_signer()
    files = [home / "credentials" / n for n in ("certificate.pem", "key.pem")]
    own = [f.rename(tmp_path / f.name) for f in files]
    (home / "credentials").rmdir()
    path = sign(saved(tmp_path, ".png"), chosen_signer(*own))
    assert read_credentials(path, (own[0].read_text(),)).state == VALID
    monkeypatch.setenv("VINO_SIGNING_CERTIFICATE", str(own[0]))
    with pytest.raises(InputError, match="private key too"):
        chosen_signer()
    monkeypatch.setenv("VINO_SIGNING_KEY", str(own[1]))
    assert chosen_signer() == own_signer(*own) and not home.joinpath("credentials").exists()


def test_files_that_cannot_sign_are_refused(home, tmp_path):
    local_signer()
    certificate, key = (home / "credentials" / n for n in ("certificate.pem", "key.pem"))
    other = tmp_path / "other"
    other.write_text("-----BEGIN CERTIFICATE-----\nnonsense")
    for pair, words in (
        ((other, key), "PEM files"),
        ((certificate, certificate), "PEM files"),
        ((key, key), "no certificate"),
        ((tmp_path / "none", key), "cannot be read"),
    ):
        with pytest.raises(InputError, match=words):
            own_signer(*pair)
    mine = certificate.read_text()
    certificate.parent.rename(tmp_path / "old")
    local_signer()
    other.write_text(mine)
    with pytest.raises(InputError, match="not the certificate's"):
        own_signer(other, key)


def test_only_files_of_vino_are_signed(tmp_path):
    bare = Frames(scene(side=64).pixels).save(tmp_path / "bare.png")
    with pytest.raises(InputError, match="does not say how it was made"):
        sign(bare)
    odd = saved(tmp_path, ".png", {"prompt": [{"kind": "image"}]})
    before = odd.read_bytes()
    with pytest.raises(InputError, match="damaged"):
        sign(odd)
    assert odd.read_bytes() == before and len(list(tmp_path.glob(".vino-*"))) == 0


def test_damaged_files_are_told_and_never_raise(tmp_path):
    data = sign(saved(tmp_path, ".jpg")).read_bytes()
    path, rng = tmp_path / "hostile.jpg", np.random.default_rng(0)
    start, end = data.index(b"jumb") - 8, data.index(b"vino-recipe:")
    states = set()
    for i in range(120):
        changed = np.frombuffer(data, np.uint8).copy()
        count = (1, 3, 30)[i % 3]
        changed[rng.integers(start, end, count)] = rng.integers(0, 256, count)
        path.write_bytes(changed[: len(data) - (i % 4) * 500].tobytes())
        states.add(read_credentials(path).state)
    assert states <= {BROKEN, NONE, VALID} and BROKEN in states  # padding may be changed


def test_no_place_that_a_file_names_is_asked(tmp_path):
    """The library would fetch a manifest that is kept elsewhere; vino does not let it."""
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: asked.append(server.accept()), daemon=True).start()
        path, signed = saved(tmp_path, ".jpg"), tmp_path / "signed.jpg"
        own, text = local_signer(), json.dumps(manifest(RECIPE, "a.jpg"))
        info = c2pa.C2paSignerInfo(own.algorithm, own.certificate.encode(), own.key.encode(), None)
        with c2pa.Signer.from_info(info) as signer, c2pa.Builder(text) as builder:
            builder.set_no_embed()
            builder.set_remote_url(f"http://127.0.0.1:{server.getsockname()[1]}/m.c2pa")
            with path.open("rb") as source, signed.open("w+b") as to:
                builder.sign(signer, "image/jpeg", source, to)
        assert read_credentials(signed).state == ELSEWHERE
    assert not asked


def test_signing_needs_neither_torch_nor_a_socket(tmp_path):
    script = (
        "import socket, sys\n"
        "def refuse(*_): raise SystemExit('a socket was opened')\n"
        "socket.socket = socket.create_connection = refuse\n"
        "from vino.govern.credentials import read_credentials, sign\n"
        f"path = sign({str(saved(tmp_path, '.png'))!r})\n"
        "assert read_credentials(path).state == 'valid' and 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=100)
