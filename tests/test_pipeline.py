"""VinoPipeline, used the way scripts for diffusers use a pipeline."""

import inspect
import json
from dataclasses import asdict

import numpy as np
import pytest
import torch
from diffusers import FluxKontextPipeline, HunyuanVideoPipeline
from diffusers.utils import export_to_video
from PIL import Image
from safetensors.torch import save_file

import vino
from tests import tiny
from tests.test_generate import DEFAULTS, noise
from vino.checkpoints import Card, Checkpoint, write_native
from vino.errors import InputError
from vino.media import read_clip
from vino.pipeline import VinoPipeline

# A vino.Prompt holds what these would say, or the solver and the model's own default do.
NOT_OURS = {
    "prompt_2", "negative_prompt_2", "true_cfg_scale", "sigmas", "latents", "max_sequence_length",
    "ip_adapter_image", "negative_ip_adapter_image", "joint_attention_kwargs", "attention_kwargs",
    "max_area", "_auto_resize", "num_videos_per_prompt", "prompt_template",
}  # fmt: skip


def seeded(seed: int) -> torch.Generator:
    return torch.Generator("cpu").manual_seed(seed)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    card = Card(sampling=asdict(DEFAULTS), licence="CC BY 4.0")
    return write_native(
        tmp_path_factory.mktemp("model") / "small", Checkpoint.of(tiny.vino(), card)
    )


@pytest.fixture(scope="module")
def pipe(folder):
    made = VinoPipeline.from_pretrained(folder, torch_dtype=torch.float32).to("cpu")
    made.set_progress_bar_config(disable=True)
    return made


@pytest.fixture(scope="module")
def model(folder):
    return vino.load(folder, device="cpu")


def pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture)


def test_a_script_as_people_write_them(tmp_path):
    pipe = vino.VinoPipeline.from_pretrained("tiny", torch_dtype=torch.float32)
    pipe = pipe.to("cpu")
    image = pipe(
        prompt="a red apple on a plain green background",
        height=64,
        width=64,
        num_inference_steps=2,
        guidance_scale=3.0,
        generator=torch.Generator("cpu").manual_seed(7),
    ).images[0]
    image.save(tmp_path / "a.png")
    video = pipe(
        image=image,
        prompt="the red apple slides to the right",
        num_frames=5,
        num_inference_steps=1,
        generator=torch.Generator("cpu").manual_seed(0),
    ).frames[0]
    export_to_video(video, str(tmp_path / "a.mp4"), fps=12)

    again = vino.load("tiny", device="cpu").generate(
        "a red apple on a plain green background", size=(64, 64), seed=7, steps=2, guidance=3.0
    )
    assert np.array_equal(pixels(Image.open(tmp_path / "a.png")), again.pixels[0])
    assert read_clip(tmp_path / "a.mp4").size.frames == 5


@pytest.mark.parametrize("theirs", [FluxKontextPipeline, HunyuanVideoPipeline])
def test_arguments_are_called_as_theirs(theirs):
    wanted = set(inspect.signature(theirs.__call__).parameters) - NOT_OURS
    wanted = {name for name in wanted if "embeds" not in name and "mask" not in name}
    assert wanted <= set(inspect.signature(VinoPipeline.__call__).parameters)


def test_seeds_are_those_of_generate(pipe, model):
    made = pipe("a dog", generator=seeded(5), num_images_per_prompt=2).images
    for picture, frames in zip(made, model.generate("a dog", seed=5, n=2), strict=True):
        assert np.array_equal(pixels(picture), frames.pixels[0])
    listed = pipe(["a dog", "a dog"], generator=[seeded(6), seeded(5)]).images
    assert np.array_equal(pixels(listed[0]), pixels(made[1]))
    assert np.array_equal(pixels(listed[1]), pixels(made[0]))


def test_a_generator_moves_on_and_none_is_torchs(pipe):
    generator = seeded(5)
    one, two = (pixels(pipe("a dog", generator=generator).images[0]) for _ in range(2))
    assert not np.array_equal(one, two)
    again = seeded(5)
    assert np.array_equal(one, pixels(pipe("a dog", generator=again).images[0]))
    assert np.array_equal(two, pixels(pipe("a dog", generator=again).images[0]))
    free = []
    for _ in range(2):
        torch.manual_seed(3)
        free += [pixels(pipe("a dog").images[0]), pixels(pipe("a dog").images[0])]
    assert np.array_equal(free[0], free[2]) and np.array_equal(free[1], free[3])
    assert not np.array_equal(free[0], free[1])


