"""Buckets keep ratio and area, base and target stay aligned, and tokens are counted as packed."""

import tracemalloc

import numpy as np
import pytest
import torch

from tests.data.making import clip, picture, record, write_manifest
from vino.data.buckets import Buckets, Fitting, Meter, fill
from vino.data.manifest import open_records
from vino.data.source import Outline
from vino.data.sources.records import record_sources
from vino.errors import InputError
from vino.media import read_size
from vino.model.sequence import pack
from vino.prompt import Image, Video
from vino.references import fit
from vino.sizes import PixelSize, Strides

FULL = Buckets()
TINY = Buckets(area=64 * 64, unit=8, frames=17, lengths={"short": 9})


@pytest.mark.parametrize(
    "size", [(1920, 1080), (1080, 1920), (1024, 1024), (900, 700), (4000, 1100)]
)
def test_ratio_is_kept_and_area_equal(size):
    width, height = size
    bucket = FULL.bucket(PixelSize(1, height, width), "t2i")
    assert bucket.width % 16 == bucket.height % 16 == 0
    assert abs(bucket.width * bucket.height / 640**2 - 1) < 0.02
    assert abs(bucket.width / bucket.height * height / width - 1) < 0.06


def test_lengths_per_task():
    def frames(n: int, task: str) -> int:
        return TINY.bucket(PixelSize(n, 64, 64), task).frames

    assert [frames(n, "t2v") for n in (1, 5, 12, 17, 300)] == [1, 5, 9, 17, 17]
    assert frames(300, "short") == 9
    with pytest.raises(InputError, match="4 frames is too short"):
        frames(4, "t2v")


@pytest.mark.parametrize(
    ("width", "height", "says"), [(1000, 100, "narrower"), (200, 200, "enlarged 3.2 times")]
)
def test_what_is_of_no_use(width, height, says):
    with pytest.raises(InputError, match=says):
        FULL.bucket(PixelSize(1, height, width), "t2i")


def test_fill_crops_the_middle_and_first_frames():
    media = fill(clip(17, 100, 64), PixelSize(9, 32, 32))
    assert media.size == PixelSize(9, 32, 32)
    assert [int(f.mean()) for f in media.pixels] == [8 * i for i in range(9)]
    slope = fill(picture(96, 32), PixelSize(1, 32, 32)).pixels.astype(int)
    assert abs(slope[0, 0, 0, 0] - 200 * 32 / 95) < 4
    with pytest.raises(InputError, match="only 9 of 17 frames"):
        fill(media, PixelSize(17, 32, 32))


def test_what_is_cropped_is_not_enlarged_first():
    """Scaled as a whole, this base would have 134 million pixels."""
    line = picture(32_768, 1)
    tracemalloc.start()
    media = fill(line, PixelSize(1, 64, 64))
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert media.size == PixelSize(1, 64, 64) and used < 1_000_000
    middle = line.pixels[0, 0, 16_383:16_385]
    assert abs(media.pixels.astype(int) - middle.mean(0)).max() <= 1


def test_base_and_target_stay_aligned(tmp_path):
    picture(192, 128, 7).save(tmp_path / "big.png")
    picture(192, 128, 7).save(tmp_path / "out.png")
    line = record("out.png", [{"image": "big.png", "base": True}, "nothing"], "ti2i")
    source = record_sources(open_records(write_manifest(tmp_path, line)))["ti2i"]
    bucket = TINY.bucket(source.outline(0).target, "ti2i")
    example = source.example(0, bucket)
    assert example.target.size == bucket
    assert example.prompt.base is not None
    assert np.array_equal(example.prompt.base.frames.pixels, example.target.pixels)


@pytest.mark.parametrize("strides, patch", [(Strides(4, 8), (1, 1, 1)), (Strides(4, 8), (1, 2, 2))])
def test_visual_tokens_are_those_that_are_packed(strides, patch):
    meter = Meter(strides=strides, patch=patch, reference_area=64 * 96, reference_frames=9)
    hat, walk = Image(picture(100, 60)), Video(clip(17, 90, 70))
    bucket = PixelSize(9, 64, 80)
    base = Image(fill(picture(80, 64), PixelSize(1, 64, 80)), base=True)
    outline = Outline(
        target=bucket,
        references=tuple(
            (k, m.frames.size) for k, m in (("image", hat), ("image", base), ("video", walk))
        ),
        base=1,
    )

    def latent(size: PixelSize) -> torch.Tensor:
        s = strides.latent(size)
        return torch.zeros(4, s.frames, s.height, s.width)

    with pytest.warns(UserWarning, match="the first 9 are used"):
        sizes = [fit(m, 64 * 96, meter.unit, 9).size for m in (hat, walk)]
    references = [latent(sizes[0]), latent(base.frames.size), latent(sizes[1])]
    visual = pack([latent(bucket)], [references], patch)
    assert meter.visual(outline, bucket) == visual.lengths[0]


def test_work_of_the_published_clip():
    """85 frames of 480x848: two thirds of a forward are attention, 1,401 TFLOP in all (DESIGN)."""
    tokens = 22 * 30 * 53
    matrices = 2 * 12 * 3072**2 * 60 * tokens
    whole = Meter().work(tokens) / tokens * matrices
    assert whole == pytest.approx(1401e12, rel=0.03)
    assert 1 - matrices / whole == pytest.approx(2 / 3, abs=0.03)


def test_buckets_that_do_not_fit_the_model():
    with pytest.raises(InputError, match="unit=16"):
        Fitting(Buckets(unit=8), Meter())


def test_sizes_without_decoding(tmp_path):
    picture(50, 30).save(tmp_path / "a.webp")
    clip(13, 48, 32).save(tmp_path / "b.mp4")
    clip(5, 48, 32).save(tmp_path / "c.gif")
    assert read_size(tmp_path / "a.webp", is_clip=False) == PixelSize(1, 30, 50)
    assert read_size(tmp_path / "b.mp4", is_clip=True) == PixelSize(13, 32, 48)
    assert read_size(tmp_path / "c.gif", is_clip=True) == PixelSize(5, 32, 48)
    with pytest.raises(InputError, match="is a clip"):
        read_size(tmp_path / "b.mp4", is_clip=False)
    picture().save(tmp_path / "a.jpg")
    with pytest.raises(InputError, match="still picture"):
        read_size(tmp_path / "a.jpg", is_clip=True)
