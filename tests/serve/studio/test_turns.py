"""The tree of turns."""

import pytest

from vino.serve.studio.turns import Turn, Turns


@pytest.fixture
def tree():
    """a - b - c, with a branch b - d, and e alone."""
    tree = Turns()
    for job, parent in (("a", None), ("b", "a"), ("c", "b"), ("d", "b"), ("e", None)):
        tree = tree.add(Turn(job, parent, f"words of {job}"))
    return tree


def test_rows_are_branches(tree):
    rows = [[turn.job for turn in row] for row in tree.rows]
    assert rows == [["a", "b", "c"], ["d"], ["e"]]
    assert tree.rows[1][0].parent == "b" and tree.number("d") == 4


def test_undo_goes_to_the_parent_and_keeps_the_turn(tree):
    at_d = tree.go("d")
    assert at_d.undo().shown == "b" and at_d.undo().undo().shown == "a"
    assert not at_d.undo().undo().can_undo and at_d.undo().undo().undo().shown == "a"
    assert at_d.undo().all == tree.all
    assert Turns().undo() == Turns()


def test_going_and_picking(tree):
    assert tree.go("nowhere") == tree and tree.shown == "e"
    picked = tree.go("b").picked(3)
    assert picked.current == Turn("b", "a", "words of b", 3)
    assert picked.get("a").pick == 0
    assert tree.add(Turn("a", "c")) == tree.go("a")  # known already: only shown


def test_a_browser_remembers_it(tree):
    assert Turns.from_json(tree.go("c").to_json()) == tree.go("c")


@pytest.mark.parametrize("rubbish", [
    None, 3, [], {}, {"turns": 1}, {"turns": [1]}, {"turns": [["a", None, "w"]]},
    {"turns": [["a", None, "w", -1]]}, {"turns": [["a", None, "w", "x"]]},
    {"turns": [[[], None, "w", 0]]}, {"turns": [["a", None, None, 0]]},
])  # fmt: skip
def test_rubbish_is_forgotten(rubbish):
    assert Turns.from_json(rubbish) == Turns()


def test_strange_shapes_are_no_tree_of_their_own():
    loops = {"turns": [["a", "b", "", 0], ["b", "a", "", 0], ["b", "b", "", 0]], "shown": ["a"]}
    tree = Turns.from_json(loops)
    assert [[turn.job for turn in row] for row in tree.rows] == [["a", "b"]]


def test_the_oldest_are_forgotten():
    tree = Turns()
    for i in range(250):
        tree = tree.add(Turn(str(i), str(i - 1), "x" * 999))
    assert len(tree.all) == 200 and tree.all[0].parent is None
    assert len(tree.rows) == 1 and len(tree.current.words) == 200
