"""augment: instruction pairs made of a folder of pictures and clips."""

import json
from argparse import Namespace
from contextlib import ExitStack
from difflib import get_close_matches
from pathlib import Path
from random import Random
from typing import Any

from vino.cli.console import Console
from vino.cli.failures import FAULT
from vino.cli.make import open_model
from vino.data.alterations import PLAIN, Op, Pair
from vino.data.augment import Outcome, Plan
from vino.data.augment import augment as alter
from vino.data.manifest import MANIFEST, open_records
from vino.data.sample import Rules
from vino.errors import InputError
from vino.media import Frames

EDIT = "edit:"


def augment(args: Namespace, console: Console) -> int:
    """Alter everything; exit code 1 when something could not be used."""
    _apart(args.path, args.output)
    names = list(dict.fromkeys(args.ops))
    for name in names:
        _known(name)
    outcome, broken = Outcome(), list[str]()

    def refuse(error: InputError) -> None:
        console.warn(str(error))

    def unusable(error: InputError) -> None:
        outcome.broken.append(str(error))
        refuse(error)

    rules = Rules(licence=args.require_licence, consent=args.require_consent)
    records = open_records(args.path, rules, unusable)
    edits = any(name.startswith(EDIT) for name in names)
    model = open_model(args, console) if edits else None
    ops = tuple(_by_model(name, model) if name.startswith(EDIT) else PLAIN[name] for name in names)
    plan = Plan(ops, args.each, args.seed or 0, not args.no_inverses)
    with ExitStack() as stack:
        bar = _bar(stack, len(records)) if console.shows_progress else None
        for step in alter(records, args.output, plan, refuse):
            outcome.made, outcome.there, broken = step.made, step.there, step.broken
            if bar is not None:
                bar.update()
        outcome.broken += broken
    return _tell(args, console, outcome)


def _tell(args: Namespace, console: Console, outcome: Outcome) -> int:
    manifest = args.output / MANIFEST
    if args.json:
        told: dict[str, Any] = {"manifest": str(manifest), "made": outcome.made}
        print(json.dumps({**told, "there": outcome.there, "broken": outcome.broken}))
    elif outcome.made or outcome.there:
        print(manifest)
    console.note(
        f"{outcome.made} examples made, {outcome.there} steps there already, "
        f"{len(outcome.broken)} not usable"
    )
    return FAULT if outcome.broken else 0


def _apart(source: Path, out: Path) -> None:
    """Neither folder may lie in the other: sources stay untouched, results are no sources."""
    folder = (source if source.is_dir() else source.parent).resolve()
    if out.resolve().is_relative_to(folder) or folder.is_relative_to(out.resolve()):
        raise InputError(f"{out} and the sources lie in each other: name a folder outside")


def _known(name: str) -> None:
    if name in PLAIN or (name.startswith(EDIT) and name.removeprefix(EDIT).strip()):
        return
    near = get_close_matches(name, PLAIN, 1)
    hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(PLAIN)}"
    raise InputError(f'unknown op "{name}": {hint}, or write "edit:what to change"')


def _by_model(name: str, model: Any) -> Op:
    """An edit by the model; how it was made is its recipe."""
    instruction = name.removeprefix(EDIT).strip()

    def alter(frames: Frames, rng: Random) -> Pair:
        made: Frames = model.edit(frames, instruction, seed=rng.getrandbits(31))
        return Pair(made, instruction, parameters={"recipe": made.recipe})

    return Op(name, alter)


def _bar(stack: ExitStack, total: int) -> Any:
    from tqdm import tqdm

    return stack.enter_context(tqdm(total=total, unit="file", leave=False))
