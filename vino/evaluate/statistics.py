"""Means with intervals."""

from collections.abc import Mapping, Sequence

import numpy as np

RESAMPLINGS = 4000
LEVEL = 0.95


def mean_with_interval(values: Mapping[str, Sequence[float]]) -> list[float]:
    """[mean, low, high]: the mean and its 95 % percentile bootstrap interval.

    values: by scene; the answers to one scene are drawn together, for they are not independent
    """
    means = np.array([np.mean(v) for v in values.values()])
    drawn = np.random.default_rng(0).integers(len(means), size=(RESAMPLINGS, len(means)))
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(means[drawn].mean(-1), (tail, 1 - tail))
    return [round(float(value), 4) for value in (means.mean(), low, high)]
