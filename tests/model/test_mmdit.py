"""The MMDiT: equality with diffusers, packing, gradients."""

import pytest
import torch
from diffusers import HunyuanVideoTransformer3DModel
from einops import rearrange
from torch import Tensor

from tests.tiny import randomise
from vino.checkpoints.keys import CLIP_BRANCH, DIFFUSERS, renamed
from vino.model.mmdit import ContextStates, MMDiT, MMDiTConfig
from vino.model.sequence import pack

CONFIG = MMDiTConfig(
    heads=2, head_dim=16, dual_blocks=2, single_blocks=2, refiner_blocks=2, context_dim=24,
    rope_axes=(4, 6, 6),
)  # fmt: skip


def states(lengths: tuple[int, ...], references: int = 0) -> ContextStates:
    boundaries = torch.randn(2 * references, CONFIG.width)
    return ContextStates(torch.randn(sum(lengths), CONFIG.context_dim), lengths, boundaries)


def net() -> MMDiT:
    torch.manual_seed(0)
    made = MMDiT(CONFIG).eval()
    randomise(made)
    return made


def test_equals_diffusers():
    torch.manual_seed(0)
    theirs = HunyuanVideoTransformer3DModel(
        num_attention_heads=2, attention_head_dim=16, num_layers=2, num_single_layers=2,
        num_refiner_layers=2, text_embed_dim=24, pooled_projection_dim=12, rope_axes_dim=(4, 6, 6),
    ).eval()  # fmt: skip
    randomise(theirs, std=0.1)
    for p in theirs.time_text_embed.text_embedder.parameters():
        torch.nn.init.zeros_(p)
    ours = MMDiT(CONFIG).eval()
    stored = theirs.state_dict()
    ours.load_state_dict({k: stored[renamed(k, DIFFUSERS)] for k in ours.state_dict()})
    assert len(stored) - len(ours.state_dict()) == sum(k.startswith(CLIP_BRANCH) for k in stored)
    latent, context = torch.randn(1, 16, 3, 4, 6), torch.randn(1, 7, 24)
    with torch.no_grad():
        want = theirs(
            latent, torch.tensor([0.5 * 999]), context, torch.ones(1, 7), torch.zeros(1, 12),
            torch.tensor([1000.0]),
        ).sample  # fmt: skip
        visual = pack(list(latent), [[]], CONFIG.patch)
        row = ContextStates(context[0], (7,), latent.new_zeros(0, CONFIG.width))
        got = visual.unpack(ours(visual, row, torch.tensor([0.5])))[0]
    torch.testing.assert_close(got, want[0], atol=2e-5, rtol=1e-4)


def sample(frames: int, height: int, width: int, references: list[tuple[int, int, int]]):
    refs = [torch.randn(16, *size) for size in references]
    return torch.randn(16, frames, height, width), refs


def test_packed_equals_alone():
    """Mixed sizes, lengths, tasks and reference counts in one row."""
    model = net()
    parts = [
        sample(1, 4, 4, []),
        sample(2, 4, 6, [(1, 4, 4)]),
        sample(1, 4, 4, []),
        sample(3, 2, 4, [(1, 6, 4), (3, 4, 4)]),
    ]
    contexts = [states((n,), len(refs)) for n, (_, refs) in zip((5, 9, 5, 7), parts, strict=True)]
    times = torch.tensor([0.9, 0.5, 0.31, 0.07])

    def run(indices: list[int]) -> list[Tensor]:
        visual = pack([parts[i][0] for i in indices], [parts[i][1] for i in indices], CONFIG.patch)
        packed = ContextStates(
            torch.cat([contexts[i].context for i in indices]),
            tuple(contexts[i].lengths[0] for i in indices),
            torch.cat([contexts[i].boundaries for i in indices]),
        )
        with torch.no_grad():
            return visual.unpack(model(visual, packed, times[indices]))

    together = run([0, 1, 2, 3])
    for i, ours in enumerate(together):
        torch.testing.assert_close(ours, run([i])[0], atol=1e-5, rtol=0)


@pytest.mark.parametrize("grad", [True, False])
def test_both_attention_kernels_agree(grad):
    model = net()
    visual = pack([torch.randn(16, 1, 4, 4)] * 2, [[], []], CONFIG.patch)
    row = states((6, 6))
    with torch.set_grad_enabled(grad):
        out = model(visual, row, torch.tensor([0.2, 0.6])).detach()
    with torch.inference_mode():
        want = model(visual, row, torch.tensor([0.2, 0.6]))
    torch.testing.assert_close(out, want, atol=1e-5, rtol=0)


def test_gradients_reach_every_parameter():
    model = net().train()
    visual = pack([torch.randn(16, 1, 4, 4)], [[torch.randn(16, 1, 4, 4)]], CONFIG.patch)
    model(visual, states((5,), 1), torch.tensor([0.4])).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_patch_embedding_is_the_convolution():
    model = net()
    latent = torch.randn(1, 16, 3, 4, 6)
    want = rearrange(model.patch_embed(latent), "1 d t h w -> (t h w) d")
    patches = pack(list(latent), [[]], CONFIG.patch).patches
    torch.testing.assert_close(model._embed(patches), want, atol=1e-5, rtol=1e-5)
