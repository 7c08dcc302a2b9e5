"""Two ranks that see different samples train as one process that sees their union."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from vino.train.log import read_lines

ROOT = Path(__file__).parents[2]
ROUNDING = 2e-5  # relative, in float32


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("worlds")
    command = [sys.executable, "-m", "tests.distributed.worlds", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return folder, json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "name", ["two", "copies", "shared tokens", "two, then one", "one, then two"]
)
def test_the_losses_are_those_of_one_process(runs, name):
    _, losses = runs
    assert len(losses["one"]) == 6
    np.testing.assert_allclose(losses[name], losses["one"], rtol=ROUNDING)


def test_muon_on_whole_copies(runs):
    _, losses = runs
    assert losses["muon, one"] != losses["one"]
    np.testing.assert_allclose(losses["muon, copies"], losses["muon, one"], rtol=ROUNDING)


@pytest.mark.parametrize("name", ["two", "copies"])
def test_watching_ranks(runs, name):
    """Validation and grids, before and after averaging, leave the run as it was."""
    folder, _ = runs
    lines = [x for x in read_lines(folder / name) if "validation" in x]
    assert len(lines) == 1 and lines[0]["validation"].keys() == lines[0]["validation_ema"].keys()
    assert len(list((folder / name / "samples").iterdir())) == 2


def test_bfloat16_is_near(runs):
    _, losses = runs
    assert losses["bfloat16"] != losses["one"]
    np.testing.assert_allclose(losses["bfloat16"], losses["one"], rtol=0.1)


def test_the_exported_weights_are_the_same(runs):
    folder, _ = runs
    for part in ("transformer", "conditioner"):
        one, two = (load_file(folder / n / "model" / f"{part}.safetensors") for n in ("one", "two"))
        assert one.keys() == two.keys()
        for name in one:
            np.testing.assert_allclose(
                one[name].float(), two[name].float(), rtol=0.02, atol=2e-3, err_msg=name
            )
