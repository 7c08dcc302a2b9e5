"""The command line with a small random model in place of the embedded one."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import vino.generate as library
from tests import tiny
from vino.cli import main
from vino.errors import CheckpointError
from vino.flow.sampling import Defaults, Sampling
from vino.media import Frames

FAST = Sampling(steps=2, guidance=2.0, image_guidance=1.0, shift=1.0)
DEFAULTS = Defaults(
    picture=FAST, clip=FAST, picture_edit=FAST, clip_edit=FAST,
    size=(32, 32), clip_size=(32, 32), frames=5, max_frames=17, max_area=128 * 128,
    fps=8.0, reference_area=32 * 32,
)  # fmt: skip
IDENTITY = {"name": "random", "hash": "0123456789abcdef", "licence": "Apache-2.0"}


@dataclass(frozen=True)
class Said:
    """What a command left behind: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def paths(self) -> list[Path]:
        return [Path(line) for line in self.out.splitlines()]


Run = Callable[..., Said]


@pytest.fixture(scope="session")
def random_model() -> library.Model:
    return library.Model(tiny.vino(), DEFAULTS, IDENTITY)


@pytest.fixture
def vino(random_model, monkeypatch, tmp_path, capsys) -> Run:
    """Runs a command in an empty folder."""

    def load(model="tiny", *, device=None, dtype=None):
        if model != "tiny":
            raise CheckpointError(f'unknown model "{model}": use "tiny", a folder or a hub id')
        return random_model

    monkeypatch.setattr(library, "load", load)
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Said:
        try:
            code = main([str(word) for word in words])
        except SystemExit as stop:
            code = int(stop.code or 0)
        printed = capsys.readouterr()
        return Said(code, printed.out, printed.err)

    return run


@pytest.fixture
def picture(tmp_path) -> Path:
    """A picture of 48 x 32 with a red square."""
    pixels = np.full((1, 32, 48, 3), 255, np.uint8)
    pixels[:, 8:24, 8:24] = (200, 30, 30)
    return Frames(pixels).save(tmp_path / "picture.png")


@pytest.fixture
def clip(tmp_path) -> Path:
    """Nine frames of 32 x 32 at 10 a second: a square slides."""
    pixels = np.full((9, 32, 32, 3), 220, np.uint8)
    for i in range(9):
        pixels[i, 8:20, i : i + 12] = (20, 60, 200)
    return Frames(pixels, fps=10.0).save(tmp_path / "clip.mp4")
