"""The trainee, loss, guard, average and optimisers, each alone."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from tests import tiny
from tests.train.fake import SIDE, STAGE, example, recipe
from vino.checkpoints import Card, Checkpoint, write_native
from vino.errors import InputError
from vino.flow.sampling import Defaults
from vino.train.begin import as_trained, begin
from vino.train.config import Refusing
from vino.train.ema import Average
from vino.train.frozen import Frozen
from vino.train.guard import Guard, TrainingError
from vino.train.loss import flow_matching
from vino.train.optim import clip, gradient_norms, optimizers
from vino.train.parallel import Ranks
from vino.train.prepare import ReferenceGrid, prepare
from vino.train.trainee import Trainee, choose

ALONE = Ranks(0, 1, torch.device("cpu"))
GRID = ReferenceGrid(SIDE * SIDE, 8, 241)


@pytest.fixture
def trainee():
    return Trainee(tiny.vino(), "float32")


def batch_of(trainee, *indices):
    stage = replace(STAGE, dropout=0.0)
    return prepare(Frozen(trainee.vino), [example(i) for i in indices], stage, 0, GRID)


def test_loss_is_the_squared_error_of_the_velocity():
    z, e = torch.randn(2, 1, 4, 4), torch.randn(2, 1, 4, 4)
    t = torch.tensor([0.25])
    right = flow_matching(lambda x, t: [(x[0] - z) / t[0]], [z], [e], t)
    assert right.item() == pytest.approx(0, abs=1e-9)
    zero = flow_matching(lambda x, t: [torch.zeros_like(x[0])], [z], [e], t)
    assert zero.item() == pytest.approx((e - z).square().mean().item())


def test_gradients_reach_queries_through_the_frozen_vlm(trainee):
    choose(trainee, ("conditioner.*",))
    trainee(batch_of(trainee, 0, 1)).sum().backward()
    grads = {name: p.grad for name, p in trainee.named_parameters()}
    assert all((g is not None) == n.startswith("conditioner.") for n, g in grads.items())
    assert grads["conditioner.queries"].abs().sum() > 0
    assert grads["conditioner.boundary_connector.up.weight"].abs().sum() > 0
    assert all(p.grad is None for p in trainee.vino.vlm.parameters())


def test_every_chosen_parameter_has_a_gradient_without_references(trainee):
    chosen = choose(trainee, ("conditioner.*", "mmdit.*"))
    trainee(batch_of(trainee, 0)).sum().backward()
    assert [name for name, p in chosen.items() if p.grad is None] == []


def test_patterns_that_name_nothing_are_refused(trainee):
    with pytest.raises(InputError, match="no parameter"):
        choose(trainee, ("mmdit.blocks.*",))


def test_norms_by_part_add_up_and_clipping_bounds_them(trainee):
    chosen = choose(trainee, ("conditioner.*", "mmdit.*"))
    trainee(batch_of(trainee, 0, 1)).sum().backward()
    norms = gradient_norms(chosen, ALONE)
    truth = torch.nn.utils.get_total_norm([p.grad for p in chosen.values()]).item()
    assert norms["all"] == pytest.approx(truth, rel=1e-5)
    assert sum(v * v for k, v in norms.items() if k != "all") == pytest.approx(truth**2, rel=1e-5)
    clip(chosen, norms["all"], 0.5)
    assert gradient_norms(chosen, ALONE)["all"] == pytest.approx(0.5, rel=1e-5)


def test_muon_takes_the_matrices_of_blocks(trainee):
    chosen = choose(trainee, ("conditioner.*", "mmdit.*"))
    adam, muon = optimizers(chosen, replace(STAGE, optimizer="muon"), ALONE)
    names = {id(p): n for n, p in chosen.items()}
    matrices = {names[id(p)] for p in muon.param_groups[0]["params"]}
    assert "mmdit.single_blocks.0.qkv.q.weight" in matrices
    assert not [n for n in matrices if "modulation" in n or "blocks" not in n]
    assert len(matrices) + len(adam.param_groups[0]["params"]) == len(chosen)
    assert len(optimizers(chosen, STAGE, ALONE)) == 1
    sharding = replace(ALONE, size=2, mesh={"shard": SimpleNamespace(size=lambda: 2)})
    with pytest.raises(InputError, match="Muon needs whole matrices"):
        optimizers(chosen, replace(STAGE, optimizer="muon"), sharding)


def test_average_follows_and_is_taken_back():
    p = torch.nn.Parameter(torch.zeros(3))
    average = Average({"p": p})
    with torch.no_grad():
        p.fill_(1.0)
    average.updates = 10**6
    average.update({"p": p}, 0.99)
    assert average.weights["p"].tolist() == pytest.approx([0.01] * 3)
    average.updates = 0
    average.update({"p": p}, 0.99)  # early: nine tenths new
    assert average.weights["p"].tolist() == pytest.approx([0.01 + 0.99 * 0.9] * 3)
    with average.applied({"p": p}):
        assert p.tolist() == pytest.approx([0.901] * 3)
    assert p.tolist() == [1.0] * 3


def test_guard_skips_and_stops():
    guard = Guard(Refusing(explode=10.0, window=50, most=3))
    assert all(guard.accepts(1.0) for _ in range(30))
    assert guard.accepts(9.0) and not guard.accepts(11.0) and not guard.accepts(float("nan"))
    again = Guard(guard.limits)
    again.load_state_dict(guard.state_dict())
    assert again.skipped == 2
    with pytest.raises(TrainingError, match="3 of the last 34 steps were refused"):
        again.accepts(float("inf"))


def test_a_short_window_is_judged_by_what_it_holds():
    guard = Guard(Refusing(window=5, most=3))
    assert all(guard.accepts(1.0) for _ in range(5)) and not guard.accepts(100.0)


@pytest.mark.parametrize("limits", [{"most": 0}, {"window": 5, "most": 6}, {"explode": 1.0}])
def test_refusing_that_could_never_stop_a_run_is_refused(limits):
    with pytest.raises(InputError, match="refusing"):
        Refusing(**limits)


def test_a_few_bad_steps_far_apart_stop_nothing():
    guard = Guard(Refusing(window=10, most=3))
    for i in range(100):
        assert guard.accepts(float("nan") if i % 5 == 4 else 1.0) == (i % 5 != 4)
    assert guard.skipped == 20


def test_a_model_scales_references_as_it_was_trained():
    card = Card(sampling={"reference_area": 64, "frames": 9})
    assert as_trained(card, recipe()) == card
    made = Defaults.parse(as_trained(card, recipe(reference_area=25)).sampling)
    assert (made.area(is_base=False), made.area(is_base=True), made.frames) == (25, SIDE**2, 9)


def test_a_model_is_built_or_named():
    with pytest.raises(InputError, match="leave --model out"):
        begin(recipe(model="tiny"), ALONE.device)
    with pytest.raises(InputError, match="name a model with --model"):
        begin(recipe(build=None), ALONE.device)


def test_a_model_keeps_its_queries(tmp_path):
    folder = write_native(tmp_path / "model", Checkpoint.of(tiny.vino(), Card()))
    config = recipe(build=None, model=str(folder))
    for queries in (None, 4):
        vino, _ = begin(replace(config, queries=queries), ALONE.device)
        assert len(vino.conditioner.queries) == 4
    with pytest.raises(InputError, match="model: has 4 queries, not 256: set queries 4"):
        begin(replace(config, queries=256), ALONE.device)
