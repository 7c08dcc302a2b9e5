"""evaluate, on official benchmarks."""

import json
from argparse import Namespace
from collections.abc import Callable
from functools import cache
from typing import Any

from vino.cli.console import Console
from vino.cli.failures import FAULT
from vino.cli.learning import JUDGE
from vino.cli.make import open_model
from vino.errors import InputError


def benchmarks(args: Namespace, console: Console, watch: Callable[[str, int, int], None]) -> int:
    """Make, score and report every benchmark; exit code 1 when something of one is missing."""
    if len(args.what) > 1 and (args.data or args.results):
        raise InputError("--data and --results belong to one benchmark: run them one by one")
    from vino.evaluate.official.run import Settings, run
    from vino.evaluate.official.suites import BENCHMARKS
    from vino.evaluate.official.vlm_judge import Judge

    settings = Settings(
        out=args.out,
        model=args.model,
        data=args.data,
        results=args.results,
        samples=args.seeds,
        limit=args.limit,
        seed=args.seed or 0,
        judge=Judge(args.judge, args.judge_model or JUDGE) if args.judge else None,
    )

    @cache
    def load() -> Any:
        return open_model(args, console)

    told, is_complete = [], True
    for name in dict.fromkeys(args.what):
        outcome = run(BENCHMARKS[name], settings, load, watch, console.note)
        told.append(outcome.summary())
        is_complete &= outcome.is_complete
        for failure in outcome.failed:
            console.error(f"{name}/{failure.name}: {failure.error}")
        for problem in (*outcome.problems, *outcome.malformed):
            console.warn(f"{name}/{problem}")
        if not args.json:
            print(args.out / f"{name}.md", flush=True)
    if args.json:
        print(json.dumps({"folder": str(args.out), "benchmarks": told}))
    return 0 if is_complete else FAULT
