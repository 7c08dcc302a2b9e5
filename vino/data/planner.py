"""The plan of a run: which examples every rank gets in every micro-batch.

Every rank makes the same plan for all of them, from sizes alone, and decodes only its own share.
"""

import logging
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vino.data.buckets import Fitting, Shape
from vino.data.mixture import Draw, Mixture
from vino.data.packing import Batching, Bin, Item, fill_bins, spread
from vino.data.source import Source
from vino.errors import InputError

MOST_FAILURES = 200  # examples of a task in a row of no use, before all are taken to be
MOST_NAMES = 1000  # of skipped examples that are remembered by name
STEP = 1 << 40  # places of the sequence of steps lie beyond those of single draws

log = logging.getLogger("vino.data")


@dataclass(frozen=True)
class Corpus:
    """What a stage is trained on.

    sources: one for every task. weights: task -> share of examples.
    """

    sources: Mapping[str, Source]
    weights: Mapping[str, float]
    fitting: Fitting
    batching: Batching = Batching()  # noqa: RUF009
    seed: int = 0

    def shape(self, draw: Draw) -> Shape:
        """Bucket and cost of a draw; InputError when it is of no use."""
        source = self.sources[draw.task]
        shape = self.fitting.shape(source.outline(draw.number), draw.task)
        budget = self.batching.tokens
        if budget and shape.tokens > budget:
            raise InputError(f"has {shape.tokens:,} tokens; the budget is {budget:,}")
        return shape

    def name(self, draw: Draw) -> str:
        """What an example is called in reports."""
        return f"{draw.task}: {self.sources[draw.task].name(draw.number)}"


@dataclass
class Skips:
    """Examples that could not be used: how many, and the first ones by name and reason.

    is_quiet: the same are told elsewhere.
    """

    is_quiet: bool = False
    count: int = 0
    reasons: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, reason: str) -> None:
        if name in self.reasons:
            return
        self.count += 1
        if len(self.reasons) < MOST_NAMES:
            self.reasons[name] = reason
            log.log(
                logging.DEBUG if self.is_quiet else logging.WARNING, "skipped %s: %s", name, reason
            )


class Planner:
    """Micro-batches of all ranks, without end; a deterministic function of the corpus.

    All ranks skip the same examples; the first one logs them.
    """

    def __init__(self, corpus: Corpus, ranks: int, rank: int = 0):
        lengths = {task: source.length for task, source in corpus.sources.items()}
        self.corpus = corpus
        self.ranks = ranks
        self.mixture = Mixture(corpus.weights, lengths, corpus.seed)
        self.skips = Skips(is_quiet=rank > 0)
        self._data = {task: _identity(corpus.sources[task]) for task in self.mixture.tasks}
        self._planned: deque[list[Bin]] = deque()
        self._waiting: list[Item] = []
        self._windows = 0
        self._rows = 0
        self._failures: Counter[str] = Counter()

    def next(self) -> list[Bin]:
        """The next micro-batch: one bin for every rank, none of them empty."""
        batching = self.corpus.batching
        if batching.one_task:
            row = self._row_of(self.mixture.task_at(STEP + self._rows // batching.micro_batches))
        elif batching.tokens:
            if not self._planned:
                self._plan_window()
            row = self._planned.popleft()
        else:
            row = self._row_of(None)
        self._rows += 1
        return row

    def draw(self, task: str | None = None) -> Item:
        """The next example that can be used; InputError when a task seems to have none.

        A task that vanished would change the mixture without a word.
        """
        while True:
            draw = self.mixture.draw(task)
            try:
                item = Item(draw, self.corpus.shape(draw))
            except InputError as error:
                self.skips.add(self.corpus.name(draw), str(error))
                self._failures[draw.task] += 1
                if self._failures[draw.task] == MOST_FAILURES:
                    raise InputError(
                        f"{MOST_FAILURES} {draw.task} examples in a row cannot be used, the last "
                        f"({self.corpus.name(draw)}): {error}"
                    ) from None
            else:
                self._failures[draw.task] = 0
                return item

    def _plan_window(self) -> None:
        batching = self.corpus.batching
        bins = self.ranks * batching.window
        enough = bins * batching.tokens
        waiting = sum(item.shape.tokens for item in self._waiting)
        # Beyond a window's fill, `lookahead` examples of the usual size wait to fill gaps.
        while waiting * (1 - batching.lookahead / max(1, len(self._waiting))) < enough:
            self._waiting.append(self.draw())
            waiting += self._waiting[-1].shape.tokens
        filled, self._waiting = fill_bins(self._waiting, bins, batching.tokens)
        self._planned.extend(spread(filled, self.ranks, (self.corpus.seed, self._windows)))
        self._windows += 1

    def _row_of(self, task: str | None) -> list[Bin]:
        """`batch` examples for every rank, or as many as fill the budget one after the other."""
        batching = self.corpus.batching
        row: list[Bin] = []
        for _ in range(self.ranks):
            if not batching.tokens:
                row.append([self.draw(task) for _ in range(batching.batch)])
                continue
            row.append([self._waited(task)])
            room = batching.tokens - row[-1][0].shape.tokens
            while (item := self._waited(task)).shape.tokens <= room:
                row[-1].append(item)
                room -= item.shape.tokens
            self._waiting.insert(0, item)
        return row

    def _waited(self, task: str | None) -> Item:
        """The example that was left over of this task, or the next one."""
        for i, item in enumerate(self._waiting):
            if item.draw.task == task:
                return self._waiting.pop(i)
        return self.draw(task)

    def state_dict(self) -> dict[str, Any]:
        """Plain types alone; equal on all ranks."""
        return {
            "data": self._data,
            "mixture": self.mixture.state_dict(),
            "rows": self._rows,
            "windows": self._windows,
            "waiting": [_plain(item) for item in self._waiting],
            "planned": [[[_plain(i) for i in items] for items in row] for row in self._planned],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue. With another number of ranks what was planned is planned again.

        InputError when a task's examples are others. States of before that was noted have no data.
        """
        for task, identity in state.get("data", {}).items():
            if self._data.get(task, identity) != identity:
                raise InputError(
                    f"the {task} examples are not those of the saved run, which had "
                    f"{identity[0]}: continue it with the same data"
                )
        self.mixture.load_state_dict(state["mixture"])
        self._rows, self._windows = int(state["rows"]), int(state["windows"])
        rows = [[self._items(items) for items in row] for row in state["planned"]]
        waiting = self._items(state["waiting"])
        self._planned = deque()
        if all(len(row) == self.ranks and all(row) for row in rows):
            self._planned.extend(rows)
        else:
            waiting = [i for row in rows for items in row for i in items] + waiting
        self._waiting = waiting

    def _items(self, plain: list[list[Any]]) -> Bin:
        """Items of saved draws; those whose files are gone since are skipped."""
        items = []
        for task, number, turn in plain:
            draw = Draw(str(task), int(number), int(turn))
            source = self.corpus.sources.get(draw.task)
            if source is None or not _holds(source, draw.number):
                raise InputError(
                    f"the saved run was in the midst of {draw.task} examples, which the data no "
                    "longer has: continue it with the same data"
                )
            try:
                items.append(Item(draw, self.corpus.shape(draw)))
            except InputError as error:
                self.skips.add(self.corpus.name(draw), str(error))
        return items


def _identity(source: Source) -> list[Any]:
    """What tells a task's examples from others, in plain types."""
    return [source.length, source.fingerprint]


def _holds(source: Source, number: int) -> bool:
    return source.length is None or number < source.length


def _plain(item: Item) -> list[Any]:
    return [item.draw.task, item.draw.number, item.draw.turn]
