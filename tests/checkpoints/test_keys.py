"""Every published name and shape at full size, and names at small sizes."""

import json
import re
from itertools import pairwise

import pytest
import torch

from tests.checkpoints import upstream
from vino.checkpoints.fill import empty_weights
from vino.checkpoints.infer import conditioner_config, mmdit_config
from vino.checkpoints.keys import CLIP_BRANCH, CONDITIONER, DIFFUSERS, clip_branch, renamed
from vino.checkpoints.original import original_name, original_pieces
from vino.checkpoints.published import conditioner_name, transformer_name
from vino.model.conditioner import Conditioner, ConditionerConfig
from vino.model.mmdit import MMDiT, MMDiTConfig


@pytest.fixture(scope="module")
def full_mmdit() -> MMDiT:
    with empty_weights("test"):
        return MMDiT(MMDiTConfig())


class Shapes:
    """Stands for a file of which only names and shapes are known."""

    title = "full size"

    def __init__(self, shapes):
        self.shapes = shapes


def shapes(module: torch.nn.Module, table) -> dict[str, tuple[int, ...]]:
    return {renamed(n, table): tuple(t.shape) for n, t in module.state_dict().items()}


def test_stored_names_are_the_recorded_ones():
    if not upstream.FULL_NAMES.exists():
        pytest.skip("no recorded names beside the checkout")
    recorded = json.loads(upstream.FULL_NAMES.read_text())
    for part in ("transformer", "mm_encoder_extra"):
        known = {name: tuple(shape) for name, shape in recorded[part].items()}
        assert upstream.full_size(part) == known


def test_transformer_at_full_size(full_mmdit):
    published = upstream.full_size("transformer")
    assert len(published) == 1264
    unused = clip_branch(3072)
    assert all(name.startswith(CLIP_BRANCH) for name in unused) and len(unused) == 4
    assert shapes(full_mmdit, DIFFUSERS) | unused == published
    assert len(full_mmdit.state_dict()) == 1264 - 4


def test_conditioner_at_full_size():
    published = upstream.full_size("mm_encoder_extra")
    assert len(published) == 11
    with empty_weights("test"):
        assert shapes(Conditioner(ConditionerConfig()), CONDITIONER) == published


def test_sizes_are_read_off_full_size_shapes():
    there = {f"transformer.{n}": s for n, s in upstream.full_size("transformer").items()}
    there |= {f"mm_encoder.{n}": s for n, s in upstream.full_size("mm_encoder_extra").items()}
    assert mmdit_config(Shapes(there), transformer_name) == MMDiTConfig()
    assert conditioner_config(Shapes(there), conditioner_name) == ConditionerConfig()


def test_original_names_cover_the_full_size_model(full_mmdit):
    pieces, ours = original_pieces(full_mmdit), full_mmdit.state_dict()
    rows = {}
    for name, piece in pieces.items():
        assert piece.name == original_name(name)
        rows.setdefault(piece.name, []).extend(piece.rows or [(0, len(ours[name]))])
    for name, ranges in rows.items():
        ends = sorted(ranges)
        assert ends[0][0] == 0, name
        assert all(a[1] == b[0] for a, b in pairwise(ends)), name
    fused = [name for name in rows if re.search(r"qkv|linear1\.", name)]
    assert len(fused) == 2 * (2 + 2 * 20 + 40)
    there = {
        piece.name: (max(end for _, end in rows[piece.name]), *ours[name].shape[1:])
        for name, piece in pieces.items()
    }
    assert mmdit_config(Shapes(there), original_name) == MMDiTConfig()


def test_tables_are_one_to_one():
    for table in (DIFFUSERS, CONDITIONER):
        assert len(set(table.values())) == len(table)


def test_an_unknown_name_is_an_error():
    with pytest.raises(KeyError):
        renamed("dual_blocks.0.visual.surprise.weight", DIFFUSERS)
