"""ComfyUI's IMAGE: a float tensor B H W C from 0 to 1; a clip is a batch of its frames."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from vino.media import Frames, read_clip, read_picture


def to_clip(images: Tensor, fps: float) -> Frames:
    """A whole batch as one clip."""
    return replace(read_clip(_pixels(images)), fps=fps)


def to_pictures(images: Tensor) -> list[Frames]:
    """Every image of a batch as a picture."""
    return [read_picture(image) for image in _pixels(images)]


def to_images(made: Sequence[Frames]) -> Tensor:
    """Pictures and clips of one size as one batch, frames in order."""
    return torch.cat([torch.from_numpy(frames.pixels) for frames in made]).float() / 255


def _pixels(images: Tensor) -> np.ndarray:
    """As an array; other nodes may leave values a little beyond 0 and 1."""
    pixels: np.ndarray = images.detach().float().clamp(0, 1).cpu().numpy()
    return pixels
