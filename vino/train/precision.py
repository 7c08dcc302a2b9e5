"""What is computed in bfloat16, and what is not because the processor has none.

A processor without bfloat16 arithmetic has it emulated, a number at a time: a step of the embedded
model took 60 s there that takes 4 s in float32.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from vino.train.config import TrainConfig
from vino.train.parallel import Ranks


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether matrices of bfloat16 are multiplied by more than an emulation."""
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

    PyTorch's, but for processors without bfloat16: it knows no other type for the iterations.
    """

    def __init__(self, matrices: Iterable[nn.Parameter], lr: float, weight_decay: float):
        super().__init__(matrices, lr=lr, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every matrix that has a gradient."""
        if multiplies_bfloat16(self.param_groups[0]["params"][0].device):
            return super().step(closure)
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is not None:
                    self._move(matrix, matrix.grad, group)
        return loss

    def _move(self, matrix: nn.Parameter, gradient: Tensor, group: Mapping[str, Any]) -> None:
        state = self.state[matrix]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        momentum = state["momentum_buffer"]
        momentum.lerp_(gradient, 1 - group["momentum"])
        ahead = gradient.lerp(momentum, group["momentum"])
        update = orthogonal(ahead, group["ns_coefficients"], group["ns_steps"])
        matrix.mul_(1 - group["lr"] * group["weight_decay"])
        matrix.add_(update, alpha=-0.2 * max(matrix.shape) ** 0.5 * group["lr"])


def orthogonal(matrix: Tensor, coefficients: tuple[float, float, float], steps: int) -> Tensor:
    """The nearest half-orthogonal matrix, about (Newton-Schulz iterations, in its own type)."""
    a, b, c = coefficients
    is_tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if is_tall else matrix
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if is_tall else x
