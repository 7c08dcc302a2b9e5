"""Sizes of a model, read off the shapes of its tensors, for files that come without a config."""

import re
from collections.abc import Callable, Mapping

from vino.checkpoints.card import MOST
from vino.checkpoints.store import Shape, Weights
from vino.errors import CheckpointError
from vino.model.conditioner import ConditionerConfig
from vino.model.mmdit import MMDiTConfig

Naming = Callable[[str], str]  # our name -> the checkpoint's
BLOCKS = ("dual_blocks.{}.visual.qkv.q_norm", "single_blocks.{}.qkv.q_norm")
REFINER = "context_refiner.blocks.{}.norm1"


def mmdit_config(source: Weights, naming: Naming) -> MMDiTConfig:
    """The transformer's sizes. RoPE axes leave no trace in shapes: HunyuanVideo's shares (1/8,
    7/16, 7/16 of the head dimension) are taken, and its theta."""
    shape = _Shapes(source, naming)
    width, channels, *patch = shape("patch_embed.weight", 5)
    dual, single = (shape.count(f"{block}.weight") for block in BLOCKS)
    first = BLOCKS[0] if dual else BLOCKS[1]
    (head_dim,) = shape(f"{first.format(0)}.weight", 1)
    if head_dim < 1 or width % head_dim:
        raise CheckpointError(
            f"{source.title}: width {width} is no multiple of the head dimension {head_dim}"
        )
    if dual:
        hidden = shape("dual_blocks.0.visual.mlp.up.weight", 2)[0]
    else:
        hidden = shape("single_blocks.0.out.weight", 2)[1] - width
    time, side = head_dim // 8, 7 * head_dim // 16
    try:
        return MMDiTConfig(
            latent_channels=channels,
            patch=(patch[0], patch[1], patch[2]),
            heads=width // head_dim,
            head_dim=head_dim,
            dual_blocks=dual,
            single_blocks=single,
            refiner_blocks=shape.count(f"{REFINER}.weight"),
            mlp_ratio=max(hidden // width, 1),
            context_dim=shape("context_refiner.proj_in.weight", 2)[1],
            rope_axes=(time, side, side),
            guidance_embed=naming("guidance_embed.up.weight") in source.shapes,
        )
    except ValueError as error:
        raise CheckpointError(
            f"{source.title}: the RoPE axes cannot be told from the file ({error}); "
            "convert it from a folder with a config.json"
        ) from None


def conditioner_config(source: Weights, naming: Naming) -> ConditionerConfig:
    """Widths of the queries and connectors."""
    shape = _Shapes(source, naming)
    queries, width = shape("queries", 2)
    return ConditionerConfig(
        vlm_width=width,
        queries=queries,
        context_dim=shape("context_connector.down.bias", 1)[0],
        visual_dim=shape("boundary_connector.down.bias", 1)[0],
    )


class _Shapes:
    """Shapes of the checkpoint under our names."""

    def __init__(self, source: Weights, naming: Naming):
        self.title, self.naming = source.title, naming
        self.known: Mapping[str, Shape] = source.shapes

    def __call__(self, name: str, axes: int) -> Shape:
        there = self.naming(name)
        found = self.known.get(there)
        if found is None or len(found) != axes or not all(0 < n <= MOST for n in found):
            said = "is missing" if found is None else f"has the shape {found}"
            raise CheckpointError(f"{self.title}: not the weights of this model, {there} {said}")
        return found

    def count(self, name: str) -> int:
        """How many blocks have a tensor of this name (`{}` is the index)."""
        pattern = re.compile(
            re.escape(self.naming(name.format(0))).replace(r"\.0\.", r"\.\d+\.", 1)
        )
        return sum(1 for there in self.known if pattern.fullmatch(there))
