"""Two runs side by side: paired differences, their intervals, and whether chance explains them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from vino.evaluate.runs import Run, pair
from vino.evaluate.statistics import holm, mean_with_interval, sign_flip_p

SIGNIFICANT = 0.05
APART = (-1.0, 1.0)  # bounds of a difference of shares
HEADS = ("metric", "A", "B", "B - A", "95 %", "p", "p (Holm)", "scenes")
METHOD = (
    "B - A over scenes, the seeds of one scene taken together: 95 % bootstrap intervals, "
    "p of a paired sign-flip test, corrected by Holm's method over all metrics in which any scene "
    f"differs; * below {SIGNIFICANT:g}. Where all scenes of a judged metric differ alike the open "
    "ends are the exact binomial ones; one scene has no interval."
)


@dataclass(frozen=True)
class Difference:
    """One metric of one suite.

    a, b: means over scenes. difference: b - a, with its interval from low to high; one scene has
    none.
    p: of the test, None where no scene differs; p_holm: corrected for the number of metrics
    """

    suite: str
    metric: str
    a: float
    b: float
    difference: float
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    scenes: int

    @property
    def is_significant(self) -> bool:
        return self.p_holm is not None and self.p_holm < SIGNIFICANT


@dataclass(frozen=True)
class Comparison:
    """All differences of two runs.

    only_a, only_b: answers that only one of the runs has
    one_sided: suite, metric and number of paired answers that only one of the runs has it of
    """

    a: str
    b: str
    paired: int
    only_a: int
    only_b: int
    one_sided: tuple[tuple[str, str, int], ...]
    differences: tuple[Difference, ...]


def compare(a: Run, b: Run) -> Comparison:
    """Compare two runs; InputError unless they answer the same questions."""
    pairs = pair(a, b)
    values: dict[tuple[str, str], dict[str, list[tuple[float, float]]]] = {}
    judged: set[tuple[str, str]] = set()
    one_sided: Counter[tuple[str, str]] = Counter()
    for one, other in pairs.both:
        for metric in one.scores.keys() & other.scores.keys():
            scene = values.setdefault((one.suite, metric), {}).setdefault(one.scene, [])
            scene.append((one.scores[metric], other.scores[metric]))
        judged.update((one.suite, m) for m in one.judged & other.judged)
        one_sided.update((one.suite, m) for m in one.scores.keys() ^ other.scores.keys())
    found = [_difference(*name, scenes, name in judged) for name, scenes in sorted(values.items())]
    return Comparison(
        str(a.folder),
        str(b.folder),
        len(pairs.both),
        len(pairs.only_a),
        len(pairs.only_b),
        tuple((*name, number) for name, number in sorted(one_sided.items())),
        tuple(_corrected(found)),
    )


def _corrected(found: Sequence[Difference]) -> Iterator[Difference]:
    """With p_holm. A metric that is the same in every scene cannot differ: it is not tested."""
    corrected = iter(holm([d.p for d in found if d.p is not None]))
    for difference in found:
        yield difference if difference.p is None else replace(difference, p_holm=next(corrected))


def _difference(
    suite: str,
    metric: str,
    scenes: Mapping[str, Sequence[tuple[float, float]]],
    is_judged: bool,
) -> Difference:
    means = np.array([np.mean(pairs, axis=0) for pairs in scenes.values()])
    apart = means[:, 1] - means[:, 0]
    by_scene = {scene: [value] for scene, value in zip(scenes, apart, strict=True)}
    middle, *ends = mean_with_interval(by_scene, APART if is_judged else None)
    low, high = ends if len(scenes) > 1 else (None, None)
    a, b = (round(float(value), 4) for value in means.mean(0))
    p = sign_flip_p(apart.tolist()) if apart.any() else None
    return Difference(suite, metric, a, b, middle, low, high, p, None, len(scenes))


def facts(made: Comparison) -> dict[str, Any]:
    """All of it, for JSON."""
    return asdict(made)


def text(made: Comparison) -> str:
    """A table for the terminal."""
    lines = [_head(made)]
    for suite, rows in _suites(made):
        cells = [HEADS, *(_cells(row) for row in rows)]
        widths = [max(len(line[i]) for line in cells) for i in range(len(HEADS))]
        lines += ["", suite]
        for line in cells:
            first, *rest = (
                c.ljust(w) if i == 0 else c.rjust(w)
                for i, (c, w) in enumerate(zip(line, widths, strict=True))
            )
            lines.append(f"  {'  '.join((first, *rest))}".rstrip())
    return "\n".join([*lines, "", METHOD, *_left_out(made)])


def markdown(made: Comparison) -> str:
    """The same as a file."""
    notes = [line for note in (METHOD, *_left_out(made)) for line in ("", note)]
    lines = ["# Two runs compared", "", _head(made), *notes]
    for suite, rows in _suites(made):
        lines += ["", f"## {suite}", "", _row(HEADS), _row(["---"] * len(HEADS))]
        lines += [_row(_cells(row)) for row in rows]
    return "\n".join(lines) + "\n"


def _head(made: Comparison) -> str:
    unpaired = f"unpaired: {made.only_a} in A only, {made.only_b} in B only"
    return f"A: {made.a}; B: {made.b}; {made.paired} answers paired; {unpaired}."


def _left_out(made: Comparison) -> list[str]:
    """Scores that only one side has: a comparison without them may flatter either."""
    return [
        f"Left out: {suite}, {metric}, of {n} answers that only one run has a score of."
        for suite, metric, n in made.one_sided
    ]


def _suites(made: Comparison) -> Iterator[tuple[str, list[Difference]]]:
    for suite in dict.fromkeys(d.suite for d in made.differences):
        yield suite, [d for d in made.differences if d.suite == suite]


def _cells(row: Difference) -> tuple[str, ...]:
    span = "" if row.low is None or row.high is None else f"{row.low:+.3f} to {row.high:+.3f}"
    mark = " *" if row.is_significant else ""
    return (
        row.metric, f"{row.a:.3f}", f"{row.b:.3f}", f"{row.difference:+.3f}", span,
        _p(row.p), f"{_p(row.p_holm)}{mark}", str(row.scenes),
    )  # fmt: skip


def _p(value: float | None) -> str:
    if value is None:
        return "same"
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
