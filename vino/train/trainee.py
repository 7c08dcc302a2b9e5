"""The parameters that learn, as one module whose forward is a whole training pass.

One root: with sharded parameters nothing inside may be called from outside its forward. The
frozen vision-language model and autoencoder are not part of it: every rank holds them whole.
"""

from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn

from vino.errors import InputError
from vino.model.conditioner import Conditioner
from vino.model.mmdit import MMDiT
from vino.model.vino import Vino
from vino.train.config import Precision
from vino.train.loss import flow_matching
from vino.train.prepare import Batch


class Trainee(nn.Module):
    """Queries, connectors and MMDiT; batch -> loss of every sample.

    adapted: these are the base of adapters and stay as they are, instead of becoming float32.
    """

    def __init__(self, vino: Vino, precision: Precision, adapted: bool = False):
        super().__init__()
        self.conditioner: Conditioner = vino.conditioner if adapted else vino.conditioner.float()
        self.mmdit: MMDiT = vino.mmdit if adapted else vino.mmdit.float()
        self._vino = (vino,)  # in a tuple: its frozen parts are no submodules of this module
        self.precision = precision

    @property
    def vino(self) -> Vino:
        return self._vino[0]

    def autocast(self) -> torch.autocast:
        """The precision of passes; parameters stay as they are."""
        low = self.precision == "bfloat16"
        return torch.autocast(self.vino.device.type, torch.bfloat16, enabled=low)

    def forward(self, batch: Batch) -> Tensor:
        """Flow-matching loss of every sample (B). Gradients reach queries, connectors, MMDiT."""
        with self.autocast():
            conditioning = self.vino.condition(batch.prompts, batch.references)
            losses = flow_matching(
                lambda x_t, t: self.vino(x_t, t, conditioning), batch.targets, batch.noise, batch.t
            )
        return losses + self._every_parameter_used()

    def _every_parameter_used(self) -> Tensor:
        """Zero, with a gradient for the boundary connector.

        Without references it is not used, and ranks must agree on which gradients there are.
        """
        unused = self.conditioner.boundary_connector.parameters()
        return sum((p.sum() * 0.0 for p in unused), torch.zeros((), device=self.vino.device))


def choose(trainee: Trainee, patterns: tuple[str, ...]) -> dict[str, nn.Parameter]:
    """Let the parameters learn that a pattern names, freeze the others; InputError if one is idle.

    Patterns are fnmatch's: "conditioner.*", "mmdit.dual_blocks.0.*".
    """
    named = dict(trainee.named_parameters())
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in named):
            raise InputError(f'no parameter is named "{pattern}": see the names in the model')
    for name, parameter in named.items():
        parameter.requires_grad_(any(fnmatchcase(name, p) for p in patterns))
    return {name: p for name, p in named.items() if p.requires_grad}
