"""What is written: results.json, results.jsonl, judge.json, report.md, contact sheets."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vino.data.world.samples import Sample
from vino.data.world.sheet import contact_sheet
from vino.evaluate.trials import Trial
from vino.evaluate.verdicts import Verdict

SHOWN = 48  # answers on a sheet
ENLARGED = 2
GOALS: Mapping[tuple[str, str], float] = {
    ("compose", "one object"): 0.95,
    ("compose", "two objects"): 0.90,
    ("compose", "counting"): 0.85,
    ("compose", "colours"): 0.95,
    ("compose", "position"): 0.95,
    ("edit", "done"): 0.90,
    ("subject", "unseen subject"): 0.80,
    ("subject", "not swapped"): 0.97,
    ("clip", "t2v motion"): 0.95,
    ("clip", "i2v motion"): 0.95,
}
FAIR = 0.97  # the judge's accuracy below which a score says little


@dataclass(frozen=True, eq=False)
class Answered:
    """A trial with its answer and what was found."""

    trial: Trial
    answer: np.ndarray
    verdict: Verdict


@dataclass(frozen=True, eq=False)
class Result:
    """One suite's.

    scores: metric -> [value, low, high]. counts: metric -> scenes. accuracy: metric -> damage ->
    the judge's own accuracy.
    """

    suite: str
    scores: Mapping[str, list[float]]
    counts: Mapping[str, int]
    accuracy: Mapping[str, Mapping[str, float]]
    answered: Sequence[Answered]


def write_report(out: Path, run: Mapping[str, Any], results: Sequence[Result]) -> None:
    """Write all files of a finished evaluation."""
    scores = {result.suite: result.scores for result in results}
    (out / "results.json").write_text(json.dumps(scores, indent=1) + "\n")
    accuracy = {result.suite: result.accuracy for result in results}
    (out / "judge.json").write_text(json.dumps(accuracy, indent=1) + "\n")
    lines = [json.dumps(_line(one)) for result in results for one in result.answered]
    (out / "results.jsonl").write_text("".join(f"{line}\n" for line in lines))
    (out / "report.md").write_text(markdown(run, results))
    for result in results:
        for name, wanted in (("successes", True), ("failures", False)):
            chosen = [one for one in result.answered if one.verdict.is_success == wanted]
            path = out / f"{result.suite}-{name}.png"
            path.unlink(missing_ok=True)
            if chosen:
                sheet = contact_sheet([_shown(one) for one in chosen[:SHOWN]])
                cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


def markdown(run: Mapping[str, Any], results: Sequence[Result]) -> str:
    """The scores as tables, the judge's own accuracy beside each."""
    model = run["model"]
    lines = [
        f"# {model.get('name', 'model')} on held-out scenes of the emoji world",
        "",
        f"Model {str(model.get('hash', ''))[:12]}, world {run['world']}, seed {run['seed']}"
        + (", quick: a few scenes of each kind" if run["quick"] else "")
        + ". Means with 95 % bootstrap intervals over scenes. The judge's columns: share of true "
        f"answers it scores as true; below {FAIR} a score says little (!).",
    ]
    for result in results:
        damages = list(next(iter(result.accuracy.values()), {}))
        heads = ["metric", "score", "95 %", "scenes", "goal", *(f"judge: {d}" for d in damages)]
        lines += ["", f"## {result.suite}", "", _row(heads), _row(["---"] * len(heads))]
        for metric, (value, low, high) in result.scores.items():
            rows = result.accuracy.get(metric, {})
            seen = [
                f"{rows[d]:.2f}{' !' if rows[d] < FAIR else ''}" if d in rows else ""
                for d in damages
            ]
            goal = GOALS.get((result.suite, metric))
            lines.append(_row([
                metric, f"{value:.3f}", f"{low:.3f} to {high:.3f}", str(result.counts[metric]),
                "" if goal is None else f"{goal:.2f}", *seen,
            ]))  # fmt: skip
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _line(one: Answered) -> dict[str, Any]:
    return {
        "suite": one.trial.suite,
        "key": one.trial.key,
        "task": one.trial.sample.task,
        "prompt": one.trial.sample.prompt,
        "answer": f"answers/{one.trial.key}.png",
        "judged": one.verdict.judged,
        "measured": {k: round(v, 4) for k, v in one.verdict.measured.items()},
        "why": one.verdict.why,
    }


def _shown(one: Answered) -> Sample:
    """The sample with its answer for the target, enlarged."""
    sample = one.trial.sample
    segments = tuple(s if isinstance(s, str) else _enlarged(s) for s in sample.segments)
    return replace(sample, segments=segments, target=_enlarged(one.answer))


def _enlarged(video: np.ndarray) -> np.ndarray:
    return video.repeat(ENLARGED, 1).repeat(ENLARGED, 2)
