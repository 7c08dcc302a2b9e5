"""The paper's claims at desk scale: the driver for a moment, verdicts by hand, the page as kept."""

import json
import warnings
from dataclasses import replace

import ablations
import ablations_report
import numpy as np
import pytest
from ablations_arms import ARMS, DESK, REFERENCE, Scale, stages
from ablations_claims import CLAIMS, EDITS, SEEDS, SUCCESSES, Claim, Part
from ablations_exam import REVERSED, SWEEPS, WHOLE, Group, questions
from ablations_results import (
    BASE,
    FAILS,
    HOLDS,
    MISSING,
    OPEN,
    POINTS,
    UNCLEAR,
    outcome,
    read_pilots,
    read_results,
    training,
    verdict,
    write_result,
)

from vino.errors import InputError

SHORT = Scale(base=2, align=1, anchor=1, every=2, tokens=800, log=1, validation=10)
PART = Part(says="", metric="done", groups=("remove",), other="direct", least=0.1)


def never() -> bool:
    return False


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> ablations.Bench:
    """One run of an arm, stopped in its first stage and gone on with."""
    folder = tmp_path_factory.mktemp("ablations")
    made = ablations.Bench(out=folder / "runs", kept=folder / "paper", scale=SHORT, few=1)
    with warnings.catch_warnings(action="ignore"):
        ablations.run(made, (), (0,), never)  # the base alone
        with pytest.raises(KeyboardInterrupt):
            ablations.run(made, ("no-boundaries",), (0,), lambda: True)
        ablations.run(made, ("no-boundaries",), (0,), never)
    return made


def test_a_run_leaves_one_small_file(bench):
    made = read_results(bench.kept)
    assert set(made) == {(BASE, 0), ("no-boundaries", 0)}
    for rows in made[BASE, 0]["looks"]["truth"].values():
        assert all(rows[0].get(name, 1) == 1 for name in SUCCESSES), "the judge knows the truth"
        assert all(rows[0].get(name, 0) == 0 for name in ("swapped", "leaked", "lost dB"))
    arm = made["no-boundaries", 0]
    assert {name: len(rows) for name, rows in arm["looks"]["final"].items()} == dict.fromkeys(
        WHOLE, 1
    )
    assert arm["curves"]["step"] == [1, 2, 3, 4] and "ln loss" in arm["training"]
    assert arm["core seconds"] >= 1
    assert not (bench.out / "no-boundaries-0" / "checkpoints").exists()


def test_what_is_there_is_not_made_again(bench, monkeypatch):
    monkeypatch.setattr(ablations, "train", None)
    ablations.run(bench, ("no-boundaries",), (0,), never)
    assert "no-boundaries: seeds 0" in ablations.status(bench.kept)


def test_runs_from_a_base_that_is_gone_are_not_mixed_with_others(bench, tmp_path):
    moved = replace(bench, out=tmp_path)
    ablations.run(moved, ("no-boundaries",), (0,), never)  # nothing is missing
    with pytest.raises(InputError, match="another --kept"):
        ablations.run(moved, ("apart",), (0,), never)


def test_arms_differ_in_one_thing_and_take_equal_steps():
    for name, arm in ARMS.items():
        changed = [
            field for field in ("queries", "transformer", "references", "shuffle", "staged")
            if getattr(arm, field) != getattr(ARMS[REFERENCE], field)
        ]  # fmt: skip
        assert len(changed) == (name != REFERENCE)
        steps = sum(stage.steps for stage in stages(arm, DESK))
        assert steps == DESK.align + DESK.anchor + DESK.every


def test_claims_ask_for_what_is_measured():
    groups = {**WHOLE, **REVERSED, **SWEEPS}
    for part in (part for claim in CLAIMS for part in claim.parts):
        assert {part.arm, part.other} <= {*ARMS, BASE}
        asked = {*part.groups, *part.other_groups}
        assert asked <= set(groups) or (part.look == "speed" and asked <= set(ablations.TIMED))
    assert len({claim.key for claim in CLAIMS}) == len(CLAIMS)


def test_scenes_are_held_out_and_the_same_for_every_group_of_a_task():
    two, turned = WHOLE["two references"], REVERSED["two references, reversed"]
    assert [t.scene for t in questions(two)] == [t.scene for t in questions(turned)]
    for trial in questions(replace(two, number=4)):
        assert "Image 1" in trial.sample.prompt and "Image 2" in trial.sample.prompt
        shown = {r.objects[0].concept for r in trial.sample.references}
        assert shown == {o.concept for o in trial.sample.target_scene.objects}
    first = [t.sample.prompt for t in questions(Group(task="remove", number=3, score=two.score))]
    assert len(set(first)) == 3


def result(arm: str, seed: int, looks: dict, figures: dict | None = None) -> dict:
    curves = {name: [1.0, 2.0] for name in ("step", "loss", "gradient norm")}
    return {
        "arm": arm, "seed": seed, "core seconds": 60, "looks": looks, "training": figures or {},
        "curves": curves,
    }  # fmt: skip


def pair(shares: tuple[float, float], seeds=SEEDS, scenes: int = 40) -> dict:
    """Results of the reference arm and of another, with so many edits done each."""
    found = {}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        for name, share in zip((REFERENCE, "direct"), shares, strict=True):
            done = rng.random(scenes) < share
            rows = [{"done": float(x)} for x in done]
            found[name, seed] = result(name, seed, {"final": {"remove": rows}})
    return found


