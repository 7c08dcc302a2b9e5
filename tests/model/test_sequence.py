"""The timeline and packing: integers that can be checked by hand."""

import pytest
import torch

from vino.model.sequence import pack, patchify, places, unpatchify
from vino.model.timeline import Role, lay_out
from vino.sizes import LatentSize


def test_timeline_of_picture_clip_and_target():
    line = lay_out([LatentSize(1, 4, 4), LatentSize(3, 4, 6)], LatentSize(2, 4, 4), (1, 2, 2))
    assert len(line) == (1 + 4 + 1) + (1 + 18 + 1) + 8
    assert line.positions[:, 0].unique_consecutive().tolist() == list(
        range(1 + 1 + 1 + 1 + 3 + 1 + 2)
    )
    boundaries = line.positions[line.roles == Role.BOUNDARY]
    assert boundaries.tolist() == [[0, 0, 0], [2, 0, 0], [3, 0, 0], [7, 0, 0]]
    target = line.positions[line.roles == Role.TARGET]
    assert target[0].tolist() == [8, 0, 0] and target[-1].tolist() == [9, 1, 1]


def test_no_reference_starts_at_zero():
    line = lay_out([], LatentSize(2, 1, 1), (1, 1, 1))
    assert line.positions.tolist() == [[0, 0, 0], [1, 0, 0]]


def test_indivisible_latents_are_refused():
    with pytest.raises(ValueError, match="divisible"):
        lay_out([], LatentSize(1, 3, 4), (1, 2, 2))


def test_patchify_is_invertible():
    latent = torch.randn(5, 4, 6, 8)
    for patch in ((1, 1, 1), (1, 2, 2), (2, 3, 4)):
        assert torch.equal(unpatchify(patchify(latent, patch), LatentSize(4, 6, 8), patch), latent)


def test_pack_keeps_order_and_unpacks():
    targets = [torch.randn(4, 1, 2, 2), torch.randn(4, 3, 2, 4)]
    reference = torch.randn(4, 1, 4, 2)
    row = pack(targets, [[], [reference]], (1, 1, 1))
    assert row.lengths == (4, 1 + 8 + 1 + 24)
    patch_places, boundary_places, target_places = places(row)
    assert boundary_places.tolist() == [4, 13]
    assert len(patch_places) == len(row.patches) == 36
    kept = row.patches[torch.isin(patch_places, target_places)]
    for ours, want in zip(row.unpack(kept), targets, strict=True):
        assert torch.equal(ours, want)
