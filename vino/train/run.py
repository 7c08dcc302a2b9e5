"""`vino train RECIPE [--key value ...]`: the command."""

import json
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from vino.train.overrides import keys, override, read_recipe


def main(argv: Sequence[str], quiet: bool = False, as_json: bool = False) -> int:
    """Carry the command out; returns the exit code. Raises InputError for wrong settings.

    argv: the recipe and its settings.
    """
    recipe, *words = argv
    config = read_recipe(recipe)
    if "--keys" in words:
        print("\n".join(f"--{key}" for key in keys(config)))
        return 0
    config = override(config, words)
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
