"""What is computed here, against closed forms."""

import json

import numpy as np
import pytest

from vino.errors import InputError
from vino.evaluate.official.measures import motion_amplitude, temporal_flickering
from vino.evaluate.official.suites import BENCHMARKS
from vino.media import Frames


def textured(shift: tuple[int, int], frames: int = 4) -> Frames:
    """A smooth texture that moves by (right, down) pixels a frame."""
    y, x = np.mgrid[0:64, 0:64]
    pixels = [
        127 + 60 * np.sin((x - i * shift[0]) / 5) + 60 * np.cos((y - i * shift[1]) / 6)
        for i in range(frames)
    ]
    return Frames(np.stack(pixels).round().astype(np.uint8)[..., None].repeat(3, -1))


def test_flickering_is_the_mean_change_of_neighbours():
    levels = np.array([100, 110, 90], np.uint8).reshape(3, 1, 1, 1)
    clip = Frames(np.broadcast_to(levels, (3, 8, 8, 3)).copy())
    assert temporal_flickering(clip) == pytest.approx(1 - (10 + 20) / 2 / 255)
    still = Frames(np.zeros((3, 8, 8, 3), np.uint8))
    assert temporal_flickering(still) == 1
    wild = Frames(np.array([0, 255], np.uint8).reshape(2, 1, 1, 1).repeat(3, -1))
    assert temporal_flickering(wild) == 0


def test_amplitude_is_the_mean_of_both_axes():
    assert motion_amplitude(textured((0, 0))) == pytest.approx(0, abs=1e-3)
    assert motion_amplitude(textured((2, 0))) == pytest.approx(1.0, abs=0.15)
    assert motion_amplitude(textured((2, 1))) == pytest.approx(1.5, abs=0.2)
    assert motion_amplitude(textured((-2, 0))) == pytest.approx(1.0, abs=0.15)
    assert motion_amplitude(textured((2, -2))) < 0.1


@pytest.mark.parametrize("measure", [temporal_flickering, motion_amplitude])
def test_a_picture_has_neither(measure):
    with pytest.raises(InputError, match="at least two frames"):
        measure(Frames(np.zeros((1, 8, 8, 3), np.uint8)))


def test_both_are_written_as_the_official_scorers_write_them(tmp_path):
    clip = textured((2, 0))
    vbench, opens2v = BENCHMARKS["vbench"], BENCHMARKS["opens2v"]
    for benchmark in (vbench, opens2v):
        cases = benchmark.cases(None, tmp_path, 1)
        clip.save(tmp_path / benchmark.name / cases[0].files[0])
        benchmark.measure(tmp_path / benchmark.name, cases, tmp_path / "results")
    name = "temporal_flickering"
    score, details = json.loads((tmp_path / f"results/{name}_eval_results.json").read_text())[name]
    assert details == [
        {"video_path": "In a still frame, a stop sign-0.mp4", "video_results": score}
    ]
    amplitude = json.loads((tmp_path / "results/motion_amplitude.json").read_text())
    assert list(amplitude) == ["singleobj_1"] and amplitude["singleobj_1"]["motion_fb"] > 0.8
    found = opens2v.read_results(tmp_path / "results", opens2v.cases(None, tmp_path, None))
    assert list(found.values) == ["motion_amplitude"] and not found.is_whole
