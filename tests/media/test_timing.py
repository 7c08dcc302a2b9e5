import numpy as np
import pytest

from vino.media.timing import Timestamps, constant_rate


def shown(times: Timestamps) -> tuple[float, list[int]]:
    schedule = constant_rate(times)
    return schedule.rate, schedule.resample(np.arange(len(times.starts))).tolist()


@pytest.mark.parametrize("rate", [24.0, 24000 / 1001, 12.5, 7.0, 59.94])
def test_regular_times_keep_every_frame(rate):
    starts = np.arange(30) / rate
    assert shown(Timestamps(starts, declared=[rate])) == (rate, list(range(30)))
    assert shown(Timestamps(starts + 5.0))[0] == pytest.approx(rate)


def test_rounded_times_give_the_rate_they_are_rounded_from():
    starts = np.round(np.arange(49) / 24, 2)
    assert shown(Timestamps(starts, precision=0.01)) == (24.0, list(range(49)))
    starts = np.round(np.arange(49) / 23.976, 3)
    assert constant_rate(Timestamps(starts, declared=[24000 / 1001], precision=0.001)).rate == (
        24000 / 1001
    )


def test_jitter_is_regular():
    rng = np.random.default_rng(0)
    starts = (np.arange(100) + rng.uniform(-0.2, 0.2, 100)) / 30
    assert shown(Timestamps(np.sort(starts), declared=[30.0])) == (30.0, list(range(100)))


def test_a_pause_becomes_repeated_frames():
    assert shown(Timestamps(np.array([0, 0.1, 0.2, 0.8, 0.9, 1.0]))) == (
        10.0,
        [0, 1, 2, 2, 2, 2, 2, 2, 3, 4, 5],
    )


def test_a_dropped_frame_is_held():
    starts = np.delete(np.arange(48) / 24, 10)
    rate, indices = shown(Timestamps(starts, declared=[23.5]))
    assert rate == 24.0 and len(indices) == 48 and indices[9:12] == [9, 9, 10]


def test_frames_faster_than_the_rate_give_way():
    starts = np.array([0, 0.1, 0.2, 0.3, 0.31, 0.32, 0.4, 0.5, 0.6])
    assert shown(Timestamps(starts)) == (10.0, [0, 1, 2, 5, 6, 7, 8])


def test_the_last_frame_stays():
    assert shown(Timestamps(np.array([0, 0.1, 0.2]), last=0.5)) == (10.0, [0, 1, 2, 2, 2, 2, 2])
    assert shown(Timestamps(np.array([0, 0.1, 0.2]), last=0.1)) == (10.0, [0, 1, 2])


def test_one_frame_and_no_times():
    assert shown(Timestamps(np.array([3.0]))) == (24.0, [0])
    assert shown(Timestamps(np.array([3.0]), declared=[12.0])) == (12.0, [0])
    assert shown(Timestamps(np.zeros(3), declared=[12.0])) == (12.0, [0, 1, 2])


def test_absurd_times_do_not_overflow():
    schedule = constant_rate(Timestamps(np.array([0.0, 0.01, 0.02, 1e300])))
    assert schedule.count > 10**300
