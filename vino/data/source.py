"""What examples come from: anything that knows their sizes beforehand and makes them by number."""

from dataclasses import dataclass
from typing import Protocol

from vino.data.sample import Example, Kind
from vino.sizes import PixelSize


@dataclass(frozen=True)
class Outline:
    """Sizes of an example before it is decoded; packing needs no more.

    references: kind and size of the prompt's media in the model's order. characters: of its text.
    base: which reference is edited; it takes the target's height and width.
    withheld: the references have no latents in the visual stream.
    """

    target: PixelSize
    references: tuple[tuple[Kind, PixelSize], ...] = ()
    base: int | None = None
    characters: int = 0
    withheld: bool = False


class Source(Protocol):
    """Examples of one task, made by number. All are pure functions of the number.

    Raises InputError when an example cannot be used; it is then skipped.
    """

    @property
    def length(self) -> int | None:
        """How many examples there are, None for ever new ones."""
        ...

    @property
    def fingerprint(self) -> str:
        """Tells these examples, in this order, from others; empty where there are ever new ones."""
        ...

    def name(self, number: int) -> str:
        """What the example is called in reports."""
        ...

    def outline(self, number: int) -> Outline:
        """Its sizes, found without decoding."""
        ...

    def example(self, number: int, bucket: PixelSize) -> Example:
        """Decoded, the target and the base on the grid of `bucket`."""
        ...
