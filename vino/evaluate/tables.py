"""The tables of a report, as rows of text."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import vino
from vino.evaluate.goals import Standing, goal_of, standings
from vino.evaluate.published import FAIR, PUBLISHED
from vino.evaluate.results import Result

GOALS_HEAD = "Beside the goals"
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
    told = [
        f"Model {name} {str(model.get('hash', ''))[:12]}",
        *(f"with {one['name']} at {one['strength']:g}" for one in model.get("lora", ())),
        *_settings(model.get("defaults", {})),
        f"vocabulary {run['world']}",
        f"from seed {run['seed']} on",
        *(["quick: a few scenes of each kind"] if run["quick"] else []),
        f"vino {vino.__version__}",
        f"times on {cores()} core{'s' * (cores() > 1)} ({platform.machine()})",
    ]
    return f"{name} on held-out scenes of the emoji world", (
        f"{', '.join(told)}. Means with 95 % bootstrap intervals over scenes, those of shares no "
        "narrower than Wilson's; where all answers agree, exact binomial ones. The judge's "
        "columns: share of true answers, damaged as named, that it scores as true; below "
        f"{FAIR} (!) a score says little, and where that holds of truth as it was rendered no goal "
        "is told."
    )


def _settings(defaults: Mapping[str, Any]) -> list[str]:
    """How pictures and clips were sampled, kinds that are alike together."""
    kinds: dict[str, list[str]] = {}
    for kind in ("picture", "picture_edit", "clip", "clip_edit"):
        if kind in defaults:
            use = defaults[kind]
            words = " ".join(f"{name} {use[name]:g}" for name in ("steps", "guidance", "shift"))
            kinds.setdefault(f"{words} {use['solver']}", []).append(kind.replace("_", " "))
    return [f"{' and '.join(names)}: {words}" for words, names in kinds.items()]


def cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def scores(result: Result) -> Table:
    """Every metric with its interval, and the judge's own accuracy beside it."""
    damages = list(next(iter(result.accuracy.values()), {}))
    heads = ("metric", "score", "95 %", "n", "goal", *(f"judge: {d}" for d in damages))
    rows = []
    for metric, (value, *ends) in result.scores.items():
        seen = result.accuracy.get(metric, {})
        goal = goal_of(result.suite, metric)
        rows.append((
            metric,
            f"{value:.3f}",
            " to ".join(f"{end:.3f}" for end in ends),
            str(result.counts.get(metric, "")),
            "" if goal is None else str(goal),
            *(_accuracy(seen[d]) if d in seen else "" for d in damages),
        ))  # fmt: skip
    return Table(heads, tuple(rows))


def goals(results: Sequence[Result]) -> Table:
    """Every goal set for these suites, what was reached, and the judge's accuracy on the truth."""
    heads = ("suite", "metric", "score", "95 %", "n", "judge", "goal", "reached")
    return Table(heads, tuple(map(_standing, standings(results))))


def _standing(one: Standing) -> tuple[str, ...]:
    name = one.goal.suite, one.metric.removesuffix(": ")
    if one.score is None:
        return *name, "", "", "", "", str(one.goal), f"not asked: {one.goal.needs}"
    value, low, high = one.score
    seen = one.result.accuracy.get(one.metric, {})
    judged = _accuracy(seen["rendered"]) if "rendered" in seen else ""
    numbers = f"{value:.3f}", f"{low:.3f} to {high:.3f}", str(one.result.counts[one.metric])
    reached = "yes" if one.goal.is_reached(value) else "no"
    told = reached if seen.get("rendered", 1) >= FAIR else "cannot be told"
    return *name, *numbers, judged, str(one.goal), told


def unasked(results: Sequence[Result]) -> list[str]:
    """The goals of these suites that nothing was asked for, and why."""
    missing = [one for one in standings(results) if one.score is None]
    return [
        f"{one.goal.suite}, {one.metric.removesuffix(': ')} ({one.goal.needs})" for one in missing
    ]


def text(table: Table) -> str:
    """For the terminal."""
    rows = (table.heads, *table.rows)
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.heads))]
    aligned = [[c.ljust(w) for c, w in zip(row, widths, strict=True)] for row in rows]
    return "\n".join("  ".join(row).rstrip() for row in aligned)


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
