"""What the page does, on the real queue with a model that takes no time."""

import asyncio
import inspect
from types import SimpleNamespace

import numpy as np
import pytest

gr = pytest.importorskip("gradio")

from tests.serve.fake import FakeModel  # noqa: E402
from vino.media import Frames, read_recipe  # noqa: E402
from vino.serve.config import Settings  # noqa: E402
from vino.serve.http import Server  # noqa: E402
from vino.serve.keys import LOCAL, Caller  # noqa: E402
from vino.serve.studio.acts import Acts  # noqa: E402
from vino.serve.studio.choices import CLIP, PICTURE  # noqa: E402
from vino.serve.studio.desk import Desk  # noqa: E402
from vino.serve.studio.page import lay_out, wire  # noqa: E402
from vino.serve.studio.references import THIS  # noqa: E402


class Person:
    """Somebody at an open page: what it holds, and what they do."""

    def __init__(self, server, acts, caller=LOCAL):
        self.server, self.acts, self.page = server, acts, acts.page
        state = SimpleNamespace(state=SimpleNamespace(caller=caller))
        self.request = SimpleNamespace(request=state, session_hash=str(id(self)))
        lists = (self.page.stage, self.page.queue)
        self.holds = {component: component.value for component in (*self.page.read, *lists)}
        self.holds |= {self.page.desk: Desk(), self.page.words: ""}

    @property
    def desk(self):
        return self.holds[self.page.desk]

    @property
    def stage(self):
        return self.holds[self.page.stage]

    def says(self, name, value):
        self.holds[self.page.controls[name]] = value

    async def does(self, act, what=None, follows=True, **extra):
        """One act, and, as most do, the job that is shown followed to its end."""
        data = self.holds | {getattr(self.page, name): value for name, value in extra.items()}
        event = [] if what is None else [gr.EventData(None, what)]
        act = getattr(self.acts, act)
        asks = [self.request] if "request" in inspect.signature(act).parameters else []
        self.take(await act(data, *event, *asks))
        if not follows:
            return
        async for changes in self.acts.follow(self.holds, self.request):
            self.take(changes)

    def take(self, changes):
        for component, value in changes.items():
            is_update = isinstance(value, dict) and value.get("__type__") == "update"
            if not is_update:
                self.holds[component] = value
            elif "value" in value:
                self.holds[component] = value["value"]

    def jobs(self):
        return self.server.jobs.page(LOCAL.id, None, None, 50, False)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(Settings(data=tmp_path_factory.mktemp("data")), lambda: FakeModel(0.05))
    server.engine.start()
    yield server
    server.engine.stop()
    server.engine.join()
    server.close()


@pytest.fixture(scope="module")
def acts(server, tmp_path_factory):
    with gr.Blocks(analytics_enabled=False) as blocks:
        page = lay_out()
        acts = Acts(server.service, page, tmp_path_factory.mktemp("crops"))
        wire(page, blocks, acts)
    return acts


@pytest.fixture
def person(server, acts):
    return Person(server, acts)


@pytest.fixture
def hat(tmp_path):
    pixels = np.full((1, 32, 32, 3), 40, np.uint8)
    return str(Frames(pixels).save(tmp_path / "hat.png"))


@pytest.fixture
def walk(tmp_path):
    return str(Frames(np.zeros((5, 32, 32, 3), np.uint8), 8.0).save(tmp_path / "walk.mp4"))


def test_a_picture_is_made_as_a_job(person):
    person.holds[person.page.words] = "a slow dog"
    person.says("random", False)
    person.says("seed", 7)
    asyncio.run(person.does("make"))
    job = person.jobs()[-1]
    assert (job.state, job.request["seed"], job.request["shown"]) == ("done", 7, True)
    assert f"/studio/results/{job.id}/0" in person.stage and "seed 7" in person.stage
    assert "a slow dog" in person.holds[person.page.recipe]
    assert person.desk.turns.current.job == job.id


