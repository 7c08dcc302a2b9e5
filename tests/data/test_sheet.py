"""The contact sheet and the command that writes it."""

from pathlib import Path

import cv2
import pytest

from vino.data.world.__main__ import main
from vino.data.world.sheet import contact_sheet
from vino.data.world.tasks import TASKS, draw
from vino.data.world.vocabulary import FULL


def test_a_sheet_holds_every_task() -> None:
    samples = [draw(task, 0, 0, FULL, size=32, frames=5) for task in TASKS]
    sheet = contact_sheet(samples, width=700)
    assert sheet.shape[1] == 700 and sheet.shape[2] == 3
    assert sheet.std() > 40


def test_the_command_writes_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / "deep" / "sheet.png"
    main(["--tasks", "t2i", "t2v", "--count", "2", "--size", "32", "-o", str(out)])
    assert cv2.imread(str(out)) is not None
    assert "4 samples" in capsys.readouterr().out


def test_an_unknown_task_is_one_line() -> None:
    with pytest.raises(SystemExit, match="the tasks are"):
        main(["--tasks", "t3d"])
