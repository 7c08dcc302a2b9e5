"""What is computed in bfloat16, and what is not because the processor has none.

A processor without bfloat16 arithmetic has it emulated, a number at a time: a step of the embedded
model took 60 s there that takes 4 s in float32.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn

from vino.train.config import TrainConfig
from vino.train.parallel import Ranks


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether matrices of bfloat16 are multiplied by more than an emulation."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return True
    mkldnn = torch.backends.mkldnn.is_available()
    return mkldnn and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def low_precision(device: torch.device | str) -> torch.autocast:
    """Passes in bfloat16, where the device has it."""
    device = torch.device(device)
    return torch.autocast(device.type, torch.bfloat16, enabled=multiplies_bfloat16(device))


def affordable(config: TrainConfig, ranks: Ranks) -> TrainConfig:
    """The same run, its passes in float32 if the device of any rank has no bfloat16."""
    if all(ranks.gather(multiplies_bfloat16(ranks.device))):
        return config
    return replace(config, parallel=replace(config.parallel, precision="float32"))


class Muon(torch.optim.Muon):
    """Orthogonalised momentum with AdamW's step size (Liu et al., arXiv 2502.16982).

    PyTorch's, but for two things. Where the processor has no bfloat16 the iterations are made in
    the matrices' own type. And ranks with whole copies and equal gradients share the work: each
    orthogonalises some of the matrices, and all ranks apply what it found.
    """

    def __init__(
        self,
        matrices: Iterable[nn.Parameter],
        lr: float,
        weight_decay: float,
        ranks: Ranks | None = None,
    ):
        super().__init__(matrices, lr=lr, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
        self.rank, self.size = (ranks.rank, ranks.size) if ranks else (0, 1)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every matrix that has a gradient."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            moved = [matrix for matrix in group["params"] if matrix.grad is not None]
            for matrix, update in zip(moved, self._updates(moved, group), strict=True):
                matrix.mul_(1 - group["lr"] * group["weight_decay"])
                matrix.add_(update, alpha=-0.2 * max(matrix.shape) ** 0.5 * group["lr"])
        return loss

    def _updates(self, moved: Sequence[nn.Parameter], group: Mapping[str, Any]) -> list[Tensor]:
        """The orthogonalised momentum of every matrix, this rank's computed and the rest received.

        The largest are dealt out first, so that every rank has about the same to do.
        """
        ahead = [self._ahead(matrix, group) for matrix in moved]
        largest = sorted(range(len(moved)), key=lambda i: (-moved[i].numel(), i))
        owners = {i: turn % self.size for turn, i in enumerate(largest)}
        for i, owner in owners.items():
            if owner == self.rank:
                found = orthogonal(ahead[i], group["ns_coefficients"], group["ns_steps"])
                ahead[i] = found.to(moved[i].dtype).contiguous()
        if self.size > 1:
            for i, owner in owners.items():
                dist.broadcast(ahead[i], owner)
        return ahead

    def _ahead(self, matrix: nn.Parameter, group: Mapping[str, Any]) -> Tensor:
        """Nesterov's look ahead of the momentum, which takes in the gradient."""
        gradient, state = cast(Tensor, matrix.grad), self.state[matrix]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        momentum = state["momentum_buffer"]
        momentum.lerp_(gradient, 1 - group["momentum"])
        return gradient.lerp(momentum, group["momentum"])


def orthogonal(matrix: Tensor, coefficients: tuple[float, float, float], steps: int) -> Tensor:
    """The nearest half-orthogonal matrix, about (Newton-Schulz iterations).

    Made and returned in bfloat16 where the device multiplies it, else in the matrix's own type.
    """
    a, b, c = coefficients
    is_tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.bfloat16() if multiplies_bfloat16(matrix.device) else matrix
    x = x.T if is_tall else x
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if is_tall else x
