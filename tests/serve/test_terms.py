"""A server keeps its policy, and signs, marks and notes what it makes."""

import pytest

pytest.importorskip("c2pa")

from tests.serve.conftest import in_base64, png
from vino.govern.audit import AuditLog, verify_log
from vino.govern.consent import Consents
from vino.govern.filters import NOTHING, Opinion
from vino.govern.guard import Guard
from vino.govern.likeness import fingerprint
from vino.govern.policy import Policy, References, Refused, Rights
from vino.govern.signing import local_signer
from vino.govern.terms import Terms
from vino.govern.verify import verify
from vino.media import read_picture

POLICY = Policy(
    references=References(consent="always"),
    refused=Refused(words=("secret",)),
    keys={"default": Rights(tasks=("generate", "edit"))},
)


@pytest.fixture(scope="module")
def governed(start, tmp_path_factory):
    """A server with all terms, and its folder."""
    folder = tmp_path_factory.mktemp("terms")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VINO_HOME", str(folder / "home"))
        guard = Guard.of(POLICY, Consents(folder / "consent.sqlite"))
        terms = Terms(guard, local_signer(), mark=True, log=AuditLog(folder / "audit.jsonl"))
        yield start(terms=terms), folder


def content(server, id):
    return server.http.get(f"/v1/jobs/{id}/content/0").content


def test_results_are_signed_marked_and_noted(governed, tmp_path):
    server, folder = governed
    made = server.generate("a red apple", size="128x128", previews=True).json()
    assert server.over(made["id"])["state"] == "done"
    (tmp_path / "a.png").write_bytes(content(server, made["id"]))
    origin = verify(tmp_path / "a.png")
    assert origin.credentials.state == "valid" and origin.mark.is_marked
    noted = (folder / "audit.jsonl").read_text()
    assert made["id"] in noted and "apple" not in noted and '"who":"local"' in noted
    assert verify_log(folder / "audit.jsonl").entries >= 1


def test_what_the_policy_refuses_is_answered_with_403_and_noted(governed):
    server, folder = governed
    before = verify_log(folder / "audit.jsonl").entries
    refused = server.generate("a s\u00e9cret apple")
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "content_policy_violation"
    picture = {"type": "image", "data": in_base64(png())}
    rights = server.generate([picture, "Image 1 in the rain"])
    assert rights.status_code == 403 and "use references" in rights.json()["error"]["message"]
    assert verify_log(folder / "audit.jsonl").entries == before + 2
    assert not [f for f in server.server.files.root.glob("jobs/*/in-*") if f]


def test_a_reference_needs_consent_and_loses_it(governed, tmp_path):
    server, folder = governed
    (tmp_path / "in.png").write_bytes(png())
    edit = [{"type": "image", "data": in_base64(png()), "base": True}, "make it red"]
    assert server.generate(edit).status_code == 403
    consents = Consents(folder / "consent.sqlite")
    record = consents.add(fingerprint(read_picture(tmp_path / "in.png")), "Ann", ["edit"])
    made = server.generate(edit)
    assert made.status_code == 202 and server.over(made.json()["id"])["state"] == "done"
    slow = server.generate("slow apple").json()["id"]  # the next job waits until this one is made
    waiting = server.generate(edit).json()["id"]
    consents.revoke(record.id)
    job = server.over(waiting)
    assert job["state"] == "failed" and "not registered" in job["error"]
    assert server.over(slow)["state"] == "done"


class NoEleven:
    """Withholds what was made with the seed 11."""

    def prompt(self, text):
        return NOTHING

    reference = prompt

    def output(self, frames):
        return Opinion("not this one") if frames.pixels.flat[0] == 11 else NOTHING


def test_where_one_result_is_withheld_none_is_kept(start):
    running = start(terms=Terms(Guard(filters=(NoEleven(),))))
    job = running.over(running.generate("two dogs", seed=10, n=2).json()["id"])
    assert (job["state"], job["error"]) == ("failed", "not this one")
    assert not list(running.server.files.folder(job["id"]).glob("out-*"))
