"""Judging beside the model: in processes of their own, where there is a second core."""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from threading import Semaphore
from typing import Any

import cv2
import numpy as np

from vino.errors import InputError
from vino.evaluate.world.judge import Judge
from vino.evaluate.world.suites import SUITES
from vino.evaluate.world.trials import Trial
from vino.evaluate.world.verdicts import Case, Verdict, verdict

JUDGES = 2  # processes: while the model answers, they get little; after it, they are waited for
BACKLOG = 256  # verdicts asked for and not there yet: what they are on stays in memory
BLAS_THREADS = "OPENBLAS_NUM_THREADS"  # numpy reads it where it is imported


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
    room: Semaphore = field(default_factory=lambda: Semaphore(BACKLOG))

    def judge(self, trial: Trial, answer: np.ndarray, ideal: np.ndarray) -> Future[Verdict]:
        """Ask for the verdict on an answer, when there is room for it; see `Case`."""
        self.room.acquire()
        asked = self.executor.submit(judged, self.styles, self.tints, trial, answer, ideal)
        asked.add_done_callback(lambda _: self.room.release())
        return asked


@contextmanager
def open_bench(
    styles: tuple[str, ...], tints: tuple[str, ...], beside: bool = False
) -> Iterator[Bench]:
    """A place to judge.

    beside: in other processes, which import the program's main module and take what the model
    leaves idle.
    Raises InputError when one of these is killed.
    """
    with _beside() if beside else Here() as executor:
        try:
            yield Bench(executor, styles, tints)
        except BrokenProcessPool:
            raise InputError(
                "a process that judges was killed, perhaps for its memory: run it again, the "
                "answers are kept"
            ) from None
        finally:
            executor.shutdown(cancel_futures=True)


@contextmanager
def _beside() -> Iterator[Executor]:
    """Processes with one thread each. Not forked: threads of torch do not survive that."""
    before = os.environ.get(BLAS_THREADS)
    os.environ[BLAS_THREADS] = "1"
    try:
        yield ProcessPoolExecutor(JUDGES, get_context("spawn"), _step_back)
    finally:
        del os.environ[BLAS_THREADS]
        if before is not None:
            os.environ[BLAS_THREADS] = before


def _step_back() -> None:
    """Keep off the cores that the model wants: its threads wait for the slowest."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks ends this process
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
