"""What the votes say: shares of each preference with intervals, and how far raters agree."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from vino.errors import InputError
from vino.evaluate.statistics import RESAMPLINGS, interval, unseen_share
from vino.evaluate.study.blind import Study
from vino.evaluate.study.votes import CHOICES, QUESTIONS, Vote

CHUNK = 100  # resamplings at a time
TITLES = {"instruction": "follows the instruction better", "looks": "looks better"}
NAMES = {"A": "A preferred", "B": "B preferred", "same": "no difference"}
METHOD = (
    "Shares of votes with 95 % bootstrap intervals; raters and scenes are drawn anew together, for "
    "neither the votes of one rater nor those on one scene are independent. Where all votes agree "
    "the open end is the exact binomial one for as many votes as scenes."
)
ALONE = "One rater: the intervals say nothing about other people."


@dataclass(frozen=True)
class Preference:
    """The votes on one question.

    shares: choice -> [share, low, high]. lead: the same of B's share less A's.
    agreement: share of pairs of votes on one item that are the same, None without such pairs
    alpha: Krippendorff's, 1 is perfect and 0 is chance; None where it says nothing
    left: share of the votes for a side that were for the left one, None without such votes
    """

    question: str
    votes: int
    raters: int
    items: int
    shares: dict[str, list[float]]
    lead: list[float]
    agreement: float | None
    alpha: float | None
    left: float | None


@dataclass(frozen=True)
class Preferences:
    """All that a study found so far; asked: its number of items."""

    a: str
    b: str
    asked: int
    raters: int
    questions: tuple[Preference, ...]


def prefer(study: Study) -> Preferences:
    """Count the votes of a study; InputError if there are none."""
    votes = study.votes.all()
    if not votes:
        raise InputError(f"{study.votes.path} holds no votes yet")
    scenes = [item.scene for item in study.items]
    found = tuple(
        preference(question, chosen, scenes)
        for question in QUESTIONS
        if (chosen := [vote for vote in votes if vote.question == question])
    )
    raters = len({vote.rater for vote in votes})
    return Preferences(study.a, study.b, len(study.items), raters, found)


def preference(question: str, votes: Sequence[Vote], scenes: Sequence[str]) -> Preference:
    """Count the votes on one question. scenes: of every item."""
    by_item: dict[int, list[str]] = {}
    for vote in votes:
        by_item.setdefault(vote.item, []).append(vote.choice)
    raters = [vote.rater for vote in votes]
    chosen = np.array([[vote.choice == choice for choice in CHOICES] for vote in votes], float)
    shares = chosen.mean(0)
    where = [scenes[vote.item] for vote in votes]
    drawn = _resampled(chosen, raters, where)
    rest = unseen_share(len(set(where)))  # what may be missing from a share of all votes
    a, b = CHOICES.index("A"), CHOICES.index("B")
    sided = [vote.choice == vote.left for vote in votes if vote.choice != "same"]
    return Preference(
        question,
        len(votes),
        len(set(raters)),
        len(by_item),
        {c: _span(shares[i], drawn[:, i], 0, 1, rest) for i, c in enumerate(CHOICES)},
        _span(shares[b] - shares[a], drawn[:, b] - drawn[:, a], -1, 1, 2 * rest),
        agreement(by_item.values()),
        alpha(by_item.values()),
        round(float(np.mean(sided)), 4) if sided else None,
    )


def agreement(units: Iterable[Sequence[str]]) -> float | None:
    """The share of pairs of votes on one item that are the same."""
    same = [x == y for unit in units for x, y in combinations(unit, 2)]
    return round(float(np.mean(same)), 4) if same else None


def alpha(units: Iterable[Sequence[str]]) -> float | None:
    """Krippendorff's alpha for nominal votes, of which some may be missing.

    1 - observed / expected disagreement (Krippendorff 2011, "Computing Krippendorff's
    alpha-reliability"); None where there is one choice only, or no item with two votes.
    """
    paired = [unit for unit in units if len(unit) > 1]
    counts = Counter(choice for unit in paired for choice in unit)
    total = sum(counts.values())
    expected = total**2 - sum(n * n for n in counts.values())
    if not expected:
        return None
    observed = sum(
        (len(unit) ** 2 - sum(n * n for n in Counter(unit).values())) / (len(unit) - 1)
        for unit in paired
    )
    return round(1 - (total - 1) * observed / expected, 4)


def facts(found: Preferences) -> dict[str, Any]:
    """All of it, for JSON."""
    return asdict(found)


def text(found: Preferences) -> str:
    """For the terminal."""
    lines = [f"A: {found.a}", f"B: {found.b}", f"raters: {found.raters}; pairs: {found.asked}"]
    for one in found.questions:
        lines += [
            "",
            f"{TITLES[one.question]} (votes: {one.votes}, raters: {one.raters}, pairs: "
            f"{one.items})",
            *(f"  {NAMES[c]:14} {_shown(one.shares[c])}" for c in ("A", "same", "B")),
            f"  {'B less A':14} {_shown(one.lead, '+')}",
            f"  {'agreement':14} {_or_none(one.agreement)} of pairs of votes, "
            f"Krippendorff's alpha {_or_none(one.alpha)}",
            f"  {'left chosen':14} {_or_none(one.left)} of the votes for a side",
        ]
    return "\n".join([*lines, "", METHOD, *([ALONE] if found.raters == 1 else [])])


def _resampled(chosen: np.ndarray, raters: list[str], scenes: list[str]) -> np.ndarray:
    """Shares (R C) under resampled raters and scenes; chosen: one row of C for every vote."""
    rng = np.random.default_rng(0)
    who, where = (np.unique(names, return_inverse=True) for names in (raters, scenes))
    drawn = []
    for _ in range(0, RESAMPLINGS, CHUNK):
        weight = np.ones((CHUNK, len(chosen)))
        for names, which in (who, where):
            even = np.full(len(names), 1 / len(names))
            weight *= rng.multinomial(len(names), even, CHUNK)[:, which]
        weight = weight[weight.any(1)]  # not every rater met every scene
        drawn.append(weight @ chosen / weight.sum(1, keepdims=True))
    return np.concatenate(drawn)


def _span(value: float, drawn: np.ndarray, least: int, most: int, rest: float) -> list[float]:
    """A value with its interval; at either end of what is possible it reaches in by the rest."""
    low, high = interval(drawn)
    low = min(low, most - rest) if value == most else low
    high = max(high, least + rest) if value == least else high
    return [round(float(v), 4) for v in (value, low, high)]


def _shown(values: Sequence[float], sign: str = "") -> str:
    value, low, high = (f"{v:{sign}.3f}" for v in values)
    return f"{value}  ({low} to {high})"


def _or_none(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"
