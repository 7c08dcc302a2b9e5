"""What a run leaves behind: one small JSON file for every arm and seed, and what it says of a part.

{"arm": "reference", "seed": 0, "core seconds": 510,
 "looks": {"final": {"remove": [{"done": 1.0, "lost dB": 0.8}, ...], ...}, ...},
 "training": {"ln loss": -1.31, ...},
 "curves": {"step": [...], "loss": [...], "gradient norm": [...]}}
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ablations_claims import FLOOR, SEEDS, SUCCESSES, Claim, Part

POINTS = 200  # of a curve that is kept
DRAWS = 4000
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}  # t at 97.5 %, by number of seeds
HOLDS, FAILS, UNCLEAR, MISSING = "holds", "does not hold here", "cannot tell", "not run yet"
OPEN = "runs are missing"  # some seeds are in: there are figures, and no verdict
BASE = "base"  # one run, compared with every seed
SPEED = "speed"  # a look at the first seed's models alone: their weights do not matter
PILOTS = "pilots"  # folder of what is kept of the runs that chose the scale

Results = Mapping[tuple[str, int], Mapping[str, Any]]


@dataclass(frozen=True)
class Outcome:
    """What the runs say of a part.

    arm, other: means of both. estimate, low, high: of the difference; above 0 is what it says.
    seeds, scenes: that were compared.
    """

    verdict: str
    arm: float = float("nan")
    other: float = float("nan")
    estimate: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    seeds: int = 0
    scenes: int = 0


def file_of(folder: Path, arm: str, seed: int) -> Path:
    return folder / f"{arm}-{seed}.json"


def read_results(folder: Path) -> Results:
    """All that is there."""
    found = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    return {(made["arm"], made["seed"]): made for made in found}


def read_pilots(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """The pilots beside the runs, by name."""
    paths = sorted((folder / PILOTS).glob("*.json"))
    return {path.stem: json.loads(path.read_text()) for path in paths}


def write_result(folder: Path, made: Mapping[str, Any]) -> None:
    """Written whole or not at all."""
    path = file_of(folder, made["arm"], made["seed"])
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(made, separators=(",", ":"), allow_nan=False) + "\n")
    fresh.replace(path)


def training(lines: Sequence[Mapping[str, Any]]) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Figures of a run's last stage, and its curves, from its log.

    ln gradient norm: of the mean norm over the transformer's parameters. ln gradient variation: of
    the mean change from one look to the next, against that mean. ln loss: on held-out examples, of
    the averaged weights. Changes of a logarithm by 0.1 are changes by about a tenth.
    """
    steps = [line for line in lines if "norms" in line]
    norms = np.array([_of_transformer(line["norms"]) for line in steps])
    last = np.array([line["stage"] == steps[-1]["stage"] for line in steps])
    own = norms[last]
    mean, change = float(own.mean()), float(np.abs(np.diff(own)).mean())
    validation = [line for line in lines if "validation_ema" in line]
    figures = {
        "ln gradient norm": float(np.log(mean)),
        "ln gradient variation": float(np.log(max(change, 1e-9) / mean)),
    }
    if validation:
        figures["ln loss"] = float(np.log(validation[-1]["validation_ema"]["all"]))
    columns = {
        "step": [line["step"] for line in steps],
        "loss": [line["loss"] for line in steps],
        "gradient norm": norms.tolist(),
    }
    curves = {name: _thinned(column) for name, column in columns.items()}
    return {name: round(value, 5) for name, value in figures.items()}, curves


def _of_transformer(norms: Mapping[str, float]) -> float:
    return sum(x**2 for part, x in norms.items() if part.startswith("mmdit")) ** 0.5


def _thinned(column: Sequence[float]) -> list[float]:
    """Means of equal stretches, at most so many."""
    parts = np.array_split(np.array(column, float), min(POINTS, len(column)))
    return [round(float(part.mean()), 4) for part in parts]


def scores(result: Mapping[str, Any], look: str, groups: Sequence[str], metric: str) -> list[float]:
    """Of every scene of the groups in order; of the training where there are none."""
    if not groups:
        value = result["training"].get(metric)
        return [] if value is None else [value]
    tables = result["looks"].get(look, {})
    if any(group not in tables for group in groups):
        return []
    return [scene[metric] for group in groups for scene in tables[group]]


def outcome(part: Part, results: Results) -> Outcome:
    """The part's estimate, interval and verdict."""
    rows = [row for seed in SEEDS if (row := _pairs(part, results, seed)) is not None]
    if not rows:
        return Outcome(MISSING)
    pairs = np.array(rows)
    arm, other = pairs.mean((0, 2)).tolist()
    apart = part.sign * (pairs[:, 0] - pairs[:, 1])
    low, high = _interval(apart)
    said = _verdict(part, float(apart.mean()), low, high)
    if part.metric in SUCCESSES and max(arm, other) < FLOOR:
        said = UNCLEAR
    if len(rows) < (1 if part.look == SPEED else len(SEEDS)):
        said = OPEN
    return Outcome(said, arm, other, float(apart.mean()), low, high, *apart.shape)


def _pairs(part: Part, results: Results, seed: int) -> np.ndarray | None:
    """Scores of both arms in every scene: 2 N."""
    arm = results.get((part.arm, seed))
    other = results.get((part.other, 0 if part.other == BASE else seed))
    if arm is None or other is None:
        return None
    one = scores(arm, part.look, part.groups, part.metric)
    groups = part.other_groups or part.groups
    two = scores(other, part.other_look or part.look, groups, part.metric)
    return np.array([one, two], float) if one and two else None


def _interval(apart: np.ndarray) -> tuple[float, float]:
    """95 % of the mean of S N differences: seeds S and scenes N drawn anew, each on its own."""
    seeds, scenes = apart.shape
    if scenes == 1:
        if seeds == 1:
            return -np.inf, np.inf
        reach = STUDENT[seeds] * float(apart.std(ddof=1)) / seeds**0.5
        return float(apart.mean()) - reach, float(apart.mean()) + reach
    rng = np.random.default_rng(0)
    rows = rng.integers(seeds, size=(DRAWS, seeds))
    columns = rng.integers(scenes, size=(DRAWS, scenes))
    means = np.array([apart[np.ix_(r, c)].mean() for r, c in zip(rows, columns, strict=True)])
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def _verdict(part: Part, estimate: float, low: float, high: float) -> str:
    if part.kind == "no less":
        return HOLDS if low > -part.least else FAILS if high < -part.least else UNCLEAR
    if low > 0 and estimate >= part.least:
        return HOLDS
    return FAILS if high < part.least else UNCLEAR


def verdict(claim: Claim, results: Results) -> str:
    """Of all parts together."""
    every = {outcome(part, results).verdict for part in claim.parts}
    return next((said for said in (MISSING, OPEN, FAILS, UNCLEAR) if said in every), HOLDS)
