"""Folders and files of small checkpoints, written once a session."""

from pathlib import Path

import pytest
import torch

from tests import tiny
from tests.checkpoints import upstream
from vino.checkpoints.save import Saving
from vino.checkpoints.vlm import write_vlm


@pytest.fixture(scope="session")
def qwen_folder(tmp_path_factory) -> Path:
    """A Qwen3-VL folder, the weights written by transformers."""
    folder = tmp_path_factory.mktemp("upstream") / "Qwen3-VL-tiny"
    torch.manual_seed(4)
    vlm = tiny.qwen(tiny.tokenizer())
    write_vlm(folder, vlm, Saving())
    vlm.model.save_pretrained(folder)
    (folder / "LICENSE").write_text("the licence of the language model\n")
    return folder


@pytest.fixture(scope="session")
def hunyuan_folder(tmp_path_factory) -> Path:
    """A HunyuanVideo pipeline's folder, written by diffusers."""
    folder = tmp_path_factory.mktemp("upstream") / "HunyuanVideo"
    upstream.transformer().save_pretrained(folder / "transformer")
    upstream.autoencoder().save_pretrained(folder / "vae")
    (folder / "LICENSE.txt").write_text("the licence of the base\n")
    return folder


@pytest.fixture(scope="session")
def published_file(tmp_path_factory) -> Path:
    """A published checkpoint, vision-language model and all."""
    file = tmp_path_factory.mktemp("published") / "vino.ckpt"
    torch.save(upstream.published(), file)
    return file
