"""A run on the terminal: a bar with the time left, and previews beside the result."""

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from vino.cli.console import Console

if TYPE_CHECKING:
    from tqdm import tqdm

    from vino.generate import Progress

PREVIEWS = 8  # of one run, about


class Watch:
    """Called after every step of one run; as a context it leaves neither bar nor preview behind."""

    def __init__(self, console: Console, label: str = "", preview: Path | None = None):
        self.console = console
        self.label = label
        self.preview = preview
        self._bar: tqdm | None = None

    def __enter__(self) -> "Watch":
        self._started = time.time()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        if self.preview is not None:
            with suppress(OSError):
                self.preview.unlink()

    def __call__(self, progress: "Progress") -> None:
        if self.console.shows_progress:
            self._advance(progress)
        every = max(1, progress.steps // PREVIEWS)
        due = progress.step % every == 0 and progress.step < progress.steps
        if self.preview is not None and due:
            replace(progress.preview()[0], recipe=None, sound=None).save(self.preview)

    def _advance(self, progress: "Progress") -> None:
        if self._bar is None:
            from tqdm import tqdm

            label = self.label or None
            self._bar = tqdm(total=progress.steps, desc=label, unit="step", leave=False)
            self._bar.start_t = self._started  # the first step counts towards the time left
        self._bar.update(progress.step - self._bar.n)
