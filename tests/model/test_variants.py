"""Models built otherwise than published: what they leave out, and that packing still holds."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests import tiny
from vino.media import Frames
from vino.model.conditioner import Conditioner
from vino.model.mmdit import MMDiT
from vino.model.vino import Conditioning, Vino
from vino.prompt import SYSTEM_TEXT, Chat

WORDS = ("a dog", "Image 1 beside Image 2", "Image 1 alone")


def variant(conditioner: dict | None = None, mmdit: dict | None = None) -> Vino:
    """The tiny random model with other settings."""
    made = tiny.vino()
    torch.manual_seed(1)
    made.conditioner = Conditioner(replace(made.conditioner.config, **(conditioner or {})))
    made.mmdit = MMDiT(replace(made.mmdit.config, **(mmdit or {})))
    tiny.randomise(made.conditioner)
    tiny.randomise(made.mmdit)
    return made.eval()


def picture(seed: int) -> Frames:
    rng = np.random.default_rng(seed)
    return Frames(rng.integers(0, 256, (1, 32, 32, 3), dtype=np.uint8))


def chats(seed: int = 0) -> list[Chat]:
    media = [(), (picture(seed), picture(seed + 1)), (picture(seed + 2),)]
    return [Chat(SYSTEM_TEXT, text, m) for text, m in zip(WORDS, media, strict=True)]


def references(seed: int = 0) -> list[list[torch.Tensor]]:
    torch.manual_seed(seed)
    return [[], [torch.randn(4, 1, 4, 4) for _ in range(2)], [torch.randn(4, 1, 4, 2)]]


@torch.no_grad()
def velocities(vino: Vino, asked: list[Chat], latents: list[list[torch.Tensor]]):
    torch.manual_seed(2)
    x = [torch.randn(4, 1 + i, 4, 4) for i in range(len(asked))]
    t = torch.tensor([0.9, 0.5, 0.3])[: len(asked)]
    conditioning = vino.condition(vino.read(asked), latents)
    return vino(x, t, conditioning), x, t, conditioning


CHANGES = {
    "no queries": ({"queries": 0}, {}),
    "no boundaries": ({}, {"boundaries": False}),
    "no boundaries, apart": ({}, {"boundaries": False, "apart": True}),
    "shared": ({}, {"schedule": "shared"}),
    "diagonal": ({}, {"schedule": "diagonal"}),
    "diagonal, apart": ({}, {"schedule": "diagonal", "apart": True}),
    "states": ({"references": "states"}, {}),
    "latents": ({"references": "latents"}, {}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_packed_equals_alone(change):
    vino = variant(*CHANGES[change])
    together, x, t, _ = velocities(vino, chats(), references())
    with torch.no_grad():
        for i, got in enumerate(together):
            alone = vino.condition(vino.read(chats()[i : i + 1]), references()[i : i + 1])
            (want,) = vino(x[i : i + 1], t[i : i + 1], alone)
            torch.testing.assert_close(got, want, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("change", [c for c in CHANGES if "apart" in c])
def test_what_is_remembered_gives_the_same(change):
    vino = variant(*CHANGES[change])
    got, x, t, conditioning = velocities(vino, chats(), references())
    with torch.no_grad():
        again = vino(x, t, vino.remember(conditioning))
    assert conditioning.memories is None
    for a, b in zip(got, again, strict=True):
        torch.testing.assert_close(a, b, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("change", [c for c in CHANGES if c != "no queries"])
def test_it_is_another_model(change):
    """The same weights compute something else where there are references, and there alone."""
    conditioner, mmdit = CHANGES[change]
    other, published = variant(conditioner, mmdit), variant()
    one, two = (velocities(v, chats(), references())[0] for v in (other, published))
    torch.testing.assert_close(one[0], two[0], atol=2e-5, rtol=1e-4)
    assert all(not torch.allclose(a, b, atol=1e-3) for a, b in zip(one[1:], two[1:], strict=True))


def test_without_queries_the_context_is_the_prompts_states():
    vino = variant({"queries": 0})
    asked = chats()
    conditioning: Conditioning = vino.condition(vino.read(asked), references())
    assert conditioning.states.lengths == tuple(len(vino.vlm.tokenize(c).ids) for c in asked)


def test_with_states_alone_latents_do_not_matter():
    vino = variant({"references": "states"})
    one, two = (velocities(vino, chats(), references(seed))[0] for seed in (0, 5))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


def test_with_latents_alone_the_vlm_sees_no_picture():
    vino = variant({"references": "latents"})
    one, two = (velocities(vino, chats(seed), references())[0] for seed in (0, 5))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    tokens = vino.vlm.tokenize(chats()[1], blind=True)
    assert tokens.images == () and not tokens.types.any() and len(tokens.boundaries) == 2
    ids = tokens.ids[[i for pair in tokens.boundaries for i in pair]]
    assert vino.vlm.tokenizer.decode(ids) == "<|vision_start|><|vision_end|>" * 2


def test_a_blind_clip_keeps_its_times():
    vino = variant({"references": "latents"})
    clip = Frames(np.zeros((5, 32, 32, 3), np.uint8))
    tokens = vino.vlm.tokenize(Chat(SYSTEM_TEXT, "x", (), (clip,)), blind=True)
    said = vino.vlm.tokenizer.decode(tokens.ids)
    assert "seconds>" in said and "video_pad" not in said and len(tokens.boundaries) == 1
