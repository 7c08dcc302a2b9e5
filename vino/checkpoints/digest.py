"""One hash for all tensors of a model: the same weights, the same hash, in whatever format."""

import hashlib
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor


def model_hash(tensors: Mapping[str, Tensor], dtype: torch.dtype | None = None) -> str:
    """SHA-256, hexadecimal, over sorted names, types, shapes and bytes.

    dtype: hash them as if cast to it, which is how they are written.
    """

    def line(name: str) -> str:
        tensor = tensors[name].detach().to("cpu", dtype or tensors[name].dtype).contiguous()
        content = tensor.reshape(-1).view(torch.uint8).numpy()
        digest = hashlib.sha256(content.data).hexdigest()
        return f"{name} {tensor.dtype} {tuple(tensor.shape)} {digest}\n"

    whole = hashlib.sha256()
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # hashing releases the interpreter
        for described in pool.map(line, sorted(tensors)):
            whole.update(described.encode())
    return whole.hexdigest()
