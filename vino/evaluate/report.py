"""What is written: results.json, results.jsonl, judge.json, report.md and report.html."""

import json
import re
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from vino.errors import InputError
from vino.evaluate import tables
from vino.evaluate.files import write_whole
from vino.evaluate.page import page
from vino.evaluate.published import WORLDS_DIFFER
from vino.evaluate.results import Result, read_results, scores_of, write_results
from vino.evaluate.tables import Table
from vino.evaluate.world.suites import NAMES

SUITES = "suites.json"  # what is known of every suite, besides its answers
CARD, CARD_HEAD = "README.md", "## Scores"


def write_report(out: Path, run: Mapping[str, Any], results: Sequence[Result]) -> list[Result]:
    """Write all files of a finished evaluation; suites that were evaluated before stay in them.

    Returns what is in them now.
    """
    results = [*_earlier(out, {result.suite for result in results}), *results]
    results.sort(key=lambda result: NAMES.index(result.suite))
    write_results(out, [one for result in results for one in result.answered])
    write_whole(out / SUITES, json.dumps({r.suite: _head(r) for r in results}, indent=1) + "\n")
    write_whole(out / "results.json", json.dumps(scores_of(results), indent=1) + "\n")
    accuracy = {result.suite: result.accuracy for result in results}
    write_whole(out / "judge.json", json.dumps(accuracy, indent=1) + "\n")
    write_whole(out / "report.md", markdown(out, run, results))
    write_whole(out / "report.html", page(*tables.about(run), results))
    return results


def _head(result: Result) -> dict[str, Any]:
    """A suite's result without its answers."""
    return {name: getattr(result, name) for name in ("about", "scores", "counts", "accuracy")}


def _earlier(out: Path, now: Set[str]) -> list[Result]:
    """The results of other suites that a folder holds."""
    path = out / SUITES
    if not path.exists():
        return []
    try:
        heads = json.loads(path.read_text(encoding="utf-8"))
        answered = read_results(out)
        return [
            Result(suite, answered=[one for one in answered if one.suite == suite], **head)
            for suite, head in heads.items()
            if suite not in now
        ]
    except (ValueError, TypeError, AttributeError):
        raise InputError(f"{path} is damaged: delete it, and what it told is told anew") from None


def read_card(folder: Path) -> str:
    """A model's card; InputError if the folder has none."""
    try:
        return (folder / CARD).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{folder / CARD} cannot be read: name the folder of a model") from None


def write_card(folder: Path, run: Mapping[str, Any], results: Sequence[Result]) -> None:
    """Put the scores into a model's card, in place of those that stand there; nothing else."""
    before, *behind = re.split(rf"^{CARD_HEAD}[ \t]*$", read_card(folder), maxsplit=1, flags=re.M)
    after = behind[0].partition("\n## ")[2] if behind else ""
    section = [CARD_HEAD, "", tables.about(run)[1], "", *rows_of(tables.brief(results))]
    section += [f"\nNot asked: {one}." for one in tables.unasked(results)]
    lines = [before.rstrip(), "", *section, *(["", f"## {after.rstrip()}"] if after else [])]
    write_whole(folder / CARD, "\n".join(lines) + "\n")


def markdown(out: Path, run: Mapping[str, Any], results: Sequence[Result]) -> str:
    """The tables, with links to the contact sheets that there are."""
    title, about = tables.about(run)
    lines = [f"# {title}", "", about]
    goals = tables.goals(results)
    if goals.rows:
        lines += ["", f"## {tables.GOALS_HEAD}", "", *rows_of(goals)]
    for result in results:
        lines += ["", f"## {result.suite}", "", *([result.about, ""] if result.about else [])]
        lines += rows_of(tables.scores(result)) if result.scores else [tables.NOTHING]
        sheets = [f"sheets/{result.suite}-{kind}.png" for kind in ("successes", "failures")]
        there = [f"[{s.rpartition('-')[2][:-4]}]({s})" for s in sheets if (out / s).exists()]
        lines += ["", f"Contact sheets: {', '.join(there)}."] if there else []
    published = tables.beside_published(results)
    if published.rows:
        lines += ["", "## Beside the published numbers", "", WORLDS_DIFFER, "", *rows_of(published)]
    return "\n".join(lines) + "\n"


def rows_of(table: Table) -> list[str]:
    """A table in Markdown, line by line."""
    rule = ["---"] * len(table.heads)
    return [f"| {' | '.join(cells)} |" for cells in (table.heads, rule, *table.rows)]
