"""What edits leave alone: similarity, movement and colour against values known beforehand."""

import cv2
import numpy as np
import pytest

from vino.data.world.tasks import draw
from vino.data.world.vocabulary import FIRST_LIGHT
from vino.evaluate.world.alignment import movement
from vino.evaluate.world.damage import blurred, noisy
from vino.evaluate.world.preservation import (
    METRICS,
    by_frame,
    consistency,
    preserved,
    roughness,
    untouched,
)
from vino.evaluate.world.similarity import C1, C2, colour_drift, ssim, ssim_map

WHOLE = np.ones((48, 48), bool)


def texture(seed=0, side=48):
    """Smooth noise."""
    rng = np.random.default_rng(seed)
    field = cv2.GaussianBlur(rng.normal(size=(side, side, 3)), (0, 0), 2.0)
    return np.clip(128 + 60 * field / field.std(), 0, 255).astype(np.uint8)


def plain(level, side=48):
    return np.full((side, side, 3), level, np.uint8)


def moved(picture, dx, dy, zoom):
    """The picture after a shift, and a zoom that moves its edge out by so many pixels."""
    side = len(picture)
    middle, scale = (side - 1) / 2, 1 + zoom / (side / 2)
    place = middle - scale * middle
    matrix = np.array([[scale, 0, place + dx], [0, scale, place + dy]])
    how = {"flags": cv2.INTER_CUBIC, "borderMode": cv2.BORDER_REPLICATE}
    return cv2.warpAffine(picture, matrix, (side, side), **how)


def test_ssim_of_plain_pictures_in_closed_form():
    """Without structure only the luminance term is left (Wang et al. 2004, equation 6)."""
    expected = (2 * 100 * 150 + C1) / (100**2 + 150**2 + C1)
    assert ssim(plain(100), plain(150), WHOLE) == pytest.approx(expected, abs=1e-6)
    assert ssim(texture(), texture(), WHOLE) == pytest.approx(1, abs=1e-6)


def test_ssim_as_published():
    """Windows that lie wholly within, against the definition written out."""
    x, y = texture(0), np.clip(texture(0) * 0.8 + texture(1) * 0.3, 0, 255).astype(np.uint8)
    steps = np.arange(-5, 6)
    window = np.exp(-(steps[:, None] ** 2 + steps[None] ** 2) / (2 * 1.5**2))
    window = (window / window.sum())[..., None]

    def local(row, column):
        a, b = (p[row - 5 : row + 6, column - 5 : column + 6].astype(float) for p in (x, y))
        ma, mb = (window * a).sum((0, 1)), (window * b).sum((0, 1))
        va = (window * (a - ma) ** 2).sum((0, 1))
        vb = (window * (b - mb) ** 2).sum((0, 1))
        cov = (window * (a - ma) * (b - mb)).sum((0, 1))
        top = (2 * ma * mb + C1) * (2 * cov + C2)
        return (top / ((ma**2 + mb**2 + C1) * (va + vb + C2))).mean()

    within = ssim_map(x, y, WHOLE)[5:43, 5:43].mean(-1)
    expected = [[local(row, column) for column in range(5, 43)] for row in range(5, 43)]
    assert np.abs(within - expected).max() < 1e-3


def test_ssim_sees_nothing_beyond_the_mask():
    x, y = texture(0), texture(0)
    mask = WHOLE.copy()
    mask[:, :20] = False
    y[:, :20] = 0
    assert ssim(x, y, mask) == pytest.approx(1, abs=1e-5)
    assert ssim(x, y, ~mask) < 0.2


def test_colour_drift_of_greys():
    """L of a grey is 116 (Y / Yn)^(1/3) - 16 with the sRGB curve undone; a and b stay 0."""

    def lightness(level):
        return 116 * (((level / 255 + 0.055) / 1.055) ** 2.4) ** (1 / 3) - 16

    found = colour_drift(plain(150), plain(120), WHOLE)
    expected = lightness(150) - lightness(120)
    assert found["colour dE"] == pytest.approx(expected, abs=0.02)
    assert found["L drift"] == pytest.approx(expected, abs=0.02)
    assert abs(found["a drift"]) < 0.02 and abs(found["b drift"]) < 0.02


def test_colour_drift_has_a_sign_and_noise_has_none():
    red = np.zeros((48, 48, 3), np.uint8) + np.array([150, 100, 100], np.uint8)
    found = colour_drift(red, plain(100), WHOLE)
    assert found["a drift"] > 10 and found["L drift"] > 0
    noise = noisy(10)(texture()[None])[0]
    found = colour_drift(noise, texture(), WHOLE)
    assert found["colour dE"] > 5 * abs(found["L drift"])


