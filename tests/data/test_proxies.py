"""Proxy tasks and short prompts, made of ordinary records."""

import numpy as np
import pytest

from tests.data.making import clip, folder_of_everything, picture, record, write_manifest
from vino.data.buckets import Buckets, Fitting, Meter
from vino.data.manifest import open_records
from vino.data.sources.proxies import proxies, trainable_sources
from vino.data.sources.records import record_sources
from vino.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore::vino.prompt.PromptWarning")

FITTING = Fitting(
    Buckets(area=64 * 64, unit=8, frames=17, enlarge=4),
    Meter(patch=(1, 1, 1), reference_area=64 * 64, queries=16, width=256),
)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    folder_of_everything(folder)
    return trainable_sources(open_records(folder))


def made(source, number: int, task: str):
    return source.example(number, FITTING.shape(source.outline(number), task).bucket)


def test_reconstruction_shows_the_target_to_the_vlm_alone(sources):
    outline = sources["reconstruct"].outline(2)
    example = made(sources["reconstruct"], 2, "reconstruct")
    assert example.withhold_latents and outline.withheld
    assert outline.references == (("image", example.prompt.images[0].frames.size),)
    shown = example.prompt.images[0].frames.pixels.astype(float)
    assert abs(shown.mean() - example.target.pixels.mean()) < 8
    assert FITTING.meter.visual(outline, example.target.size) == np.prod(
        [s // 8 for s in example.target.size.__dict__.values()][1:]
    )


def test_selection_asks_for_the_target(sources):
    source = sources["select"]
    counts, places = set(), set()
    for number in range(6):
        example = made(source, number, "select")
        images = example.prompt.images
        place = int(example.prompt.text.split("Image ")[1][0]) - 1
        colours = [i.frames.pixels[0, :, :, 1].mean() - i.frames.pixels[0, :, :, 0].mean()
                   for i in images]  # fmt: skip
        target = example.target.pixels[0].astype(float)
        level = target[:, :, 1].mean() - target[:, :, 0].mean()
        assert int(np.argmin([abs(c - level) for c in colours])) == place
        assert len({i.frames.pixels.tobytes() for i in images}) == len(images)
        assert tuple(i.frames.size for i in images) == tuple(
            size for _, size in source.outline(number).references
        )
        counts.add(len(images))
        places.add(place)
    assert len(counts) > 1 and len(places) > 1


def test_short_prompts(tmp_path):
    picture().save(tmp_path / "a.png")
    clip().save(tmp_path / "b.mp4")
    first = [{"image": "a.png", "base": True}, "grows lighter little by little, all of it"]
    write_manifest(
        tmp_path,
        record("b.mp4", first, "i2v", short="grows light"),
        record("a.png", "a long story"),
    )
    sources = trainable_sources(open_records(tmp_path))
    long, short = (made(sources[f"i2v_{kind}"], 0, "i2v") for kind in ("long", "short"))
    assert (long.prompt.text, short.prompt.text) == (first[1], "grows light")
    assert short.prompt.base is not None
    with pytest.raises(InputError, match="has no short prompt"):
        sources["t2i_short"].outline(0)
    with pytest.raises(InputError, match="needs 4 pictures, there are 1"):
        sources["select"].outline(0)


def test_own_tasks_come_first(tmp_path):
    picture().save(tmp_path / "a.png")
    lines = [record("a.png", f"{i}", task) for i, task in enumerate(["t2i", "select", "t2i_long"])]
    write_manifest(tmp_path, *lines)
    records = open_records(tmp_path)
    sources = trainable_sources(records)
    assert made(sources["select"], 0, "select").prompt.text == "1"
    assert made(sources["t2i_long"], 0, "t2i").prompt.text == "2"
    assert proxies({"t2v": record_sources(records)["t2i"]}) == {}
