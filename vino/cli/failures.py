"""What went wrong, said in one line: what, where, and what to do."""

import errno
from dataclasses import dataclass

from vino.errors import VinoError

FAULT, UNUSABLE, INTERRUPTED = 1, 2, 130
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_PERMISSION = {errno.EACCES, errno.EPERM, errno.EROFS}
_LESS_TO_MAKE = "ask for a smaller --size, fewer --frames or fewer references"
_LESS_TO_TRAIN = (
    "lower --tokens or --batch, set --parallel.recompute true, or have more ranks share the "
    "parameters (--parallel.shard)"
)
_EXTRAS = {  # of pyproject.toml, and the modules that each brings
    "train": ("cv2", "resvg_py", "webdataset", "tyro", "tensorboard", "peft"),
    "serve": (
        *("fastapi", "uvicorn", "sqlalchemy", "pg8000", "python_multipart", "multipart"),
        *("prometheus_client", "httpcore2"),
    ),
    "studio": ("gradio",),
    "credentials": ("c2pa", "cryptography"),
    "paper": ("matplotlib",),
    "benchmarks": ("pyarrow",),
    "docs": ("mkdocs", "mkdocstrings"),
    "browser": ("playwright",),
}
_EXTRA_OF = {module: extra for extra, modules in _EXTRAS.items() for module in modules}


@dataclass(frozen=True)
class Failure:
    """The exit code and the line that explains it."""

    code: int
    line: str


def explain(error: BaseException, command: str = "") -> Failure:
    """Any exception as a person can use it. command: the one that raised it."""
    if isinstance(error, KeyboardInterrupt):
        return Failure(INTERRUPTED, "interrupted; no half-written file is left")
    if isinstance(error, VinoError):
        return Failure(UNUSABLE, str(error))
    if isinstance(error, BrokenPipeError):
        return Failure(FAULT, "whoever read the output stopped reading")
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch's
        less = _LESS_TO_TRAIN if command == "train" else _LESS_TO_MAKE
        return Failure(FAULT, f"not enough memory: {less}")
    if isinstance(error, OSError) and error.errno is not None:
        return Failure(UNUSABLE, _system(error))
    if isinstance(error, ModuleNotFoundError) and error.name:
        module = error.name.partition(".")[0]
        if module != "vino":  # whose own modules are missing through no fault of the user's
            return Failure(UNUSABLE, _missing(module))
    kind = type(error).__name__
    return Failure(
        FAULT, f"unexpected {kind}: {error}; run again with --debug and report what it prints"
    )


def _missing(module: str) -> str:
    extra = _EXTRA_OF.get(module)
    if extra is None:
        return f"the Python module {module} is missing: install it and try again"
    install = f'pip install -e ".[{extra}]"'
    return f"the Python module {module} is missing: {install} in vino's folder brings it"


def _system(error: OSError) -> str:
    place = f" at {error.filename}" if error.filename else ""
    if error.errno in _NO_SPACE:
        return f"no space is left{place}: free some, or write elsewhere with -o"
    if error.errno in _NO_PERMISSION:
        return f"no permission{place}: change it, or write elsewhere with -o"
    return f"{error.strerror or error}{place}: correct the path or try again"
