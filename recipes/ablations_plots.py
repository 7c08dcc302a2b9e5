"""The plots of docs/paper.md: means over seeds with the span of seeds as a band, and every seed."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from ablations_arms import ARMS, REFERENCE
from ablations_claims import EDITS, SEEDS, TWO
from ablations_exam import IMAGE_SCALES, REFERENCE_SCALES
from ablations_results import BASE, Results, scores

matplotlib.use("svg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

QUERIES = {arm.queries: name for name, arm in ARMS.items() if name.startswith("queries-")}
QUERIES = dict(sorted({**QUERIES, ARMS[REFERENCE].queries: REFERENCE}.items()))
PANELS = (
    ("edits done", "done", EDITS),
    ("local edits: lost, dB", "lost dB", ("remove", "replace", "add")),
    ("two references in place", "in place", TWO),
    ("references leaked", "leaked", TWO),
    ("first frame: lost, dB", "first frame lost dB", ("i2v",)),
)
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "vino",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
}


def means(results: Results, arm: str, groups: Sequence[str], metric: str) -> list[float]:
    """The mean over scenes of every seed that is there."""
    found = [results.get((arm, seed)) for seed in SEEDS]
    rows = [scores(made, "final", groups, metric) for made in found if made is not None]
    return [float(np.mean(row)) for row in rows if row]


def draw(results: Results, folder: Path) -> None:
    """All plots that there are runs for."""
    with plt.rc_context(STYLE):
        for name, plot in (
            ("queries", queries),
            ("guidance", guidance),
            ("stages", stages),
            ("arms", arms),
        ):
            figure = plot(results)
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight")
            plt.close(figure)


def queries(results: Results) -> plt.Figure:
    """Gradient norm and loss while training, and edits, by the number of queries."""
    figure, axes = plt.subplots(1, 3, figsize=(10, 2.8), layout="constrained")
    for count, name in QUERIES.items():
        for axis, column in zip(axes, ("gradient norm", "loss"), strict=False):
            curve(axis, results, name, column, f"{count} queries")
    if axes[0].has_data():
        axes[0].set_yscale("log")
        axes[0].legend()
    for count, name in enumerate(QUERIES.values()):
        dots(axes[2], count, means(results, name, EDITS, "done"))
    axes[2].set(xticks=range(len(QUERIES)), xticklabels=list(QUERIES), xlabel="queries")
    axes[2].set(ylabel="edits done", ylim=(0, None))
    return figure


def guidance(results: Results) -> plt.Figure:
    """What image guidance, and the scale of one reference, do."""
    figure, axes = plt.subplots(1, 2, figsize=(8, 2.8), layout="constrained")
    for metric in ("identity", "movement"):
        names = [f"i2v, image guidance {s:g}" for s in IMAGE_SCALES]
        sweep(axes[0], results, IMAGE_SCALES, names, metric)
    axes[0].set(xlabel="image guidance", ylabel="share of the truth's")
    for metric in ("first recognised", "others recognised"):
        names = [f"two references, first at {s:g}" for s in REFERENCE_SCALES]
        sweep(axes[1], results, REFERENCE_SCALES, names, metric)
    axes[1].set(xlabel="scale of the first reference", ylabel="share of scenes")
    for axis in axes:
        axis.set_ylim(0, None)
        if axis.has_data():
            axis.legend()
    return figure


def stages(results: Results) -> plt.Figure:
    """Training in stages against the last one alone."""
    figure, axes = plt.subplots(1, 3, figsize=(10, 2.8), layout="constrained")
    for name in (REFERENCE, "direct"):
        curve(axes[0], results, name, "loss", "three stages" if name == REFERENCE else "stage 3")
    if axes[0].has_data():
        axes[0].legend()
    for axis, title, groups, metric, names in (
        (axes[1], "pictures from words right", ("t2i",), "right", (BASE, "direct", REFERENCE)),
        (axes[2], "edits done", EDITS, "done", ("direct", REFERENCE)),
    ):
        for place, name in enumerate(names):
            dots(axis, place, means(results, name, groups, metric))
        axis.set(xticks=range(len(names)), xticklabels=names, title=title, ylim=(0, None))
    return figure


def arms(results: Results) -> plt.Figure:
    """Every arm in five metrics."""
    figure, axes = plt.subplots(
        1, len(PANELS), figsize=(12, 3.4), sharey=True, layout="constrained"
    )
    for axis, (title, metric, groups) in zip(axes, PANELS, strict=True):
        for place, name in enumerate(ARMS):
            dots(axis, place, means(results, name, groups, metric), across=True)
        axis.set(title=title, yticks=range(len(ARMS)), yticklabels=list(ARMS), xlim=(0, None))
    axes[0].invert_yaxis()
    return figure


def curve(axis: Axes, results: Results, arm: str, column: str, label: str) -> None:
    """A curve of training: its mean over seeds, and their span."""
    found = [results[arm, seed]["curves"] for seed in SEEDS if (arm, seed) in results]
    if not found:
        return
    steps = found[0]["step"]
    rows = np.array([smooth(np.array(made[column])) for made in found])
    (line,) = axis.plot(steps, rows.mean(0), label=label, linewidth=1.2)
    axis.fill_between(steps, rows.min(0), rows.max(0), alpha=0.2, color=line.get_color(), lw=0)
    axis.set(xlabel="step", ylabel=column)


def smooth(row: np.ndarray, width: int = 9) -> np.ndarray:
    """Running mean, shorter at the ends."""
    ones = np.ones(min(width, len(row)))
    return np.convolve(row, ones, "same") / np.convolve(np.ones_like(row), ones, "same")


def sweep(
    axis: Axes, results: Results, scales: Sequence[float], names: Sequence[str], metric: str
) -> None:
    """A metric of the reference arm against a guidance scale."""
    rows = [means(results, REFERENCE, (name,), metric) for name in names]
    if not all(rows):
        return
    columns = np.array(rows)
    (line,) = axis.plot(scales, columns.mean(1), marker="o", markersize=3, label=metric)
    axis.fill_between(
        scales, columns.min(1), columns.max(1), alpha=0.2, color=line.get_color(), lw=0
    )


def dots(axis: Axes, place: float, values: Sequence[float], across: bool = False) -> None:
    """Every seed, and their mean as a bar."""
    if not values:
        return
    seeds, mean = (values, [place] * len(values)), float(np.mean(values))
    axis.plot(*(seeds if across else seeds[::-1]), "o", color="C0", markersize=3, alpha=0.6)
    bar = ([mean, mean], [place - 0.3, place + 0.3])
    axis.plot(*(bar if across else bar[::-1]), color="C1", linewidth=2)
