import pytest
import torch

from vino.errors import InputError
from vino.model.autoencoder import AutoencoderConfig, CausalAutoencoder

SMALL = AutoencoderConfig(latent_channels=4, fine_width=8, coarse_width=8)


@pytest.fixture
def autoencoder() -> CausalAutoencoder:
    """Random weights in every layer, those that start at zero too."""
    torch.manual_seed(0)
    autoencoder = CausalAutoencoder(SMALL).eval()
    with torch.no_grad():
        for weight in autoencoder.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.1)
        autoencoder.latent_mean.normal_()
        autoencoder.latent_std.uniform_(0.5, 2)
    return autoencoder


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("frames", [1, 5, 9, 17])
@pytest.mark.parametrize(("height", "width"), [(16, 16), (24, 40), (8, 8)])
@torch.no_grad()
def test_sizes(autoencoder, frames, height, width):
    latents = autoencoder.encode(noise(2, 3, frames, height, width))
    assert latents.shape == (2, 4, (frames + 3) // 4, height // 8, width // 8)
    assert autoencoder.decode(latents).shape == (2, 3, frames, height, width)


@pytest.mark.parametrize("shape", [(1, 3, 4, 16, 16), (1, 3, 1, 12, 16), (1, 3, 1, 16, 9)])
def test_sizes_off_the_grid_are_refused(autoencoder, shape):
    with pytest.raises(InputError):
        autoencoder.encode(noise(*shape))


@torch.no_grad()
def test_a_picture_and_a_clips_first_frame_have_the_same_latent(autoencoder):
    clip = noise(2, 3, 9, 16, 24)
    latents = autoencoder.encode(clip)
    picture = autoencoder.encode(clip[:, :, :1])
    torch.testing.assert_close(latents[:, :, :1], picture, rtol=0, atol=1e-5)
    decoded = autoencoder.decode(latents)[:, :, :1]
    torch.testing.assert_close(decoded, autoencoder.decode(picture), rtol=0, atol=1e-5)


@torch.no_grad()
def test_the_future_changes_nothing(autoencoder):
    clip = noise(1, 3, 17, 16, 16)
    latents = autoencoder.encode(clip)
    torch.testing.assert_close(
        autoencoder.encode(clip[:, :, :9]), latents[:, :, :3], rtol=0, atol=1e-5
    )
    torch.testing.assert_close(
        autoencoder.decode(latents[:, :, :3]),
        autoencoder.decode(latents)[:, :, :9],
        rtol=0,
        atol=1e-5,
    )


@torch.no_grad()
def test_a_still_clip_repeats_the_latent_of_its_picture(autoencoder):
    picture = noise(1, 3, 1, 16, 16)
    latents = autoencoder.encode(picture.expand(-1, -1, 9, -1, -1))
    expected = autoencoder.encode(picture).expand(-1, -1, 3, -1, -1)
    torch.testing.assert_close(latents, expected, rtol=0, atol=1e-5)


@torch.no_grad()
def test_motion_is_seen(autoencoder):
    clip = noise(1, 3, 5, 16, 16)
    backwards = torch.cat((clip[:, :, :1], clip[:, :, 1:].flip(2)), 2)
    difference = autoencoder.encode(clip) - autoencoder.encode(backwards)
    assert difference[:, :, 1].abs().max() > 1e-3


@torch.no_grad()
def test_start_is_the_best_linear_code():
    """Pictures of four-dimensional patches: four channels reconstruct them without loss."""
    torch.manual_seed(0)
    basis = torch.randn(4, 3 * 8 * 8) / 10
    patches = torch.randn(20, 4, 4, 4) @ basis
    pictures = torch.nn.functional.pixel_shuffle(patches.permute(0, 3, 1, 2), 8)
    autoencoder = CausalAutoencoder(SMALL)
    autoencoder.start_from(pictures)
    latents = autoencoder.encode(pictures[:, :, None])
    torch.testing.assert_close(autoencoder.decode(latents)[:, :, 0], pictures, rtol=0, atol=1e-4)
    torch.testing.assert_close(latents.std((0, 2, 3, 4)), torch.ones(4), rtol=0, atol=1e-2)


@torch.no_grad()
def test_measured_latents_have_unit_variance(autoencoder):
    autoencoder.latent_mean.zero_()
    autoencoder.latent_std.fill_(1)
    video = noise(8, 3, 5, 16, 16)
    before = autoencoder.decode(autoencoder.encode(video))
    autoencoder.measured(autoencoder.encode(video).transpose(1, -1).flatten(0, -2))
    latents = autoencoder.encode(video)
    torch.testing.assert_close(latents.mean((0, 2, 3, 4)), torch.zeros(4), rtol=0, atol=1e-4)
    torch.testing.assert_close(latents.std((0, 2, 3, 4)), torch.ones(4), rtol=0, atol=1e-4)
    torch.testing.assert_close(autoencoder.decode(latents), before, rtol=0, atol=1e-4)


def test_every_parameter_learns(autoencoder):
    video = noise(1, 3, 9, 16, 16)
    (autoencoder.decode(autoencoder.encode(video)) - video).square().mean().backward()
    silent = [name for name, p in autoencoder.named_parameters() if p.grad is None]
    assert not silent
    assert all(p.grad.isfinite().all() for p in autoencoder.parameters())


@torch.no_grad()
def test_runs_in_bf16_and_takes_float32_input(autoencoder):
    video = noise(1, 3, 5, 16, 16)
    expected = autoencoder.decode(autoencoder.encode(video))
    half = autoencoder.to(torch.bfloat16)
    decoded = half.decode(half.encode(video).float())
    assert decoded.dtype == torch.bfloat16
    assert (decoded.float() - expected).abs().mean() < 0.02 * expected.abs().mean()
