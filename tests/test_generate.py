"""The whole story with a small random model: sizes, packing, seeds, recipes, editing."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests import tiny
from vino.errors import InputError
from vino.flow.sampling import Defaults, Sampling
from vino.generate import Model
from vino.media import Frames, content_hash
from vino.prompt import Image, Prompt, Video
from vino.references import fit_clip, fit_picture
from vino.request import Request, read_request

FEW = Sampling(steps=2, guidance=3.0, shift=2.0)
DEFAULTS = Defaults(
    picture=FEW, clip=FEW, picture_edit=replace(FEW, image_guidance=1.5), clip_edit=FEW,
    size=(32, 32), clip_size=(48, 32), frames=5, max_frames=21, max_area=96 * 96,
    reference_area=32 * 32,
)  # fmt: skip


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)


PICTURE = noise(40, 24, 3)
CLIP = Frames(noise(9, 32, 32, 3), 12.0)


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(tiny.vino(), DEFAULTS, {"name": "test", "hash": "0"})


def test_pictures_and_clips(model):
    assert model.generate("a dog").pixels.shape == (1, 32, 32, 3)
    assert model.generate("a dog", frames=5).pixels.shape == (5, 32, 48, 3)
    assert model.generate("a dog", size=(37, 20)).pixels.shape == (1, 20, 37, 3)
    assert model.animate(PICTURE, "it moves").size.frames == 5


def test_seeds_decide_and_repeat(model):
    one, two = model.generate("a dog", seed=5, n=2)
    again = model.generate("a dog", seed=6)
    assert np.array_equal(two.pixels, again.pixels)
    assert not np.array_equal(one.pixels, two.pixels)


def requests() -> list[Request]:
    edit = Prompt(Image(PICTURE, base=True), "remove it")
    both = Prompt("put ", Image(noise(16, 16, 3)), " into ", Image(PICTURE, base=True))
    return [
        Request(Prompt("a dog"), FEW, seed=1),
        Request(Prompt("a much longer prompt with a dog"), FEW, size=(48, 16), frames=5, seed=2),
        Request(edit, replace(FEW, image_guidance=2.0), seed=3),
        Request(both, replace(FEW, image_guidance=2.0, per_reference=(2.0, 1.0)), seed=4),
        Request(Prompt(Video(CLIP, base=True), "at night"), FEW, seed=5),
        Request(Prompt("alone"), replace(FEW, guidance=1.0), seed=6),
    ]


def latents(model: Model, wanted: list[Request]) -> list[torch.Tensor]:
    with torch.inference_mode():
        return model._sample(model._prepare(wanted), None)


def test_packed_equals_alone(model):
    """Different sizes, tasks, reference counts and guidance branches in one pass."""
    wanted = requests()
    for request, packed in zip(wanted, latents(model, wanted), strict=True):
        torch.testing.assert_close(packed, latents(model, [request])[0], atol=1e-5, rtol=0)


def test_a_reference_clip_does_not_depend_on_its_neighbours(model):
    """A long clip beside a request for more frames keeps the frames its own request asks."""
    clip = Request(Prompt(Video(noise(21, 16, 16, 3)), "Video 1 slides"), FEW, frames=5, seed=1)
    long = Request(Prompt("a dog"), FEW, frames=21, seed=2)
    alone, packed = latents(model, [clip])[0], latents(model, [long, clip])[1]
    torch.testing.assert_close(packed, alone, atol=1e-5, rtol=0)


def test_a_picture_is_made_from_whole_clips_told_to_be_one_or_not(model):
    asked = Request(Prompt(Video(CLIP), "Video 1 at night"), FEW, seed=1)
    silent, told = latents(model, [asked, replace(asked, frames=1)])
    assert torch.equal(silent, told)


def test_more_scales_than_references_are_refused(model):
    with pytest.raises(InputError, match="references"):
        model.generate("a dog", per_reference=(2.0,))


def test_without_text_guidance_only_the_media_differ(model):
    prompt = Prompt(Image(PICTURE), "a dog")
    made = Request(prompt, replace(FEW, guidance=1.0, image_guidance=3.0, negative="bad"))
    job = model._prepare([made])[0]
    assert {b.chat.text for b in job.branches} == {"a dog"}


def test_references_are_encoded_once_and_prompts_read_once(model, monkeypatch):
    model = Model(model.vino, DEFAULTS, {})  # one that has encoded nothing yet
    encoded, read = [], []
    encode, vlm_read = model.vino.vae.encode, model.vino.vlm.read
    monkeypatch.setattr(model.vino.vae, "encode", lambda x: encoded.append(1) or encode(x))
    monkeypatch.setattr(model.vino.vlm, "read", lambda x, y: read.append(len(x)) or vlm_read(x, y))
    prompt = Prompt(Image(PICTURE, base=True), "remove it")
    model.run([Request(prompt, FEW, seed=i) for i in range(3)])
    assert len(encoded) == 1
    assert read == [2]  # the prompt and the negative, whatever the seeds


def test_edits_keep_ratio_rate_and_length(model):
    edited = model.edit(PICTURE, "remove it")
    height, width = edited.pixels.shape[1:3]
    assert math.isclose(width / height, 24 / 40, rel_tol=0.05)
    assert "frames" not in edited.recipe["worked_at"]
    clip = model.edit(CLIP, "at night")
    assert clip.recipe["worked_at"].endswith(f" with {len(CLIP.pixels)} frames")
    assert clip.pixels.shape == CLIP.pixels.shape and clip.fps == 12.0


def test_what_is_edited_may_be_larger_than_other_references(model):
    """Objects keep their size in tokens, while the base lies on the grid of the result."""
    defaults = replace(DEFAULTS, reference_area=16 * 16, base_area=32 * 32)
    small = Model(model.vino, defaults, {"name": "test", "hash": "0"})
    square = noise(32, 32, 3)
    request = Request(Prompt(Image(square), Image(square, base=True), "put it in"), FEW)
    job = small._prepare([request])[0]
    sizes = [latent.shape[-1] * 8 for latent in job.branches[0].latents]
    assert (sizes, job.size.width) == ([16, 32], 32)
    assert small.check(request) == job.size


def test_a_recipe_makes_it_again(model):
    first = model.edit(PICTURE, "put Image 1 on it", references=[noise(16, 16, 3)], seed=9)
    media = [Image(noise(16, 16, 3)), Image(PICTURE)]
    request = read_request(first.recipe, media)
    assert np.array_equal(model.run([request])[0].pixels, first.pixels)
    with pytest.raises(InputError, match="--ref"):
        read_request(first.recipe, media[:1])
    with pytest.raises(InputError, match="damaged"):
        read_request({"vino": 1}, [])


def test_bfloat16_runs_every_kind_of_request():
    half = Model(tiny.vino().to(torch.bfloat16), DEFAULTS, {})
    made = half.run(requests())
    assert [len(f.pixels) for f in made] == [1, 5, 1, 1, 9, 1]


def test_progress_and_previews(model):
    seen = []
    model.generate("a dog", watch=lambda p: seen.append((p.step, p.steps, p.preview()[0].size)))
    assert [s[:2] for s in seen] == [(1, 2), (2, 2)]
    assert seen[0][2].width == 32


def test_destroying_the_mmdit_destroys_the_picture(model):
    want = model.generate("a dog", seed=3)
    broken = Model(tiny.vino(), DEFAULTS, {})
    for p in broken.vino.mmdit.parameters():
        torch.nn.init.zeros_(p)
    assert not np.array_equal(broken.generate("a dog", seed=3).pixels, want.pixels)


@pytest.mark.parametrize(
    "options",
    [{"size": (0, 32)}, {"size": (4096, 4096)}, {"frames": 1000}, {"frames": 0}, {"seed": -1},
     {"steps": 0}, {"guidance": math.nan}, {"solver": "x"}, {"n": 0}, {"stepz": 3},
     {"size": 64}, {"size": (64,)}, {"n": 1.5}, {"guidance": "5"}, {"per_reference": 2.0},
     {"seed": None}, {"seed": "1"}, {"frames": "5"}],
    ids=str,
)  # fmt: skip
def test_senseless_requests_are_refused(model, options):
    with pytest.raises(InputError):
        model.generate("a dog", **options)


def test_pictures_are_letterboxed_on_white_and_clips_cropped():
    fitted = fit_picture(Frames(np.zeros((1, 30, 97, 3), np.uint8)), 32 * 32, 8)
    left, top, width, height = fitted.content
    inside = np.zeros(fitted.frames.pixels.shape[1:3], bool)
    inside[top : top + height, left : left + width] = True
    assert (fitted.frames.pixels[0][~inside] == 255).all()
    assert (fitted.frames.pixels[0][inside] == 0).all()
    clip = fit_clip(Frames(noise(11, 30, 50, 3)), 32 * 32, 8, frames=21)
    assert clip.size.frames == 9 and clip.size.width % 8 == 0


def test_hashes_are_of_the_pixels():
    assert content_hash(Image(PICTURE).frames) == content_hash(Frames(PICTURE[None]))
