"""The loader: decoded micro-batches of one rank, without end, continued exactly.

A file that turns out broken is counted, named and replaced by another example of its task that
fits into the same micro-batch, so no rank's share runs empty and no other rank must be asked.
"""

import sys
import threading
import warnings
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from vino.data.buckets import Shape
from vino.data.mixture import Draw, shuffled
from vino.data.packing import Bin, tokens
from vino.data.planner import Corpus, Planner, Skips
from vino.data.sample import Example
from vino.errors import InputError
from vino.media import MediaWarning
from vino.prompt import PromptWarning

REPLACEMENTS = 50  # examples tried in place of a broken one
AHEAD = 2  # micro-batches decoded ahead for each worker


class Loader:
    """Micro-batches of one rank.

    workers: threads that decode ahead; with none, decoding is part of `next`. What is yielded
    does not depend on it.

    Iterating raises InputError when 200 examples of a task in a row, or all of a micro-batch,
    cannot be used.
    """

    def __init__(self, corpus: Corpus, rank: int = 0, ranks: int = 1, workers: int = 0):
        if not 0 <= rank < ranks:
            raise InputError(f"rank {rank} of {ranks}: ranks count from 0")
        self.corpus = corpus
        self.rank = rank
        self.workers = workers
        self.planner = Planner(corpus, ranks, rank)
        self.broken = Skips()
        self._lock = threading.Lock()
        self._state = self.planner.state_dict()

    @property
    def skipped(self) -> int:
        """How many examples could not be used, of those remembered by name."""
        return len(self.reasons)

    @property
    def reasons(self) -> dict[str, str]:
        """The first thousand of these, and of those that the plan of all ranks leaves out."""
        return self.planner.skips.reasons | self.broken.reasons

    def __iter__(self) -> Iterator[list[Example]]:
        """Endless; a new iteration begins where the last one stopped."""
        # They help who writes one prompt; data is looked through with `vino data check`.
        warnings.simplefilter("ignore", PromptWarning)
        warnings.simplefilter("ignore", MediaWarning)
        self.planner.load_state_dict(self._state)
        rows = self._ahead() if self.workers else self._inline()
        for state, examples in rows:
            self._state = state
            yield examples

    def state_dict(self) -> dict[str, Any]:
        """Where the loader stands, behind the micro-batch yielded last; plain types alone.

        Equal on all ranks, so any rank's state continues any other, and with another number of
        ranks every example waiting is still seen.
        """
        return self._state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue there at the next iteration; InputError when it is of other data."""
        self.planner.load_state_dict(state)
        self._state = self.planner.state_dict()

    def _inline(self) -> Iterator[tuple[dict[str, Any], list[Example]]]:
        while True:
            items = self.planner.next()[self.rank]
            yield self.planner.state_dict(), self.decode(items)

    def _ahead(self) -> Iterator[tuple[dict[str, Any], list[Example]]]:
        """Plan and decode ahead in threads, in order."""
        coming: deque[tuple[dict[str, Any], Future[list[Example]]]] = deque()
        pool = ThreadPoolExecutor(self.workers, "vino-data")
        try:
            while True:
                while len(coming) < AHEAD * self.workers:
                    items = self.planner.next()[self.rank]
                    coming.append((self.planner.state_dict(), pool.submit(self.decode, items)))
                state, examples = coming.popleft()
                yield state, examples.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def decode(self, items: Bin) -> list[Example]:
        """The examples of a bin; broken ones are replaced, or left out where nothing fits.

        A pure function of the bin, whenever and wherever it is decoded.
        """
        budget = self.corpus.batching.tokens or sys.maxsize
        room = budget - tokens(items)
        examples = []
        for item in items:
            room += item.shape.tokens
            for draw in (item.draw, *self._instead(item.draw)):
                shape = item.shape if draw is item.draw else self._shape(draw)
                example = self._example(draw, shape) if shape and shape.tokens <= room else None
                if shape and example:
                    examples.append(example)
                    room -= shape.tokens
                    break
        if not examples:
            named = self.corpus.name(items[0].draw)
            raise InputError(f"{named} and {REPLACEMENTS} examples in its place cannot be used")
        return examples

    def _shape(self, draw: Draw) -> Shape | None:
        try:
            return self.corpus.shape(draw)
        except InputError as error:
            self._note(draw, error)
            return None

    def _example(self, draw: Draw, shape: Shape) -> Example | None:
        """Its key says its turn too: seen twice in one step, it has two noises and times."""
        try:
            example = self.corpus.sources[draw.task].example(draw.number, shape.bucket)
            return replace(example, key=f"{example.key}+{draw.turn}") if draw.turn else example
        except InputError as error:
            self._note(draw, error)
            return None

    def _note(self, draw: Draw, error: InputError) -> None:
        with self._lock:
            self.broken.add(self.corpus.name(draw), str(error))

    def _instead(self, draw: Draw) -> Iterator[Draw]:
        """Other examples of the task, in an order that the broken one alone decides."""
        length = self.corpus.sources[draw.task].length
        for i in range(REPLACEMENTS):
            if length is None:
                yield Draw(draw.task, (1 << 40) + draw.number * REPLACEMENTS + i)
            elif i < length:
                key = f"instead of {draw.task} {draw.number}"
                yield Draw(draw.task, shuffled(i, length, key), draw.turn)
