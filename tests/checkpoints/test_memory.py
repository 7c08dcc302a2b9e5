"""A fresh process that reads a checkpoint never holds more than 1.2 times its size."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.checkpoints import upstream
from vino.checkpoints import Saving, read_original, write_native
from vino.checkpoints.fill import empty_weights
from vino.checkpoints.save import save_tensors
from vino.model.mmdit import MMDiT, MMDiTConfig

LIMIT = 1.2
# Read in a forked child, whose peak counts from where the imports left off.
PROBE = """
import json, os, resource, sys
import torch, vino.checkpoints as checkpoints
from diffusers import AutoencoderKLHunyuanVideo
from transformers import Qwen3VLForConditionalGeneration

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

for path, options in json.loads(sys.argv[1]):
    if os.fork() == 0:
        before = resident()
        dtype = options.pop("dtype", None)
        read = checkpoints.read(path, dtype=dtype and getattr(torch, dtype), **options)
        assert not any(p.is_meta for p in read.mmdit.parameters())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(peak - before, flush=True)
        os._exit(0)
    if os.wait()[1]:
        sys.exit(1)
"""


def stored(path: Path) -> int:
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return sum(file.stat().st_size for file in files)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory, qwen_folder, hunyuan_folder) -> dict[str, tuple[Path, dict]]:
    """Path and options of a checkpoint of about 200 MB in every format."""
    folder = tmp_path_factory.mktemp("large")
    inner = folder / "diffusers" / "transformer"
    inner.mkdir(parents=True)
    with empty_weights("test"):
        model = upstream.HunyuanVideoTransformer3DModel(**{
            **upstream.TRANSFORMER, "num_attention_heads": 8, "attention_head_dim": 64,
            "num_layers": 3, "num_single_layers": 5, "text_embed_dim": 512,
            "mlp_ratio": 4.0, "rope_axes_dim": (8, 28, 28),
        })  # fmt: skip
    model.save_config(inner)
    state = {name: torch.zeros(t.shape) for name, t in model.state_dict().items()}
    save_tensors(inner, "diffusion_pytorch_model", state, Saving(shard=50_000_000))
    torch.save(upstream.original(state), folder / "original.pt")
    published = {f"transformer.{n}": t for n, t in state.items()}
    published |= {f"mm_encoder.{n}": t for n, t in upstream.extras(512, 512).items()}
    torch.save(published, folder / "vino.ckpt")
    write_native(folder / "native", read_original(folder / "original.pt"))
    companions = {"vlm": str(qwen_folder), "vae": str(hunyuan_folder)}
    return {
        "native": (folder / "native", {}),
        "diffusers": (folder / "diffusers", {}),
        "diffusers cast": (folder / "diffusers", {"dtype": "bfloat16"}),
        "original": (folder / "original.pt", {}),
        "published": (folder / "vino.ckpt", companions),
        "published cast": (folder / "vino.ckpt", {**companions, "dtype": "bfloat16"}),
    }


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="measures through /proc")
def test_peak_memory_of_reading(checkpoints):
    jobs = [(str(path), options) for path, options in checkpoints.values()]
    done = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps(jobs)],
        capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    ratios = {
        name: int(peak) / stored(path)
        for (name, (path, _)), peak in zip(checkpoints.items(), done.stdout.split(), strict=True)
    }
    print("peak over size:", {name: round(ratio, 3) for name, ratio in ratios.items()})
    assert all(ratio <= LIMIT for ratio in ratios.values()), ratios


def test_building_a_full_size_model_takes_no_memory():
    with empty_weights("test"):
        model = MMDiT(MMDiTConfig())
    assert sum(p.numel() for p in model.parameters()) > 12_000_000_000
    assert all(p.is_meta for p in model.parameters())
