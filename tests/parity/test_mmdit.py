"""The MMDiT against recorded cases: output and every recorded intermediate."""

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.parity import golden
from vino.model.blocks import deinterleave, rope_from_positions
from vino.model.mmdit import ContextStates, MMDiT
from vino.model.sequence import VisualSequence, pack

TOLERANCE = 2e-5  # of the recorded value's standard deviation
CASES = golden.names("A[0-9]_*")


def inputs(name: str) -> tuple[MMDiT, VisualSequence, ContextStates, Tensor]:
    case, stored = golden.case(name), golden.tensors(name)
    net = golden.mmdit(int(name[1]))
    hidden, boundary = stored["encoder_hidden_states_0"], stored["encoder_hidden_states_1"]
    batch, length = hidden.shape[:2]
    latents = [stored[f"vae_cond_{i}"][0] for i in range(len(case["vae_cond_shapes"]))]
    # The shortest list wins in the published code: references without places are not used.
    references = [latents[: len(places)] for places in case["pos_vs"]]
    pairs = [
        boundary[i, [start, end]]
        for i in range(batch)
        for start, end in zip(case["pos_vs"][i], case["pos_ve"][i], strict=False)
    ]
    mask = stored["encoder_attention_mask"].bool()
    states = ContextStates(
        context=hidden.flatten(0, 1),
        lengths=(length,) * batch,
        boundaries=torch.cat(pairs) if pairs else boundary.new_zeros(0, boundary.shape[-1]),
        mask=None if mask.all() else mask.flatten(),
    )
    visual = pack(list(stored["latents"]), references, net.config.patch)
    return net, visual, states, torch.full((batch,), case["timestep_t"])


def record(
    net: MMDiT, visual: VisualSequence, states: ContextStates
) -> tuple[dict[str, Tensor], list]:
    """Hooks that collect what was recorded, in its names; rows of a batch are stacked."""
    seen: dict[str, Tensor] = {}
    nv, nc = visual.lengths, states.lengths
    batch = len(nv)

    def keep(name: str, row: Tensor) -> None:
        seen[name] = torch.stack(row.split(len(row) // batch))

    def refiner(_m: Any, _i: Any, out: Tensor) -> None:
        keep("context_embedder_out", out)

    def before(_m: Any, args: tuple) -> None:
        keep("seq_before_block0", args[0])
        keep("ctx_before_block0", args[1])
        seen["temb"] = args[2]
        rope = args[3][: nv[0]]
        seen["rope_cos"] = rope.real.repeat_interleave(2, -1)
        seen["rope_sin"] = rope.imag.repeat_interleave(2, -1)

    hooks = [net.context_refiner.register_forward_hook(refiner)]
    hooks.append(net.dual_blocks[0].register_forward_pre_hook(before))
    for i, block in enumerate(net.dual_blocks):

        def dual(_m: Any, _i: Any, out: tuple, i: int = i) -> None:
            keep(f"dual{i}_hidden", out[0])
            keep(f"dual{i}_ctx", out[1])

        hooks.append(block.register_forward_hook(dual))
    for i, block in enumerate(net.single_blocks):

        def single(_m: Any, _i: Any, out: Tensor, i: int = i) -> None:
            hidden, context = deinterleave(out, nv, nc)
            keep(f"single{i}_hidden", hidden)
            keep(f"single{i}_ctx", context)

        hooks.append(block.register_forward_hook(single))
    return seen, hooks


@pytest.mark.parametrize("name", CASES)
def test_output_and_intermediates(name):
    stored = golden.tensors(name)
    net, visual, states, t = inputs(name)
    seen, hooks = record(net, visual, states)
    with torch.no_grad():
        velocity = visual.unpack(net(visual, states, t))
    for hook in hooks:
        hook.remove()
    compared = {"output": torch.stack(velocity), **seen}
    assert len(compared) >= 8
    for key, ours in compared.items():
        assert golden.deviation(ours, stored[key]) < TOLERANCE, key


def test_more_references_than_boundaries_is_an_error():
    net, visual, states, t = inputs(golden.names("A?_3_*")[0])
    empty = ContextStates(states.context, states.lengths, states.boundaries[:0])
    with pytest.raises(ValueError, match="boundary tokens"):
        net(visual, empty, t)


def test_rope_is_a_rotation():
    turns = rope_from_positions(torch.tensor([[3, 1, 2]]), (4, 6, 6), 256.0)
    torch.testing.assert_close(turns.abs(), torch.ones(1, 8))
