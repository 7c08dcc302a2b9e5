"""evaluate: scores of a model."""

import json
import os
from argparse import Namespace

from vino.cli.console import Console
from vino.cli.learning import OFFICIAL
from vino.cli.make import open_model
from vino.errors import InputError


def evaluate(args: Namespace, console: Console) -> int:
    """Ask, judge and report."""
    told: dict[str, int] = {}

    def watch(what: str, done: int, total: int, left: float | None = None) -> None:
        tenth = 10 * done // max(1, total)
        if told.get(what) != tenth:
            told[what] = tenth
            console.note(f"{what}: {done} of {total}{_left(left)}")

    if set(args.what) & set(OFFICIAL):
        from vino.cli.benchmarks import benchmarks

        if strangers := [name for name in args.what if name not in OFFICIAL]:
            raise InputError(f"official benchmarks are evaluated alone: leave out {strangers[0]}")
        return benchmarks(args, console, watch)
    from vino.evaluate import tables
    from vino.evaluate.results import scores_of
    from vino.evaluate.run import evaluate
    from vino.evaluate.world.preserving import evaluate_preservation
    from vino.evaluate.world.suites import chosen_suites

    is_preservation = args.what == ["preservation"]
    suites = () if is_preservation else chosen_suites(args.what)
    model = open_model(args, console)
    seed = args.seed or 0
    asked = {
        "seeds": range(seed, seed + (args.seeds or 1)),
        "out": args.out,
        "quick": args.quick,
        "world": args.vocabulary,
        "watch": watch,
    }
    if is_preservation:
        scores, summary = evaluate_preservation(model, **asked), ""
    else:
        results = evaluate(model, suites, card=args.card, beside=_cores() > 1, **asked)
        goals = tables.goals(results)
        scores, summary = scores_of(results), tables.text(goals) if goals.rows else ""
    if args.json:
        print(json.dumps(scores))
        return 0
    if summary:
        print(summary, end="\n\n")
    print(args.out / "report.md")
    return 0


def _cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _left(seconds: float | None) -> str:
    """The time left, in words."""
    if seconds is None:
        return ""
    return f", about {seconds / 60:.0f} min left" if seconds > 90 else ", under two minutes left"
