"""The paper's claims at desk scale: trained, asked and judged, and docs/paper.md built from it.

    python recipes/ablations.py report                  # docs/paper.md, from what is kept there
    python recipes/ablations.py run --out runs/paper --kept runs/paper/kept   # all of it again
    python recipes/ablations.py report --kept runs/paper/kept                 # their page

One process trains the base, then every arm with seed 0, then with seed 1, and so on; every run
leaves one small file in the folder of what is kept. It may be stopped (Ctrl-C, SIGTERM) or killed
at any moment and goes on when it is started again. `run --arm no-boundaries --seed 1` makes one
run alone.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import log
from pathlib import Path
from typing import Any

import ablations_report
import torch
from ablations_arms import ARMS, DESK, REFERENCE, Scale, arm_run, base_run
from ablations_claims import SEEDS
from ablations_exam import (
    EDITING,
    MAKING,
    REVERSED,
    SWEEPS,
    TEXT,
    WHOLE,
    Group,
    Table,
    answers,
    examine,
    questions,
)
from ablations_results import BASE, SPEED, file_of, read_results, training, write_result

from vino import generate
from vino.errors import InputError
from vino.generate import Model
from vino.train.config import TrainConfig
from vino.train.log import read_lines
from vino.train.loop import train
from vino.train.parallel import Ranks
from vino.train.run import asked_to_stop

KEPT = Path(__file__).parents[1] / "docs" / "paper"
ALONE = Ranks(0, 1, torch.device("cpu"))
FASTER = "apart"  # the arm whose speed is compared with the reference arm's
TIMED = {"one reference": 1, "three references": 3}
ROUNDS = 8

Stop = Callable[[], bool]
Groups = Mapping[str, Group]


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where runs go and what is kept of them; how long they are, and what they are asked.

    few: questions of a group at most, 0 for all of them
    """

    out: Path
    kept: Path = KEPT
    scale: Scale = DESK
    few: int = 0

    @property
    def base(self) -> Path:
        return self.out / BASE

    def asked(self, groups: Groups) -> Groups:
        if not self.few:
            return groups
        return {name: replace(group, number=self.few) for name, group in groups.items()}


def run(bench: Bench, names: Sequence[str], seeds: Sequence[int], stop: Stop) -> None:
    """Everything that is not there yet; KeyboardInterrupt where it was asked to stop.

    Raises InputError if there are runs from a base that is gone: others do not compare with them.
    """
    bench.kept.mkdir(parents=True, exist_ok=True)
    missing = [(s, n) for s in seeds for n in names if not file_of(bench.kept, n, s).exists()]
    if not file_of(bench.kept, BASE, 0).exists():
        make_base(bench, stop)
    elif missing and not (bench.base / "model").exists():
        raise InputError(
            f"{bench.kept} holds runs from a base that is not in {bench.out}: give those runs' "
            "--out, or another --kept to make all of it again"
        )
    for seed in seeds:
        for name in names:
            if (seed, name) in missing:
                make_arm(bench, name, seed, stop)
        if seed == SEEDS[0]:
            time_both(bench)


def make_base(bench: Bench, stop: Stop) -> None:
    """The base, and how well it draws from words."""
    run = Running(bench.base)
    run.train(base_run(run.out, bench.scale), stop)
    looks = {
        "final": look(run.out / "model", bench.asked(TEXT)),
        "truth": examine(loaded(run.out / "model"), bench.asked(WHOLE), truth=True),
    }
    run.keep(bench.kept, BASE, 0, looks)


def make_arm(bench: Bench, name: str, seed: int, stop: Stop) -> None:
    """One arm with one seed: trained, asked, kept."""
    run = Running(bench.out / f"{name}-{seed}")
    config = arm_run(name, seed, bench.base / "model", run.out, bench.scale)
    groups: Groups = dict(WHOLE)
    if name in (REFERENCE, "free-order"):
        groups = {**groups, **REVERSED}
    if name == REFERENCE:
        groups = {**groups, **SWEEPS}
        first = config.steps - config.stages[-1].steps + bench.scale.early
        config = replace(config, saving=replace(config.saving, export=first))
    run.train(config, stop)
    looks = {"final": look(run.out / "model", bench.asked(groups))}
    if name == REFERENCE:
        looks["early"] = look(run.out / "early", bench.asked(EDITING))
    run.keep(bench.kept, name, seed, looks)


