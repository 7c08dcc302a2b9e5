"""The whole run on disk: weights, optimisers, averages, random states, place in the data.

A checkpoint is written aside, renamed when it is complete, and only then named by `latest`: a
run that is killed at any moment has its last checkpoint. Tensors go through
torch.distributed.checkpoint, so another number of ranks can read them.
"""

import os
import random
import shutil
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed.checkpoint as dcp
from torch import Tensor
from torch.distributed.checkpoint.state_dict import (
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)

from vino.errors import CheckpointError
from vino.train.parallel import Ranks
from vino.train.trainee import Trainee

LATEST, RUN = "latest", "run.pt"
PREFIX, ASIDE, GOING = "step-", ".writing-", ".removing-"


@dataclass(frozen=True, eq=False)
class Tensors:
    """The tensors of a checkpoint: parameters that have learned, optimisers, averages.

    Reading fills the tensors that are here; `optimizers` is empty between two stages.
    """

    trainee: Trainee
    weights: Mapping[str, Tensor]
    optimizers: list[torch.optim.Optimizer]
    averages: Mapping[str, Tensor]

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = {"weights": dict(self.weights), "averages": dict(self.averages)}
        if self.optimizers:
            state["optimizers"] = get_optimizer_state_dict(self.trainee, self.optimizers)
        return state


def latest(folder: Path) -> Path | None:
    """The checkpoint to go on from, or None."""
    pointer = folder / LATEST
    if not pointer.exists():
        return None
    path = folder / pointer.read_text().strip()
    if not (path / RUN).exists():
        raise CheckpointError(
            f"{path}: the last checkpoint of the run is gone; write the name of another into "
            f"{pointer}, or remove {folder} to begin again"
        )
    return path


def save(folder: Path, step: int, tensors: Tensors, run: dict[str, Any], ranks: Ranks) -> Path:
    """Write a checkpoint of `step`. run: plain values; the random states of all ranks are added."""
    name = f"{PREFIX}{step:08}"
    aside = folder / f"{ASIDE}{name}"
    randoms = ranks.gather(random_state())
    if ranks.first:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
    ranks.wait()
    try:
        with _quiet():
            dcp.save(tensors.state(), checkpoint_id=aside, no_dist=ranks.size == 1)
    except dcp.CheckpointException as error:  # a BaseException, which nobody above would tell
        inner = next(iter(error.failures.values()))[0]
        raise CheckpointError(f"{folder}: no checkpoint can be written ({inner})") from None
    if ranks.first:
        torch.save({**run, "random": randoms}, aside / RUN)
        for file in (*aside.iterdir(), aside):
            _flush(file)
        _remove(folder / name)
        aside.rename(folder / name)
        _point(folder, name)
    ranks.wait()
    return folder / name


def read_run(path: Path) -> dict[str, Any]:
    """The plain values of a checkpoint."""
    try:
        return torch.load(path / RUN, weights_only=True)
    except (OSError, RuntimeError, EOFError) as error:
        raise CheckpointError(f"{path / RUN}: cannot be read ({error})") from None


def load(path: Path, tensors: Tensors, ranks: Ranks) -> None:
    """Fill the tensors from a checkpoint of any number of ranks."""
    state = tensors.state()
    with _quiet():
        try:
            dcp.load(state, checkpoint_id=path, no_dist=ranks.size == 1)
        except dcp.CheckpointException:
            raise CheckpointError(
                f"{path} cannot be read, or is of other settings: give the same ones, or another "
                "--out"
            ) from None
        if tensors.optimizers:
            set_optimizer_state_dict(
                tensors.trainee, tensors.optimizers, optim_state_dict=state["optimizers"]
            )


def rotate(folder: Path, keep: int) -> None:
    """Remove all but the last `keep` checkpoints, and what killed runs left behind."""
    pointed = (folder / LATEST).read_text().strip() if (folder / LATEST).exists() else ""
    found = sorted(p for p in folder.iterdir() if p.name.startswith(PREFIX))
    for path in found[: max(0, len(found) - keep)]:
        if path.name != pointed:
            _remove(path)
    for path in folder.iterdir():
        if path.name.startswith((ASIDE, GOING)):
            shutil.rmtree(path, ignore_errors=True)


def random_state() -> dict[str, Any]:
    """States of every global generator of this rank."""
    numbers = np.random.get_state(legacy=False)
    state: dict[str, Any] = {
        "torch": torch.get_rng_state(),
        "python": random.getstate(),
        "numpy": _plain(numbers),
    }
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def set_random_state(state: dict[str, Any]) -> None:
    torch.set_rng_state(state["torch"])
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    np.random.set_state(state["numpy"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])


def _plain(value: Any) -> Any:
    """numpy's state in Python's own types, which a checkpoint may hold."""
    if isinstance(value, dict):
        return {key: _plain(x) for key, x in value.items()}
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _point(folder: Path, name: str) -> None:
    fresh = folder / f"{LATEST}.new"
    fresh.write_text(name + "\n")
    _flush(fresh)
    fresh.replace(folder / LATEST)
    _flush(folder)


def _remove(path: Path) -> None:
    """Gone at once: renamed before it is deleted, so that nobody reads half of it."""
    if path.exists():
        going = path.with_name(GOING + path.name)
        shutil.rmtree(going, ignore_errors=True)
        path.rename(going)
        shutil.rmtree(going, ignore_errors=True)


def _flush(path: Path) -> None:
    """Onto the disk, so that a power cut finds what the names promise."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _quiet() -> warnings.catch_warnings:
    """torch warns of what is meant: saving without a process group."""
    return warnings.catch_warnings(action="ignore")
