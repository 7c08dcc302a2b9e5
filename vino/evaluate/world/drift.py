"""How far edits drift from what they edit: the turns of a chain, their scores and tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vino.evaluate.results import Answered, Result
from vino.evaluate.statistics import mean_with_interval
from vino.evaluate.world.preservation import METRICS, by_frame
from vino.evaluate.world.repeated import Chain
from vino.evaluate.world.trials import Trial

SUITE = "preservation"
MEASURED = (
    "Outside: what the edit should have kept, measured without a judge; inside: the rest. Shift "
    "and zoom are measured where the kept part has structure to measure them by and still shows it."
)
ABOUT = (
    "Every number: mean over scenes, its 95 % bootstrap interval, and in brackets what the "
    "autoencoder alone leaves when it encodes and decodes the truth as often, which is the floor. "
    f"{MEASURED}"
)
ON_PAGE = (
    "Every number: mean over n scenes and its 95 % bootstrap interval; report.md has beside it "
    f"what the autoencoder alone leaves. {MEASURED}"
)


@dataclass(frozen=True, eq=False)
class Turn:
    """One edit of a chain, counted from 1, with what came of it.

    references, output: their files in the folder of the run
    kept, floor: the metrics of the answer, and of the autoencoder's own
    """

    chain: Chain
    edit: int
    trial: Trial
    answer: np.ndarray
    references: tuple[str, ...]
    output: str
    kept: Mapping[str, float]
    floor: Mapping[str, float]


def scores(
    turns: Sequence[Turn], values: Callable[[Turn], Mapping[str, float]]
) -> dict[str, list[float]]:
    """Metric, after so many edits -> [mean, low, high] over scenes."""
    by_scene: dict[str, dict[str, list[float]]] = {}
    for turn in sorted(turns, key=lambda turn: turn.edit):
        for metric, value in values(turn).items():
            scenes = by_scene.setdefault(_after(metric, turn.edit), {})
            scenes.setdefault(turn.chain.name, []).append(value)
    return {metric: mean_with_interval(scenes) for metric, scenes in by_scene.items()}


def title(run: Mapping[str, Any]) -> str:
    """The head of a report."""
    return f"What edits by {run['model'].get('name', 'the model')} leave alone"


def markdown(run: Mapping[str, Any], turns: Sequence[Turn], tasks: Sequence[str]) -> str:
    """A table for every kind of edit, a column for every number of edits.

    tasks: that were to be asked; of some nothing is to be left alone
    """
    lines = [f"# {title(run)}", "", ABOUT]
    if whole := [task for task in tasks if task not in {turn.chain.task for turn in turns}]:
        lines += ["", f"Not asked, since they leave nothing alone: {', '.join(whole)}."]
    for task in dict.fromkeys(turn.chain.task for turn in turns):
        chosen = [turn for turn in turns if turn.chain.task == task]
        found, least = scores(chosen, lambda turn: turn.kept), scores(chosen, _comparable)
        last = max(turn.edit for turn in chosen)
        counted = len({turn.chain.name for turn in chosen})
        heads = [f"{number} edit{'s' if number > 1 else ''}" for number in range(1, last + 1)]
        lines += ["", f"## {task}, {counted} scenes", ""]
        lines += [_row(["metric", *heads]), _row(["---"] * (last + 1))]
        for metric in METRICS:
            names = [_after(metric, number) for number in range(1, last + 1)]
            if any(name in found for name in names):
                cells = [_cell(found, least, name) + _few(chosen, name) for name in names]
                lines.append(_row([metric, *cells]))
    return "\n".join(lines) + "\n"


def pages(turns: Sequence[Turn]) -> list[Result]:
    """Every kind of edit as a suite of a page: those that keep most and least come first."""
    found = []
    for task in dict.fromkeys(turn.chain.task for turn in turns):
        chosen = [turn for turn in turns if turn.chain.task == task]
        values, answered = scores(chosen, lambda turn: turn.kept), list(map(_answered, chosen))
        counts = {m: len({one.scene for one in answered if m in one.measured}) for m in values}
        found.append(Result(task, "", values, counts, {}, answered))
    return found


def record(turn: Turn) -> dict[str, Any]:
    """A line of results.jsonl, with the autoencoder's numbers too; of clips, every frame's."""
    line = asdict(_answered(turn)) | {"autoencoder": _named(turn, turn.floor)}
    if len(turn.answer) > 1:
        truth = turn.trial.sample.target
        line["by frame"] = by_frame(turn.answer, truth, turn.chain.untouched)
    return line


def _answered(turn: Turn) -> Answered:
    return Answered(
        suite=SUITE,
        key=turn.trial.key,
        scene=turn.chain.name,
        seed=turn.trial.seed,
        task=turn.chain.task,
        group=turn.trial.group,
        prompt=turn.trial.sample.prompt,
        references=turn.references,
        output=turn.output,
        measured=_named(turn, turn.kept),
    )


def _named(turn: Turn, values: Mapping[str, float]) -> dict[str, float]:
    """Metrics, after so many edits."""
    return {_after(metric, turn.edit): round(value, 4) for metric, value in values.items()}


def _comparable(turn: Turn) -> dict[str, float]:
    """The autoencoder's numbers where the answer has them too."""
    return {metric: value for metric, value in turn.floor.items() if metric in turn.kept}


def _after(metric: str, edit: int) -> str:
    return f"{metric}, edit {edit}"


def _cell(
    found: Mapping[str, Sequence[float]], least: Mapping[str, Sequence[float]], name: str
) -> str:
    if name not in found:
        return ""
    value, low, high = found[name]
    beside = f" [{least[name][0]:.3f}]" if name in least else ""
    return f"{value:.3f} ({low:.3f} to {high:.3f}){beside}"


def _few(turns: Sequence[Turn], name: str) -> str:
    """In how many scenes it could be measured, unless in all."""
    could = [name in {_after(m, turn.edit) for m in turn.kept} for turn in turns]
    counted = len({turn.chain.name for turn, yes in zip(turns, could, strict=True) if yes})
    scenes = len({turn.chain.name for turn in turns})
    return f", in {counted} of {scenes}" if 0 < counted < scenes else ""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
