"""Schedules, solvers and guidance against closed forms."""

import json
import math
from dataclasses import asdict
from fractions import Fraction

import numpy as np
import pytest
import torch

from vino.errors import CheckpointError, InputError
from vino.flow.guidance import Guidance, guided
from vino.flow.path import data_estimate, interpolate, seeded_noise, velocity
from vino.flow.sampler import SOLVERS
from vino.flow.sampling import Defaults, Sampling
from vino.flow.schedule import schedule


def test_path_is_straight():
    data, noise = torch.randn(4), torch.randn(4)
    x = interpolate(data, noise, 0.3)
    torch.testing.assert_close(data_estimate(x, velocity(data, noise), 0.3), data)
    assert torch.equal(interpolate(data, noise, 1.0), noise)


def test_schedule_is_the_shifted_line():
    times = schedule(4, 3.0)
    assert times[0] == 1 and times[-1] == 0
    assert math.isclose(float(times[2]), 3 * 0.5 / (0.5 + 3 * 0.5), rel_tol=1e-6)


@pytest.mark.parametrize("solver", SOLVERS)
def test_solvers_are_exact_on_a_straight_path(solver):
    data, noise = torch.randn(3, 1, 2, 2), torch.randn(3, 1, 2, 2)
    times = torch.stack([schedule(5, 3.0), schedule(5, 1.0)], 1)
    seen = []
    out = SOLVERS[solver](
        lambda x, t: [velocity(data, noise)] * 2, [noise, noise], times,
        lambda step, x, v, t, after: seen.append(step),
    )  # fmt: skip
    for latent in out:
        torch.testing.assert_close(latent, data, atol=1e-5, rtol=0)
    assert seen == list(range(5))


@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("heun", 2), ("multistep", 2)])
def test_solvers_have_their_order(solver, order):
    """dx/dt = x from t = 1 to 0: the error falls by 2**order when the steps double."""

    def error(steps: int) -> float:
        times = torch.linspace(1, 0, steps + 1, dtype=torch.float64)[:, None]
        x = torch.ones(1, 1, 1, 1, dtype=torch.float64)
        out = SOLVERS[solver](lambda x, t: list(x), [x], times, lambda *_: None)
        return abs(float(out[0]) - math.exp(-1))

    gain = math.log2(error(64) / error(128))
    assert order - 0.15 < gain < order + 0.35


def combine(guidance: Guidance, has_images: bool, values: dict[str, float]) -> float:
    return sum(w * values[name] for name, w in guidance.weights(has_images).items())


def test_guidance_is_the_papers_formula():
    cond, neg, negimg = 3.0, 2.0, 1.0
    values = {"cond": cond, "neg": neg, "neg_images": negimg, "without 0": 0.5}
    full = combine(Guidance(5, 1.5), True, values)
    assert math.isclose(full, negimg + 1.5 * (neg - negimg) + 5 * (cond - neg))
    assert math.isclose(combine(Guidance(7, 1.5), False, values), neg + 7 * (cond - neg))
    assert math.isclose(combine(Guidance(1, 3), True, values), negimg + 3 * (cond - negimg))
    single = combine(Guidance(5, 1, (2.0,)), True, values)
    assert math.isclose(single, neg + 5 * (cond - neg) + (2 - 1) * (neg - 0.5))


def test_branches_run_only_above_one():
    assert set(Guidance(1, 1).weights(True)) == {"cond"}
    assert set(Guidance(0, 0).weights(True)) == {"cond"}
    assert set(Guidance(5, 1).weights(True)) == {"cond", "neg"}
    assert set(Guidance(5, 3).weights(False)) == {"cond", "neg"}


def test_guided_packs_branches_and_weighs_them():
    calls = []

    def branch(x, t):
        calls.append((len(x), t.tolist()))
        return [xi * (i + 1) for i, xi in enumerate(x)]

    x = [torch.ones(1), torch.ones(1) * 10]
    out = guided(branch, [[2.0, -1.0], [1.0]])(x, torch.tensor([0.5, 0.25]))
    assert calls == [(3, [0.5, 0.5, 0.25])]
    assert [float(v) for v in out] == [2 * 1 - 2, 30]


def test_noise_is_the_seeds():
    assert torch.equal(seeded_noise((2, 3), 7), seeded_noise((2, 3), 7))
    for other in (8, 7 + 2**32, 7 + 2**62):
        assert not torch.equal(seeded_noise((2, 3), 7), seeded_noise((2, 3), other))


@pytest.mark.parametrize(
    "setting",
    [{"steps": 0}, {"steps": 5000}, {"steps": 1.5}, {"guidance": math.nan}, {"guidance": -1.0},
     {"image_guidance": math.inf}, {"shift": 0.0}, {"shift": math.nan}, {"solver": "magic"},
     {"per_reference": (1.0, math.nan)}, {"guidance": True}, {"guidance": 10**400}],
    ids=str,
)  # fmt: skip
def test_senseless_settings_are_refused(setting):
    with pytest.raises(InputError):
        Sampling(**setting)


def test_numbers_of_any_real_type_are_written_as_plain_ones():
    given = Sampling(
        guidance=np.float32(3), image_guidance=np.int64(2), shift=Fraction(1, 2),
        per_reference=[np.float16(0.5)],
    )  # fmt: skip
    plain = Sampling(guidance=3.0, image_guidance=2.0, shift=0.5, per_reference=(0.5,))
    assert json.dumps(asdict(given)) == json.dumps(asdict(plain))


def test_defaults_parse_and_refuse_unknown_names():
    parsed = Defaults.parse({"picture": {"steps": 7}, "size": [64, 64], "frames": 17})
    assert parsed.picture.steps == 7 and parsed.size == (64, 64)
    assert Defaults.parse(asdict(parsed)) == parsed
    with pytest.raises(Exception, match="unknown"):
        Defaults.parse({"pictures": {}})
    with pytest.raises(Exception, match="picture"):
        Defaults.parse({"picture": {"stepz": 7}})


@pytest.mark.parametrize(
    ("name", "value"),
    [("fps", -1), ("fps", math.inf), ("fps", "24"), ("fps", None), ("max_frames", "lots"),
     ("max_frames", 0), ("frames", 1.5), ("max_area", None), ("reference_area", [4]),
     ("size", [64]), ("size", 64), ("size", [64, 0]), ("size", [64, "64"]), ("size", "64"),
     ("clip_size", [64, 64, 3]), ("clip_size", None), ("picture", None), ("clip", [1])],
    ids=str,
)  # fmt: skip
def test_senseless_defaults_are_refused_by_name(name, value):
    with pytest.raises(CheckpointError, match=f'"{name}"'):
        Defaults.parse({name: value})