@pytest.mark.parametrize(
    ("shares", "part", "said"),
    [
        ((0.9, 0.2), PART, HOLDS),
        ((0.2, 0.9), PART, FAILS),
        ((0.5, 0.5), replace(PART, least=0.4), FAILS),
        ((0.55, 0.45), replace(PART, least=0.1), UNCLEAR),
        ((0.05, 0.02), PART, UNCLEAR),  # both fail: nothing can show
        ((0.2, 0.9), replace(PART, sign=-1), HOLDS),
        ((0.9, 0.85), replace(PART, kind="no less", least=0.2), HOLDS),
        ((0.2, 0.9), replace(PART, kind="no less", least=0.2), FAILS),
        ((0.5, 0.5), replace(PART, kind="no less", least=0.02), UNCLEAR),
    ],
)
def test_verdicts(shares, part, said):
    found = outcome(part, pair(shares))
    assert (found.verdict, found.seeds, found.scenes) == (said, 3, 40)
    assert found.low <= found.estimate <= found.high


def test_one_value_a_seed_is_students():
    part = Part(says="", metric="ln loss", other="direct", sign=-1, least=0.1)
    made = {}
    for seed, loss in enumerate((-0.2, -0.3, -0.4)):
        made[REFERENCE, seed] = result(REFERENCE, seed, {}, {"ln loss": loss})
        made["direct", seed] = result("direct", seed, {}, {"ln loss": 0.0})
    found = outcome(part, made)
    reach = 4.303 * 0.1 / 3**0.5
    assert (found.low, found.high) == pytest.approx((0.3 - reach, 0.3 + reach), abs=1e-3)
    assert found.verdict == HOLDS
    assert outcome(part, {k: v for k, v in made.items() if k[1] == 0}).verdict == OPEN


def test_no_verdict_before_every_seed_is_in():
    found = outcome(PART, pair((0.9, 0.2), seeds=SEEDS[:2]))
    assert (found.verdict, found.seeds) == (OPEN, 2) and found.arm > found.other


def test_a_claim_needs_all_its_parts():
    made = pair((0.9, 0.2))
    against = replace(PART, sign=-1)
    assert verdict(Claim(key="", says="", parts=(PART, PART)), made) == HOLDS
    assert verdict(Claim(key="", says="", parts=(PART, against)), made) == FAILS
    assert verdict(Claim(key="", says="", parts=(PART, replace(PART, other="apart"))), made) == (
        MISSING
    )


def test_figures_of_training():
    norms = [1.0, 3.0] * 300
    lines = [
        {"step": i + 1, "stage": "stage3", "loss": 0.5, "norms": {"mmdit": n, "conditioner": 9.0}}
        for i, n in enumerate(norms)
    ]
    lines.insert(0, {"step": 0, "stage": "stage1", "loss": 2.0, "norms": {"mmdit": 100.0}})
    figures, curves = training(lines)
    assert figures["ln gradient norm"] == pytest.approx(np.log(2.0), abs=1e-4)
    assert figures["ln gradient variation"] == pytest.approx(0.0, abs=1e-4)
    assert len(curves["loss"]) == POINTS and curves["loss"][-1] == 0.5


def test_the_page_is_what_the_kept_runs_give():
    page = ablations.KEPT.parent / "paper.md"
    assert page.read_text() == ablations_report.page(
        read_results(ablations.KEPT), read_pilots(ablations.KEPT)
    ), "run: python recipes/ablations.py report"
    kept = sum(path.stat().st_size for path in ablations.KEPT.rglob("*"))
    assert kept <= 2**20


def test_a_page_with_plots_from_runs(tmp_path):
    """Of runs made up here: every claim gets a verdict, every plot is drawn."""
    rng = np.random.default_rng(0)
    metrics = {part.metric for claim in CLAIMS for part in claim.parts} | {"others recognised"}

    def look(groups):
        row = lambda: {m: float(rng.random()) for m in metrics}  # noqa: E731
        return {name: [row() for _ in range(3)] for name in groups}

    kept = tmp_path / "paper"
    kept.mkdir()
    write_result(kept, result(BASE, 0, {"final": look(("t2i",)), "truth": look(WHOLE)}))
    for name in ARMS:
        for seed in SEEDS:
            looks = {
                "final": look({**WHOLE, **REVERSED, **SWEEPS}), "early": look(EDITS),
                **({"speed": look(ablations.TIMED)} if seed == SEEDS[0] else {}),
            }  # fmt: skip
            figures = {m: float(rng.random()) for m in metrics if m.startswith("ln")}
            write_result(kept, result(name, seed, looks, figures))
    page = ablations_report.write(kept).read_text()
    assert MISSING not in page.lower() and OPEN not in page and "All 36 runs are in" in page
    for claim in CLAIMS:
        assert f"(#{ablations_report.anchor(claim)})" in page
    plots = sorted(path.name for path in kept.glob("*.svg"))
    assert plots == ["arms.svg", "guidance.svg", "queries.svg", "stages.svg"]
    assert sum(path.stat().st_size for path in kept.glob("*.svg")) < 400_000
    assert json.loads((kept / "base-0.json").read_text())["arm"] == BASE
