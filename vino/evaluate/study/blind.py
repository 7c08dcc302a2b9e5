"""A study: its pairs, its votes, and who sees what in which order and on which side."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vino.errors import InputError
from vino.evaluate.runs import Run
from vino.evaluate.study.items import Item, choose, digest, draw, items_of
from vino.evaluate.study.votes import Votes

DATABASE = "votes.sqlite"


@dataclass(frozen=True, eq=False)
class Study:
    """a, b: names of the runs, which raters never see."""

    a: str
    b: str
    seed: int
    items: Sequence[Item]
    votes: Votes

    def order(self, rater: str) -> list[int]:
        """Items as this rater meets them: everyone has an order of their own."""
        return sorted(range(len(self.items)), key=lambda i: draw(self.seed, "order", rater, i))

    def left(self, rater: str, item: int) -> str:
        """Which run stands on the left: "A" or "B"."""
        return "AB"[draw(self.seed, "side", rater, item)[0] % 2]


def open_study(
    a: Run, b: Run, out: Path, *, seed: int | None = None, limit: int | None = None
) -> Study:
    """Begin a study in a folder, or go on with the one that is there.

    seed, limit: None takes what the study began with. InputError if the folder holds a study of
    other runs, other answers or other settings.
    """
    path = out / DATABASE
    facts = Votes(path).facts() if path.exists() else None
    if facts is None:
        keys = choose(a, b, seed or 0, limit)
        items = items_of(a, b, keys)
        made: dict[str, Any] = {"seed": seed or 0, "limit": limit, "keys": keys}
        made["digest"] = digest(items)
        Votes(path).begin(made)
        facts = Votes(path).facts() or made  # another process may have begun a moment before
    for name, asked in (("seed", seed), ("limit", limit)):
        if asked is not None and asked != facts[name]:
            began = "without" if facts[name] is None else f"with --{name} {facts[name]}, not"
            raise InputError(
                f"the study in {out} began {began} --{name} {asked}: leave it out, or choose "
                "another folder"
            )
    items = items_of(a, b, facts["keys"])
    if digest(items) != facts["digest"]:
        raise InputError(
            f"{out} holds votes on other answers than those of {a.folder} and {b.folder}: "
            "give its runs in the same order, or choose another folder"
        )
    return Study(str(a.folder), str(b.folder), facts["seed"], items, Votes(path))
