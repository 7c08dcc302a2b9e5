"""What went wrong, said in one line: what, where, and what to do."""

import errno
from dataclasses import dataclass

from vino.errors import VinoError

FAULT, UNUSABLE, INTERRUPTED = 1, 2, 130
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_PERMISSION = {errno.EACCES, errno.EPERM, errno.EROFS}


@dataclass(frozen=True)
class Failure:
    """The exit code and the line that explains it."""

    code: int
    line: str


def explain(error: BaseException) -> Failure:
    """Any exception as a person can use it."""
    if isinstance(error, KeyboardInterrupt):
        return Failure(INTERRUPTED, "interrupted; no half-written file is left")
    if isinstance(error, VinoError):
        return Failure(UNUSABLE, str(error))
    if isinstance(error, BrokenPipeError):
        return Failure(FAULT, "whoever read the output stopped reading")
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch's
        line = "not enough memory: ask for a smaller --size, fewer --frames or fewer references"
        return Failure(FAULT, line)
    if isinstance(error, OSError) and error.errno is not None:
        return Failure(UNUSABLE, _system(error))
    kind = type(error).__name__
    return Failure(
        FAULT, f"unexpected {kind}: {error}; run again with --debug and report what it prints"
    )


def _system(error: OSError) -> str:
    place = f" at {error.filename}" if error.filename else ""
    if error.errno in _NO_SPACE:
        return f"no space is left{place}: free some, or write elsewhere with -o"
    if error.errno in _NO_PERMISSION:
        return f"no permission{place}: change it, or write elsewhere with -o"
    return f"{error.strerror or error}{place}: correct the path or try again"
