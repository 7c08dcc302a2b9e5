"""The same run on one and on two ranks over gloo; prints each one's losses as JSON.

    python -m tests.distributed.worlds FOLDER

Ranks are forked, so that the imports are paid once.
"""

import json
import os
import socket
import sys
import traceback
from dataclasses import replace
from pathlib import Path

import torch

from tests.train.fake import recipe
from vino.train import precision
from vino.train.config import Parallel, Saving, TrainConfig, Watching
from vino.train.log import read_lines
from vino.train.loop import train
from vino.train.parallel import ranks

FLOAT = Parallel(precision="float32")


def world(config: TrainConfig, size: int, steps: int | None = None) -> list[float]:
    """Losses of a run on `size` ranks, stopped after `steps` steps."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    children = []
    for rank in range(size):
        child = os.fork()
        if child == 0:
            os._exit(_rank(config, rank, size, port, steps))
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    if any(codes):
        sys.exit(f"ranks ended with {codes}")
    return [line["loss"] for line in read_lines(config.out) if "loss" in line]


def _rank(config: TrainConfig, rank: int, size: int, port: int, steps: int | None) -> int:
    os.environ.update(
        RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(size), MASTER_ADDR="127.0.0.1",
        MASTER_PORT=str(port),
    )  # fmt: skip
    taken = 0

    def stop() -> bool:
        nonlocal taken
        taken += 1
        return taken == steps

    try:
        with ranks(config.parallel) as here:
            train(config, here, stop)
    except KeyboardInterrupt:
        return 0 if steps else 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def main(folder: Path) -> dict[str, list[float]]:
    torch.set_num_threads(1)
    first, second = recipe().stages
    stages = (replace(first, steps=2), replace(second, steps=4))
    config = recipe(parallel=FLOAT, stages=stages, saving=Saving(every=100))

    def at(name: str, **changes) -> TrainConfig:
        return replace(config, out=folder / name, **changes)

    watching = Watching(log=1, validate=4, samples=4, grid=1, sample_steps=1)
    found = {"one": world(at("one"), 1), "two": world(at("two", watching=watching), 2)}
    copies = replace(FLOAT, shard=1, recompute=True)
    found["copies"] = world(at("copies", parallel=copies, watching=watching), 2)
    muon = tuple(replace(stage, optimizer="muon") for stage in stages)
    found["muon, one"] = world(at("muon1", stages=muon), 1)
    found["muon, copies"] = world(at("muon2", stages=muon, parallel=copies), 2)
    precision.multiplies_bfloat16 = lambda device: True  # emulated where there is none
    found["bfloat16"] = world(at("low", parallel=replace(FLOAT, precision="bfloat16")), 2)
    tokens = replace(FLOAT, sequence=2, recompute=True)
    found["shared tokens"] = world(at("tokens", parallel=tokens), 2)
    world(at("down"), 2, steps=4)
    found["two, then one"] = world(at("down"), 1)
    world(at("up"), 1, steps=4)
    found["one, then two"] = world(at("up"), 2)
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