def test_forms_of_output(pipe):
    def made(kind, **options):
        return pipe("a dog", output_type=kind, generator=seeded(1), **options)

    pictures = made("pil").images
    assert pictures[0].size == (32, 32)
    array, tensor = made("np").images, made("pt").images
    assert array.shape == (1, 32, 32, 3) and tensor.shape == (1, 3, 32, 32)
    assert np.array_equal(np.rint(array[0] * 255), pixels(pictures[0]))
    assert torch.equal(tensor, torch.from_numpy(array).permute(0, 3, 1, 2))
    (alone,) = made("np", return_dict=False)
    assert np.array_equal(alone, array)

    clips = made("pil", num_frames=5).frames
    assert len(clips[0]) == 5 and clips[0][0].size == (48, 32)
    assert made("np", num_frames=5).frames.shape == (1, 5, 32, 48, 3)
    assert made("pt", num_frames=5).frames.shape == (1, 5, 3, 32, 48)
    latents = made("latent").images
    assert latents.shape == (1, 4, 1, 4, 4)
    assert np.array_equal(pipe.model.decode(latents[0]).pixels[0], pixels(pictures[0]))


def test_pictures_and_clips_go_in(pipe, model):
    photo, other = noise(40, 24, 3), Image.fromarray(noise(16, 16, 3))
    edited = pipe("Image 1 on Image 2", [other, photo], generator=seeded(2)).images[0]
    expected = model.edit(photo, "Image 1 on Image 2", references=[other], seed=2)
    assert np.array_equal(pixels(edited), expected.pixels[0])

    tensor = torch.from_numpy(photo).permute(2, 0, 1).float() / 255
    same = pipe("Image 1 on Image 2", [other, tensor], generator=seeded(2)).images[0]
    assert np.array_equal(pixels(same), pixels(edited))

    moving = pipe("it moves", photo, num_frames=5, generator=seeded(2)).frames[0]
    expected = model.animate(photo, "it moves", frames=5, seed=2)
    assert np.array_equal(np.stack([pixels(f) for f in moving]), expected.pixels)

    clip = [Image.fromarray(frame) for frame in noise(5, 32, 32, 3)]
    changed = pipe("at night", video=clip, generator=seeded(2)).frames[0]
    assert np.array_equal(
        np.stack([pixels(f) for f in changed]), model.edit(clip, "at night", seed=2).pixels
    )
    apart = pipe("the hat in Image 1", other, edit=False, generator=seeded(2)).images[0]
    expected = model.generate(vino.Prompt(vino.Image(other), "the hat in Image 1"), seed=2)
    assert np.array_equal(pixels(apart), expected.pixels[0])


def test_a_batch_has_its_own_pictures_and_negatives(pipe, model):
    one, two = noise(16, 16, 3), noise(24, 16, 3)
    made = pipe(
        ["darker", "Image 1 on Image 2"], [one, [one, two]], negative_prompt=["blur", ""],
        guidance_scale=2.0, generator=seeded(4),
    ).images  # fmt: skip
    alone = model.edit(one, "darker", seed=4, guidance=2.0, negative="blur")
    difference = np.abs(pixels(made[0]).astype(int) - alone.pixels[0])
    assert difference.max() <= 1  # packed with others: the last bit of a float may differ
    alone = model.edit(two, "Image 1 on Image 2", references=[one], seed=5, guidance=2.0)
    assert np.abs(pixels(made[1]).astype(int) - alone.pixels[0]).max() <= 1


def test_sizes(pipe):
    assert pipe("a dog", width=16, output_type="np").images.shape == (1, 32, 16, 3)
    assert pipe("a dog", height=24, num_frames=5).frames[0][0].size == (48, 24)
    with pytest.raises(InputError, match="both height and width"):
        pipe("darker", noise(16, 16, 3), height=32)


