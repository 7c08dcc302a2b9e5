import pytest
import torch

from vino.errors import InputError
from vino.model.autoencoder import AutoencoderConfig, CausalAutoencoder
from vino.model.vae import HunyuanVAE, VideoAutoencoder

CONFIG = {
    "latent_channels": 4,
    "block_out_channels": [8, 8, 8, 8],
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "scaling_factor": 0.5,
}


@pytest.fixture(scope="module")
def vae() -> HunyuanVAE:
    torch.manual_seed(0)
    return HunyuanVAE(CONFIG).eval()


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("frames", [1, 5, 13, 17, 25, 29])
@torch.no_grad()
def test_sizes(vae, frames):
    latents = vae.encode(noise(1, 3, frames, 16, 24))
    assert latents.shape == (1, 4, (frames + 3) // 4, 2, 3)
    assert vae.decode(latents).shape == (1, 3, frames, 16, 24)


@torch.no_grad()
def test_latents_are_the_scaled_mode(vae):
    video = noise(1, 3, 5, 16, 16)
    mode = vae.model.encode(video).latent_dist.mode()
    torch.testing.assert_close(vae.encode(video), mode * 0.5)
    torch.testing.assert_close(vae.decode(mode * 0.5), vae.model.decode(mode).sample)


def test_clips_are_tiled_in_time_and_nothing_in_space(vae):
    assert not vae.model.use_tiling
    assert vae.model.use_framewise_encoding and vae.model.use_framewise_decoding


def test_sizes_off_the_grid_are_refused(vae):
    with pytest.raises(InputError):
        vae.encode(noise(1, 3, 4, 16, 16))


def test_a_saved_config_with_its_notes_is_accepted():
    saved = CONFIG | {"_class_name": "AutoencoderKLHunyuanVideo", "_diffusers_version": "0.35"}
    assert HunyuanVAE(saved).latent_channels == 4


def test_both_keep_the_interface(vae):
    small = CausalAutoencoder(AutoencoderConfig(4, 8, 8))
    for autoencoder in (vae, small):
        typed: VideoAutoencoder = autoencoder
        assert (typed.strides.time, typed.strides.space) == (4, 8)
        assert typed.latent_channels == 4
