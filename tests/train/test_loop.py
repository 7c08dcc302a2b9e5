"""Whole runs: stages, resuming, refusing, watching, exporting."""

import json
import signal
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.train.fake import SIDE, STAGE, Loader, example, recipe
from vino import generate
from vino.errors import CheckpointError, InputError
from vino.media import Frames
from vino.train import checkpoint
from vino.train.config import Lora, Saving, Watching
from vino.train.ema import Average
from vino.train.guard import TrainingError
from vino.train.log import read_lines
from vino.train.loop import Run, _step, train
from vino.train.optim import optimizers
from vino.train.parallel import Ranks
from vino.train.run import asked_to_stop, main
from vino.train.trainee import Trainee, choose
from vino.train.watch import passes

ALONE = Ranks(0, 1, torch.device("cpu"))


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings(action="ignore"):
        yield


def losses(out):
    return [line["loss"] for line in read_lines(out) if "loss" in line]


def test_it_learns_what_it_sees(tmp_path):
    """The same four examples again and again."""
    again = lambda wanted: Again(4, wanted.rank, wanted.ranks)  # noqa: E731
    stage = replace(STAGE, steps=24, dropout=0.0, lr=3e-3)
    train(recipe(out=tmp_path, stages=(stage,), feeds=again), ALONE)
    curve = losses(tmp_path)
    assert sum(curve[-6:]) < 0.8 * sum(curve[:6])


class Again(Loader):
    """Always the first examples."""

    def __iter__(self):
        for batch in super().__iter__():
            self.place = 0
            yield batch


def test_muon_and_accumulation_run_and_resume(tmp_path):
    stage = replace(STAGE, optimizer="muon", steps=4)
    config = recipe(stages=(stage,), accumulate=2, batch=2)
    train(replace(config, out=tmp_path / "whole"), ALONE)
    part = replace(config, out=tmp_path / "part")
    with pytest.raises(KeyboardInterrupt):
        train(part, ALONE, stop=lambda: len(losses(part.out)) == 2)
    train(part, ALONE)
    assert losses(part.out) == losses(tmp_path / "whole")


def test_accumulating_is_the_same_as_a_larger_batch(tmp_path):
    stage = replace(STAGE, steps=3)
    large = recipe(out=tmp_path / "large", stages=(stage,), batch=4)
    small = replace(large, out=tmp_path / "small", batch=2, accumulate=2)
    train(large, ALONE)
    train(small, ALONE)
    assert losses(small.out) == pytest.approx(losses(large.out), rel=1e-5)


def test_stages_train_what_they_name_and_the_model_generates(tmp_path):
    """The first stage leaves the MMDiT as it was; the export is the averaged model."""
    config = recipe(out=tmp_path)
    first = replace(config, out=tmp_path / "first", stages=config.stages[:1])
    before = config.build(config).mmdit.final_proj.weight.bfloat16()
    kept = generate.load(train(first, ALONE), dtype="float32").vino.mmdit
    assert torch.equal(kept.final_proj.weight.bfloat16(), before)
    model = generate.load(train(config, ALONE), dtype="float32")
    assert not torch.equal(model.vino.mmdit.final_proj.weight.bfloat16(), before)
    picture = model.generate("thing", steps=2)
    assert picture.size.width == SIDE


def test_a_finished_run_only_exports_again(tmp_path):
    config = recipe(out=tmp_path)
    folder = train(config, ALONE)
    told = (folder / "vino.json").read_text()
    assert train(config, ALONE) == folder and (folder / "vino.json").read_text() == told
    longer = replace(config, stages=(*config.stages, replace(STAGE, name="more", steps=1)))
    train(longer, ALONE)
    assert len(losses(tmp_path)) == 10, "a stage that is added is trained"


def test_a_finished_stage_takes_no_more_steps(tmp_path):
    config = recipe(out=tmp_path)
    few = tuple(replace(stage, steps=2) for stage in config.stages)
    train(replace(config, stages=few), ALONE)
    told = (tmp_path / "config.json").read_text()
    with pytest.raises(InputError, match=r"finished after 4 steps, not 9: .* another --out"):
        train(config, ALONE)
    assert (tmp_path / "config.json").read_text() == told


def test_it_can_be_tried_while_it_trains(tmp_path):
    config = recipe(out=tmp_path, saving=Saving(every=100, export=2))
    with pytest.raises(KeyboardInterrupt):
        train(config, ALONE, stop=lambda: len(losses(tmp_path)) == 2)
    assert generate.load(tmp_path / "model", device="cpu").generate("thing", steps=1).size


def test_a_run_stopped_at_the_last_step_of_a_stage_has_it(tmp_path):
    config = recipe(out=tmp_path, saving=Saving(every=100))
    steps = config.stages[0].steps
    with pytest.raises(KeyboardInterrupt):
        train(config, ALONE, stop=lambda: len(losses(tmp_path)) == steps - 1)
    saved = checkpoint.read_run(checkpoint.latest(tmp_path / "checkpoints"))
    assert saved["progress"] == {"stage": 1, "step": 0, "total": steps}


