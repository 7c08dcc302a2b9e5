"""Where examples come from, as training sees it: any iterable whose place can be kept."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

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
    rank is given the state of the first.
    """

    def __iter__(self) -> Iterator[Sequence[Example]]: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any]) -> None: ...


Feeds = Callable[[TrainConfig, Stage, int, int], Feed]
"""(config, stage, rank, ranks) -> that rank's feed for the stage."""
