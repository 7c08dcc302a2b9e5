"""Means with intervals, and tests of differences."""

from collections.abc import Mapping, Sequence
from itertools import product
from math import sqrt
from statistics import NormalDist

import numpy as np

RESAMPLINGS = 4000
LEVEL = 0.95
TAIL = (1 - LEVEL) / 2
NORMAL = NormalDist().inv_cdf(1 - TAIL)
SHARE = (0.0, 1.0)  # bounds of one
SAME = 1e-9  # means of scenes that are no further apart agree
EXACT = 12  # differences up to which all signs are tried
PERMUTATIONS = 20_000  # drawn where there are more


def mean_with_interval(
    values: Mapping[str, Sequence[float]], bounds: tuple[float, float] | None = None
) -> list[float]:
    """[mean, low, high]: the mean and its 95 % percentile bootstrap interval.

    values: by scene; the answers to one scene are drawn together, for they are not independent
    bounds: the least and the most that they can be. Where all scenes agree there is nothing to
        resample, and the open ends are as far as what none of so many showed could pull the mean;
        of shares that differ the interval is no narrower than Wilson's.
    """
    return mean_of_groups([values], bounds)


def mean_of_groups(
    groups: Sequence[Mapping[str, Sequence[float]]], bounds: tuple[float, float] | None = None
) -> list[float]:
    """As `mean_with_interval`, of the mean over groups; scenes are drawn anew within their own."""
    chance, total = np.random.default_rng(0), np.zeros(RESAMPLINGS)
    of_scenes = [np.array([np.mean(v) for v in values.values()]) for values in groups]
    for means in of_scenes:
        total += means[chance.integers(len(means), size=(RESAMPLINGS, len(means)))].mean(-1)
    low, high = interval(total / len(groups))
    every = np.concatenate(of_scenes)
    if bounds is not None and np.ptp(every) < SAME:
        least, most = bounds
        low -= unseen_share(len(every)) * (low - least)
        high += unseen_share(len(every)) * (most - high)
    middle = float(np.mean([means.mean() for means in of_scenes]))
    if bounds == SHARE and np.ptp(every) >= SAME:
        least, most = wilson(middle, len(every))
        low, high = min(low, least), max(high, most)
    return [round(float(value), 4) for value in (middle, low, high)]


def unseen_share(count: int) -> float:
    """The most that what none of so many showed may have of the whole, at the 95 % level.

    The end of the exact binomial interval (Clopper & Pearson 1934); it holds for any values
    between 0 and 1, for their mean is no less than the chance of a 1.
    """
    return float(1 - TAIL ** (1 / count))


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927); a few scenes resampled look too sure."""
    slack = NORMAL**2 / count
    middle = (share + slack / 2) / (1 + slack)
    reach = NORMAL * sqrt(share * (1 - share) / count + slack / (4 * count)) / (1 + slack)
    return middle - reach, middle + reach


def interval(resampled: np.ndarray) -> tuple[float, float]:
    """The 95 % percentile interval of resampled values."""
    low, high = np.quantile(resampled, (TAIL, 1 - TAIL))
    return float(low), float(high)


def sign_flip_p(differences: Sequence[float]) -> float:
    """Two-sided p-value of a paired permutation test: the mean difference under random signs.

    All signs are tried where that is few enough; otherwise they are drawn, and the observed signs
    count as one of the draws, so that p is never 0 (Phipson & Smyth 2010).
    """
    nonzero = np.array([d for d in differences if d != 0], float)
    if not len(nonzero):
        return 1.0
    if is_exact := len(nonzero) <= EXACT:
        signs = np.array(list(product((1, -1), repeat=len(nonzero))))
    else:
        drawn = np.random.default_rng(0).integers(2, size=(PERMUTATIONS, len(nonzero)))
        signs = 2 * drawn - 1
    observed = abs(nonzero.sum())
    as_far = int((np.abs(signs @ nonzero) >= observed * (1 - 1e-9)).sum())
    return as_far / len(signs) if is_exact else (as_far + 1) / (len(signs) + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction: p-values that may all be held against one level."""
    order = np.argsort(p_values, kind="stable")
    corrected, least = [1.0] * len(p_values), 0.0
    for rank, which in enumerate(order):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[which]))
        corrected[which] = least
    return corrected
