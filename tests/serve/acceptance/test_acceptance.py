"""The acceptance runs, small; `make soak` and `make fuzz` run them at full size."""

from tests.serve.acceptance.fuzz import fuzz
from tests.serve.acceptance.soak import soak
from tests.serve.process import quick


def test_a_short_soak(tmp_path):
    made = soak(tmp_path, jobs=12, clients=6, kills=1, steps=2, load=quick)
    assert set(made["kinds"]) == {"job", "image", "video", "turn"}


def test_a_little_fuzz(tmp_path):
    made = fuzz(tmp_path, range(120), quick)
    assert {"200", "202", "400", "404"} <= set(made["answers"])
