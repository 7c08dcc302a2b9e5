"""Samples of a benchmark: made in packs, kept as the official scorer reads them, made once."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vino.errors import InputError
from vino.evaluate.official.benchmark import Benchmark, Case
from vino.generate import Model
from vino.media import Frames
from vino.prompt import Image, Medium, Prompt, PromptWarning, Text, Video
from vino.request import Request

PICTURES, CLIPS = 16, 2  # samples of a pack


@dataclass(frozen=True, eq=False)
class Sample:
    """The index-th sample of a prompt."""

    case: Case
    index: int

    @property
    def file(self) -> str:
        return self.case.files[self.index]


@dataclass(frozen=True)
class Failure:
    """A prompt that the model refuses, and why."""

    name: str
    error: str


def missing_samples(cases: Sequence[Case], folder: Path) -> list[Sample]:
    """What is not there yet."""
    samples = [Sample(case, index) for case in cases for index in range(len(case.files))]
    return [sample for sample in samples if not (folder / sample.file).exists()]


def generate(
    model: Model,
    benchmark: Benchmark,
    samples: Sequence[Sample],
    folder: Path,
    seed: int,
    done: Callable[[int], None],
) -> list[Failure]:
    """Make and save samples; returns the prompts that were refused, each once.

    seed: of the first sample of every prompt; the others count up. done: told how many more
    samples are settled, after every pack
    """
    pack = CLIPS if benchmark.is_clip else PICTURES
    failures: dict[str, Failure] = {}
    for start in range(0, len(samples), pack):
        asked = samples[start : start + pack]
        open_ones = [sample for sample in asked if sample.case.name not in failures]
        for sample, made in _make(model, benchmark, open_ones, seed):
            if isinstance(made, Frames):
                made.save(folder / sample.file)
            else:
                failures[sample.case.name] = Failure(sample.case.name, str(made))
        done(len(asked))
    return list(failures.values())


def _make(
    model: Model, benchmark: Benchmark, samples: Sequence[Sample], seed: int
) -> Iterator[tuple[Sample, Frames | InputError]]:
    """All samples in one pack; each alone if that is refused, to find the one that cannot be."""
    try:
        requests = [_request(model, benchmark, s.case, seed + s.index) for s in samples]
        yield from zip(samples, model.run(requests), strict=True)
    except InputError as problem:
        if len(samples) == 1:
            yield samples[0], problem
            return
        for sample in samples:
            yield from _make(model, benchmark, [sample], seed)


def _request(model: Model, benchmark: Benchmark, case: Case, seed: int) -> Request:
    """A case at the model's own sizes; an edit takes its source's."""
    kind: type[Medium] = Video if benchmark.is_clip and case.is_edit else Image
    media = [kind(path, base=case.is_edit) for path in case.references]
    with warnings.catch_warnings():  # official prompts describe their references without numbers
        warnings.filterwarnings("ignore", ".* is never named", PromptWarning)
        prompt = Prompt(*media, Text(case.text))
    frames = None if case.is_edit else model.defaults.frames if benchmark.is_clip else 1
    return Request(prompt, model.sampling(prompt, frames, {}), frames=frames, seed=seed)
