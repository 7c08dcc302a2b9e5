"""What is written of a benchmark: NAME.json and NAME.md."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vino.evaluate.files import write_whole
from vino.evaluate.official.benchmark import Benchmark, Scores
from vino.evaluate.official.generate import Failure

SHOWN = 20  # names of failures and problems in the report; all are in NAME.json


@dataclass(frozen=True)
class Outcome:
    """One benchmark of one model.

    run: the model and the seed, if samples were made in this folder. prompts: asked, or None where
    a result file was read. failed: prompts the model refused. problems: of the folder's layout.
    malformed: questions the judge gave no readable answer to. judge: its model
    """

    benchmark: Benchmark
    run: dict[str, Any] | None
    prompts: int | None
    scores: Scores | None
    failed: tuple[Failure, ...] = ()
    problems: tuple[str, ...] = ()
    malformed: tuple[str, ...] = ()
    judge: str = ""

    @property
    def is_complete(self) -> bool:
        unusable = self.scores.unusable if self.scores else ()
        return not (self.failed or self.problems or self.malformed or unusable)

    def summary(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "suite": self.benchmark.name,
            "run": self.run,
            "prompts": self.prompts,
            "of": self.benchmark.count,
            "scores": dict(self.scores.values) if self.scores else {},
            "published": self.published,
            "judge": self.judge or None,
            "failed": [asdict(failure) for failure in self.failed],
            "problems": list(self.problems),
            "malformed": list(self.malformed),
            "unusable": list(self.scores.unusable) if self.scores else [],
        }

    @property
    def published(self) -> dict[str, float]:
        """The paper's values, where all of the benchmark was scored."""
        if self.scores is None or not self.scores.is_whole:
            return {}
        return {k: v for k, v in self.benchmark.published.items() if k in self.scores.values}


def write_report(out: Path, outcome: Outcome) -> Path:
    """Write both files; returns the report for people."""
    name = outcome.benchmark.name
    write_whole(out / f"{name}.json", json.dumps(outcome.summary(), indent=1) + "\n")
    write_whole(out / f"{name}.md", _markdown(outcome))
    return out / f"{name}.md"


def _markdown(outcome: Outcome) -> str:
    benchmark, scores = outcome.benchmark, outcome.scores
    lines = [f"# {benchmark.name}", "", _about(outcome), "", benchmark.note]
    if outcome.judge:
        lines += ["", f"Judged by {outcome.judge}, with the rubrics in vino's words."]
    if scores is None:
        lines += ["", "No scores yet: run the official scorer and read its file with --results."]
    else:
        if not scores.is_whole:
            lines += ["", "Not the whole benchmark: these do not compare with published scores."]
        lines += ["", *_table(scores, outcome.published)]
    lines += _listed("Refused by the model", [f"{f.name}: {f.error}" for f in outcome.failed])
    lines += _listed("Not as the official scorer needs it", outcome.problems)
    lines += _listed("Malformed answers of the judge", outcome.malformed)
    lines += _listed("Results that say nothing", scores.unusable if scores else ())
    return "\n".join(lines) + "\n"


def _table(scores: Scores, paper: Mapping[str, float]) -> list[str]:
    """The scores, with the paper's beside them where those compare."""
    rows = [["metric", "score"], ["---", "---"]]
    rows += [[metric, f"{value:.4g}"] for metric, value in scores.values.items()]
    if paper:
        beside = ["the paper's", "---", *(str(paper.get(metric, "")) for metric in scores.values)]
        rows = [[*row, value] for row, value in zip(rows, beside, strict=True)]
    return [f"| {' | '.join(row)} |" for row in rows]


def _about(outcome: Outcome) -> str:
    told = []
    if outcome.run is not None:
        model = outcome.run["model"]
        told.append(f"model {model.get('name')} ({str(model.get('hash', ''))[:12]})")
        told.append(f"seed {outcome.run['seed']}")
    if outcome.prompts is None:
        told.append("scores read from a result file")
    else:
        told.append(f"{outcome.prompts} of {outcome.benchmark.count} prompts")
    line = ", ".join(told)
    return f"{line[0].upper()}{line[1:]}."


def _listed(title: str, names: tuple[str, ...] | list[str]) -> list[str]:
    if not names:
        return []
    more = [f"- and {len(names) - SHOWN} more"] if len(names) > SHOWN else []
    return ["", f"## {title}: {len(names)}", "", *(f"- {n}" for n in names[:SHOWN]), *more]
