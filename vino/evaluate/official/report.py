"""What is written of benchmarks: NAME.json and NAME.md of each, and the report of all in a folder.

The report is made from what lies there: benchmarks may be run one by one, into the same folder.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vino.evaluate import tables
from vino.evaluate.files import write_whole
from vino.evaluate.official.benchmark import Benchmark, Scores, parse_json, read_text
from vino.evaluate.official.generate import Failure
from vino.evaluate.official.judged import Judgement
from vino.evaluate.official.record import Record, named
from vino.evaluate.official.suites import BENCHMARKS
from vino.evaluate.page import page
from vino.evaluate.report import rows_of
from vino.evaluate.results import Answered, Result, read_results, write_results

SHOWN = 20  # names of failures and problems in the report; all are in NAME.json
TITLE = "Official benchmarks"
ABOUT = (
    "Scores with 95 % bootstrap intervals over n prompts, those of shares no narrower than "
    "Wilson's; where all agree, exact binomial ones. Totals that are no means of samples, and "
    "those whose samples are not here, have none."
)


@dataclass(frozen=True)
class Outcome:
    """One benchmark of one model.

    record: whose samples are in the folder, if they were made there. prompts: asked, or None where
    a result file was read. intervals: of scores, (prompts, low, high). answered: a line for every
    sample. failed: prompts the model refused. problems: of the folder's layout. judgement: what a
    judge said
    """

    benchmark: Benchmark
    record: Record | None
    prompts: int | None
    scores: Scores | None
    intervals: Mapping[str, tuple[int, float, float]] = field(default_factory=dict)
    answered: Sequence[Answered] = ()
    failed: tuple[Failure, ...] = ()
    problems: tuple[str, ...] = ()
    judgement: Judgement | None = None

    @property
    def malformed(self) -> tuple[str, ...]:
        """Questions the judge gave no readable answer to."""
        return tuple(self.judgement.malformed) if self.judgement else ()

    @property
    def is_complete(self) -> bool:
        unusable = self.scores.unusable if self.scores else ()
        return not (self.failed or self.problems or self.malformed or unusable)

    def summary(self) -> dict[str, Any]:
        """All of it as JSON values."""
        run = {"model": self.record.model, "seed": self.record.seed} if self.record else None
        return {
            "suite": self.benchmark.name,
            "run": run,
            "prompts": self.prompts,
            "of": self.benchmark.count,
            "scores": dict(self.scores.values) if self.scores else {},
            "intervals": {metric: [low, high] for metric, (_, low, high) in self.intervals.items()},
            "counts": {metric: count for metric, (count, _, _) in self.intervals.items()},
            "is_whole": self.scores is not None and self.scores.is_whole,
            "published": self.published,
            "judge": self.judgement.judge if self.judgement else None,
            "form": self.judgement.form if self.judgement else None,
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
    """Write what is known of one benchmark, and the report of all; returns the one for people.

    Lines of other suites stay in results.jsonl.
    """
    name, told = outcome.benchmark.name, outcome.summary()
    others = [one for one in read_results(out) if one.suite != name]
    write_whole(out / f"{name}.json", json.dumps(told, indent=1) + "\n")
    write_whole(out / f"{name}.md", _markdown(told))
    write_results(out, [*others, *outcome.answered])
    results = _results(out)
    write_whole(out / "report.html", page(TITLE, ABOUT, results))
    lines = [f"# {TITLE}", "", ABOUT]
    for result in results:
        lines += ["", f"## {result.suite}", "", result.about]
        lines += ["", *rows_of(tables.scores(result))] if result.scores else []
        lines += ["", f"More in [{result.suite}.md]({result.suite}.md)."]
    write_whole(out / "report.md", "\n".join(lines) + "\n")
    return out / f"{name}.md"


def _results(out: Path) -> list[Result]:
    """All benchmarks of a folder, as they were written."""
    answered, found = read_results(out), []
    for name in BENCHMARKS:
        if (path := out / f"{name}.json").exists():
            told = parse_json(read_text(path), path)
            ends, counts = told.get("intervals", {}), told.get("counts", {})
            scores = {metric: [v, *ends.get(metric, [])] for metric, v in told["scores"].items()}
            mine = [one for one in answered if one.suite == name]
            found.append(Result(name, " ".join(_about(told)), scores, counts, {}, mine))
    return found


def _markdown(told: Mapping[str, Any]) -> str:
    lines = [f"# {told['suite']}"]
    for paragraph in _about(told):
        lines += ["", paragraph]
    if told["scores"]:
        lines += ["", *rows_of(_scores(told))]
    refused = [f"{failure['name']}: {failure['error']}" for failure in told["failed"]]
    lines += _listed("Refused by the model", refused)
    lines += _listed("Not as the official scorer needs it", told["problems"])
    lines += _listed("Malformed answers of the judge", told["malformed"])
    lines += _listed("Results that say nothing", told["unusable"])
    return "\n".join(lines) + "\n"


def _scores(told: Mapping[str, Any]) -> tables.Table:
    """The scores, with intervals and the paper's beside them where there are any."""
    rows: list[tuple[str, ...]] = [("metric", "score")]
    rows += [(metric, f"{value:.4g}") for metric, value in told["scores"].items()]
    if ends := told["intervals"]:
        spans = (
            f"{ends[m][0]:.4g} to {ends[m][1]:.4g}" if m in ends else "" for m in told["scores"]
        )
        rows = [(*row, span) for row, span in zip(rows, ("95 %", *spans), strict=True)]
    if paper := told["published"]:
        beside = (str(paper.get(metric, "")) for metric in told["scores"])
        rows = [(*row, value) for row, value in zip(rows, ("the paper's", *beside), strict=True)]
    return tables.Table(rows[0], tuple(rows[1:]))


def _about(told: Mapping[str, Any]) -> list[str]:
    """What was scored and how, in paragraphs."""
    facts = []
    if run := told["run"]:
        facts += [f"model {named(run['model'])}", f"seed {run['seed']}"]
    if told["prompts"] is None:
        facts.append("scores read from a result file")
    else:
        facts.append(f"{told['prompts']} of {told['of']} prompts")
    line = ", ".join(facts)
    paragraphs = [f"{line[0].upper()}{line[1:]}.", BENCHMARKS[told["suite"]].note]
    if told["judge"]:
        form = f"form {told.get('form')}"
        paragraphs.append(f"Judged by {told['judge']}, with the rubrics in vino's words ({form}).")
    if not told["scores"]:
        paragraphs.append(
            "No scores yet: run the official scorer and read its file with --results."
        )
    elif not told.get("is_whole"):
        paragraphs.append("Not the whole benchmark: these do not compare with published scores.")
    return paragraphs


def _listed(title: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = [f"- and {len(names) - SHOWN} more"] if len(names) > SHOWN else []
    return ["", f"## {title}: {len(names)}", "", *(f"- {n}" for n in names[:SHOWN]), *more]
