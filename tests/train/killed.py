"""Kill a run again and again; prints as JSON whether it still took every step as it should.

    python -m tests.train.killed FOLDER KILLS SEED

Half of the kills come at a random moment, half inside a save: at one of the moments between its
steps on the disk. Runs are forked, so that the imports are paid once.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

from tests.train.fake import recipe
from vino.train import checkpoint
from vino.train.log import read_lines
from vino.train.loop import train
from vino.train.parallel import Ranks

DISK = ("_flush", "_remove", "_point")  # what a save does to the disk, one after the other


def run(out: Path, seconds: float | None = None, moment: int | None = None) -> bool:
    """Run in a child, killed after `seconds` or at a moment of its saves; whether it finished."""
    child = os.fork()
    if child == 0:
        if moment is not None:
            die_at(moment)
        train(recipe(out=out), Ranks(0, 1, torch.device("cpu")))
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        sys.exit("a run failed")
    return os.WIFEXITED(status)


def die_at(moment: int) -> None:
    """Let this process kill itself when saves have touched the disk that many times."""
    seen = 0

    def deadly(work):
        def counted(*args, **options):
            nonlocal seen
            seen += 1
            if seen >= moment:
                os.kill(os.getpid(), signal.SIGKILL)
            return work(*args, **options)

        return counted

    for name in DISK:
        setattr(checkpoint, name, deadly(getattr(checkpoint, name)))
    checkpoint.dcp.save = deadly(checkpoint.dcp.save)


def losses(out: Path) -> list[tuple[int, float]]:
    return [(line["step"], line["loss"]) for line in read_lines(out)]


def weights(out: Path) -> str:
    return json.loads((out / "model" / "vino.json").read_text())["hash"]


def main(folder: Path, kills: int, seed: int) -> dict:
    torch.set_num_threads(1)
    rng = random.Random(seed)
    began = time.monotonic()
    run(folder / "whole")
    length = time.monotonic() - began
    killed = finished = 0
    while killed < kills:
        inside = killed % 2
        moment = rng.randrange(1, 30) if inside else None
        over = run(folder / "killed", None if inside else rng.uniform(0.05, length), moment)
        killed += not over
        if over:  # kill a fresh one
            finished += 1
            same(folder)
            (folder / "killed").rename(folder / f"over-{finished}")
    run(folder / "killed")
    return {"killed": killed, "finished": finished + 1, "same": same(folder), "seconds": length}


def same(folder: Path) -> bool:
    """Whether the killed run has the losses and weights of the whole one."""
    whole, other = folder / "whole", folder / "killed"
    if losses(whole) != losses(other) or weights(whole) != weights(other):
        sys.exit(f"other losses: {losses(whole)} and {losses(other)}")
    return True


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
