"""Optimisers and gradients.

AdamW for everything is the paper's. Muon (orthogonalised momentum) for the matrices inside blocks
is an option that learns more per sample at small scale.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from vino.errors import InputError
from vino.train.config import Stage
from vino.train.parallel import Ranks
from vino.train.precision import Muon

PARTS = (
    "conditioner.queries",
    "conditioner.context_connector",
    "conditioner.boundary_connector",
    "mmdit.context_refiner",
    "mmdit.dual_blocks",
    "mmdit.single_blocks",
    "mmdit",
)
"""Parts whose gradient norms are reported; a parameter belongs to the first that fits."""


def optimizers(
    parameters: Mapping[str, nn.Parameter], stage: Stage, ranks: Ranks
) -> list[torch.optim.Optimizer]:
    """The optimisers of a stage."""
    adam = {n: p for n, p in parameters.items() if not _for_muon(n, p, stage)}
    matrices = {n: p for n, p in parameters.items() if n not in adam}
    if matrices and ranks.sharded:
        raise InputError(
            f"{stage.name}: Muon needs whole matrices and parameters are sharded here: "
            "keep whole copies with --parallel.shard 1, or use adamw"
        )
    made: list[torch.optim.Optimizer] = []
    if adam:
        made.append(
            torch.optim.AdamW(
                adam.values(),
                lr=stage.lr,
                betas=stage.betas,
                weight_decay=stage.weight_decay,
                fused=True,
            )
        )
    if matrices:
        made.append(Muon(matrices.values(), stage.lr, stage.weight_decay, ranks))
    return made


def _for_muon(name: str, parameter: nn.Parameter, stage: Stage) -> bool:
    """Matrices inside blocks, without the modulations, which start at zero."""
    inside = stage.optimizer == "muon" and "blocks." in name
    return inside and parameter.ndim == 2 and "modulation" not in name


def set_rate(optimizers: list[torch.optim.Optimizer], lr: float) -> None:
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = lr


@torch.no_grad()
def gradient_norms(parameters: Mapping[str, nn.Parameter], ranks: Ranks) -> dict[str, float]:
    """Norm of the gradients of every part, and of all ("all"), over all shards."""
    device = ranks.device
    squares = torch.zeros(len(PARTS), dtype=torch.float64, device=device)
    for i, part in enumerate(PARTS):
        own = [p for name, p in parameters.items() if part_of(name) == part]
        grads = [local(p.grad) for p in own if p.grad is not None]
        if grads:
            norms = torch.stack(torch._foreach_norm(grads))
            squares[i] = norms.double().square().sum()
    squares = ranks.sum_over_shards(squares)
    every = {part: float(x) ** 0.5 for part, x in zip(PARTS, squares, strict=True) if x != 0}
    return {"all": float(squares.sum()) ** 0.5, **every}


@torch.no_grad()
def clip(parameters: Mapping[str, nn.Parameter], norm: float, most: float) -> None:
    """Scale all gradients so that their norm is at most `most`."""
    if norm > most:
        grads = [local(p.grad) for p in parameters.values() if p.grad is not None]
        torch._foreach_mul_(grads, most / norm)


def part_of(name: str) -> str:
    """The part a parameter belongs to."""
    return next((p for p in PARTS if name == p or name.startswith(f"{p}.")), PARTS[-1])


def local(tensor: Tensor) -> Tensor:
    """This rank's shard, or the tensor itself."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor
