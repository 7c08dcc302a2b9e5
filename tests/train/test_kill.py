"""A run killed with SIGKILL at any moment goes on as if nothing had happened."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("VINO_KILLS", "5"))  # 50 in `make kills`


def test_a_killed_run_continues_with_exactly_the_same_losses(tmp_path):
    command = [sys.executable, "-m", "tests.train.killed", str(tmp_path), str(KILLS), "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["killed"] == KILLS and told["same"]
