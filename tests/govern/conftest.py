"""Everything is kept in a home of the test's own."""

import numpy as np
import pytest

from vino.media import Frames

RECIPE = {
    "vino": 1,
    "model": {"name": "tiny", "hash": "0123"},
    "prompt": [{"kind": "text", "text": "a red apple"}],
    "seed": 7,
}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("VINO_HOME", str(tmp_path / "home"))
    for name in ("VINO_MARK_KEY", "VINO_SIGNING_CERTIFICATE", "VINO_SIGNING_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


def scene(seed: int = 0, side: int = 256, frames: int = 1) -> Frames:
    """Smooth coloured noise with a bright square that slides."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    waves = [
        np.sin(2 * np.pi * (a * x + b * y + c))
        for a, b, c in zip(*rng.uniform(-4, 4, (2, 6)), rng.uniform(0, 1, 6), strict=True)
    ]
    colours = rng.uniform(-20, 20, (6, 3))
    picture = (
        128 + np.tensordot(np.stack(waves, -1), colours, 1) + rng.normal(0, 3, (side, side, 3))
    )
    clip = np.repeat(picture[None], frames, 0)
    for i, shown in enumerate(clip):
        left = side // 4 + i * side // 32
        shown[side // 4 : side // 2, left : left + side // 4] = (220, 180, 60)
    return Frames(np.clip(clip, 0, 255).astype(np.uint8), recipe=RECIPE)
