"""What a rater does in a study, as fast as they like."""

import threading

import pytest

from tests.evaluate.running import line, write_run
from vino.evaluate.runs import read_run
from vino.evaluate.study.blind import open_study
from vino.evaluate.study.server import Server

PAIRS = 4


@pytest.fixture
def study(tmp_path):
    lines = [line(scene) for scene in range(PAIRS)]
    runs = [read_run(write_run(tmp_path / name, lines, 100 * i)) for i, name in enumerate("ab")]
    return open_study(*runs, tmp_path / "votes")


@pytest.fixture
def page(browser, study):
    server = Server(study)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    yield page
    context.close()
    server.shutdown()
    server.server_close()


def wait_for_pair(page, number):
    page.wait_for_function(
        "start => document.querySelector('#progress-text').innerText.startsWith(start)",
        arg=f"Pair {number} of {PAIRS}",
    )


def given(study, question):
    return [vote.choice for vote in study.votes.all() if vote.question == question]


def test_nothing_that_was_said_of_a_pair_is_lost_and_nothing_reaches_the_next(page, study):
    page.fill("#name", "quick")
    page.click("text=Begin")
    for number in range(1, PAIRS + 1):
        wait_for_pair(page, number)
        for key in ("ArrowDown", "ArrowDown", "ArrowLeft", "ArrowLeft"):
            page.keyboard.press(key)
    page.wait_for_selector("#end:visible")
    assert page.inner_text("#end-text") == f"All {PAIRS} pairs are answered."
    for question in ("instruction", "looks"):
        assert given(study, question) == ["same"] * PAIRS


def test_a_vote_that_fails_takes_the_next_key_with_it(page, study):
    page.fill("#name", "unlucky")
    page.click("text=Begin")
    wait_for_pair(page, 1)
    page.route("**/api/vote", lambda route: route.abort(), times=1)
    page.evaluate(  # both before anything comes back
        "for (const key of ['ArrowLeft', 'ArrowDown'])"
        " document.dispatchEvent(new KeyboardEvent('keydown', {key}))"
    )
    page.wait_for_selector("#trouble:visible")
    assert "cannot be reached" in page.inner_text("#trouble")
    assert given(study, "instruction") == given(study, "looks") == []
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => asked === 'looks'")
    assert len(given(study, "instruction")) == 1 and given(study, "looks") == []


def test_the_buttons_stay_where_they_are_while_pictures_come(page, study):
    page.click("text=Begin")
    wait_for_pair(page, 1)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.frame img')]"
        ".filter(e => e.naturalWidth > 0).length == 2"
    )
    button = page.locator("fieldset[data-question=looks] button[data-choice=left]")
    at = button.bounding_box()
    page.evaluate("document.querySelectorAll('.frame > *').forEach(e => e.removeAttribute('src'))")
    assert button.bounding_box() == at
