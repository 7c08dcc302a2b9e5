"""The emoji world as a source: sizes told beforehand are those that are rendered."""

import pytest

from vino.data.buckets import Buckets, Fitting, Meter
from vino.data.loader import Loader
from vino.data.packing import Batching
from vino.data.planner import Corpus
from vino.data.sources.world import WorldSource
from vino.data.world.tasks import TASKS
from vino.data.world.vocabulary import FULL
from vino.media import content_hash
from vino.prompt import Image

pytestmark = pytest.mark.filterwarnings("ignore::vino.prompt.PromptWarning")

FITTING = Fitting(
    Buckets(area=64 * 64, unit=8, frames=9),
    Meter(patch=(1, 1, 1), reference_area=64 * 64, queries=16, width=256),
)


@pytest.mark.parametrize("task", sorted(TASKS))
def test_every_task(task):
    source = WorldSource(task, FULL, seed=3, frames=(5, 9))
    for number in range(3):
        outline = source.outline(number)
        shape = FITTING.shape(outline, task)
        example = source.example(number, shape.bucket)
        assert example.target.size == shape.bucket == outline.target
        media = example.prompt.media
        sizes = tuple(("image" if isinstance(m, Image) else "video", m.frames.size) for m in media)
        assert sizes == outline.references
        assert [i for i, m in enumerate(media) if m.base] == [
            i for i in (outline.base,) if i is not None
        ]
        assert example.withhold_latents == outline.withheld


def test_the_world_through_the_loader():
    sources = {t: WorldSource(t, FULL, frames=(9,)) for t in ("t2i", "remove", "t2v")}
    batching = Batching(tokens=1500, lookahead=16, window=2)
    corpus = Corpus(sources, {"t2i": 2, "remove": 2, "t2v": 1}, FITTING, batching)
    batches = iter(Loader(corpus))
    examples = [e for _ in range(4) for e in next(batches)]
    assert {e.task for e in examples} == set(sources)
    assert len({e.key for e in examples}) == len(examples)
    again = [e for _, batch in zip(range(4), Loader(corpus), strict=False) for e in batch]
    assert [content_hash(e.target) for e in again] == [content_hash(e.target) for e in examples]
