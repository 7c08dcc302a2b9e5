"""The evaluation: ask, judge, measure the judge, report."""

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, as_completed
from pathlib import Path

from vino.evaluate.answers import open_folder, unanswered
from vino.evaluate.asking import ModelCandidate
from vino.evaluate.candidate import Candidate
from vino.evaluate.report import read_card, write_card, write_report
from vino.evaluate.results import Result
from vino.evaluate.world.judging import open_bench
from vino.evaluate.world.pace import Pace, Watcher, weight
from vino.evaluate.world.questions import built_styles
from vino.evaluate.world.run import Asked, Examination, ask, measure, score
from vino.evaluate.world.suites import SUITES, WORLD, chosen_suites
from vino.evaluate.world.trials import Course, known_world
from vino.evaluate.world.verdicts import Verdict
from vino.generate import Model


def evaluate(
    model: Model | Candidate,
    suites: Iterable[str] = (WORLD,),
    *,
    seeds: Sequence[int] = (0,),
    out: str | Path,
    quick: bool = False,
    world: str = "second-light",
    card: str | Path | None = None,
    watch: Watcher = lambda what, done, total, left: None,
    beside: bool = False,
) -> list[Result]:
    """Score a model on held-out scenes of the emoji world, suite by suite.

    suites: their names, "world" for all of them. seeds: the first also draws the scenes. out:
    folder for answers, results and reports; answers that are there already are not made again.
    quick: a few scenes of each kind. world: what the model knows, a key of `WORLDS`. card: folder
    of a model whose card takes the scores. watch: told how far it has come. beside: judge
    in processes of their own, while the model answers; they import the program's main module, which
    has to stand that. The scores are the same.
    Raises InputError for unknown names, for a folder that holds another run, and for one without a
    card.
    """
    chosen, out = chosen_suites(suites), Path(out)
    if card is not None:
        read_card(Path(card))  # to fail before the work, not after it
    asked = known_world(world, seeds)
    candidate = ModelCandidate(model) if isinstance(model, Model) else model
    course = Course(asked, tuple(seeds), candidate.size, candidate.frames, candidate.longest, quick)
    record = {"model": candidate.identity, "seed": course.seeds[0], "world": world, "quick": quick}
    open_folder(out, record)
    known = course.world.vocabulary
    questions = {name: list(SUITES[name].ask(course)) for name in chosen if name in SUITES}
    missing = unanswered([trial for trials in questions.values() for trial in trials], out)
    pace = Pace(sum(map(weight, missing)))
    with open_bench((*known.styles, *built_styles()), known.tints, beside) as bench:
        exam = Examination(candidate, course, bench, pace, out, watch)
        answered: list[Asked] = []
        pending: list[Future[Verdict]] = []
        for name, trials in questions.items():
            answered.append(ask(name, trials, exam))
            pending = [verdict for suite in answered for verdict in suite.pending()]
        for done, _ in enumerate(as_completed(pending), 1):
            watch("judging", done, len(pending), None)
        judged = {suite.name: score(suite, exam) for suite in answered}
    results = [judged[name] if name in judged else measure(name, exam) for name in chosen]
    every = write_report(out, record, results)
    if card is not None:
        write_card(Path(card), record, every)
    return results
