"""HTML: what people type is text, and times are told."""

from dataclasses import replace

from tests.serve.studio.test_prompts import DOG, HAT, WALK
from vino.serve.jobs import Job
from vino.serve.order import Order, Part
from vino.serve.studio import stage, views
from vino.serve.studio.desk import Desk
from vino.serve.studio.turns import Turn, Turns

EVIL = '"><script>alert(1)</script>'
OUTPUT = {"file": "o", "type": "image/png", "width": 64, "height": 64, "frames": 1, "fps": 8.0,
          "seed": 5, "bytes": 1}  # fmt: skip


def job(state="done", outputs=(OUTPUT,), **changes):
    order = Order(parts=(Part("text", EVIL),), seed=5).to_json()
    values = {
        "id": "job_1", "kind": "job", "owner": "local", "state": state, "priority": 0,
        "request": order, "attempts": 1, "step": 3, "steps": 9, "created_at": 0.0,
        "started_at": None, "finished_at": None, "outputs": list(outputs), "error": EVIL,
    }  # fmt: skip
    return Job(**values | changes)


def test_what_people_type_is_text():
    turn = Turn("job_1", None, EVIL)
    tree = Turns().add(turn).add(Turn(EVIL, "job_1", EVIL))
    clip = OUTPUT | {"type": "video/mp4", "frames": 3}
    shown = [
        views.alert(EVIL), views.turns(tree, {"job_1": job()}), views.queue([(job("running"), 0)]),
        views.gallery([job()], None), stage.result(job(), turn), stage.result(job("failed"), turn),
        stage.result(job(outputs=[clip, clip]), turn, "data:,"),
        views.recipe({"prompt": [{"kind": "text", "text": EVIL}], "seed": EVIL}),
    ]  # fmt: skip
    for html in shown:
        assert "&lt;script&gt;" in html and "<script" not in html and EVIL not in html


def test_references_and_what_can_be_done_with_them():
    html = views.references(Desk(references=(HAT, DOG, WALK), base="dog", cropping="hat"), "data:,")
    assert html.count('data-do="crop"') == 3  # two pictures, and the open panel's own
    assert html.count('aria-pressed="true"') == 1 and html.count('name="left"') == 1
    assert "Editing" in views.base(Desk(base="dog", references=(DOG,)))
    assert views.references(Desk()) == "" and views.base(Desk()) == ""


def test_the_queue_tells_the_place():
    html = views.queue([(job("running"), 0), (job("queued"), 0), (job("queued"), 4)])
    assert "step 3 of 9" in html and "next" in html and "4 before it" in html


def test_the_tree_marks_what_is_shown_and_what_is_gone():
    tree = Turns().add(Turn("job_1")).add(Turn("job_2", "job_1")).add(Turn("job_3", "job_1"))
    html = views.turns(tree, {"job_1": job(), "job_2": replace(job("queued", ()), id="job_2")})
    assert html.count("aria-current") == 1 and html.index("aria-current") > html.index("job_3")
    assert "gone" in html and "from 1" in html and "making" in html


def test_time_left_follows_the_pace():
    making = stage.Making()
    assert "Waiting" in making.text()
    for step, now in ((0, 10.0), (2, 14.0), (5, 20.0)):
        said = {"state": "running", "step": step, "steps": 8}
        making.hear("progress", said, now)
    assert making.left == 6.0 and making.text() == "Step 5 of 8, about 6 s left"
    making.hear("preview", {"type": "image/webp", "data": "UklGR"})
    assert "data:image/webp;base64,UklGR" in making.html()
    making.hear("progress", {"state": "running", "step": 1, "steps": 8}, 30.0)  # begun again
    assert making.left is None
