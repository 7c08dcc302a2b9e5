"""The preservation suite: held-out scenes edited once, and several times in a row."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from vino.evaluate.answers import collect, open_folder, output_of, write_references
from vino.evaluate.asking import ModelCandidate
from vino.evaluate.candidate import Candidate
from vino.evaluate.files import write_whole
from vino.evaluate.page import page
from vino.evaluate.results import NAME
from vino.evaluate.world.drift import (
    ON_PAGE,
    SUITE,
    Turn,
    markdown,
    pages,
    record,
    scores,
    title,
)
from vino.evaluate.world.preservation import preserved
from vino.evaluate.world.repeated import Chain, chains, floor
from vino.evaluate.world.trials import Trial, known_world
from vino.generate import Model

EDITS = 4  # in a row
SCENES, FEW = 24, 4  # of every edit of pictures
CLIPS, FEW_CLIPS = 4, 1  # and of clips, which take several times as long

Floors = Mapping[str, Sequence[np.ndarray]]
"""Chain -> what the autoencoder leaves after every edit."""
Watcher = Callable[[str, int, int], None]
"""(what is being done, done, of how many)."""


def evaluate_preservation(
    model: Model | Candidate,
    *,
    seeds: Sequence[int] = (0,),
    out: str | Path,
    quick: bool = False,
    world: str = "second-light",
    watch: Watcher = lambda what, done, total: None,
) -> dict[str, dict[str, list[float]]]:
    """Edit held-out scenes once and several times in a row; suite -> metric -> [value, low, high].

    seeds: the first also draws the scenes; clips take it alone. out: folder for answers,
    results.jsonl, results.json, report.md and report.html; answers that are there already are not
    made again. quick: a few scenes.
    Raises InputError for an unknown world and for a folder that holds another run.
    """
    asked = known_world(world, seeds)
    candidate, out = ModelCandidate(model) if isinstance(model, Model) else model, Path(out)
    run = {"suite": SUITE, "model": candidate.identity, "seed": seeds[0], "world": world}
    open_folder(out, run | {"quick": quick})
    known, turns = asked.vocabulary, []
    pictures, clips = (FEW, FEW_CLIPS) if quick else (SCENES, CLIPS)
    counts = dict.fromkeys(asked.edits, pictures) | dict.fromkeys(asked.clip_edits, clips)
    for task, count in counts.items():
        drawn = chains(task, seeds[0], count, EDITS, known, candidate.size, candidate.frames)
        rows = list(drawn)
        floors = {row.name: floor(candidate, [s.target for s in row.samples]) for row in rows}
        for number, seed in enumerate(seeds[:1] if task in asked.clip_edits else seeds, 1):
            turns += list(_turns(candidate, rows, floors, seed, out))
            watch(f"{SUITE}: {task}", number, len(seeds))
    results = {SUITE: scores(turns, lambda turn: turn.kept)}
    write_whole(out / NAME, "".join(f"{json.dumps(record(turn))}\n" for turn in turns))
    write_whole(out / "results.json", json.dumps(results, indent=1) + "\n")
    write_whole(out / "report.md", markdown(run, turns, list(counts)))
    write_whole(out / "report.html", page(title(run), ON_PAGE, pages(turns)))
    return results


def _turns(
    candidate: Candidate, rows: Sequence[Chain], floors: Floors, seed: int, out: Path
) -> Iterator[Turn]:
    """All edits of some chains, those of one round together."""
    last: dict[str, tuple[Trial, np.ndarray]] = {}
    longest = max((len(chain.samples) for chain in rows), default=0)
    for edit in range(longest):
        going_on = [chain for chain in rows if edit < len(chain.samples)]
        trials = [
            Trial(
                suite=SUITE,
                scene=f"{chain.name}-edit{edit + 1}",
                group=f"edit {edit + 1}",
                seed=seed,
                sample=chain.sample(edit, last[chain.name][1] if edit else None),
            )
            for chain in going_on
        ]
        answers = {t.key: answer for pack in collect(candidate, trials, out) for t, answer in pack}
        for chain, trial in zip(going_on, trials, strict=True):
            answer = answers[trial.key]
            # What a later edit is given is the answer before it, which is there already.
            given = (output_of(last[chain.name][0]),) if edit else write_references(trial, out)
            last[chain.name] = trial, answer
            truth, least = trial.sample.target, floors[chain.name][edit]
            kept = preserved(answer, truth, chain.untouched)
            best = preserved(least, truth, chain.untouched)
            yield Turn(chain, edit + 1, trial, answer, given, output_of(trial), kept, best)
