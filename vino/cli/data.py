"""data: looking through the pictures and clips that are to be trained on, and packing them."""

import json
from argparse import Namespace
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from statistics import median
from typing import Any

from vino.cli.console import Console, one_line
from vino.cli.failures import FAULT
from vino.data.buckets import Buckets
from vino.data.check import Report, check
from vino.data.manifest import open_records
from vino.data.sample import Rules
from vino.data.sharding import write_shards
from vino.errors import InputError
from vino.govern.guard import Guard
from vino.govern.policy import Policy, read_policy
from vino.media import DEFAULT_LIMITS
from vino.sizes import PixelSize

MOST_LINES = 20  # of each list that is shown; --json gives all
MOST_BUCKETS = 12


def data(args: Namespace, console: Console) -> int:
    """Check or pack a collection; exit code 1 when something in it cannot be used."""
    guard = _guard(args)
    if args.action == "pack":
        return _pack(args, console, guard.policy.training)
    width, height = args.size
    if width * height > DEFAULT_LIMITS.max_pixels:
        raise InputError(f"--size {width}x{height} is more than a model makes: use less")
    buckets = Buckets(area=width * height, unit=args.unit, frames=args.frames)
    with ExitStack() as stack:
        watch = _bar(stack) if console.shows_progress else None
        rules = guard.policy.training
        report = check(args.path, buckets, rules, watch=watch, admit=guard.admit_record)
    print(json.dumps(facts(report)) if args.json else "\n".join(lines(report, buckets)))
    return 0 if report.is_sound else FAULT


def _guard(args: Namespace) -> Guard:
    """The policy's rules, and those the options add."""
    policy = Policy() if args.policy is None else read_policy(args.policy)
    rules = replace(
        policy.training,
        licence=policy.training.licence or args.require_licence,
        consent=policy.training.consent or args.require_consent,
    )
    return Guard.of(replace(policy, training=rules))


def _pack(args: Namespace, console: Console, rules: Rules) -> int:
    """Write shards; records that cannot be used are named and left out."""
    if args.output is None:
        raise InputError("pack needs a folder for its shards: name it with -o")
    refused: list[str] = []

    def refuse(error: InputError) -> None:
        refused.append(str(error))
        console.warn(str(error))

    records = open_records(args.path, rules, refuse)
    shards = write_shards(records, args.output, refuse=refuse)
    told = {"shards": [str(shard) for shard in shards], "refused": refused}
    print(json.dumps(told) if args.json else "\n".join(told["shards"]))
    return FAULT if refused else 0


def _bar(stack: ExitStack) -> Any:
    from tqdm import tqdm

    bar = stack.enter_context(tqdm(unit="record", leave=False))

    def advance(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return advance


def facts(report: Report) -> dict[str, Any]:
    """All that --json prints."""
    return {
        "path": report.path,
        "records": report.records,
        "usable": report.usable,
        "tasks": dict(report.tasks),
        "sizes": _sized(report.sizes),
        "ratios": report.ratios,
        "lengths": report.lengths,
        "references": {str(n): count for n, count in sorted(report.references.items())},
        "captions": {
            "characters": _spread(report.captions),
            "without": report.without_caption,
            "repeated": report.captions_again,
        },
        "licences": {name: n for name, n in report.licences.most_common() if name},
        "without_licence": report.without_licence,
        "without_consent": report.without_consent,
        "without_target": report.without_target,
        "refused": report.refused,
        "broken": [{"record": record, "why": why} for record, why in report.broken],
        "damaged": report.damaged,
        "left_out": [{"record": record, "why": why} for record, why in report.left_out],
        "duplicates": [{"first": first, "again": again} for first, again in report.duplicates],
        "buckets": _sized(report.buckets),
    }


def lines(report: Report, buckets: Buckets) -> list[str]:
    """The report as a table."""
    spread = _spread(report.captions)
    told = [
        f"{one_line(report.path)}: {report.records} records, {report.usable} usable",
        *_row("tasks", report.tasks),
        *_row("ratios", report.ratios),
        *_row("lengths", report.lengths),
        *_row("sizes", _sized(report.sizes)),
        *_row("references", {f"{n} media": c for n, c in sorted(report.references.items())}),
        f"  {'captions':12} {spread['least']} to {spread['most']} characters, median "
        f"{spread['median']}; {report.without_caption} empty, {report.captions_again} repeated",
        *_row("licences", {name or "none": n for name, n in report.licences.most_common()}),
        f"  {'consent':12} {report.without_consent} records with people lack it",
    ]
    if report.without_target:
        told.append(f"  {'targets':12} {report.without_target} records ask and have no target")
    area = f"{buckets.area:,} pixels, up to {buckets.frames} frames"
    told += [
        f"buckets of {area}:",
        *(f"  {name:16} {count}" for name, count in _first(_sized(report.buckets), MOST_BUCKETS)),
    ]
    pairs = {
        "records refused": report.refused,
        "broken": [_named(record, why) for record, why in report.broken],
        "damaged, but partly of use": report.damaged,
        "left out of every bucket": [_named(record, why) for record, why in report.left_out],
        "duplicates": [f"{again} is {first} again" for first, again in report.duplicates],
    }
    for title, entries in pairs.items():
        told += _list(title, entries)
    return told


def _named(record: str, why: str) -> str:
    return why if record in why else f"{record}: {why}"


def _list(title: str, entries: list[str]) -> list[str]:
    more = len(entries) - MOST_LINES
    rest = [f"  and {more} more (--json names all)"] if more > 0 else []
    shown = [f"  {one_line(entry)}" for entry in entries[:MOST_LINES]]
    return [f"{title}: {len(entries)}", *shown, *rest]


def _row(title: str, counts: Mapping[str, int]) -> list[str]:
    """One line of counts, the most frequent ones if there are many."""
    shown = ", ".join(f"{one_line(n)} {c}" for n, c in _first(counts, MOST_BUCKETS))
    return [f"  {title:12} {shown}"] if shown else []


def _first(counts: Mapping[str, int], most: int) -> list[tuple[str, int]]:
    shown = list(counts.items())[:most]
    rest = list(counts.values())[most:]
    return [*shown, (f"({len(rest)} others)", sum(rest))] if rest else shown


def _sized(counts: Mapping[PixelSize, int]) -> dict[str, int]:
    """Counts by "WxH" or "WxHxFRAMES", the most frequent first."""
    ordered = sorted(counts.items(), key=lambda c: (-c[1], c[0].frames, c[0].width, c[0].height))
    return {_name(size): count for size, count in ordered}


def _name(size: PixelSize) -> str:
    name = f"{size.width}x{size.height}"
    return name if size.frames == 1 else f"{name}x{size.frames}"


def _spread(values: list[int]) -> dict[str, int]:
    if not values:
        return {"least": 0, "median": 0, "most": 0}
    return {"least": min(values), "median": round(median(values)), "most": max(values)}