class Running:
    """A run's folder, and the core-seconds spent on it over all the times it was started."""

    def __init__(self, out: Path):
        self.out, self.clock = out, out / "core-seconds"
        self.mark = time.process_time()
        out.mkdir(parents=True, exist_ok=True)

    def train(self, config: TrainConfig, stop: Stop) -> None:
        """Carry it out, or go on with it; not what is kept already."""
        if (self.out / "model").exists() and not (self.out / "checkpoints").exists():
            return
        say(f"{self.out}: training")

        def asked() -> bool:
            self.spent()
            if config.saving.export:
                self.keep_first()
            return stop()

        train(config, ALONE, asked)

    def spent(self) -> float:
        """Core-seconds so far, written down; a kill loses those since the last step."""
        before = float(self.clock.read_text()) if self.clock.exists() else 0.0
        now = time.process_time()
        total, self.mark = before + now - self.mark, now
        self.clock.write_text(f"{total:.1f}")
        return total

    def keep_first(self) -> None:
        """Keep the first export, which later ones replace."""
        model, early = self.out / "model", self.out / "early"
        if model.exists() and not early.exists():
            aside = self.out / "early.new"
            shutil.rmtree(aside, ignore_errors=True)
            shutil.copytree(model, aside)
            aside.rename(early)

    def keep(self, kept: Path, name: str, seed: int, looks: Mapping[str, Table]) -> None:
        """Write the run's file; checkpoints are not needed any more."""
        figures, curves = training(read_lines(self.out))
        made = {
            "arm": name, "seed": seed, "core seconds": round(self.spent()), "looks": looks,
            "training": figures, "curves": curves,
        }  # fmt: skip
        write_result(kept, made)
        shutil.rmtree(self.out / "checkpoints", ignore_errors=True)
        say(f"{file_of(kept, name, seed)}: written")


def loaded(folder: Path) -> Model:
    return generate.load(folder, device="cpu", dtype="bfloat16")


def look(folder: Path, groups: Groups) -> Table:
    """What a model answers."""
    say(f"{folder}: asked {sum(group.number for group in groups.values())} questions")
    return examine(loaded(folder), groups)


def time_both(bench: Bench) -> None:
    """Seconds of sampling of both arms, in turns, in one process: machines are shared and noisy."""
    found = read_results(bench.kept)
    pair = [found.get((name, SEEDS[0])) for name in (REFERENCE, FASTER)]
    folders = [bench.out / f"{name}-{SEEDS[0]}" / "model" for name in (REFERENCE, FASTER)]
    if None in pair or SPEED in pair[0]["looks"] or not all(map(Path.exists, folders)):
        return
    models = list(map(loaded, folders))
    tables: list[Table] = [{}, {}]
    for name, count in TIMED.items():
        group = replace(MAKING["two references"], references=count, number=4)
        trials = list(questions(group))
        for turn in range(ROUNDS + 1):
            for model, table in zip(models, tables, strict=True):
                taken = seconds(partial(answers, model, group, trials))
                if turn:  # the first warms up
                    table.setdefault(name, []).append({"ln seconds": round(log(taken), 4)})
    for made, table in zip(pair, tables, strict=True):
        write_result(bench.kept, {**made, "looks": {**made["looks"], SPEED: table}})


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def status(kept: Path) -> str:
    """What is there and what is not."""
    lines = [f"base: {'there' if file_of(kept, BASE, 0).exists() else 'missing'}"]
    for name in ARMS:
        there = [str(seed) for seed in SEEDS if file_of(kept, name, seed).exists()]
        lines.append(f"{name}: {'seeds ' + ', '.join(there) if there else 'missing'}")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("run", "status", "report"))
    parser.add_argument("--out", type=Path, default=Path("runs/paper"), help="folder of the runs")
    parser.add_argument("--kept", type=Path, default=KEPT, help="folder of what is kept of them")
    parser.add_argument("--arm", choices=tuple(ARMS), action="append", help="these arms alone")
    parser.add_argument("--seed", type=int, action="append", help=f"these seeds, not {SEEDS}")
    args = parser.parse_args(argv)
    if args.what == "status":
        print(status(args.kept))
    elif args.what == "report":
        print(ablations_report.write(args.kept))
    else:
        bench = Bench(out=args.out, kept=args.kept)
        with asked_to_stop() as asked:
            try:
                run(bench, args.arm or tuple(ARMS), args.seed or SEEDS, asked)
            except InputError as error:
                parser.error(str(error))
            except KeyboardInterrupt:
                say("stopped; the same command goes on")
                return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
