"""Where examples come from, as training sees it: any iterable whose place can be kept."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from vino.data.buckets import Meter
from vino.data.packing import Batching
from vino.media import Frames
from vino.prompt import Prompt
from vino.train.config import Stage, TrainConfig


class Example(Protocol):
    """What training asks of an example.

    key: names the example for good; noise, time and dropout of a step follow from it.
    withhold_latents: the media are for the vision-language model alone (image reconstruction).
    """

    @property
    def prompt(self) -> Prompt: ...
    @property
    def target(self) -> Frames: ...
    @property
    def task(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def withhold_latents(self) -> bool: ...


class Feed(Protocol):
    """Micro-batches without end, continued exactly where `state_dict` was taken.

    The state is made of Python's plain types and tensors. With another number of ranks every
    rank is given the state of the first. skipped: examples that could not be used on
    this rank since the feed was made.
    """

    @property
    def skipped(self) -> int: ...
    def __iter__(self) -> Iterator[Sequence[Example]]: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any]) -> None: ...


@dataclass(frozen=True)
class Wanted:
    """What examples are asked for: those of a stage, for one of the run's ranks.

    meter: counts tokens as the model that is trained packs them.
    """

    config: TrainConfig
    stage: Stage
    meter: Meter
    rank: int = 0
    ranks: int = 1


Feeds = Callable[[Wanted], Feed]
Examples = Callable[[Wanted], Sequence[Example]]


def batching(config: TrainConfig) -> Batching:
    """How the run's examples become micro-batches: packed to `tokens`, or `batch` of them."""
    return Batching(
        tokens=config.tokens,
        batch=max(1, config.batch),
        one_task=config.one_task,
        micro_batches=config.accumulate,
    )
