"""Ranks and sharding: FSDP2 over a device mesh, whole copies, or one process without any of it.

The model knows nothing of this: sharding is applied from outside, block by block and then to the
root, and leaves parameter names as they are.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import (
    FSDPModule,
    MixedPrecisionPolicy,
    fully_shard,
    register_fsdp_forward_method,
)
from torch.utils.checkpoint import checkpoint

from vino.errors import InputError
from vino.generate import device_of
from vino.train.config import Parallel
from vino.train.trainee import Trainee

PATIENCE = timedelta(hours=2)  # saving or drawing at full size must not look like a hang


@dataclass(frozen=True)
class Ranks:
    """This process among those of the run. Without torchrun: one, and no mesh.

    sequence: neighbouring ranks that see the same data and share its tokens.
    """

    rank: int
    size: int
    device: torch.device
    mesh: DeviceMesh | None = None
    sequence: int = 1
    sequence_group: dist.ProcessGroup | None = None

    @property
    def readers(self) -> int:
        """How many ranks, or groups of them, see data of their own."""
        return self.size // self.sequence

    @property
    def reader(self) -> int:
        return self.rank // self.sequence

    @property
    def first(self) -> bool:
        return self.rank == 0

    def sum(self, value: float) -> float:
        """The sum of a number over all ranks."""
        if self.size == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64, device=self.device)
        dist.all_reduce(total)
        return float(total)

    def sum_over_shards(self, values: Tensor) -> Tensor:
        """The sum over the ranks that hold shards of one copy of the parameters."""
        if self.mesh is not None:
            dist.all_reduce(values, group=self.mesh["shard"].get_group())
        return values

    @property
    def sharded(self) -> bool:
        """Whether ranks hold shards of the parameters instead of whole copies."""
        return self.mesh is not None and self.mesh["shard"].size() > 1

    @torch.no_grad()
    def average(self, gradients: Sequence[Tensor]) -> None:
        """Whole copies: every rank gets the mean over all ranks. Sharding does this by itself."""
        if self.size == 1 or self.sharded or not gradients:
            return
        row = torch.cat([g.flatten() for g in gradients])
        dist.all_reduce(row)
        for gradient, mean in zip(
            gradients, row.div_(self.size).split([g.numel() for g in gradients]), strict=True
        ):
            gradient.copy_(mean.view_as(gradient))

    def gather(self, value: Any) -> list[Any]:
        """Every rank's value, on every rank."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    def wait(self) -> None:
        """Until all ranks are here."""
        if self.size > 1:
            dist.barrier()


@contextmanager
def ranks(parallel: Parallel, device: str = "") -> Iterator[Ranks]:
    """The ranks torchrun started, or this process alone."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    where = _device(device, int(os.environ.get("LOCAL_RANK", "0")))
    shard = parallel.shard or size
    for name, ranks_of_it in (("shard", shard), ("sequence", parallel.sequence)):
        if size % ranks_of_it:
            raise InputError(
                f"parallel.{name} {ranks_of_it} does not divide the number of ranks, {size}: "
                "lower it, or start more with torchrun"
            )
    if size == 1:
        yield Ranks(0, 1, where)
        return
    if where.type == "cuda":
        torch.cuda.set_device(where)
    dist.init_process_group("nccl" if where.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        mesh = init_device_mesh(
            where.type, (size // shard, shard), mesh_dim_names=("replica", "shard")
        )
        group = None
        if parallel.sequence > 1:
            group, _ = dist.new_subgroups(parallel.sequence)
        yield Ranks(dist.get_rank(), size, where, mesh, parallel.sequence, group)
    finally:
        dist.destroy_process_group()


def _device(name: str, local: int) -> torch.device:
    name = name or ("cuda" if torch.cuda.is_available() else "cpu")
    return device_of(f"cuda:{local}" if name == "cuda" else name)


def spread(trainee: Trainee, parallel: Parallel, ranks: Ranks) -> None:
    """Shard the trainee over the ranks, block by block; each block forgets its activations."""
    blocks = [
        *trainee.mmdit.context_refiner.blocks,
        *trainee.mmdit.dual_blocks,
        *trainee.mmdit.single_blocks,
    ]
    if parallel.recompute:
        for block in blocks:
            _recompute(block)
    if ranks.mesh is None:
        return
    heads = trainee.mmdit.config.heads
    if heads % ranks.sequence:
        raise InputError(f"parallel.sequence {ranks.sequence} does not divide {heads} heads")
    trainee.mmdit.sequence_group = ranks.sequence_group
    if not ranks.sharded:
        return
    low = parallel.precision == "bfloat16"
    policy = MixedPrecisionPolicy(
        param_dtype=torch.bfloat16 if low else None,
        reduce_dtype=torch.float32,
        cast_forward_inputs=False,  # times and rotations stay float32; autocast does the rest
    )
    whole = ranks.mesh["shard"] if ranks.mesh["replica"].size() == 1 else ranks.mesh
    for module in (*blocks, trainee):
        fully_shard(module, mesh=whole, mp_policy=policy)
    for block in (*trainee.mmdit.dual_blocks, *trainee.mmdit.single_blocks):
        register_fsdp_forward_method(block, "remember")


def settle(trainee: Trainee) -> None:
    """Let sharding know that other parameters learn now: types are chosen by what learns."""
    for module in trainee.modules():
        if isinstance(module, FSDPModule):
            module.unshard()
            module.reshard()


def rest(trainee: Trainee) -> None:
    """Let go of parameters that a pass without gradients left gathered."""
    for module in trainee.modules():
        if isinstance(module, FSDPModule):
            module.reshard()


def _recompute(block: nn.Module) -> None:
    """Activation checkpointing that leaves the parameters' names alone."""
    forward = block.forward
    block.forward = lambda *args: checkpoint(forward, *args, use_reentrant=False)