def test_callbacks_see_and_change_latents(pipe):
    seen = []

    def look(pipe, step, timestep, tensors):
        seen.append((step, float(timestep), tensors["latents"].clone()))
        return tensors

    plain = pipe("a dog", generator=seeded(1), output_type="latent").images
    watched = pipe(
        "a dog", generator=seeded(1), output_type="latent", callback_on_step_end=look,
        callback_on_step_end_tensor_inputs=["latents"],
    ).images  # fmt: skip
    assert torch.equal(plain, watched)
    assert [step for step, *_ in seen] == [0, 1]
    assert seen[0][1] == 1000 and 0 < seen[1][1] < 1000
    assert torch.equal(seen[-1][2], plain)

    changed = pipe(
        "a dog", generator=seeded(1), output_type="latent",
        callback_on_step_end=lambda p, i, t, k: {"latents": torch.zeros_like(k["latents"])},
    ).images  # fmt: skip
    assert torch.equal(changed, torch.zeros_like(plain))


def test_interrupting_returns_the_estimate(pipe, model):
    previews = []

    def stop(pipe, step, timestep, tensors):
        pipe._interrupt = True
        return tensors

    made = pipe("a dog", generator=seeded(1), callback_on_step_end=stop).images[0]
    model.generate("a dog", seed=1, watch=lambda p: previews.append(p.preview()[0]))
    assert np.array_equal(pixels(made), previews[0].pixels[0])
    assert pipe("a dog", generator=seeded(1)).images[0] != made  # the next call runs to its end


def test_saving_and_adapters(folder, tmp_path):
    lora = tmp_path / "warm"
    lora.mkdir()
    (lora / "adapter_config.json").write_text(json.dumps({"r": 2, "lora_alpha": 2}))
    name = "mmdit.single_blocks.0.qkv.q.lora_{}.weight"
    pair = {name.format("A"): torch.ones(2, 32), name.format("B"): torch.ones(32, 2)}
    save_file(pair, lora / "adapter_model.safetensors")

    pipe = VinoPipeline.from_pretrained(folder)
    pipe.set_progress_bar_config(disable=True)
    plain = pipe("a dog", generator=seeded(1), output_type="np").images
    pipe.load_lora_weights(lora, weight=0.5)
    changed = pipe("a dog", generator=seeded(1), output_type="np").images
    assert not np.array_equal(plain, changed)
    assert [a["strength"] for a in pipe.model.identity["lora"]] == [0.5]

    pipe.save_pretrained(tmp_path / "saved")
    again = VinoPipeline.from_pretrained(tmp_path / "saved")
    assert np.array_equal(again("a dog", generator=seeded(1), output_type="np").images, changed)
    card = (tmp_path / "saved" / "README.md").read_text()
    assert "license_name: cc-by-4.0" in card
    assert "| adapter | warm |" in card


def test_moving_and_parts(folder):
    pipe = VinoPipeline.from_pretrained(folder, dtype=torch.bfloat16)
    assert pipe.dtype == torch.bfloat16 and pipe.device.type == "cpu"
    pipe.set_progress_bar_config(disable=True)
    photo, few = noise(16, 16, 3), dict(num_inference_steps=1, output_type="np")
    pipe("darker", photo, generator=seeded(1), **few)
    assert pipe.to(torch.float32) is pipe and pipe.dtype == torch.float32
    moved = pipe("darker", photo, generator=seeded(1), **few).images
    fresh = VinoPipeline(vino.load(folder, device="cpu", dtype=torch.bfloat16)).to(torch.float32)
    fresh.set_progress_bar_config(disable=True)
    assert np.array_equal(fresh("darker", photo, generator=seeded(1), **few).images, moved)
    assert set(pipe.components) == {"vlm", "conditioner", "mmdit", "vae"}


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (dict(prompt=[]), "there is no prompt"),
        (dict(prompt="a", output_type="jpg"), "unknown output_type"),
        (dict(prompt=["a", "b"], image=[noise(8, 8, 3)]), "1 entries for 2 prompts"),
        (dict(prompt=vino.Prompt("a"), image=noise(8, 8, 3)), "holds its media itself"),
        (dict(prompt="a", generator=[seeded(1), seeded(2)]), "2 generators for 1 results"),
        (dict(prompt="a", num_images_per_prompt=0), "at least 1"),
        (dict(prompt=["a", "b"], image=[noise(8, 8, 3), noise(32, 8, 3)], output_type="np"),
         "several sizes"),
        (dict(prompt="a", callback_on_step_end_tensor_inputs=["prompt_embeds"]), "latents alone"),
    ],
)  # fmt: skip
def test_mistakes_in_one_line(pipe, call, says):
    with pytest.raises(InputError, match=says) as error:
        pipe(**call)
    assert "\n" not in str(error.value)
