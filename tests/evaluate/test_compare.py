"""Comparing two runs: reading, pairing, differences with a known answer."""

import json
from itertools import product

import numpy as np
import pytest

from tests.evaluate.running import line, scored, write_run
from vino.errors import InputError
from vino.evaluate.compare import compare, markdown, text
from vino.evaluate.runs import pair, read_run
from vino.evaluate.statistics import holm, sign_flip_p


def made(tmp_path, a, b):
    return compare(read_run(write_run(tmp_path / "a", a)), read_run(write_run(tmp_path / "b", b)))


def test_p_is_the_share_of_signs_that_go_as_far():
    differences = [0.5, -0.25, 1.0, 0.75]
    sums = [abs(np.dot(s, differences)) for s in product((1, -1), repeat=4)]
    assert sign_flip_p(differences) == np.mean([s >= 2.0 for s in sums])
    assert sign_flip_p([1.0] * 8) == 2 / 2**8
    assert sign_flip_p([0.0, 0.0]) == 1.0
    assert sign_flip_p([*[0.0] * 50, *[1.0] * 8]) == 2 / 2**8  # scenes without a difference


def test_drawn_signs_agree_with_all_of_them():
    rng = np.random.default_rng(1)
    differences = rng.normal(0.5, 1, 13)
    sums = np.array(list(product((1, -1), repeat=13))) @ differences
    exact = (np.abs(sums) >= abs(differences.sum()) - 1e-12).mean()
    assert sign_flip_p(differences) == pytest.approx(exact, abs=0.01)
    assert 0 < sign_flip_p([1.0] * 60) < 1e-4


def test_p_is_uniform_where_nothing_differs():
    rng = np.random.default_rng(0)
    found = [sign_flip_p(rng.normal(size=10)) for _ in range(400)]
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.03)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_difference_in_every_scene_is_significant(tmp_path):
    a = scored(12, 1, lambda scene, seed: {"done": float(scene % 4 == 0), "same": 1.0})
    b = scored(12, 1, lambda scene, seed: {"done": 1.0, "same": 1.0})
    found = {d.metric: d for d in made(tmp_path, a, b).differences}
    done = found["done"]
    assert (done.a, done.b, done.difference, done.scenes) == (0.25, 1.0, 0.75, 12)
    assert done.low <= 0.75 <= done.high and done.low > 0.4
    assert done.p == done.p_holm == 2 / 2**9  # the metric that never differs is not tested
    assert done.is_significant
    assert (found["same"].p, found["same"].p_holm) == (None, None)


def test_seeds_of_a_scene_count_once(tmp_path):
    """Many seeds of three scenes are three scenes: no p-value below 2 / 2**3."""
    a = scored(3, 20, lambda scene, seed: {"done": 0.0})
    b = scored(3, 20, lambda scene, seed: {"done": 1.0})
    (done,) = made(tmp_path, a, b).differences
    assert (done.scenes, done.p) == (3, 0.25)


@pytest.mark.parametrize("scenes, low", [(3, -0.4152), (20, 0.6632)])
def test_an_equal_difference_everywhere_leaves_an_open_end(tmp_path, scenes, low):
    """Three scenes of three that differ are p = 0.25: the interval holds no difference too."""
    a = scored(scenes, 1, lambda scene, seed: {"done": 0.0, "same": 1.0})
    b = scored(scenes, 1, lambda scene, seed: {"done": 1.0, "same": 1.0})
    done, same = made(tmp_path, a, b).differences
    assert (done.low, done.high) == (pytest.approx(low, abs=1e-4), 1)
    assert done.p is not None and (done.low <= 0) == (done.p > 0.05)
    assert same.low is not None and same.low == -same.high < 0


def test_one_scene_has_no_interval(tmp_path):
    a = scored(1, 4, lambda scene, seed: {"done": 0.0})
    b = scored(1, 4, lambda scene, seed: {"done": 1.0})
    found = made(tmp_path, a, b)
    assert (found.differences[0].low, found.differences[0].high) == (None, None)
    assert "| +1.000 |  | 1.0000 |" in markdown(found) and "done" in text(found)


def test_unpaired_answers_and_scores_are_counted(tmp_path):
    a = scored(5, 1, lambda scene, seed: {"done": 1.0} | ({"extra": 1.0} if scene < 3 else {}))
    b = scored(7, 1, lambda scene, seed: {"done": 0.0})[1:]
    found = made(tmp_path, a, b)
    assert (found.paired, found.only_a, found.only_b) == (4, 1, 2)
    assert found.one_sided == (("edit", "extra", 2),)
    for shown in (text(found), markdown(found)):
        assert "unpaired: 1 in A only, 2 in B only" in shown
        assert "edit, extra, of 2 answers" in shown


def test_tables_show_every_number(tmp_path):
    rng = np.random.default_rng(0)
    a = scored(20, 2, lambda scene, seed: {"kept dB": 30 + rng.normal()})
    b = scored(20, 2, lambda scene, seed: {"kept dB": 33 + rng.normal()})
    found = made(tmp_path, a, b)
    (kept,) = found.differences
    assert kept.p is not None and kept.p < 0.001
    row = next(row for row in markdown(found).splitlines() if row.startswith("| kept dB"))
    assert f"{kept.difference:+.3f}" in row and " *" in row
    assert "kept dB" in text(found) and str(tmp_path / "a") in text(found)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scene": 3}, 'no text under "scene"'),
        ({"output": "../../secret.png"}, "not a file of its folder"),
        ({"output": "/etc/passwd"}, "not a file of its folder"),
        ({"references": ["a\0b"]}, "not a file of its folder"),
        ({"references": "a.png"}, '"references"'),
        ({"frames": 0}, '"frames"'),
        ({"judged": {"done": "yes"}}, 'no finite number under "done"'),
        ({"measured": {"dB": float("nan")}}, 'no finite number under "dB"'),
        ({"measured": [1]}, 'no metrics under "measured"'),
        ({"key": "edit-remove-000-seed0"}, "a second time"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, changes, words):
    lines = [line(0), line(1) | changes]
    (tmp_path / "results.jsonl").write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(InputError, match="line 2,") as error:
        read_run(tmp_path)
    assert words in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), ("", "no answers"), ("{", "no JSON"), ("[1]", "no JSON object")],
)
def test_a_folder_without_answers(tmp_path, content, words):
    if content is not None:
        (tmp_path / "results.jsonl").write_text(content)
    with pytest.raises(InputError, match=words):
        read_run(tmp_path)


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    run = write_run(tmp_path / "run", [line(0)])
    (tmp_path / "secret.png").write_bytes(b"x")
    (run / "answers" / "edit-remove-000-seed0.png").unlink()
    (run / "answers" / "edit-remove-000-seed0.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(InputError, match="not a file of its folder"):
        read_run(run)


def test_runs_that_cannot_be_compared(tmp_path):
    a = read_run(write_run(tmp_path / "a", [line(0)]))
    with pytest.raises(InputError, match="share no keys"):
        pair(a, read_run(write_run(tmp_path / "b", [line(1)])))
    with pytest.raises(InputError, match="ask different things"):
        pair(a, read_run(write_run(tmp_path / "c", [line(0, prompt="add a dog")])))