def test_the_first_signal_asks_once_somebody_listens():
    with asked_to_stop() as asked:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert not asked()
        signal.raise_signal(signal.SIGTERM)
        assert asked()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)


def test_a_stage_cut_shorter_than_it_was_trained_is_over(tmp_path):
    config = recipe(out=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        train(config, ALONE, stop=lambda: len(losses(tmp_path)) == 1)
    first, second = config.stages
    train(replace(config, stages=(replace(first, steps=1), replace(second, steps=2))), ALONE)
    assert [line["stage"] for line in read_lines(tmp_path)] == ["first"] * 2 + ["both"] * 2


def test_a_stage_without_steps_is_passed_over(tmp_path):
    """Even where its data is missing, and with the weights of the stage before."""

    def feeds(wanted):
        assert wanted.stage.steps
        return Loader(2, wanted.rank, wanted.ranks)

    config = recipe(out=tmp_path, feeds=feeds)
    first, second = config.stages
    none = replace(second, name="none", steps=0)
    made = train(replace(config, stages=(first, none)), ALONE)
    weights = generate.load(made, device="cpu").vino.conditioner.state_dict()
    again = train(replace(config, stages=(first, none)), ALONE)
    kept = generate.load(again, device="cpu").vino.conditioner.state_dict()
    assert all(torch.equal(weights[name], kept[name]) for name in weights)


def test_a_run_goes_on_behind_a_stage_without_steps(tmp_path):
    """From the checkpoint of the stage before it, which holds nothing of what it would train."""
    config = recipe()
    first, second = config.stages
    stages = (first, replace(second, name="none", steps=0), second)
    whole, part = (replace(config, out=tmp_path / n, stages=stages) for n in ("whole", "part"))
    train(whole, ALONE)
    with pytest.raises(KeyboardInterrupt):
        train(part, ALONE, stop=lambda: len(losses(part.out)) == first.steps - 1)
    train(part, ALONE)
    assert losses(part.out) == losses(whole.out)


def test_checkpoints_rotate(tmp_path):
    train(recipe(out=tmp_path, saving=Saving(every=1, keep=2)), ALONE)
    names = sorted(p.name for p in (tmp_path / "checkpoints").iterdir())
    assert names == ["latest", "step-00000008", "step-00000009"]


def test_a_lost_checkpoint_is_told(tmp_path):
    train(recipe(out=tmp_path), ALONE)
    (tmp_path / "checkpoints" / "latest").write_text("step-00000099\n")
    with pytest.raises(CheckpointError, match="is gone"):
        train(recipe(out=tmp_path), ALONE)


def test_checkpoints_that_cannot_be_used_are_told(tmp_path, monkeypatch):
    """One that holds less than the settings ask for, and one that cannot be written."""
    config = recipe(out=tmp_path)
    first, second = config.stages
    train(replace(config, stages=(first,)), ALONE)
    wider = replace(first, trainable=second.trainable)
    with pytest.raises(CheckpointError, match=r"step-00000003 cannot .* another --out"):
        train(replace(config, stages=(wider, second)), ALONE)

    def full(*args, **options):
        raise OSError("no space left")

    monkeypatch.setattr("torch.distributed.checkpoint.FileSystemWriter.write_data", full)
    with pytest.raises(CheckpointError, match=r"no checkpoint can be written \(no space left\)"):
        train(config, ALONE)


def test_a_run_that_explodes_is_stopped(tmp_path):
    def broken(config):
        vino = recipe().build(config)
        with torch.no_grad():
            vino.mmdit.final_proj.bias.fill_(torch.nan)
        return vino

    stage = replace(STAGE, steps=30)
    with pytest.raises(TrainingError, match="10 of the last 10 steps were refused"):
        train(recipe(out=tmp_path, build=broken, stages=(stage,)), ALONE)


def test_a_step_that_is_not_finite_changes_nothing(tmp_path):
    """Weights and averages; the run goes on."""
    run = Run(recipe(out=tmp_path), ALONE)
    parameters = choose(run.trainee, STAGE.trainable)
    opts = optimizers(parameters, STAGE, ALONE)
    run.average = Average(parameters)

    def stepped():
        _step(run, STAGE, opts, parameters, [[example(i) for i in range(2)]])
        kept = [*parameters.values(), *run.average.weights.values(), *moments(opts)]
        return [tensor.detach().clone() for tensor in kept]

    good = stepped()
    with torch.no_grad():
        parameters["mmdit.final_proj.bias"][0] = torch.nan
    refused = stepped()
    changed = [i for i, (a, b) in enumerate(zip(good, refused, strict=True)) if not a.equal(b)]
    assert run.guard.skipped == 1
    assert changed == [list(parameters).index("mmdit.final_proj.bias")], "the fault alone"


def test_the_log_tells_the_losses_beside_those_that_are_not_finite(tmp_path, monkeypatch):
    """Of the first step one sample is broken, of the second all are; every line is JSON."""
    forward = Trainee.forward
    broken = iter([slice(0, 1), slice(0, None), slice(0, 0)])

    def breaking(self, batch):
        losses = forward(self, batch)
        losses[next(broken)] *= torch.nan
        return losses

    monkeypatch.setattr(Trainee, "forward", breaking)
    config = recipe(out=tmp_path, stages=(replace(STAGE, steps=3),))
    train(config, ALONE)
    first, second, third = map(strict, (tmp_path / "log.jsonl").read_text().splitlines())
    assert first["loss"] > 0 and len(first["tasks"]) == 3 and first["norms"]["all"] is None
    assert second["loss"] is None and second["tasks"] == {}
    assert third["loss"] > 0 and third["norms"]["all"] > 0 and third["skipped"] == 2


def strict(text):
    """JSON without Python's NaN and Infinity."""
    return json.loads(text, parse_constant=pytest.fail)


def moments(opts):
    return [x for o in opts for state in o.state.values() for x in state.values()]


def test_adapters_learn_alone(tmp_path):
    config = recipe(out=tmp_path, lora=Lora(rank=2))
    with pytest.raises(InputError, match="first: with adapters nothing else is trained"):
        train(config, ALONE)
    with pytest.raises(InputError, match="leave reference_area at 0"):
        train(replace(config, reference_area=64), ALONE)


def test_what_gradients_are_usual_is_learned_anew_by_every_stage(tmp_path):
    """Connectors and a whole model have norms of different sizes."""
    config = recipe(out=tmp_path)
    train(config, ALONE)
    saved = checkpoint.read_run(checkpoint.latest(tmp_path / "checkpoints"))
    assert len(saved["guard"]["norms"]) == config.stages[-1].steps


def test_feeds_that_end_are_told(tmp_path):
    class Short(Loader):
        def __iter__(self):
            return iter([])

    config = recipe(out=tmp_path, feeds=lambda wanted: Short(1, 0, 1))
    with pytest.raises(InputError, match="ran out"):
        train(config, ALONE)


def test_validation_takes_small_examples_together_and_long_clips_alone():
    examples = [example(i) for i in range(20)]  # five frames at most of 32 by 32
    long = replace(examples[0], target=Frames(np.zeros((300, 128, 128, 3), np.uint8)))
    sizes = [len(taken) for taken in passes([*examples, long, *examples[:3]])]
    assert sizes == [8, 8, 4, 1, 3]


def test_watching(tmp_path):
    """Validation is fixed; grids are drawn before and after averaging."""
    stage = replace(STAGE, steps=2, lr=0.0, weight_decay=0.0)
    watching = Watching(log=1, validate=1, samples=2, grid=5, sample_steps=2)
    config = recipe(out=tmp_path, stages=(stage,), watching=watching)
    train(config, ALONE)
    lines = [line for line in read_lines(tmp_path) if "validation" in line]
    first, second = (line["validation"] for line in lines)
    assert first == second and set(first) == {"all", "t2i", "edit", "reconstruct", "t2v", "clone"}
    assert lines[1]["validation_ema"] == second, "with no rate nothing moves"
    sheets = sorted(p.name for p in (tmp_path / "samples").iterdir())
    assert sheets == ["step-00000002-ema.png", "step-00000002-raw.png"]
    assert list((tmp_path / "tensorboard").iterdir())


def test_log_lines_say_what_is_needed(tmp_path):
    train(recipe(out=tmp_path, stages=(replace(STAGE, steps=1),)), ALONE)
    (line,) = read_lines(tmp_path)
    needed = {"step", "stage", "loss", "tasks", "norms", "lr", "samples_per_second",
              "tokens_per_second", "memory_gb", "skipped", "broken"}  # fmt: skip
    assert needed <= set(line)
    assert {"all", "conditioner.queries", "mmdit.single_blocks"} <= set(line["norms"])
    assert json.loads((tmp_path / "config.json").read_text())["batch"] == 4


def test_the_command(tmp_path, capsys):
    file = tmp_path / "small.py"
    file.write_text("from tests.train.fake import recipe\n")
    words = f"{file} --out {tmp_path / 'run'} --stages.steps 1 --device cpu"
    assert main(words.split(), quiet=True) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "run" / "model")
    assert main([str(file), "--keys"]) == 0
    assert "--both.lr" in capsys.readouterr().out.split()
    with pytest.raises(InputError, match="did you mean steps"):
        main([str(file), "--both.step", "3"])
    with pytest.raises(InputError, match="name a folder with --out"):
        main([str(file)])


def test_random_states_come_back():
    state = checkpoint.random_state()
    drawn = torch.rand(3)
    checkpoint.set_random_state(state)
    assert torch.equal(torch.rand(3), drawn)
