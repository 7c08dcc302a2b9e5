"""A model as a candidate."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import torch

from vino.data.sources.world import prompt_of
from vino.evaluate.world.trials import Trial
from vino.generate import Model
from vino.model.vae import from_pixels, to_pixels
from vino.request import Request


class ModelCandidate:
    """A loaded model, at its own defaults."""

    def __init__(self, model: Model):
        self.model = model
        self.size = min(model.defaults.size)
        self.frames = model.defaults.frames
        self.longest = model.defaults.max_frames
        self.identity = {**model.identity, "defaults": asdict(model.defaults)}

    def answer(self, trials: Sequence[Trial]) -> list[np.ndarray]:
        """Ask as a user would, every trial with a noise of its own."""
        requests = []
        for trial in trials:
            prompt, shape = prompt_of(trial.sample), trial.sample.target.shape
            size = None if prompt.base else (shape[2], shape[1])
            sampling = self.model.sampling(prompt, shape[0], {})
            requests.append(Request(prompt, sampling, size, shape[0], trial.noise_seed))
        return [frames.pixels for frames in self.model.run(requests)]

    def rewrite(self, trials: Sequence[Trial]) -> list[str]:
        """As `vino rewrite` does."""
        return [self.model.rewrite(prompt_of(trial.sample), trial.seed) for trial in trials]

    @torch.inference_mode()
    def reconstruct(self, video: np.ndarray) -> np.ndarray:
        """Encode and decode."""
        vino = self.model.vino
        pixels = torch.from_numpy(np.ascontiguousarray(video)).to(vino.device)
        latent = vino.vae.encode(from_pixels(pixels[None]).to(vino.dtype))
        return to_pixels(vino.vae.decode(latent)[0]).cpu().numpy()
