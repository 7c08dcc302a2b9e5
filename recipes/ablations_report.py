"""docs/paper.md and its plots, built from the runs' files: no number is typed by hand."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import ablations_plots
import numpy as np
from ablations_arms import ANCHOR, ARMS, CONCEPTS, DESK, EVERY, GENERATOR, REFERENCE, SIDE
from ablations_claims import CLAIMS, EDITS, FLOOR, SEEDS, SUCCESSES, Claim, Part
from ablations_exam import EDITING, WHOLE
from ablations_plots import QUERIES, means
from ablations_results import (
    BASE,
    MISSING,
    Outcome,
    Results,
    outcome,
    read_pilots,
    read_results,
    verdict,
)

AGAIN = "python recipes/ablations.py run --out runs/paper --kept runs/paper/kept"
ERRORS = ("swapped", "leaked")
HOURS = "<!-- not run: takes hours -->\n"  # what `make docs-test` is told of a block
NEAR_DB = 3.0  # that the first claims allowed an edit to lose elsewhere
NEAR = 0.05  # share of edits done that fewer queries may cost and still be enough
FIGURES = {
    "1": ("queries", "Training and edits by the number of queries: mean over seeds, their span."),
    "2": ("arms", "Every arm; a dot a seed, a bar their mean."),
    "3b": ("guidance", "Guidance swept on the reference arm: mean over seeds, their span."),
    "4b": ("stages", "Training in stages, and the last stage alone."),
}


def write(kept: Path) -> Path:
    """Write the page and its plots beside the runs' files; returns the page."""
    results = read_results(kept)
    ablations_plots.draw(results, kept)
    path = kept.parent / "paper.md"
    path.write_text(page(results, read_pilots(kept)))
    return path


def page(results: Results, pilots: Mapping[str, Mapping[str, Any]]) -> str:
    """The whole page."""
    blocks = [*opening(results, pilots), *summary(results)]
    for claim in CLAIMS:
        blocks += section(claim, results)
    blocks += [*every_arm(results), *closing()]
    return "\n\n".join(blocks) + "\n"


