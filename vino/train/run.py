"""`vino train RECIPE [--key value ...]`: the command."""

import json
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from vino.errors import InputError
from vino.train.overrides import keys, override, read_recipe

USAGE = """\
usage: vino train RECIPE [--key value ...]

Train a model. RECIPE is a Python file with a function `recipe` that returns a TrainConfig, or
FILE.py:FUNCTION. Every field of the config can be set: --out runs/a, --seed 3, --stage2.lr 1e-5,
--stages.steps 10 (of every stage). A run that was stopped goes on where its last checkpoint is.
With torchrun it is spread over GPUs: torchrun --nproc-per-node 8 -m vino.cli train RECIPE ...

vino train RECIPE --keys    what can be set
"""


def main(argv: Sequence[str], quiet: bool = False, as_json: bool = False) -> int:
    """Carry the command out; returns the exit code. Raises InputError for wrong settings."""
    words = list(argv)
    if not words or words[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0 if words else 2
    if words[0].startswith("-"):
        raise InputError("name a recipe first: vino train RECIPE [--key value ...]")
    config = read_recipe(words[0])
    if "--keys" in words[1:]:
        print("\n".join(f"--{key}" for key in keys(config)))
        return 0
    config = override(config, words[1:])
    from vino.train.loop import train  # heavy: only when there is something to train
    from vino.train.parallel import ranks

    with ranks(config.parallel, config.device) as here, asked_to_stop() as asked:
        folder = train(config, here, asked, quiet=quiet)
        if here.first:
            print(json.dumps({"path": str(folder)}) if as_json else folder)
    return 0


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Whether a signal asked the run to save and stop. A second one interrupts at once.

    So does the first while nobody asks: before the first step there is nothing to save.
    """
    signals: list[int] = []
    is_heard = False
    before = {}

    def note(number: int, _: object) -> None:
        if signals or not is_heard:
            raise KeyboardInterrupt
        signals.append(number)

    def asked() -> bool:
        nonlocal is_heard
        is_heard = True
        return bool(signals)

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, note)
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