@pytest.mark.parametrize("dx, dy, zoom", [
    (0, 0, 0), (0.3, 0, 0), (-1.4, 0.8, 0), (3.2, -2.6, 0), (0, 0, 0.5), (0, 0, -1.2),
    (0.5, -0.7, 0.9), (2, 2, 1),
])  # fmt: skip
@pytest.mark.parametrize("damage", [None, blurred, noisy(10)], ids=["whole", "blurred", "noise"])
def test_shift_and_zoom_are_recovered(dx, dy, zoom, damage):
    truth = texture(0, 64)
    answer = moved(truth, dx, dy, zoom)
    found = movement(damage(answer[None])[0] if damage else answer, truth, np.ones((64, 64), bool))
    assert found is not None
    assert np.abs([found.dx - dx, found.dy - dy, found.zoom - zoom]).max() < 0.1


def test_shift_is_that_of_the_untouched_part():
    """Half the picture is something else, and elsewhere."""
    truth, mask = texture(0, 64), np.ones((64, 64), bool)
    mask[:, :32] = False
    answer = moved(truth, 1.3, -0.6, 0)
    answer[:, :32] = moved(texture(5, 64), -4, 3, 0)[:, :32]
    mask[:, 32:35] = False  # an edit's border
    found = movement(answer, truth, mask)
    assert found is not None
    assert np.abs([found.dx - 1.3, found.dy + 0.6, found.zoom]).max() < 0.1


def test_a_change_of_colour_moves_nothing():
    truth = texture(0, 64)
    found = movement((truth * 0.9 + 20).astype(np.uint8), truth, np.ones((64, 64), bool))
    assert found is not None and max(found.shift, abs(found.zoom)) < 0.1


def test_scenes_of_the_world_are_recovered():
    errors = []
    for index in range(12):
        sample = draw("add", 0, index, FIRST_LIGHT, "held-out", 64)
        mask = untouched(sample)
        assert mask is not None
        answer = blurred(moved(sample.target[0], 0.8, -0.5, 0.4)[None])[0]
        found = movement(answer, sample.target[0], mask[0])
        if found is not None:
            errors.append(np.abs([found.dx - 0.8, found.dy + 0.5, found.zoom - 0.4]).max())
    assert len(errors) >= 8 and np.median(errors) < 0.05 and np.quantile(errors, 0.75) < 0.1


def test_movement_of_what_has_no_structure_is_unknown():
    assert movement(plain(90), plain(100), WHOLE) is None
    assert movement(texture(), plain(100), WHOLE) is None
    assert movement(texture(1), texture(2), WHOLE) is None
    assert movement(texture(), texture(), ~WHOLE) is None
    stripes = np.repeat(texture()[:1], 48, axis=0)  # nothing tells up from down
    assert movement(stripes, stripes, WHOLE) is None


def test_an_answer_that_is_the_truth_is_kept_wholly():
    truth = texture()[None]
    mask = WHOLE[None].copy()
    mask[:, :10] = False
    found = preserved(truth, truth, mask)
    assert set(found) == set(METRICS)
    assert found["outside PSNR dB"] == found["inside PSNR dB"] == 60
    assert found["outside SSIM"] == pytest.approx(1)
    assert max(found["shift px"], found["zoom px"], found["colour dE"]) < 0.01


def test_inside_and_outside_are_told_apart():
    truth, mask = texture()[None], WHOLE[None].copy()
    mask[:, :10] = False
    answer = truth.copy()
    answer[~mask] = 0
    found = preserved(answer, truth, mask)
    assert found["outside PSNR dB"] == 60 and found["inside PSNR dB"] < 10
    assert found["outside SSIM"] > 0.99 > 0.5 > found["inside SSIM"]
    assert not any(name.startswith("inside") for name in preserved(truth, truth, WHOLE[None]))


def test_clips_are_measured_frame_by_frame():
    truth = np.stack([texture()] * 4)
    answer = np.stack([moved(texture(), 0.4 * i, 0, 0) for i in range(4)])
    mask = np.ones((4, 48, 48), bool)
    mask[3] = False
    found = by_frame(answer, truth, mask)
    assert found["shift px"][:3] == pytest.approx([0, 0.4, 0.8], abs=0.05)
    assert found["shift px"][3] is None and found["outside SSIM"][3] is None
    assert found["inside SSIM"][0] is None and found["inside SSIM"][3] is not None
    assert preserved(answer, truth, mask)["shift px"] == pytest.approx(0.4, abs=0.05)


def test_even_motion_is_smooth_and_stillness_consistent():
    ramp = np.broadcast_to(np.arange(0, 50, 10).reshape(5, 1, 1, 1), (5, 8, 8, 3)).astype(np.uint8)
    jumps = ramp.copy()
    jumps[1::2] += 6
    everywhere = np.ones((8, 8), bool)
    assert roughness(ramp) == 0 and roughness(jumps) == 12
    assert consistency(ramp[:1].repeat(3, 0), everywhere) == 1
    assert consistency(ramp, everywhere) == pytest.approx(1 - 25 / 255)
