"""What was trained, as a model: for sample grids and as a folder that generates."""

from pathlib import Path

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor

from vino.checkpoints import Card, Checkpoint, Saving, write_native
from vino.model.conditioner import Conditioner
from vino.model.mmdit import MMDiT
from vino.model.vino import Vino
from vino.train.config import Lora
from vino.train.ema import Average
from vino.train.lora import merged
from vino.train.parallel import Ranks
from vino.train.trainee import Trainee


def snapshot(trainee: Trainee, average: Average | None, ranks: Ranks, lora: Lora) -> Vino | None:
    """A whole copy of the model on the first rank, with averaged weights where there are any.

    In the type of the frozen parts. Every rank must call it: shards are gathered one by one.
    """
    whole = trainee.vino
    dtype = next(whole.vae.parameters()).dtype  # type: ignore[attr-defined]
    averaged = average.weights if average else {}
    state: dict[str, Tensor] = {}
    for name, parameter in trainee.named_parameters():
        value = averaged.get(name, parameter).detach()
        value = value.full_tensor() if isinstance(value, DTensor) else value
        if ranks.first:
            state[name] = value.to(dtype, copy=True)
    if not ranks.first:
        return None
    with torch.device("meta"):
        conditioner = Conditioner(trainee.conditioner.config)
        mmdit = MMDiT(trainee.mmdit.config)
    if lora.rank:
        state = merged(state, lora)
    for part, module in (("conditioner.", conditioner), ("mmdit.", mmdit)):
        own = {n.removeprefix(part): v for n, v in state.items() if n.startswith(part)}
        module.load_state_dict(own, assign=True)
    return Vino(whole.vlm, conditioner, mmdit, whole.vae).eval()


def export(
    trainee: Trainee, average: Average | None, card: Card, folder: Path, ranks: Ranks
) -> Path:
    """Write the model as a folder, in bfloat16, in the place of an older one."""
    made = snapshot(trainee, average, ranks, Lora())
    if made is not None:
        checkpoint = Checkpoint.of(made, card, folder.name)
        write_native(folder, checkpoint, Saving(dtype=torch.bfloat16), replace_old=True)
    ranks.wait()
    return folder