def opening(results: Results, pilots: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    steps = DESK.align + DESK.anchor + DESK.every
    yield "# The paper's claims, tried at desk scale"
    yield progress(results)
    yield (
        "What the [paper](https://arxiv.org/abs/2601.02358) says of its design, and four ideas of "
        "our own, tried with equal compute on one CPU core. This page is built from the files in "
        "`docs/paper` by one command; no number in it is typed by hand. The claims, their metrics, "
        "thresholds and seeds were committed before the first run "
        "([ablations_claims.py](../recipes/ablations_claims.py)); the history of the repository "
        "shows it."
    )
    yield (
        f"{HOURS}```bash\npython recipes/ablations.py report    # this page, from what is kept\n"
        f"{AGAIN}    # all of it again; goes on where it was stopped\n"
        "python recipes/ablations.py report --kept runs/paper/kept    # their page\n```"
    )
    yield (
        f"**What is trained.** A small emoji world: {len(CONCEPTS)} objects on plain backgrounds, "
        f"{SIDE} x {SIDE} pixels. A generator of width {GENERATOR.width} with "
        f"{GENERATOR.dual_blocks} dual-stream and {GENERATOR.single_blocks} single-stream blocks, "
        "behind the embedded model's frozen autoencoder and vision-language model, learns to draw "
        f"it from words in {DESK.base:,} steps: the base. Every arm begins from that base with new "
        f"queries and connectors, and takes {steps:,} steps of {DESK.tokens:,} tokens: "
        f"{DESK.align} of stage 1, {DESK.anchor} of stage 2 ({', '.join(ANCHOR)}) and "
        f"{DESK.every} of stage 3 ({', '.join(EVERY)}). An arm differs from the reference arm in "
        "one thing. Seeds draw the data, the noise and what is new in the model; the base is one."
    )
    if pilots:
        yield piloting(pilots)
    yield (
        "**With what code.** Commit 29812b8, at which the second run with seed 0 began anew: till "
        "then the trainer judged the first gradients of a stage by those of the stage before, and "
        "refused a step of that run. The base and the run before it lost none."
    )
    asked = sum(group.number for group in WHOLE.values())
    yield (
        f"**What is asked.** {asked} held-out scenes, the same for all, with the same noise; "
        "read by the [world's judge](world-judge.md). Of an edit they tell whether it is done, "
        "and how much what it should leave alone lost against the autoencoder (lost dB)."
        f"{itself(results)}"
    )
    yield (
        "**When a claim holds.** All its parts must. A part is a difference between two arms with "
        "a 95 % interval over seeds and scenes (a bootstrap that draws both; Student's t over "
        "seeds for figures of training), turned so that what the claim says is above zero, also "
        "where less is better. It holds when the interval lies on its side of zero and "
        "the estimate reaches the smallest difference that counts, does not hold here when the "
        "interval stays below that, and else these runs cannot tell. Before all seeds are in "
        "there is no verdict. "
        f"Where both arms succeed in less than {FLOOR:.0%} nothing can be told either. Three seeds "
        "are few, and intervals over them narrow. Seconds are those of the first seed's models."
    )


def piloting(pilots: Mapping[str, Mapping[str, Any]]) -> str:
    """How the scale was chosen."""
    tried = [pilot for pilot in pilots.values() if "ln loss" in pilot["training"]]
    losses = [f"{np.exp(p['training']['ln loss']):.3f} {p['pilot']}" for p in tried]
    chosen, base = pilots["chosen"]["looks"]["final"], pilots["base"]["looks"]["final"]
    share = lambda table, group, metric: np.mean([s[metric] for s in table[group]])  # noqa: E731
    both = [s["done"] and s["lost dB"] <= NEAR_DB for g in EDITS for s in chosen[g]]
    return (
        "**How the scale was chosen.** By pilots of the reference arm with seed 100, which no "
        f"verdict counts, asked fewer questions. The loss on held-out examples was "
        f"{', '.join(losses)}. Pictures from words were right in "
        f"{share(chosen, 't2i', 'right'):.2f} (the base: {share(base, 't2i', 'right'):.2f}), "
        f"{share(chosen, 'remove', 'done'):.2f} of the removals were done, and of {len(both)} "
        f"edits {int(sum(both))} were both done and within {NEAR_DB:g} dB of the "
        "autoencoder elsewhere. So the claims, which had asked for both at once, ask for each by "
        "itself; that was committed before the first run that counts."
    )


def progress(results: Results) -> str:
    there = sum((name, seed) in results for name in ARMS for seed in SEEDS)
    whole = len(ARMS) * len(SEEDS)
    hours = sum(made["core seconds"] for made in results.values()) / 3600
    took = f"with the base they took {hours:.1f} core-hours, questions and answers included"
    if there == whole:
        return f"All {whole} runs are in; {took}."
    return f"**In progress: {there} of {whole} runs are in;** {took}."


def itself(results: Results) -> str:
    """How right the judge is: about the truth, as the autoencoder shows it."""
    if (BASE, 0) not in results:
        return ""
    scenes = [s for rows in results[BASE, 0]["looks"]["truth"].values() for s in rows]
    found = {m: np.mean([s[m] for s in scenes if m in s]) for m in (*SUCCESSES, *ERRORS)}
    listed = ", ".join(f"{metric} {value:.2f}" for metric, value in found.items())
    return f" Of the truth itself, through the autoencoder, it says: {listed}."


def summary(results: Results) -> Iterator[str]:
    rows = [
        (f"[{claim.key}](#{anchor(claim)})", claim.says, f"**{verdict(claim, results)}**")
        for claim in CLAIMS
    ]
    yield table(("", "claim", "verdict"), rows)


def section(claim: Claim, results: Results) -> Iterator[str]:
    yield f"## {heading(claim)}"
    yield f"**{verdict(claim, results).capitalize()}.**"
    heads = ("part", "metric", "", "against", "difference", "95 %", "counts", "verdict")
    yield table(heads, [cells(part, outcome(part, results)) for part in claim.parts])
    if claim.key == "1":
        yield enough(results)
    if claim.key in FIGURES:
        name, words = FIGURES[claim.key]
        yield f"![{words}](paper/{name}.svg)"
    arms = sorted(
        {part.arm for part in claim.parts} | {part.other for part in claim.parts} - {BASE}
    )
    chosen = " ".join(f"--arm {name}" for name in arms)
    yield f"{HOURS}```bash\n{AGAIN} {chosen}\n```"


def cells(part: Part, found: Outcome) -> tuple[str, ...]:
    """A row: what is said, and what the runs say of it."""
    where = ", ".join(part.groups) if part.groups != EDITS else "edits"
    if part.other_groups:
        where += f" against {', '.join(part.other_groups)}"
    metric = f"{part.metric} ({where})" if where else part.metric
    counts = f"{part.least:.3g}" if part.kind == "more" else f"{part.least:.3g}, no less"
    named = (named_arm(part.arm, part.look), named_arm(part.other, part.other_look or part.look))
    if found.verdict == MISSING:
        return part.says, metric, *named, "", "", counts, MISSING
    pair = (
        f"{name}: {mean:.3f}" for name, mean in zip(named, (found.arm, found.other), strict=True)
    )
    span = f"{found.low:+.3f} to {found.high:+.3f}" if isfinite(found.low) else "one seed"
    size = f"{found.estimate:+.3f} ({found.seeds} x {found.scenes})"
    return part.says, metric, *pair, size, span, counts, found.verdict


def named_arm(name: str, look: str) -> str:
    return f"{name}, {look}" if look == "early" else name


def enough(results: Results) -> str:
    """How many queries are needed."""
    found = {
        n: float(np.mean(m)) for n, a in QUERIES.items() if (m := means(results, a, EDITS, "done"))
    }
    if len(found) < len(QUERIES):
        return "How many queries are needed cannot be said yet: runs are missing."
    best = max(found.values())
    least = min(n for n, share in found.items() if share >= best - NEAR)
    shares = ", ".join(f"{n}: {share:.2f}" for n, share in found.items())
    return (
        f"Share of edits done by the number of queries: {shares}. Within {NEAR:.2f} of the best "
        f"are {least} queries already."
    )


def every_arm(results: Results) -> Iterator[str]:
    """All arms in the metrics of the plots."""
    yield "## All arms"
    yield "Means over seeds and scenes; for the reader, no claim is judged by this table."
    panels = ablations_plots.PANELS
    rows = []
    for name, arm in ARMS.items():
        columns = [means(results, name, groups, metric) for _, metric, groups in panels]
        seeds = sum((name, seed) in results for seed in SEEDS)
        shown = (f"{np.mean(values):.2f}" if values else "" for values in columns)
        rows.append((name, arm.about, str(seeds), *shown))
    yield table(("arm", "what it is", "seeds", *(title for title, _, _ in panels)), rows)
    if edits := by_edit(results):
        yield "Edits that the reference arm does, by kind: " + edits


def by_edit(results: Results) -> str:
    found = {task: means(results, REFERENCE, (task,), "done") for task in EDITING}
    return ", ".join(f"{task} {np.mean(m):.2f}" for task, m in found.items() if m)


def closing() -> Iterator[str]:
    yield "## What this can say"
    yield (
        "A verdict is about this small world, this small model and this short training. Effects "
        'that need scale, natural pictures or long training do not show here; "does not hold '
        'here" says no more than that. What the arms of a claim have in common (one base, one '
        "autoencoder, one vision-language model) is not varied."
    )
    yield (
        "Equal compute means equal steps of equally many tokens. Queries are tokens: with 64 of "
        "them a step holds fewer examples. An arm without latents packs as many examples as one "
        "with them, and computes less."
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def heading(claim: Claim) -> str:
    return f"{claim.key} {claim.says.rstrip('.')}"


def anchor(claim: Claim) -> str:
    """The heading's name in a link, as renderers make it."""
    kept = (c for c in heading(claim).lower() if c.isalnum() or c in " -")
    return "".join(kept).replace(" ", "-")
