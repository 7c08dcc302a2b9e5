"""Means with intervals."""

import pytest

from vino.evaluate.statistics import SHARE, mean_with_interval, unseen_share, wilson


def scenes(*values):
    return {str(i): [v] for i, v in enumerate(values)}


def test_intervals_hold_the_mean_and_shrink():
    few = mean_with_interval(scenes(*[0, 1] * 5))
    many = mean_with_interval(scenes(*[0, 1] * 500))
    assert few[0] == many[0] == 0.5
    assert few[2] - few[1] > 4 * (many[2] - many[1]) > 0


@pytest.mark.parametrize("count, low", [(5, 0.4782), (20, 0.8316), (100, 0.9638)])
def test_where_all_answers_agree_the_bound_is_clopper_and_pearsons(count, low):
    """The published ends of the exact interval for n of n."""
    assert mean_with_interval(scenes(*[1] * count), SHARE) == [1, low, 1]
    high = pytest.approx(1 - low, abs=1e-4)
    assert mean_with_interval(scenes(*[0] * count), SHARE) == [0, 0, high]
    assert unseen_share(count) == high


def test_few_scenes_that_differ_are_no_surer_than_wilson():
    """Wilson (1927) by hand for 5 of 6: (5/6 + 2 z²/24 ± z sqrt(5/216 + z²/144)) / (1 + z²/6)."""
    assert mean_with_interval(scenes(*[1] * 5, 0), SHARE) == [0.8333, 0.4365, 1.0]
    assert wilson(5 / 6, 6) == pytest.approx((0.4365, 0.9699), abs=1e-4)


def test_seeds_of_a_scene_are_no_further_evidence():
    thrice = {str(i): [1, 1, 1] for i in range(20)}
    assert mean_with_interval(thrice, SHARE) == [1, 0.8316, 1]


@pytest.mark.parametrize("value, low, high", [(1, 0.6632, 1), (0, -0.1684, 0.1684)])
def test_differences_that_all_agree_are_open_to_either_side(value, low, high):
    """By hand: 1 - 0.8316 of the whole may be unseen at 20 scenes, as far off as the bounds."""
    found = mean_with_interval(scenes(*[value] * 20), (-1, 1))
    assert found == pytest.approx([value, low, high], abs=1e-4)


def test_what_is_no_share_has_no_such_bound():
    assert mean_with_interval(scenes(*[1] * 20)) == [1, 1, 1]
    assert mean_with_interval(scenes(0, 0, 0)) == [0, 0, 0]
