"""The tables of a report, as rows of text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vino.evaluate.published import FAIR, GOALS, PUBLISHED
from vino.evaluate.results import Result

NOTHING = "Nothing is asked: the vocabulary or the model lacks what these questions need."


@dataclass(frozen=True)
class Table:
    """Heads, and rows of as many cells; the first cell of a row names it."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def about(run: Mapping[str, Any]) -> tuple[str, str]:
    """The title of a report, and what its tables show."""
    model = run["model"]
    name = model.get("name", "model")
    title = f"{name} on held-out scenes of the emoji world"
    quick = ", quick: a few scenes of each kind" if run["quick"] else ""
    return title, (
        f"Model {name} {str(model.get('hash', ''))[:12]}, vocabulary {run['world']}, "
        f"seed {run['seed']}{quick}. Means with 95 % bootstrap intervals over scenes. The judge's "
        "columns: share of true answers, damaged as named, that it scores as true; below "
        f"{FAIR} (!) a score says little."
    )


def scores(result: Result) -> Table:
    """Every metric with its interval, and the judge's own accuracy beside it."""
    damages = list(next(iter(result.accuracy.values()), {}))
    heads = ("metric", "score", "95 %", "n", "goal", *(f"judge: {d}" for d in damages))
    rows = []
    for metric, (value, low, high) in result.scores.items():
        seen = result.accuracy.get(metric, {})
        goal = GOALS.get((result.suite, metric))
        rows.append((
            metric,
            f"{value:.3f}",
            f"{low:.3f} to {high:.3f}",
            str(result.counts[metric]),
            "" if goal is None else f"{goal:.2f}",
            *(_accuracy(seen[d]) if d in seen else "" for d in damages),
        ))  # fmt: skip
    return Table(heads, tuple(rows))


def brief(results: Sequence[Result]) -> Table:
    """All suites in one table, with the worst of the judge's accuracy beside each verdict."""
    rows = []
    for result in results:
        for metric, (value, low, high) in result.scores.items():
            seen = result.accuracy.get(metric, {}).values()
            judged = _accuracy(min(seen)) if seen else ""
            numbers = f"{value:.3f}", f"{low:.3f} to {high:.3f}", str(result.counts[metric])
            rows.append((result.suite, metric, *numbers, judged))
    return Table(("suite", "metric", "score", "95 %", "n", "judge, at worst"), tuple(rows))


def _accuracy(share: float) -> str:
    return f"{share:.2f}{' !' if share < FAIR else ''}"


def beside_published(results: Sequence[Result]) -> Table:
    """The published numbers with ours, where a suite asks the same question."""
    found = {(r.suite, metric): value for r in results for metric, value in r.scores.items()}
    rows = [
        (p.benchmark, p.number, f"{p.suite}, {p.metric}", "{:.3f} ({:.3f} to {:.3f})".format(*ours))
        for p in PUBLISHED
        if (ours := found.get((p.suite, p.metric)))
    ]
    return Table(("published", "the paper's", "ours asks", "ours"), tuple(rows))
