"""Tasks that follow from others: the paper's two proxy tasks, and long and short prompts.

Image reconstruction teaches what the VLM's states of a picture mean; image selection teaches that
"Image 2" is the second picture (paper, section on training stages).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vino.data.buckets import fill
from vino.data.manifest import Records
from vino.data.mixture import shuffled
from vino.data.sample import Example, Kind
from vino.data.source import Outline, Source
from vino.data.sources.records import Admit, record_sources
from vino.errors import InputError
from vino.media import DEFAULT_LIMITS, Limits
from vino.prompt import Image, Prompt
from vino.sizes import PixelSize

RECONSTRUCT_TEXT = "Show Image 1 again, exactly as it is."
SELECT_TEXT = "Show Image {} of these, exactly as it is."
PICTURES = "t2i"  # the task whose targets the proxy tasks are made of


def trainable_sources(
    records: Records, limits: Limits = DEFAULT_LIMITS, admit: Admit | None = None
) -> dict[str, Source]:
    """All that can be trained on with a collection.

    Its own tasks; each task T also as T_long and T_short (see `Record.short`); "reconstruct" and
    "select", made of the targets of "t2i". Tasks of the collection's own by these names come first.
    """
    own: dict[str, Source] = dict(record_sources(records, limits, admit=admit))
    long = {f"{task}_long": source for task, source in own.items()}
    shorter = record_sources(records, limits, short=True, admit=admit)
    short = {f"{task}_short": source for task, source in shorter.items()}
    return {**proxies(own), **long, **short, **own}


def proxies(sources: Mapping[str, Source]) -> dict[str, Source]:
    """The proxy tasks, when there are pictures to make them of."""
    pictures = sources.get(PICTURES)
    if pictures is None:
        return {}
    return {"reconstruct": Reconstruction(pictures), "select": Selection(pictures)}


@dataclass(frozen=True)
class Reconstruction:
    """One picture, shown to the VLM alone; the target is that picture."""

    pictures: Source
    task: str = "reconstruct"

    @property
    def length(self) -> int | None:
        return self.pictures.length

    @property
    def fingerprint(self) -> str:
        return self.pictures.fingerprint

    def name(self, number: int) -> str:
        return self.pictures.name(number)

    def outline(self, number: int) -> Outline:
        size = _size(self.pictures, number)
        shown: tuple[tuple[Kind, PixelSize], ...] = (("image", size),)
        return Outline(size, shown, characters=len(RECONSTRUCT_TEXT), withheld=True)

    def example(self, number: int, bucket: PixelSize) -> Example:
        whole = _picture(self.pictures, number)
        return Example(
            prompt=Prompt(Image(whole.target), RECONSTRUCT_TEXT),
            target=fill(whole.target, bucket),
            task=self.task,
            key=f"{self.task} {whole.key}",
            withhold_latents=True,
            licence=whole.licence,
        )


@dataclass(frozen=True)
class Selection:
    """Two to `most` pictures, and the instruction to show the i-th of them."""

    pictures: Source
    task: str = "select"
    most: int = 4

    @property
    def length(self) -> int | None:
        return self.pictures.length

    @property
    def fingerprint(self) -> str:
        return self.pictures.fingerprint

    def name(self, number: int) -> str:
        return self.pictures.name(number)

    def outline(self, number: int) -> Outline:
        chosen, shown = self._shown(number)
        sizes = [_size(self.pictures, n) for n in shown]
        text = SELECT_TEXT.format(chosen + 1)
        return Outline(sizes[chosen], tuple(("image", s) for s in sizes), characters=len(text))

    def example(self, number: int, bucket: PixelSize) -> Example:
        chosen, shown = self._shown(number)
        wholes = [_picture(self.pictures, n) for n in shown]
        media = [Image(whole.target) for whole in wholes]
        return Example(
            prompt=Prompt(*media, SELECT_TEXT.format(chosen + 1)),
            target=fill(wholes[chosen].target, bucket),
            task=self.task,
            key=f"{self.task} {wholes[chosen].key}",
            licence=", ".join(dict.fromkeys(whole.licence for whole in wholes)),
        )

    def _shown(self, number: int) -> tuple[int, list[int]]:
        """Which place is asked for, and the pictures' numbers; the asked one is `number`."""
        rng = np.random.default_rng((3, number))
        count = int(rng.integers(2, self.most + 1))
        length = self.length
        others = [number + i for i in range(1, count)]
        if length is not None:
            if length < self.most:
                raise InputError(f"selection needs {self.most} pictures, there are {length}")
            order = (shuffled(i, length, f"beside {number}") for i in range(count))
            others = [n for n in order if n != number][: count - 1]
        chosen = int(rng.integers(count))
        return chosen, [*others[:chosen], number, *others[chosen:]]


def _size(pictures: Source, number: int) -> PixelSize:
    size = pictures.outline(number).target
    if size.frames > 1:
        raise InputError(f"{pictures.name(number)} is a clip: proxy tasks are made of pictures")
    return size


def _picture(pictures: Source, number: int) -> Example:
    """A picture at its own size."""
    return pictures.example(number, _size(pictures, number))
