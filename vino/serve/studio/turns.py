"""The tree of results: each turn is a job, and its parent the turn whose result it edits."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

_MOST = 200  # turns that are remembered: the newest
_CAPTION = 200  # characters of a prompt that are kept


@dataclass(frozen=True)
class Turn:
    """One job. words: its prompt, to be recognised by. pick: the result that is shown, from 0."""

    job: str
    parent: str | None = None
    words: str = ""
    pick: int = 0


@dataclass(frozen=True)
class Turns:
    """All turns, oldest first, and the job of the one that is shown."""

    all: tuple[Turn, ...] = ()
    shown: str | None = None

    @property
    def current(self) -> Turn | None:
        return self.get(self.shown)

    def get(self, job: str | None) -> Turn | None:
        return next((turn for turn in self.all if turn.job == job), None)

    def add(self, turn: Turn) -> "Turns":
        """With a new turn, which is shown; one that is there already is only shown."""
        if self.get(turn.job) is not None:
            return self.go(turn.job)
        kept = replace(turn, words=turn.words[:_CAPTION])
        if self.get(kept.parent) is None:
            kept = replace(kept, parent=None)
        return Turns(_newest((*self.all, kept)), kept.job)

    def go(self, job: str) -> "Turns":
        """Show a turn; what is made next from it is a branch. Unknown ones change nothing."""
        return replace(self, shown=job) if self.get(job) is not None else self

    def undo(self) -> "Turns":
        """Show the parent; the turn stays in the tree. At a root nothing changes."""
        current = self.current
        parent = None if current is None else self.get(current.parent)
        return self if parent is None else self.go(parent.job)

    @property
    def can_undo(self) -> bool:
        return self.undo() != self

    def picked(self, index: int) -> "Turns":
        """Show another result of the current turn."""
        return replace(
            self,
            all=tuple(replace(t, pick=index) if t.job == self.shown else t for t in self.all),
        )

    def children(self, parent: str | None) -> tuple[Turn, ...]:
        """Turns made from one, oldest first; of None the roots."""
        return tuple(turn for turn in self.all if turn.parent == parent)

    def number(self, job: str) -> int:
        """A turn's number, from 1, by age."""
        return 1 + next(i for i, turn in enumerate(self.all) if turn.job == job)

    @property
    def rows(self) -> tuple[tuple[Turn, ...], ...]:
        """The tree as rows: a turn is followed by its first child; others begin rows of their own.

        A row whose first turn has a parent is a branch from there. Rows stand below the one they
        branch from.
        """
        rows: list[tuple[Turn, ...]] = []
        begin = list(reversed(self.children(None)))
        while begin:
            row = [begin.pop()]
            forks: list[Turn] = []
            while following := self.children(row[-1].job):
                forks += following[1:]
                row.append(following[0])
            rows.append(tuple(row))
            begin += reversed(forks)
        return tuple(rows)

    def to_json(self) -> dict[str, Any]:
        turns = [[t.job, t.parent, t.words, t.pick] for t in self.all]
        return {"turns": turns, "shown": self.shown}

    @classmethod
    def from_json(cls, values: Any) -> "Turns":
        """What a browser remembered; nothing when it is no such thing."""
        found = cls()
        if not isinstance(values, Mapping) or not isinstance(values.get("turns"), list):
            return found
        for row in values["turns"][-_MOST:]:
            if not isinstance(row, list) or len(row) != 4:
                return cls()
            job, parent, words, pick = row
            whole = isinstance(pick, int) and pick >= 0
            if not (isinstance(job, str) and isinstance(words, str) and whole):
                return cls()
            found = found.add(Turn(job, parent if isinstance(parent, str) else None, words, pick))
        shown = values.get("shown")
        return found.go(shown) if isinstance(shown, str) else found


def _newest(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """At most _MOST; those whose parent is forgotten become roots."""
    kept = turns[-_MOST:]
    known = {turn.job for turn in kept}
    return tuple(turn if turn.parent in known else replace(turn, parent=None) for turn in kept)
