"""Video autoencoders: pixels to latents and back, one interface for every one of them.

A latent is what the generator sees: normalised, so that it has about unit variance.
"""

from collections.abc import Mapping
from typing import Any, Protocol, cast

import torch
from einops import rearrange
from torch import Tensor, nn

from vino.sizes import PixelSize, Strides

CLIP_TILE = 16  # frames; longer clips are coded in tiles of 16 + 1
CLIP_STRIDE = 12  # frames between the starts of two tiles


class VideoAutoencoder(Protocol):
    """What the rest of the model asks of an autoencoder."""

    strides: Strides
    latent_channels: int

    def encode(self, video: Tensor) -> Tensor:
        """B 3 T H W in [-1, 1] to normalised latents B C t h w; InputError on a size off grid."""
        ...

    def decode(self, latents: Tensor) -> Tensor:
        """Normalised latents B C t h w to B 3 T H W, nominally in [-1, 1] (not clamped)."""
        ...


def from_pixels(pixels: Tensor) -> Tensor:
    """Pixels ... T H W 3 uint8 -> video ... 3 T H W float32 in [-1, 1]."""
    return rearrange(pixels.float() / 127.5 - 1, "... t h w c -> ... c t h w")


def to_pixels(video: Tensor) -> Tensor:
    """Video ... 3 T H W -> pixels ... T H W 3 uint8; what lies outside [-1, 1] is clipped."""
    levels = ((video.float().clamp(-1, 1) + 1) * 127.5).round().byte()
    return rearrange(levels, "... c t h w -> ... t h w c")


def check_video(video: Tensor, strides: Strides) -> None:
    """InputError unless `video`, B 3 T H W, has whole latent positions and 4k + 1 frames."""
    strides.latent(PixelSize(*video.shape[-3:]))


class HunyuanVAE(nn.Module):
    """The autoencoder of HunyuanVideo, as the published model uses it.

    A latent is the mode of the posterior times `scaling_factor`. Clips of more than 16 frames
    are coded in overlapping tiles of frames, blended (part of how published latents are
    defined, not a matter of memory); pictures are never cut in space.

    `config` holds the arguments of diffusers' `AutoencoderKLHunyuanVideo`; its parameters live
    under `model.` with the names diffusers gives them.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        # Imported here: it takes seconds, which users of the small model need not wait.
        from diffusers import AutoencoderKLHunyuanVideo

        arguments = {name: value for name, value in config.items() if not name.startswith("_")}
        self.model = cast(Any, AutoencoderKLHunyuanVideo(**arguments))
        self.model.use_framewise_encoding = True
        self.model.use_framewise_decoding = True
        self.model.tile_sample_min_num_frames = CLIP_TILE
        self.model.tile_sample_stride_num_frames = CLIP_STRIDE
        self.model.disable_tiling()
        self.scaling_factor: float = self.model.config.scaling_factor
        self.latent_channels: int = self.model.config.latent_channels
        self.strides = Strides(
            self.model.config.temporal_compression_ratio,
            self.model.config.spatial_compression_ratio,
        )

    @property
    def dtype(self) -> torch.dtype:
        return self.model.dtype

    def encode(self, video: Tensor) -> Tensor:
        """B 3 T H W in [-1, 1] to B C t h w: posterior mode x scaling factor."""
        check_video(video, self.strides)
        posterior = self.model.encode(video.to(self.dtype)).latent_dist
        return posterior.mode() * self.scaling_factor

    def decode(self, latents: Tensor) -> Tensor:
        """B C t h w to B 3 T H W."""
        return self.model.decode(latents.to(self.dtype) / self.scaling_factor).sample
