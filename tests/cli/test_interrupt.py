"""Ctrl-C leaves nothing half-written."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import vino.cli.progress as progress

ROOT = Path(__file__).parents[2]
SCRIPT = """
import vino.generate as library
from tests import tiny
from tests.cli.conftest import DEFAULTS, IDENTITY
from vino.cli import main
library.load = lambda *_, **__: library.Model(tiny.vino(), DEFAULTS, IDENTITY)
raise SystemExit(main(["generate", "a dog", "--steps", "1000", "--solver", "heun",
                       "--size", "64x64", "--preview", "-o", "{out}/a.png"]))
"""


def test_interrupted_while_sampling(vino, tmp_path, monkeypatch):
    def stop(watch, state):
        watch.preview.write_bytes(b"a preview")
        raise KeyboardInterrupt

    monkeypatch.setattr(progress.Watch, "__call__", stop)
    said = vino("generate", "a dog", "--preview", "-o", "a.png")
    assert said.code == 130
    assert said.err.splitlines()[-1] == "vino: error: interrupted; no half-written file is left"
    assert list(tmp_path.iterdir()) == []


def test_a_batch_that_was_interrupted_goes_on(vino, tmp_path, monkeypatch):
    (tmp_path / "t.json").write_text(
        '[{"index": 1, "task": "t2i", "caption": "a"}, {"index": 2, "task": "t2i", "caption": "b"}]'
    )
    call = progress.Watch.__call__

    def stop(watch, state):
        if "t/2" in watch.label:
            raise KeyboardInterrupt
        call(watch, state)

    with monkeypatch.context() as patched:
        patched.setattr(progress.Watch, "__call__", stop)
        assert vino("batch", "t.json", "-o", "out").code == 130
    said = vino("batch", "t.json", "-o", "out")
    assert said.code == 0 and "1 made, 0 failed, 1 skipped" in said.err
    assert sorted(p.name for p in tmp_path.glob("out/t/*")) == ["1.png", "2.png"]


def listening() -> None:
    """Background jobs inherit a shell that ignores Ctrl-C, and so would the tests' child."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_the_signal_itself(tmp_path):
    command = [sys.executable, "-c", SCRIPT.format(out=tmp_path)]
    with subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, preexec_fn=listening
    ) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.iterdir()) and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err and err.splitlines()[-1].startswith("vino: error: interrupted")
    assert list(tmp_path.iterdir()) == []
