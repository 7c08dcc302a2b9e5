"""Queries and connectors: the vision-language model's states, projected for the generator.

Two connectors (paper, section 3): one to the context stream, one to the visual stream, which
only boundary tokens use.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vino.model.blocks import NORM_EPS, RMSNorm
from vino.model.mmdit import ContextStates
from vino.model.vlm import VLM, PromptStates

Given = Literal["both", "states", "latents"]


@dataclass(frozen=True, kw_only=True)
class ConditionerConfig:
    """Widths of the conditioning; the defaults are the published model's.

    queries: how many; there may be none. references: what is given of them: the vision-language
    model's states and the latents (published), or one of the two. With latents alone it reads
    where in the prompt a reference stands, and sees nothing of it.
    """

    vlm_width: int = 2560
    queries: int = 256
    context_dim: int = 4096
    visual_dim: int = 3072
    references: Given = "both"


class Connector(nn.Module):
    """RMSNorm, Linear to 4z, GELU, Linear to z."""

    def __init__(self, width: int, out: int):
        super().__init__()
        self.norm = RMSNorm(width, eps=NORM_EPS)
        self.up, self.down = nn.Linear(width, 4 * out), nn.Linear(4 * out, out)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.gelu(self.up(self.norm(x)), approximate="tanh"))


class Conditioner(nn.Module):
    """Prompt states -> what the MMDiT is conditioned on."""

    def __init__(self, config: ConditionerConfig):
        super().__init__()
        self.config = config
        width = config.vlm_width
        self.queries = nn.Parameter(torch.randn(config.queries, width) * width**-0.5)
        self.context_connector = Connector(width, config.context_dim)
        self.boundary_connector = Connector(width, config.visual_dim)

    def forward(self, vlm: VLM, prompts: Sequence[PromptStates]) -> ContextStates:
        """Ask the queries behind every prompt and project; gradients stop at the prompts."""
        dtype = prompts[0].hidden.dtype
        asked = vlm.ask(self.queries.to(dtype), prompts)
        rows = [torch.cat((p.hidden, a)) for p, a in zip(prompts, asked, strict=True)]
        marks = [p.hidden[i] for p in prompts for pair in p.boundaries for i in pair]
        context = self.context_connector(torch.cat(rows))
        boundaries = (
            self.boundary_connector(torch.stack(marks))
            if marks
            else context.new_zeros(0, self.config.visual_dim)
        )
        return ContextStates(context, tuple(len(r) for r in rows), boundaries)
