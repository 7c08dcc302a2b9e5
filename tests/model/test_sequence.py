"""The timeline and packing: integers that can be checked by hand."""

import pytest
import torch

from vino.model.sequence import pack, patchify, places, unpatchify
from vino.model.timeline import Layout, Role, lay_out
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


SIZES = [LatentSize(1, 2, 2), LatentSize(2, 2, 3)]


def corners(layout: Layout, role: Role) -> list[list[int]]:
    """Every boundary's place; of references and of the target, of the first and last token."""
    line = lay_out(SIZES, LatentSize(2, 2, 2), (1, 1, 1), layout)
    found = line.positions[line.roles == role].tolist()
    return found if role == Role.BOUNDARY else [found[0], found[-1]]


def test_without_boundaries_references_follow_each_other():
    bare = Layout(boundaries=False)
    assert corners(bare, Role.REFERENCE) == [[0, 0, 0], [2, 1, 2]]
    assert corners(bare, Role.TARGET) == [[3, 0, 0], [4, 1, 1]]
    assert len(lay_out(SIZES, None, (1, 1, 1), bare)) == 4 + 12


def test_on_a_shared_grid_everything_begins_at_zero():
    shared = Layout(schedule="shared")
    assert corners(shared, Role.BOUNDARY) == [[0, 0, 0], [0, 0, 0], [0, 0, 0], [1, 0, 0]]
    assert corners(shared, Role.REFERENCE) == [[0, 0, 0], [1, 1, 2]]
    assert corners(shared, Role.TARGET) == [[0, 0, 0], [1, 1, 1]]


def test_on_a_diagonal_every_grid_begins_at_the_last_ones_corner():
    diagonal = Layout(schedule="diagonal")
    assert corners(diagonal, Role.BOUNDARY) == [[0, 0, 0], [0, 0, 0], [0, 2, 2], [1, 2, 2]]
    assert corners(diagonal, Role.REFERENCE) == [[0, 0, 0], [1, 3, 4]]
    assert corners(diagonal, Role.TARGET) == [[0, 4, 5], [1, 5, 6]]
