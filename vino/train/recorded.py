"""Feeds of one's own data: the records of a manifest, of shards or of a folder."""

from collections.abc import Sequence
from itertools import islice

from vino.data.apart import Apart
from vino.data.buckets import Buckets, Fitting
from vino.data.loader import Loader
from vino.data.manifest import open_records
from vino.data.planner import Corpus, Skips
from vino.data.sources.proxies import trainable_sources
from vino.data.sources.records import RecordSource, record_sources
from vino.errors import InputError
from vino.govern.guard import Guard
from vino.govern.policy import read_policy
from vino.train.config import TrainConfig
from vino.train.feed import Example, Wanted, batching
from vino.train.prepare import seed_of


def feeds(wanted: Wanted) -> Loader:
    """The stage's mixture of the manifest's tasks, packed or by number, for one rank.

    Without what is held out.
    """
    config, stage = wanted.config, wanted.stage
    if not config.manifest:
        raise InputError("no data to train on: name it with --manifest")
    guard = guard_of(config)
    records = open_records(config.manifest, guard.policy.training)
    if config.held_out:
        records = Apart(records, open_records(config.held_out, guard.policy.training))
        if not len(records):
            raise InputError(
                f"{config.held_out} holds out all of {config.manifest}: name other records with "
                "--held-out"
            )
    corpus = Corpus(
        sources=trainable_sources(records, admit=guard.admit_record),
        weights=stage.mixture,
        fitting=fitting(wanted),
        batching=batching(config),
        seed=seed_of(config.seed, stage.name, "data"),
    )
    return Loader(corpus, wanted.rank, wanted.ranks, config.workers)


def held_out(wanted: Wanted) -> Sequence[Example]:
    """Examples for validation, the tasks in turn, past records that cannot be used.

    None when no place is named; InputError when not one can be used.
    """
    if not wanted.config.held_out:
        return ()
    guard = guard_of(wanted.config)
    records = open_records(wanted.config.held_out, guard.policy.training)
    sources = record_sources(records, admit=guard.admit_record)
    skips = Skips()
    longest = max(source.length for source in sources.values())
    turns = (
        (task, source, i)
        for i in range(longest)
        for task, source in sources.items()
        if i < source.length
    )
    found = (_example(task, source, i, wanted, skips) for task, source, i in turns)
    usable = (example for example in found if example is not None)
    chosen = list(islice(usable, wanted.config.watching.validation))
    if skips.count and not chosen:
        raise InputError(
            f"{wanted.config.held_out}: none of its {skips.count} records can be used for "
            f"validation: {next(iter(skips.reasons.values()))}"
        )
    return chosen


def guard_of(config: TrainConfig) -> Guard:
    """The run's policy at work; without one everything is let in."""
    return Guard() if config.policy is None else Guard.of(read_policy(config.policy))


def fitting(wanted: Wanted) -> Fitting:
    """Buckets of the stage."""
    stage = wanted.stage
    buckets = Buckets(
        area=stage.area, unit=wanted.meter.unit, frames=stage.frames, lengths=stage.lengths
    )
    return Fitting(buckets, wanted.meter)


def _example(
    task: str, source: RecordSource, number: int, wanted: Wanted, skips: Skips
) -> Example | None:
    """None, and a line in the log, for a record that cannot be used."""
    try:
        return source.example(number, fitting(wanted).shape(source.outline(number), task).bucket)
    except InputError as error:
        skips.add(source.name(number), str(error))
        return None
