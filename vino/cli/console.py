"""What the command line says: notes, warnings and errors on stderr, one line each."""

import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Console:
    """Speaks to the person at the terminal; results go to stdout, all else to stderr.

    quiet: no notes and no progress. verbose: details too. debug: tracebacks and the warnings of
    libraries as well. subject: what is being worked on, where that is one thing of many.
    """

    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    subject: str = ""
    _warned: set[str] = field(default_factory=set)

    @property
    def shows_progress(self) -> bool:
        return not self.quiet and (self.verbose or sys.stderr.isatty())

    def note(self, text: str) -> None:
        """Something worth knowing."""
        if not self.quiet:
            _write(text)

    def detail(self, text: str) -> None:
        """Something for those who asked for more with -v."""
        if self.verbose:
            self.note(text)

    def warn(self, text: str) -> None:
        """Works, but perhaps not as meant. Said once."""
        line = f"warning: {self._about(text)}"
        if line not in self._warned:
            self._warned.add(line)
            _write(line)

    def error(self, text: str) -> None:
        """Does not work."""
        _write(f"error: {self._about(text)}")

    def _about(self, text: str) -> str:
        return f"{self.subject}: {text}" if self.subject else text


def one_line(text: str) -> str:
    """Text without line breaks or characters that a terminal would obey."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))


def _write(text: str) -> None:
    line = f"vino: {one_line(text)}"
    if "tqdm" in sys.modules:  # a bar may be on the screen
        from tqdm import tqdm

        tqdm.write(line, file=sys.stderr)
    else:
        print(line, file=sys.stderr)


@contextmanager
def speaking(console: Console) -> Iterator[None]:
    """Route warnings and log records through the console; those of libraries stay silent."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "warning" if console.debug else "error")
    handler = _LogHandler(console)
    libraries = logging.NullHandler()
    log = logging.getLogger("vino")
    log.addHandler(handler)
    if not console.debug:
        logging.getLogger().addHandler(libraries)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = _shower(console)
            yield
    finally:
        log.removeHandler(handler)
        logging.getLogger().removeHandler(libraries)


def _shower(console: Console) -> Callable[..., None]:
    def show(message: Warning, category: type[Warning], *_: object, **__: object) -> None:
        if console.debug or category.__module__.partition(".")[0] == "vino":
            console.warn(str(message))

    return show


class _LogHandler(logging.Handler):
    """Log records of vino as notes and warnings."""

    def __init__(self, console: Console):
        super().__init__(logging.INFO)
        self.console = console

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            self.console.warn(record.getMessage())
        else:
            self.console.detail(record.getMessage())
