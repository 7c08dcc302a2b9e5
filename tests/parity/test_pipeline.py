"""The whole pipeline against recorded runs: schedule, branches, steps, latents, frames."""

from functools import cache

import pytest
import torch
from torch import Tensor

from tests.parity import golden
from vino.branches import Branch, branches
from vino.flow.guidance import COND, NEG, NEG_IMAGES, guided
from vino.flow.path import Latents
from vino.flow.sampler import euler
from vino.flow.sampling import Sampling
from vino.flow.schedule import schedule
from vino.media import Frames
from vino.model.vae import HunyuanVAE
from vino.model.vino import Vino
from vino.prompt import Image, Medium, Prompt, Text, Video
from vino.references import Fitted

TOLERANCE = 1e-4
CASES = golden.names("C_[1-9]_*")
NAMES = {COND: "cond", NEG: "neg_text", NEG_IMAGES: "neg_image"}


@cache
def vino() -> Vino:
    vae = HunyuanVAE(golden.case("C_vae"))
    vae.model.load_state_dict(golden.tensors("C_vae"))
    return Vino(golden.vlm(), golden.conditioner(), golden.mmdit(1), vae.eval())


def prompt_of(name: str) -> Prompt:
    case, stored = golden.case(name), golden.tensors(name)
    call = case["call_kwargs"]
    count = sum(key.startswith("ref_image_") for key in stored)
    base = count - 1 if call["ref_image_have_base"] else -1
    media: list[Medium] = [
        Image(golden.picture(stored[f"ref_image_{i}"]), base=i == base) for i in range(count)
    ]
    if case["ref_video_file"]:
        media.append(Video(golden.clip(case["ref_video_file"])))
    return Prompt(*media, Text(call["prompt"]))


def fitted_of(prompt: Prompt, frames: int) -> dict[Medium, Fitted]:
    """Recorded references are on the grid already; a clip gives its first frames."""

    def fit(medium: Medium) -> Fitted:
        kept = Frames(
            medium.frames.pixels[:frames] if isinstance(medium, Video) else medium.frames.pixels
        )
        return Fitted(kept, (0, 0, kept.size.width, kept.size.height))

    return {m: fit(m) for m in prompt.media}


def encode(frames: Frames) -> Tensor:
    video = torch.from_numpy(frames.pixels).float().permute(3, 0, 1, 2)[None]
    return vino().vae.encode((video - 127.5) / 127.5)[0]


@cache
def run(name: str) -> tuple[tuple[Branch, ...], dict[str, Tensor], list[Tensor]]:
    """Branches, everything seen by step and branch, and the final latents."""
    case, stored = golden.case(name), golden.tensors(name)
    call = case["call_kwargs"]
    video = call["num_frames"] > 1
    sampling = Sampling(
        steps=call["num_inference_steps"],
        guidance=case["guidance_scale"],
        image_guidance=case["guidance_scale_image"],
        shift=case["timestep_shift"],
        negative=case["negative_prompt_video" if video else "negative_prompt"],
    )
    prompt = prompt_of(name)
    fitted = fitted_of(prompt, call["num_frames"])
    made = branches(prompt, sampling, fitted, {f: encode(f.frames) for f in fitted.values()})
    states = vino().read([b.chat for b in made])
    conditioning = vino().condition(states, [b.latents for b in made])
    seen: dict[str, Tensor] = {}
    calls = iter(range(sampling.steps))

    def velocity(x: Latents, t: Tensor) -> list[Tensor]:
        step = next(calls)
        out = vino()(x, t, conditioning)
        for branch, v in zip(made, out, strict=True):
            seen[f"step{step}_v_{NAMES[branch.name]}"] = v
        return out

    def watch(step: int, x: Latents, v: Latents, t: Tensor, after: Latents) -> None:
        seen[f"step{step}_v_combined"] = v[0]
        if step:
            seen[f"step{step - 1}_latents_after"] = x[0]

    weights = [[b.weight for b in made]]
    times = schedule(sampling.steps, sampling.shift)[:, None]
    latents = euler(guided(velocity, weights), [stored["noise"][0]], times, watch)
    return made, seen, latents


@pytest.mark.parametrize("name", CASES)
def test_schedule(name):
    case, stored = golden.case(name), golden.tensors(name)
    times = schedule(case["call_kwargs"]["num_inference_steps"], case["timestep_shift"])
    assert golden.distance(times[:-1], stored["timesteps"]) < 1e-6
    assert golden.distance(times[:-1] - times[1:], stored["dts"]) < 1e-6


@pytest.mark.parametrize("name", CASES)
@torch.no_grad()
def test_branches_steps_latents_and_frames(name):
    case, stored = golden.case(name), golden.tensors(name)
    made, seen, latents = run(name)
    assert {NAMES[b.name] for b in made} == {b["branch"] for b in case["branches"]}
    recorded = {k for k in stored if k.startswith("step") and not k.startswith("step3_latents")}
    assert recorded == set(seen)
    for key in sorted(recorded):
        assert golden.distance(seen[key], stored[key][0]) < TOLERANCE, key
    assert golden.distance(latents[0], stored["final_latents"][0]) < TOLERANCE
    frames = vino().vae.decode(latents[0][None])
    assert golden.distance(frames, stored["decoded"]) < TOLERANCE