def test_edits_are_children_and_undo_goes_back(person):
    async def session():
        person.holds[person.page.words] = "a dog"
        await person.does("make")
        await person.does("edit")
        person.holds[person.page.words] = "make it blue"
        await person.does("make")
        await person.does("undo")
        person.holds[person.page.words] = "make it red"
        await person.does("make")

    asyncio.run(session())
    first, blue, red = (turn.job for turn in person.desk.turns.all)
    assert [[t.job for t in row] for row in person.desk.turns.rows] == [[first, blue], [red]]
    parts = person.server.jobs.get(red, LOCAL.id).request["parts"]
    assert [(p["kind"], p["base"]) for p in parts if p["kind"] != "text"] == [("image", True)]
    asyncio.run(person.does("compare", follows=False))
    assert person.stage.count("data:image/webp") == 2 and "data-compare" in person.stage
    asyncio.run(person.does("compare", follows=False))
    assert f"/studio/results/{red}/0" in person.stage
    asyncio.run(person.does("go", {"job": first}))
    assert first in person.stage


def test_references_are_named_cropped_and_weighed(person, hat, walk):
    async def session():
        await person.does("add", upload=[hat, walk])
        await person.does("arrange", {"do": "rename", "handle": "hat", "value": "@cap"})
        await person.does("arrange", {"do": "scale", "handle": "walk", "value": "0.5"})
        await person.does("arrange", {"do": "crop", "handle": "cap"})
        sides = {"left": "0", "top": "0", "right": "50", "bottom": "100"}
        await person.does("arrange", {"do": "cut", "handle": "cap", **sides})
        person.holds[person.page.words] = "@cap"
        await person.does("move_like", motion="walk")
        await person.does("make")

    asyncio.run(session())
    assert person.holds[person.page.words] == "@cap moving as in @walk"
    job = person.jobs()[-1]
    assert job.request["sampling"]["per_reference"] == [1.0, 0.5]
    assert person.server.service.engine.model.texts[-1] == "Image 1 moving as in Video 1"
    path, _ = person.server.service.output(job, 0)
    assert [s["kind"] for s in read_recipe(path)["prompt"]] == ["image", "text", "video"]


def test_a_clip_from_a_first_frame(person, hat):
    async def session():
        await person.does("add", upload=[hat])
        await person.does("start_from", first_frame="hat")
        person.says("kind", CLIP)
        person.says("frames", 5)
        person.holds[person.page.words] = "it moves"
        await person.does("make")

    asyncio.run(session())
    assert person.desk.base == "hat"
    assert "<video" in person.stage and "data-scrub" in person.stage
    assert "frame 1 of 5" in person.stage and "data:image/webp" in person.stage


def test_again_vary_and_reuse(person, hat):
    async def session():
        await person.does("add", upload=[hat])
        person.says("steps", 3)
        person.holds[person.page.words] = "a @hat"
        await person.does("make")
        await person.does("again")
        await person.does("vary")
        await person.does("pick", {"index": "2"})
        await person.does("arrange", {"do": "remove", "handle": "hat"})
        person.says("steps", None)
        await person.does("reuse")

    asyncio.run(session())
    made, again, varied = person.jobs()[-3:]
    assert again.request == made.request | {"n": 1}
    assert (varied.request["n"], len(varied.outputs)) == (4, 4)
    assert person.holds[person.page.words] == "a @picture" and person.desk.handles == ["picture"]
    assert person.holds[person.page.controls["steps"]] == 3
    assert person.holds[person.page.controls["seed"]] == varied.outputs[2]["seed"]


def test_what_a_job_was_given_is_cropped_elsewhere(person, hat):
    async def session():
        await person.does("add", upload=[hat])
        person.holds[person.page.words] = "a @hat"
        await person.does("make")
        await person.does("reuse")
        sides = {"left": "0", "top": "0", "right": "50", "bottom": "100"}
        await person.does("arrange", {"do": "cut", "handle": "picture", **sides})

    asyncio.run(session())
    (reference,), job = person.desk.references, person.jobs()[-1]
    assert reference.size == (16, 32) and reference.path.parent == person.acts.folder
    assert [path.name for path in person.server.files.media(job.id)] == ["in-0"]
    asyncio.run(person.does("again"))
    assert person.jobs()[-1].state == "done"


def test_the_gallery_has_what_others_made_under_the_same_key(person, server, acts):
    person.holds[person.page.words] = "a star"
    asyncio.run(person.does("make"))
    later = Person(server, acts)
    asyncio.run(later.does("browse"))
    job = person.desk.turns.shown
    assert job in later.holds[later.page.gallery]
    asyncio.run(later.does("look", {"do": "open", "job": job, "index": "0"}))
    assert job in later.stage and later.desk.turns.current.words == "a star"


