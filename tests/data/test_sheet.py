"""The contact sheet."""

from vino.data.world.sheet import contact_sheet
from vino.data.world.tasks import TASKS, draw
from vino.data.world.vocabulary import FULL


def test_a_sheet_holds_every_task() -> None:
    samples = [draw(task, 0, 0, FULL, size=32, frames=5) for task in TASKS]
    sheet = contact_sheet(samples, width=700)
    assert sheet.shape[1] == 700 and sheet.shape[2] == 3
    assert sheet.std() > 40
