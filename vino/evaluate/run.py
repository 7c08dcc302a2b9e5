"""The evaluation: ask, judge, measure the judge, report."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from vino.evaluate.answers import open_folder
from vino.evaluate.candidate import Candidate, ModelCandidate
from vino.evaluate.report import write_card, write_report
from vino.evaluate.world.judge import Judge
from vino.evaluate.world.questions import built_styles
from vino.evaluate.world.run import Examination, Watcher, run_suite
from vino.evaluate.world.suites import WORLD, chosen_suites
from vino.evaluate.world.trials import Course, known_world
from vino.generate import Model

Results = dict[str, dict[str, list[float]]]
"""Suite -> metric -> [value, low, high]."""


def evaluate(
    model: Model | Candidate,
    suites: Iterable[str] = (WORLD,),
    *,
    seeds: Sequence[int] = (0,),
    out: str | Path,
    quick: bool = False,
    world: str = "first-light",
    card: str | Path | None = None,
    watch: Watcher = lambda what, done, total: None,
) -> Results:
    """Score a model on held-out scenes of the emoji world.

    suites: their names, "world" for all of them. seeds: the first also draws the scenes. out:
    folder for answers, results and reports; answers that are there already are not made again.
    quick: a few scenes of each kind. world: what the model knows, a key of `WORLDS`. card: folder
    of a model whose card takes the scores.
    Raises InputError for unknown names and for a folder that holds another run.
    """
    chosen, out = chosen_suites(suites), Path(out)
    asked = known_world(world, seeds)
    candidate = ModelCandidate(model) if isinstance(model, Model) else model
    course = Course(asked, tuple(seeds), candidate.size, candidate.frames, candidate.longest, quick)
    record = {"model": candidate.identity, "seed": course.seeds[0], "world": world, "quick": quick}
    open_folder(out, record)
    known = course.world.vocabulary
    judge = Judge((*known.styles, *built_styles()), known.tints)
    exam = Examination(candidate, course, judge, out, watch)
    results = [run_suite(name, exam) for name in chosen]
    write_report(out, record, results)
    if card is not None:
        write_card(Path(card), record, results)
    return {result.suite: dict(result.scores) for result in results}
