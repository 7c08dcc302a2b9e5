"""Judging beside the model: in processes of their own, where there is a second core."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import cv2
import numpy as np

from vino.evaluate.world.judge import Judge
from vino.evaluate.world.suites import SUITES
from vino.evaluate.world.trials import Trial
from vino.evaluate.world.verdicts import Case, Verdict, verdict

JUDGES = 2  # processes: while the model answers, they get little; after it, they are waited for


class Here(Executor):
    """Does everything at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


@dataclass(frozen=True)
class Bench:
    """Where answers are judged, and the styles and tints that the judge knows."""

    executor: Executor
    styles: tuple[str, ...]
    tints: tuple[str, ...]

    def judge(self, trial: Trial, answer: np.ndarray, ideal: np.ndarray) -> Future[Verdict]:
        """Ask for the verdict on an answer; see `Case`."""
        return self.executor.submit(judged, self.styles, self.tints, trial, answer, ideal)


@contextmanager
def open_bench(
    styles: tuple[str, ...], tints: tuple[str, ...], beside: bool = False
) -> Iterator[Bench]:
    """A place to judge.

    beside: in other processes, which import the program's main module and take what the model
    leaves idle.
    """
    executor = _beside() if beside else Here()
    try:
        yield Bench(executor, styles, tints)
    finally:
        executor.shutdown(cancel_futures=True)


def _beside() -> Executor:
    """Processes with one thread each. Not forked: threads of torch do not survive that."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy reads it where it is imported
    return ProcessPoolExecutor(JUDGES, get_context("spawn"), _step_back)


def _step_back() -> None:
    """Keep off the cores that the model wants: its threads wait for the slowest."""
    cv2.setNumThreads(1)
    if hasattr(os, "nice"):
        os.nice(19)


def judged(
    styles: tuple[str, ...],
    tints: tuple[str, ...],
    trial: Trial,
    answer: np.ndarray,
    ideal: np.ndarray,
) -> Verdict:
    """The verdict on an answer, by a judge who knows these styles and tints."""
    judge = Judge(styles, tints)  # its library is read once per process
    return verdict(Case(judge, trial, answer, ideal), SUITES[trial.suite].score)