def test_another_caller_sees_nothing_of_it(person, server, acts):
    person.holds[person.page.words] = "a star"
    asyncio.run(person.does("make"))
    job = person.desk.turns.shown
    other = Person(server, acts, Caller(id="other"))
    asyncio.run(other.does("browse"))
    assert job not in other.holds[other.page.gallery]
    asyncio.run(other.does("look", {"do": "open", "job": job, "index": "0"}))
    assert "no such job" in other.holds[other.page.status]
    turns = {"turns": [[job, None, "a star", 0]], "shown": job, "owner": "other"}
    asyncio.run(other.does("load", memory=turns))
    assert "no such job" in other.stage and "gone" in other.holds[other.page.turns]


def test_a_browser_remembers_the_turns_of_one_key(person, server, acts):
    person.holds[person.page.words] = "a star"
    asyncio.run(person.does("make"))
    remembered = person.holds[person.page.memory]
    for caller, turns in ((LOCAL, 1), (Caller(id="other"), 0)):
        later = Person(server, acts, caller)
        asyncio.run(later.does("load", memory=remembered))
        assert len(later.desk.turns.all) == turns
        assert ("Sign out" in later.holds[later.page.header]) == (caller is not LOCAL)


def test_a_job_of_the_queue_is_cancelled(person):
    async def session():
        person.says("steps", 100)
        person.holds[person.page.words] = "slow"
        person.take(await person.acts.make(person.holds, person.request))
        job = person.desk.turns.shown
        await person.does("tick")  # follows, until it is cancelled below
        assert "cancelled" in person.stage
        return job

    async def cancelling():
        running = asyncio.create_task(session())
        while not (line := person.server.jobs.line(LOCAL.id)):
            await asyncio.sleep(0.01)
        watching = {**person.holds}
        person.take(await person.acts.tick(watching, person.request))
        assert line[0][0].id in person.holds[person.page.queue]
        what = gr.EventData(None, {"do": "cancel", "job": line[0][0].id})
        await person.acts.drop(person.holds, what, person.request)
        assert await running == line[0][0].id

    asyncio.run(cancelling())


@pytest.mark.parametrize(("words", "control", "says"), [
    ("", {}, "The prompt is empty"),
    ("put @hat on", {}, "No reference is called @hat"),
    ("a dog", {"steps": 999}, "Steps must be at most 100"),
    ("a dog", {"width": 64}, "both width and height"),
    ("a dog", {"n": 50}, "N must be from 1 to 10"),
    ("a dog", {"kind": CLIP, "frames": 99}, "99 frames are more than this model makes"),
])  # fmt: skip
def test_what_cannot_be_made_is_said(person, words, control, says):
    person.holds[person.page.words] = words
    for name, value in control.items():
        person.says(name, value)
    before = len(person.jobs())
    asyncio.run(person.does("make"))
    assert (
        says in person.holds[person.page.status]
        and 'role="alert"' in person.holds[person.page.status]
    )
    assert len(person.jobs()) == before and person.desk == Desk()


@pytest.mark.parametrize(("act", "what"), [
    ("edit", None), ("animate", None), ("refer", None), ("compare", None), ("again", None),
    ("arrange", {"do": "crop", "handle": "nobody"}), ("go", {"job": "nowhere"}),
    ("arrange", {"do": "scale", "handle": "nobody", "value": "x"}), ("undo", None),
    ("look", {"do": "open", "job": "../..", "index": "0"}), ("pick", {"index": "x"}),
    ("arrange", {}),
])  # fmt: skip
def test_nothing_breaks_where_there_is_nothing(person, act, what):
    asyncio.run(person.does(act, what))
    assert person.desk.turns.all == () and person.desk.references == ()


def test_defaults_are_the_models(person):
    person.take(asyncio.run(person.acts.introduce(person.holds)))
    assert person.holds[person.page.controls["frames"]] == 17
    assert "4 steps, text guidance 2" in person.holds[person.page.own]
    assert person.holds[person.page.controls["kind"]] == PICTURE
    asyncio.run(person.does("edit"))
    assert person.desk.base in (None, THIS)
