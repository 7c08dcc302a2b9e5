"""The small video autoencoder: 8x in space, 4x in time, causal, fast on one CPU core.

Around a linear projection of 8x8 pixel patches (started at the principal components of the
data, so that it is useful from the first step) lie a residual encoder and decoder that work
on 4x4 patches ("fine") and on 8x8 patches ("coarse").

Time enters only through *differences* between frames, and only from the past. So a picture
and the first frame of any clip have the very same latent, a still clip is the picture's latent
repeated, and pictures pay nothing for the layers that clips need.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import Tensor, nn

from vino.model.vae import check_video
from vino.sizes import Strides

FINE = 4  # pixels a side of a fine patch
COARSE = 8  # pixels a side of a coarse patch: one latent position
GROUP = 4  # frames of one latent position, but for the first frame, which stands alone
MIN_SPREAD = 1e-3  # least standard deviation of a latent channel: keeps projections finite


@dataclass(frozen=True)
class AutoencoderConfig:
    """Sizes of the small autoencoder."""

    latent_channels: int = 16
    fine_width: int = 96
    coarse_width: int = 112
    encoder_blocks: int = 1  # residual blocks at each of the two scales
    decoder_blocks: int = 2


def to_frames(video: Tensor) -> Tensor:
    """B C T H W to (B T) C H W, channels last in memory (what CPU convolutions want)."""
    frames = rearrange(video, "b c t h w -> (b t) c h w")
    return frames.contiguous(memory_format=torch.channels_last)


def to_video(frames: Tensor, length: int) -> Tensor:
    """(B T) C H W to B C T H W, with T = `length`."""
    return rearrange(frames, "(b t) c h w -> b c t h w", t=length)


def unshuffled(frames: Tensor, side: int) -> Tensor:
    """Fold patches of `side` x `side` into channels."""
    return F.pixel_unshuffle(frames, side).contiguous(memory_format=torch.channels_last)


def shuffled(frames: Tensor, side: int) -> Tensor:
    """Unfold channels into patches of `side` x `side`."""
    return F.pixel_shuffle(frames, side).contiguous(memory_format=torch.channels_last)


def zeroed(layer: nn.Conv2d) -> nn.Conv2d:
    """`layer`, starting as the zero function: its branch begins as identity."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of each position of N C H W."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class PastChange(nn.Module):
    """What changed since the two frames before, seen by each position: a causal layer in time.

    Zero for the first frame (its past repeats it) and wherever nothing moves.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = zeroed(nn.Conv2d(2 * width, width, 1, bias=False))

    def forward(self, frames: Tensor, length: int) -> Tensor:
        now = rearrange(frames, "(b t) c h w -> b t c h w", t=length)
        padded = torch.cat((now[:, :1], now[:, :1], now), 1)
        change = torch.cat((padded[:, 1:-1] - now, padded[:, :-2] - now), 2)
        return self.mix(rearrange(change, "b t c h w -> (b t) c h w"))


class ResidualBlock(nn.Module):
    """x + conv(silu(norm(conv(silu(norm(x))) + change in time)))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = ChannelNorm(width), ChannelNorm(width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = zeroed(nn.Conv2d(width, width, 3, padding=1))
        self.past = PastChange(width)

    def forward(self, frames: Tensor, length: int) -> Tensor:
        hidden = self.conv1(F.silu(self.norm1(frames)))
        if length > 1:
            hidden = hidden + self.past(hidden, length)
        return frames + self.conv2(F.silu(self.norm2(hidden)))


class HalveTime(nn.Module):
    """2k + 1 frames to k + 1: the first stays, every later pair becomes one frame.

    A pair becomes its mean plus a learned view of its difference.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.change = zeroed(nn.Conv2d(width, width, 1, bias=False))

    def forward(self, frames: Tensor, length: int) -> tuple[Tensor, int]:
        if length == 1:
            return frames, 1
        video = rearrange(frames, "(b t) c h w -> b t c h w", t=length)
        even = torch.cat((video[:, :1], video), 1)  # the first frame pairs with itself
        early, late = even[:, 0::2].flatten(0, 1), even[:, 1::2].flatten(0, 1)
        return (early + late) / 2 + self.change(late - early), (length + 1) // 2


class DoubleTime(nn.Module):
    """k + 1 frames to 2k + 1: the first stays, every later one becomes two."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.split = zeroed(nn.Conv2d(width, 2 * width, 1))

    def forward(self, frames: Tensor, length: int) -> tuple[Tensor, int]:
        if length == 1:
            return frames, 1
        video = rearrange(frames, "(b t) c h w -> b t c h w", t=length)
        later = video[:, 1:].flatten(0, 1)
        pairs = repeat(later, "n c h w -> n (two c) h w", two=2) + self.split(later)
        pairs = rearrange(pairs, "(b t) (two c) h w -> b (t two) c h w", t=length - 1, two=2)
        return torch.cat((video[:, :1], pairs), 1).flatten(0, 1), 2 * length - 1


class Encoder(nn.Module):
    """Video B 3 T H W to raw (not yet normalised) latents B C t h w."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        fine, coarse, latent = config.fine_width, config.coarse_width, config.latent_channels
        self.enter = nn.Conv2d(3 * FINE**2, fine, 3, padding=1)
        self.fine = nn.ModuleList(ResidualBlock(fine) for _ in range(config.encoder_blocks))
        self.halve_fine = HalveTime(fine)
        self.down = nn.Conv2d(4 * fine, coarse, 1)
        self.coarse = nn.ModuleList(ResidualBlock(coarse) for _ in range(config.encoder_blocks))
        self.halve_coarse = HalveTime(coarse)
        self.norm = ChannelNorm(coarse)
        self.leave = zeroed(nn.Conv2d(coarse, latent, 1))
        self.linear = nn.Conv2d(3 * COARSE**2, latent, 1)

    def forward(self, video: Tensor) -> Tensor:
        length = video.shape[2]
        frames = self.enter(unshuffled(to_frames(video), FINE))
        for block in self.fine:
            frames = block(frames, length)
        frames, length = self.halve_fine(frames, length)
        frames = self.down(unshuffled(frames, 2))
        for block in self.coarse:
            frames = block(frames, length)
        frames, length = self.halve_coarse(frames, length)
        frames = self.leave(self.norm(frames)) + self.linear(self._still(video))
        return to_video(frames, length)

    def _still(self, video: Tensor) -> Tensor:
        """Coarse patches of the first frame and of the mean of every later group of frames."""
        groups = rearrange(video[:, :, 1:], "b c (t g) h w -> b c t g h w", g=GROUP).mean(3)
        return unshuffled(to_frames(torch.cat((video[:, :, :1], groups), 2)), COARSE)


class Decoder(nn.Module):
    """Raw latents B C t h w to video B 3 T H W."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        fine, coarse, latent = config.fine_width, config.coarse_width, config.latent_channels
        self.enter = nn.Conv2d(latent, coarse, 3, padding=1)
        self.double_coarse = DoubleTime(coarse)
        self.coarse = nn.ModuleList(ResidualBlock(coarse) for _ in range(config.decoder_blocks))
        self.up = nn.Conv2d(coarse, 4 * fine, 1)
        self.double_fine = DoubleTime(fine)
        self.fine = nn.ModuleList(ResidualBlock(fine) for _ in range(config.decoder_blocks))
        self.norm = ChannelNorm(fine)
        self.leave = zeroed(nn.Conv2d(fine, 3 * FINE**2, 3, padding=1))
        self.linear = nn.Conv2d(latent, 3 * COARSE**2, 1)

    def forward(self, latents: Tensor) -> Tensor:
        length = latents.shape[2]
        frames = to_frames(latents)
        still = to_video(F.pixel_shuffle(self.linear(frames), COARSE), length)
        frames, length = self.double_coarse(self.enter(frames), length)
        for block in self.coarse:
            frames = block(frames, length)
        frames, length = self.double_fine(shuffled(self.up(frames), 2), length)
        for block in self.fine:
            frames = block(frames, length)
        frames = F.pixel_shuffle(self.leave(F.silu(self.norm(frames))), FINE)
        held = still[:, :, 1:].repeat_interleave(GROUP, dim=2)
        return to_video(frames, length) + torch.cat((still[:, :, :1], held), 2)


class CausalAutoencoder(nn.Module):
    """The small autoencoder; latents have mean 0 and variance 1 per channel.

    Runs in the type of its parameters, or under autocast. The buffers `latent_mean` and
    `latent_std` are measured once, when training ends (`measured`).
    """

    latent_mean: Tensor
    latent_std: Tensor

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        self.strides = Strides(time=GROUP, space=COARSE)
        self.latent_channels = config.latent_channels
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.register_buffer("latent_mean", torch.zeros(config.latent_channels))
        self.register_buffer("latent_std", torch.ones(config.latent_channels))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def encode(self, video: Tensor) -> Tensor:
        """B 3 T H W in [-1, 1], T = 4k + 1, to normalised latents B C t h w."""
        check_video(video, self.strides)
        raw = self.encoder(video.to(self.latent_mean.dtype))
        return (raw - per_channel(self.latent_mean)) / per_channel(self.latent_std)

    def decode(self, latents: Tensor) -> Tensor:
        """Normalised latents B C t h w to B 3 T H W."""
        raw = latents.to(self.latent_mean.dtype) * per_channel(self.latent_std)
        return self.decoder(raw + per_channel(self.latent_mean))

    @torch.no_grad()
    def start_from(self, pictures: Tensor) -> None:
        """Set the linear path to the principal components of `pictures`, N 3 H W in [-1, 1].

        Latents then start with unit variance, and the network at the best linear code.
        """
        patches = rearrange(F.pixel_unshuffle(pictures, COARSE), "n c h w -> (n h w) c").double()
        mean = patches.mean(0)
        _, axes = torch.linalg.eigh(torch.cov(patches.T))
        axes = axes.flip(1)[:, : self.latent_channels]
        spread = ((patches - mean) @ axes).std(0).clamp(min=MIN_SPREAD)
        inward, outward = (axes / spread).T, axes * spread
        self.encoder.linear.load_state_dict(
            {"weight": inward[:, :, None, None], "bias": -inward @ mean}
        )
        self.decoder.linear.load_state_dict({"weight": outward[:, :, None, None], "bias": mean})

    @torch.no_grad()
    def measured(self, raw: Tensor) -> None:
        """Take the statistics of raw latents `raw`, N C, as those that `encode` removes."""
        self.latent_mean.copy_(raw.float().mean(0))
        self.latent_std.copy_(raw.float().std(0).clamp(min=MIN_SPREAD))


def per_channel(values: Tensor) -> Tensor:
    """C to C 1 1 1, to meet B C t h w."""
    return rearrange(values, "c -> c 1 1 1")
