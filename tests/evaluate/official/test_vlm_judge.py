"""A judge on a local port: what it is asked, what becomes of its answers, and when it fails."""

import base64
import io
import json
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from tests.evaluate.official.conftest import answer_to, draw
from vino.errors import InputError
from vino.evaluate.official.questions import Question, estimate
from vino.evaluate.official.rubrics import (
    IMGEDIT_TYPES,
    OPENVE_TYPES,
    imgedit_rubric,
    openve_rubric,
)
from vino.evaluate.official.run import Settings, run
from vino.evaluate.official.suites import BENCHMARKS
from vino.evaluate.official.vlm_judge import KEY, Judge, Log, hear

GOOD, BAD = "Form: 3\nColour: 5", "I would rather not say."


@pytest.fixture
def question(tmp_path) -> Question:
    draw(tmp_path / "a.png", 1)
    return Question("a", "Grade it.", (tmp_path / "a.png",), ("Form", "Colour"), 1, 5)


def heard(judge, questions, path):
    told = []
    hearing = hear(judge, questions, Log(path), lambda cost, had: told.append((cost, had)), id)
    return hearing, told[0]


@pytest.mark.parametrize(
    ("answer", "scores"),
    [
        (GOOD, (3, 5)),
        ("Thinking: form is fine.\n**Form**: 3/5\n- colour : 5\n", (3, 5)),
        ("Form: 3\nColour: 5\nForm: 3", (3, 5)),
        ("Form: 3", None),
        ("Form: 3\nColour: 6", None),
        ("Form: 3\nColour: 0", None),
        ("Form: 3\nColour: 4.5", None),
        ("Form: 3 or 4\nColour: 5", None),
        ("Form: -3\nColour: 5", None),
        ("Form: **−3**\nColour: 5", None),
        ("Form: .3\nColour: 5", None),
        ("Form: 3\nColour: 5\nForm: 2", None),
        ("Form: N\nColour: N", None),
        ("Form: three\nColour: 5", None),
        (BAD, None),
        ("", None),
    ],
)
def test_an_answer_has_every_score_once_and_in_range(question, answer, scores):
    verdict = question.read(answer)
    assert (verdict.scores if verdict else None) == scores


def test_the_question_is_sent_in_the_chat_form(endpoint, question, tmp_path, monkeypatch):
    monkeypatch.setenv(KEY, "a-secret-key")
    endpoint.always = GOOD
    hearing, _ = heard(endpoint.judge(), [question], tmp_path / "log.jsonl")
    assert hearing.verdicts["a"].scores == (3, 5) and hearing.malformed == ()
    (body,), (key,) = endpoint.asked, endpoint.keys
    assert key == "Bearer a-secret-key"
    assert (body["model"], body["temperature"]) == ("local", 0)
    text, picture = body["messages"][0]["content"]
    assert text == {"type": "text", "text": "Grade it."}
    kind, _, data = picture["image_url"]["url"].partition(";base64,")
    assert kind == "data:image/png" and len(base64.b64decode(data)) > 50
    assert "a-secret-key" not in (tmp_path / "log.jsonl").read_text()
    record = json.loads((tmp_path / "log.jsonl").read_text())
    assert (record["question"], record["judge"], record["answer"]) == ("a", "local", GOOD)


def test_without_a_key_none_is_sent(endpoint, question, tmp_path, monkeypatch):
    monkeypatch.delenv(KEY, raising=False)
    endpoint.always = GOOD
    heard(endpoint.judge(), [question], tmp_path / "log.jsonl")
    assert endpoint.keys == [None]


def test_a_clip_is_sent_as_frames_spread_evenly(tmp_path):
    from PIL import Image

    draw(tmp_path / "a.mp4", 1, frames=9)
    shown = Question("a", "", (tmp_path / "a.mp4",), (), 1, 5, frames=3).pictures()
    assert [kind for kind, _ in shown] == ["image/jpeg"] * 3
    frames = [np.asarray(Image.open(io.BytesIO(data))) for _, data in shown]
    edges = [int(np.flatnonzero(frame[16, :, 0] < 120)[0]) for frame in frames]
    assert edges == pytest.approx([0, 8, 16], abs=1)
    assert len(Question("a", "", (tmp_path / "a.mp4",), (), 1, 5, frames=99).pictures()) == 9


def test_an_edit_is_shown_at_the_size_of_its_source(tmp_path):
    draw(tmp_path / "a.png", 1)
    draw(tmp_path / "b.mp4", 1, frames=2)
    question = Question("a", "", (tmp_path / "b.mp4",), (), 1, 5, like=tmp_path / "a.png")
    assert len(question.pictures()) == 2


