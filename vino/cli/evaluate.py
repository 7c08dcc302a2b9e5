"""evaluate: scores of a model."""

import json
from argparse import Namespace

from vino.cli.console import Console
from vino.cli.learning import OFFICIAL, VOCABULARY
from vino.cli.make import open_model
from vino.errors import InputError

PRESERVATION = "preservation"
# Options, and their values where they are not given.
_OF_THE_WORLD = {"quick": False, "card": None, "vocabulary": VOCABULARY}
_OFFICIAL = dict.fromkeys(("data", "limit", "results", "judge", "judge_model"))


def evaluate(args: Namespace, console: Console) -> int:
    """Ask, judge and report."""
    _check(args)
    told: dict[str, int] = {}

    def watch(what: str, done: int, total: int, left: float | None = None) -> None:
        tenth = 10 * done // max(1, total)
        if told.get(what) != tenth:
            told[what] = tenth
            console.note(f"{what}: {done} of {total}{_left(left)}")

    if set(args.what) & set(OFFICIAL):
        from vino.cli.benchmarks import benchmarks

        return benchmarks(args, console, watch)
    from vino.evaluate import tables
    from vino.evaluate.results import scores_of
    from vino.evaluate.run import evaluate
    from vino.evaluate.world.preserving import evaluate_preservation
    from vino.evaluate.world.suites import chosen_suites

    is_preservation = PRESERVATION in args.what
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
        results = evaluate(model, suites, card=args.card, beside=tables.cores() > 1, **asked)
        goals = tables.goals(results)
        scores, summary = scores_of(results), tables.text(goals) if goals.rows else ""
    if args.json:
        print(json.dumps(scores))
        return 0
    if summary:
        print(summary, end="\n\n")
    print(args.out / "report.md")
    return 0


def _check(args: Namespace) -> None:
    """InputError for suites that do not go together, and for options that they have no use for."""
    for group, named in (
        (OFFICIAL, "official benchmarks are"),
        ((PRESERVATION,), "preservation is"),
    ):
        strangers = [name for name in args.what if name not in group]
        if 0 < len(strangers) < len(args.what):
            raise InputError(f"{named} evaluated alone: leave out {strangers[0]}")
    unused = _OF_THE_WORLD if args.what[0] in OFFICIAL else _OFFICIAL
    if args.what[0] == PRESERVATION:
        unused = unused | {"card": None}
    for name, left_out in unused.items():
        if getattr(args, name) != left_out:
            option = f"--{name.replace('_', '-')}"
            raise InputError(f"{args.what[0]} has no use for {option}: leave it out")


def _left(seconds: float | None) -> str:
    """The time left, in words."""
    if seconds is None:
        return ""
    return f", about {seconds / 60:.0f} min left" if seconds > 90 else ", under two minutes left"
