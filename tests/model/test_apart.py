"""References apart: they see nothing but themselves, so what they say is computed once."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tests.model.test_mmdit import CONFIG, sample, states
from tests.tiny import randomise
from vino.model.attention import Memory, attend
from vino.model.mmdit import ContextStates, MMDiT
from vino.model.sequence import pack, pack_references, split
from vino.model.timeline import Role

PATCH = CONFIG.patch


def net(apart: bool = True) -> MMDiT:
    torch.manual_seed(0)
    made = MMDiT(replace(CONFIG, apart=apart)).eval()
    randomise(made)
    return made


def mixed() -> tuple[list[Tensor], list[list[Tensor]], ContextStates, Tensor]:
    """Four samples with no, one, two and no references."""
    parts = [
        sample(1, 4, 4, []),
        sample(2, 4, 6, [(1, 4, 4)]),
        sample(3, 2, 4, [(1, 6, 4), (3, 4, 4)]),
        sample(1, 4, 4, []),
    ]
    row = states((5, 9, 7, 5), 3)
    return [x for x, _ in parts], [r for _, r in parts], row, torch.tensor([0.9, 0.5, 0.3, 0.1])


def test_what_is_remembered_gives_the_same_velocity():
    model, (targets, references, row, t) = net(), mixed()
    visual = pack(targets, references, PATCH)
    with torch.no_grad():
        memories = model.remember(pack_references(references, PATCH), row.boundaries)
        torch.testing.assert_close(
            model(visual, row, t, memories), model(visual, row, t), atol=1e-6, rtol=0
        )
    assert len(memories) == CONFIG.dual_blocks + CONFIG.single_blocks
    assert memories[0].lengths == (0, 6, 2 + 6 + 2 + 12, 0)


def test_packed_equals_alone():
    model, (targets, references, row, t) = net(), mixed()
    with torch.no_grad():
        visual = pack(targets, references, PATCH)
        together = visual.unpack(model(visual, row, t))
        context, boundaries = row.context.split(row.lengths), row.boundaries.split((0, 2, 4, 0))
        for i, got in enumerate(together):
            alone = pack(targets[i : i + 1], references[i : i + 1], PATCH)
            own = ContextStates(context[i], row.lengths[i : i + 1], boundaries[i])
            want = alone.unpack(model(alone, own, t[i : i + 1]))[0]
            torch.testing.assert_close(got, want, atol=1e-5, rtol=0)


def test_without_references_nothing_differs():
    row, t = states((5,)), torch.tensor([0.4])
    visual = pack([torch.randn(16, 2, 4, 4)], [[]], PATCH)
    with torch.no_grad():
        torch.testing.assert_close(net(True)(visual, row, t), net(False)(visual, row, t))


def test_references_and_boundaries_are_looked_at():
    model, (targets, references, row, t) = net(), mixed()
    visual = pack(targets, references, PATCH)
    with torch.no_grad():
        before = visual.unpack(model(visual, row, t))
        louder = replace(row, boundaries=torch.randn_like(row.boundaries))
        after = visual.unpack(model(visual, louder, t))
    changed = [not torch.allclose(a, b, atol=1e-4) for a, b in zip(before, after, strict=True)]
    assert changed == [False, True, True, False]


def test_gradients_reach_every_parameter():
    model = net().train()
    targets, references, row, t = mixed()
    visual = pack(targets, references, PATCH)
    row.boundaries.requires_grad_()
    model(visual, row, t).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())
    assert row.boundaries.grad is not None and row.boundaries.grad.abs().min(dim=-1)[0].max() > 0


def test_split_keeps_order_and_positions():
    targets, references, _, _ = mixed()
    visual = pack(targets, references, PATCH)
    apart, own = split(visual)
    assert apart is not None and apart.lengths == (0, 6, 22, 0)
    alone = pack_references(references, PATCH)
    assert torch.equal(apart.patches, alone.patches) and apart.lengths == alone.lengths
    assert torch.equal(apart.positions, alone.positions)
    assert torch.equal(own.positions, visual.positions[visual.roles == Role.TARGET])
    assert split(pack(targets[:1], [[]], PATCH))[0] is None


@pytest.mark.parametrize("grad", [True, False])
def test_attention_with_a_memory_is_attention_over_both(grad):
    lengths, seen = (3, 3, 2), (2, 2, 0)
    q, k, v = (torch.randn(8, 2, 4) for _ in range(3))
    memory = Memory(torch.randn(4, 2, 4), torch.randn(4, 2, 4), seen)
    with torch.set_grad_enabled(grad):
        got = attend(q, k, v, lengths, memory).split(lengths)
    rows = zip(q.split(lengths), k.split(lengths), v.split(lengths), strict=True)
    remembered = zip(memory.keys.split(seen), memory.values.split(seen), strict=True)
    for own, (qs, ks, vs), (km, vm) in zip(got, rows, remembered, strict=True):
        keys, values = torch.cat((km, ks)), torch.cat((vm, vs))
        scores = torch.einsum("nhk,mhk->hnm", qs, keys) / 2  # the square root of 4 dimensions
        want = torch.einsum("hnm,mhk->nhk", scores.softmax(-1), values).flatten(1)
        torch.testing.assert_close(own, want, atol=1e-5, rtol=0)