def test_the_cost_is_told_before_anything_is_asked(endpoint, question, tmp_path):
    draw(tmp_path / "c.mp4", 1, frames=9)
    clip = Question("c", "x" * 400, (tmp_path / "c.mp4",), ("Form", "Colour"), 1, 5)
    cost = estimate([question, clip])
    assert (cost.calls, cost.pictures) == (2, 1 + 8)
    assert cost.tokens == (9 // 4 + 120 + 2) + (100 + 120 + 8 * 2)  # 48x32 pixels: 2 tokens
    begun = []
    endpoint.always = GOOD

    def begin(cost, had):
        begun.append((cost.calls, had, len(endpoint.asked)))

    hear(endpoint.judge(), [question, clip], Log(tmp_path / "log"), begin, id)
    assert begun == [(2, 0, 0)] and len(endpoint.asked) == 2


def test_answers_are_asked_for_once(endpoint, question, tmp_path):
    endpoint.always, log = GOOD, tmp_path / "log.jsonl"
    first, _ = heard(endpoint.judge(), [question], log)
    log.write_text(log.read_text() + '{"key": "cut off')
    again, (cost, had) = heard(endpoint.judge(), [question], log)
    assert again == first and (cost.calls, had, len(endpoint.asked)) == (0, 1, 1)
    heard(endpoint.judge(model="another"), [question], log)
    assert len(endpoint.asked) == 2
    draw(tmp_path / "a.png", 9)
    changed = Question("a", "Grade it.", question.shown, question.criteria, 1, 5)
    heard(endpoint.judge(), [changed], log)
    assert len(endpoint.asked) == 3


def test_malformed_answers_are_asked_again_kept_and_named(endpoint, question, tmp_path):
    endpoint.replies, endpoint.always = [BAD, "", GOOD], BAD
    log = tmp_path / "log.jsonl"
    hearing, _ = heard(endpoint.judge(), [question], log)
    assert hearing.verdicts["a"].scores == (3, 5)
    kept = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["answer"] for line in kept] == [BAD, "", GOOD]
    assert [line["temperature"] for line in kept] == [0, 0.2, 0.4]  # not word for word again
    assert [body["temperature"] for body in endpoint.asked] == [0, 0.2, 0.4]
    other = Question("b", "And this?", question.shown, question.criteria, 1, 5)
    hearing, _ = heard(endpoint.judge(attempts=2), [question, other], log)
    assert hearing.malformed == ("b",) and list(hearing.verdicts) == ["a"]
    endpoint.always = GOOD
    hearing, _ = heard(endpoint.judge(), [question, other], log)
    assert hearing.malformed == () and list(hearing.verdicts) == ["a", "b"]


@pytest.mark.parametrize(
    "reply",
    [(500, "broken"), (429, "slow down"), (503, ""), (200, "no json"), (200, "[]"), (200, "{}"),
     (200, '{"choices": []}'), (200, '{"choices": [{"message": {"content": null}}]}')],
)  # fmt: skip
def test_passing_failures_are_met_with_another_attempt(endpoint, question, tmp_path, reply):
    endpoint.replies, endpoint.always = [reply, reply], GOOD
    hearing, _ = heard(endpoint.judge(), [question], tmp_path / "log.jsonl")
    assert hearing.verdicts["a"].scores == (3, 5) and len(endpoint.asked) == 3
    endpoint.always = reply
    other = Question("b", "", question.shown, question.criteria, 1, 5)
    with pytest.raises(InputError, match="does not answer"):
        heard(endpoint.judge(attempts=2), [other], tmp_path / "log.jsonl")


def test_pauses_double(endpoint, question, monkeypatch):
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    endpoint.replies, endpoint.always = [(500, "")] * 3, GOOD
    endpoint.judge(pause=2.0).ask(question)
    assert pauses == [2, 4, 8]


def test_a_silent_judge_is_given_up_after_the_timeout(endpoint, question):
    endpoint.always = None
    with pytest.raises(InputError, match="does not answer"):
        endpoint.judge(timeout=0.1, attempts=2).ask(question)


def test_a_refusal_is_final_and_does_not_tell_the_key(endpoint, question, monkeypatch):
    monkeypatch.setenv(KEY, "a-secret-key")
    endpoint.always = (401, "wrong key a-secret-key")
    with pytest.raises(InputError, match="HTTP 401: wrong key …") as refusal:
        endpoint.judge().ask(question)
    assert len(endpoint.asked) == 1 and "secret" not in str(refusal.value)


def questions_of(question, count):
    return [replace(question, name=str(i), text=f"Grade {i}.") for i in range(count)]


def test_a_refusal_ends_its_question_alone(endpoint, question, tmp_path):
    endpoint.always = lambda text: (400, "filtered") if text == "Grade 2." else GOOD
    questions, log = questions_of(question, 5), tmp_path / "log.jsonl"
    for _ in range(2):  # the second time it is the first that is asked
        hearing, _ = heard(endpoint.judge(), questions, log)
        assert hearing.malformed == ("2",) and len(hearing.verdicts) == 4
    assert len(endpoint.asked) == 6 and len(log.read_text().splitlines()) == 4
    with pytest.raises(InputError, match="HTTP 400: filtered"):
        heard(endpoint.judge(), [questions[2]], log)


