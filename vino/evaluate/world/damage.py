"""How a picture can be less than perfect without showing anything else."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

Damage = Callable[[np.ndarray], np.ndarray]


def blurred(video: np.ndarray) -> np.ndarray:
    """Every frame (of T H W 3 uint8) averaged over 3 x 3 pixels."""
    return np.stack([cv2.blur(frame, (3, 3)) for frame in video])


def noisy(deviation: float) -> Damage:
    """Gaussian noise, always the same for the same video."""

    def damage(video: np.ndarray) -> np.ndarray:
        noise = np.random.default_rng(video.size).normal(0, deviation, video.shape)
        return np.clip(video + noise + 0.5, 0, 255).astype(np.uint8)

    return damage


def damages(reconstruct: Damage, quick: bool) -> Mapping[str, Damage]:
    """The conditions under which the judge's own accuracy is measured.

    reconstruct: the model's autoencoder, there and back
    quick: only those of which a model's answers can be no better
    """
    least: dict[str, Damage] = {"rendered": lambda video: video, "autoencoded": reconstruct}
    if quick:
        return least
    return least | {"blur 3x3": blurred, "noise 10": noisy(10)}
