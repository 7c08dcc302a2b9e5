"""policy.toml is parsed strictly, and kept."""

import numpy as np
import pytest

from tests.govern.conftest import scene
from vino.errors import InputError
from vino.govern.consent import Consents
from vino.govern.filters import NOTHING, Opinion, Words, load_filter
from vino.govern.guard import Guard, RefusedByPolicy, task_of
from vino.govern.likeness import fingerprint
from vino.govern.policy import MAKES, Policy, Refused, read_policy
from vino.media import Frames, read_picture, resize
from vino.prompt import Image, Prompt, Video

WHOLE = """
[outputs]
credentials = true
mark = true
[references]
consent = "always"
[training]
licences = ["CC0-1.0"]
[refused]
words = ["secret plan"]
patterns = ['\\bagent \\d+\\b']
tasks = ["animate"]
[keys.default]
tasks = ["generate"]
[keys.0f3a9c1b77de]
tasks = ["generate", "edit"]
"""


def policy(tmp_path, text):
    path = tmp_path / "policy.toml"
    path.write_text(text)
    return read_policy(path)


def test_a_whole_policy(tmp_path):
    found = policy(tmp_path, WHOLE)
    assert found.outputs.credentials and found.outputs.mark and found.references.consent == "always"
    assert found.training.licences == ("CC0-1.0",) and not found.training.consent
    assert found.rights("0f3a9c1b77de").tasks == ("generate", "edit")
    assert found.rights("another").tasks == ("generate",)
    assert policy(tmp_path, "") == Policy() and Policy().rights("anybody").tasks == MAKES


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[output]\nmark = true", r'unknown table "output": did you mean outputs\?'),
        ("[refused]\nword = []", r'\[refused\]: unknown key "word": did you mean words\?'),
        ("[outputs]\nmark = 1", "mark is true or false, not 1"),
        ('[refused]\nwords = "x"', "words is a list of texts"),
        ('[refused]\nwords = [" "]', "empty word"),
        ('[refused]\npatterns = ["("]', "no regular expression"),
        ('[refused]\npictures = ["abc"]', "names no picture"),
        ('[refused]\ntasks = ["edits"]', "did you mean edit"),
        ('[references]\nconsent = "yes"', "never, people, always"),
        ('[keys.default]\ntasks = ["train"]', "unknown task"),
        ("keys = 3", "a table of tables"),
        ("outputs = 3", "is a table"),
        ("[outputs", "no TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, words):
    with pytest.raises(InputError, match=words) as refusal:
        policy(tmp_path, text)
    assert "policy.toml" in str(refusal.value)


@pytest.mark.parametrize(
    "prompt",
    [
        "the SECRET  plan",
        "a sécret-plan",
        "secret\u200b plan.",
        "ｓｅｃｒｅｔ plan",
        "secret\nplan",
    ],
)
def test_words_are_found_however_they_are_written(prompt):
    assert Words(Refused(words=("Secret plan",))).prompt(prompt).refusal


def test_other_words_pass():
    words = Words(Refused(words=("cat",), patterns=(r"\bagent \d+\b",)))
    assert words.prompt("concatenate a catalogue").refusal == ""
    assert words.prompt("the agent in a hat") == NOTHING
    assert words.prompt("the agent 7").refusal


def test_tasks_of_prompts():
    picture, clip = Image(scene(side=8)), Video(scene(side=8, frames=2))
    base, cut = Image(picture.frames, base=True), Video(clip.frames, base=True)
    assert task_of(Prompt("x"), True) == "generate"
    assert task_of(Prompt(picture, "x"), False) == "reference"
    assert task_of(Prompt(base, "x"), False) == "edit" == task_of(Prompt(cut, "x"), True)
    assert task_of(Prompt(base, "x"), True) == "animate"


def test_a_guard_asks_who_what_and_whom(tmp_path):
    guard = Guard.of(policy(tmp_path, WHOLE))
    guard.admit(Prompt("a dog"), False, "anybody")
    with pytest.raises(RefusedByPolicy, match="not made here"):
        guard.admit(Prompt("a ", "secret plan"), False, "anybody")
    edit = Prompt(Image(scene(), base=True), "red")
    with pytest.raises(RefusedByPolicy, match="does not let this key edit"):
        guard.admit(edit, False, "anybody")
    with pytest.raises(RefusedByPolicy, match="reference 1 is not registered"):
        guard.admit(edit, False, "0f3a9c1b77de")
    record = Consents().add(fingerprint(scene()), "Ann", ["edit"])
    guard.admit(edit, False, "0f3a9c1b77de")
    Consents().revoke(record.id)
    with pytest.raises(RefusedByPolicy, match="not registered"):
        guard.admit(edit, False, "0f3a9c1b77de")


def test_a_picture_beside_the_base_is_a_reference(tmp_path):
    guard = Guard.of(policy(tmp_path, '[references]\nconsent = "always"'))
    changed, taken_from = scene(1), scene(2)
    Consents().add(fingerprint(changed), "Ann", ["edit"])
    Consents().add(fingerprint(taken_from), "Bob", ["reference"])
    guard.admit(Prompt(Image(changed, base=True), Image(taken_from), "Image 2"), False, "x")
    swapped = Prompt(Image(changed), Image(taken_from, base=True), "Image 1")
    with pytest.raises(RefusedByPolicy, match='1 is not registered for the use "reference"'):
        guard.admit(swapped, False, "x")
    with pytest.raises(RefusedByPolicy, match='reference 1 is not registered for the use "edit"'):
        guard.admit(Prompt(Image(taken_from, base=True), "x"), False, "x")


def test_listed_pictures_neither_come_in_nor_go_out(tmp_path):
    likeness = fingerprint(scene(3)).likenesses[0]
    guard = Guard.of(policy(tmp_path, f'[refused]\npictures = ["likeness:{likeness}"]'))
    copy = resize(read_picture(scene(3).save(tmp_path / "a.jpg", quality=70)), 200, 200)
    with pytest.raises(RefusedByPolicy, match="not used here"):
        guard.admit(Prompt(Image(copy), "x"), False, "x")
    with pytest.raises(RefusedByPolicy, match="not made here"):
        guard.release(copy)
    guard.admit(Prompt(Image(scene(4)), "x"), False, "x")
    guard.release(scene(4))


class SeesPeople:
    """A plug-in that takes bright pictures for people, and stumbles over dark ones."""

    def prompt(self, text: str) -> Opinion:
        return NOTHING

    def reference(self, frames: Frames) -> Opinion:
        if frames.pixels.max() < 10:
            raise ValueError("too dark")
        return Opinion(people=bool(frames.pixels.mean() > 200))

    def output(self, frames: Frames) -> Opinion:
        return NOTHING


PLUGGED = f"""
[references]
consent = "people"
[filters]
use = ["{__name__}:SeesPeople"]
"""


def gray(level):
    return Frames(np.full((1, 16, 16, 3), level, np.uint8))


def test_a_plug_in_says_whose_consent_is_needed_and_fails_closed(tmp_path):
    guard = Guard.of(policy(tmp_path, PLUGGED))
    guard.admit(Prompt(Image(gray(100)), "x"), False, "x")
    with pytest.raises(RefusedByPolicy, match="not registered"):
        guard.admit(Prompt(Image(gray(250)), "x"), False, "x")
    with pytest.raises(RefusedByPolicy, match="SeesPeople failed"):
        guard.admit(Prompt(Image(gray(0)), "x"), False, "x")


@pytest.mark.parametrize(
    "name", ["nowhere:Filter", "json:nothing", "vino.govern.filters:Opinion", ""]
)
def test_plug_ins_that_are_none_are_refused(name):
    with pytest.raises(InputError, match="the filter"):
        load_filter(name)