def test_a_hearing_that_ends_early_keeps_what_was_said(endpoint, question, tmp_path):
    failed = threading.Event()

    def play(text):
        if text == "Grade 1.":
            failed.set()
            return 401, "no more"
        if text != "Grade 0.":
            failed.wait(5)
            time.sleep(0.1)  # so that the answer comes after the failure
        return GOOD

    endpoint.always, log = play, tmp_path / "log.jsonl"
    with pytest.raises(InputError, match="HTTP 401"):
        heard(endpoint.judge(at_once=3), questions_of(question, 4), log)
    kept = {json.loads(line)["question"] for line in log.read_text().splitlines()}
    assert {"0", "2", "3"} >= kept >= {"0", "2"}


def test_a_judge_that_is_not_there_stops_everything_at_once(endpoint, question, tmp_path):
    questions = [Question(str(i), "", question.shown, ("Form",), 1, 5) for i in range(50)]
    judge = Judge("http://127.0.0.1:9/v1", pause=0.01, attempts=2)
    with pytest.raises(InputError, match=r"judge at http://127.0.0.1:9/v1 does not answer"):
        heard(judge, questions, tmp_path / "log.jsonl")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8000",
        "file:///etc/passwd",
        "ftp://a/b",
        "http://",
        "http://[::1",
        "http://a:b",
    ],
)
def test_an_address_is_one_of_the_web(url):
    with pytest.raises(InputError, match="is no address"):
        Judge(url)


def test_there_is_a_rubric_for_every_type():
    for kinds, rubric in ((IMGEDIT_TYPES, imgedit_rubric), (OPENVE_TYPES, openve_rubric)):
        for kind in kinds:
            made = rubric(kind)
            text = made.text("put a hat on it")
            question = made.question("a", ())
            assert "put a hat on it" in text and "from 1 (" in text
            assert question.read(answer_to(text)).scores == (4, 4, 4)
            assert question.read(text) is None
        with pytest.raises(InputError, match='no rubric for the edit type "dance"'):
            rubric("dance")


@pytest.mark.parametrize(
    ("name", "calls", "total"),
    [("imgedit", 3, ("overall", 4.0)), ("gedit", 6, ("en O", 4.0)), ("openve", 3, ("overall", 4.0)),
     ("opens2v", 3, ("natural_score", 75.0))],
)  # fmt: skip
def test_verdicts_become_the_official_result_file_and_its_total(
    name, calls, total, endpoint, data, model, tmp_path
):
    notes = []
    settings = Settings(tmp_path, "random", data[name], limit=3, judge=endpoint.judge())
    outcome = run(BENCHMARKS[name], settings, lambda: model, note=notes.append)
    assert outcome.is_complete and len(endpoint.asked) == calls
    assert outcome.scores.values[total[0]] == pytest.approx(total[1])
    assert f"asking local: {calls} calls with" in notes[0]
    log = (tmp_path / f"{name}.judge.jsonl").read_text().splitlines()
    assert len(log) == calls and "Judged by local" in (tmp_path / f"{name}.md").read_text()
    again = Settings(tmp_path, "random", data[name], results=tmp_path / f"{name}.results")
    assert run(BENCHMARKS[name], again, lambda: None).scores.values == outcome.scores.values


def test_a_question_without_verdict_is_left_out_of_the_mean(endpoint, data, model, tmp_path):
    def some(text):
        return BAD if IMGEDIT_TYPES["extract"] in text else answer_to(text)

    endpoint.always = some
    settings = Settings(tmp_path, "random", data["imgedit"], limit=5, judge=endpoint.judge())
    outcome = run(BENCHMARKS["imgedit"], settings, lambda: model)
    assert outcome.malformed == ("3",) and not outcome.is_complete
    assert outcome.scores.values["overall"] == 4.0 and "extract" not in outcome.scores.values
    report = (tmp_path / "imgedit.md").read_text()
    assert "Malformed answers of the judge: 1" in report and "- 3\n" in report


def test_a_judge_that_never_answers_well_leaves_no_scores(endpoint, data, model, tmp_path):
    endpoint.always = BAD
    settings = Settings(tmp_path, "random", data["gedit"], limit=1, judge=endpoint.judge())
    outcome = run(BENCHMARKS["gedit"], settings, lambda: model)
    assert outcome.scores is None and len(outcome.malformed) == 2 and not outcome.is_complete


@pytest.mark.parametrize("name", ["geneval", "vbench"])
def test_a_benchmark_without_questions_takes_no_judge(name, endpoint, data, model, tmp_path):
    settings = Settings(tmp_path, "random", limit=1, samples=1, judge=endpoint.judge())
    with pytest.raises(InputError, match=f"{name} has no questions for a judge"):
        run(BENCHMARKS[name], settings, lambda: model)
    assert list(tmp_path.iterdir()) == []
