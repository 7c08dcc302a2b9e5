"""What the components of the page do: from what is there to what changes."""

import asyncio
import functools
import math
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from starlette.concurrency import run_in_threadpool

from vino.errors import InputError
from vino.serve.jobs import OPEN, Job
from vino.serve.log import fault
from vino.serve.replies import Refusal
from vino.serve.service import Service
from vino.serve.studio import stage, views
from vino.serve.studio.choices import CLIP, Choices
from vino.serve.studio.desk import Desk
from vino.serve.studio.page import NO_FRAME, NO_MOTION, Page
from vino.serve.studio.prompts import mentioned, renamed
from vino.serve.studio.references import THIS, free_handle
from vino.serve.studio.screen import Changes, Screen
from vino.serve.studio.turns import Turn, Turns
from vino.serve.studio.visitor import Visitor

if TYPE_CHECKING:
    from vino.generate import Model

Data = dict[Any, Any]
_POLL = 0.1  # seconds between looks at a model that is loading


def told(act: Callable[..., Any]) -> Callable[..., Any]:
    """An act that says in words what cannot be done, and then changes nothing else."""

    @functools.wraps(act)
    async def telling(self: "Acts", *args: Any) -> Changes:
        try:
            return await act(self, *args) or {self.page.status: gr.skip()}
        except Exception as error:
            return {self.page.status: views.alert(words_for(error))}

    return telling


def words_for(error: Exception) -> str:
    """What a person is told; a fault of the server's is logged and only named."""
    if isinstance(error, Refusal):
        wait = error.retry_after
        return error.message if wait is None else f"{error.message} (again in {wait} s)"
    if isinstance(error, InputError):
        return str(error)
    fault("the studio failed")
    return "the server failed; its log says why"


class Acts:
    """Each is given what the page holds and returns what changes, by component.

    folder: where crops wait until a job takes a copy.
    """

    def __init__(self, service: Service, page: Page, folder: Path):
        self.service, self.page, self.screen = service, page, Screen(service, page)
        self.folder = folder
        self._watching: dict[str | None, object] = {}  # what each open page follows

    @told
    async def load(self, data: Data, request: gr.Request) -> Changes:
        """The page was opened: take up the turns its browser remembers."""
        visitor = self._visitor(request)
        desk = Desk(turns=Turns.from_json(visitor.own(data[self.page.memory])))
        changes = await self.screen.desk(desk, visitor)
        if self.service.engine.model is None:
            changes[self.page.status] = views.note("The model is loading.")
        else:  # somebody quick may have been told something by now
            del changes[self.page.status]
        return changes | {self.page.header: views.masthead(visitor.has_key)}

    @told
    async def introduce(self, data: Data) -> Changes:
        """Tell of the model, once it is there."""
        waited = self.service.engine.model is None
        limits = (await self._model()).defaults
        is_clip = data[self._control("kind")] == CLIP
        frames = gr.update(value=limits.frames, label=f"Frames (up to {limits.max_frames})")
        return {
            self._control("frames"): frames,
            self.page.own: self.screen.own(data[self.page.desk], is_clip),
            self.page.status: "" if waited else gr.skip(),
        }

    @told
    async def make(self, data: Data, request: gr.Request) -> Changes:
        await self._model()
        desk, words = data[self.page.desk], data[self.page.words]
        visitor = self._visitor(request)
        choices = Choices(**{name: data[c] for name, c in self.page.controls.items()})
        job = await visitor.make(desk, words, choices)
        parent = desk.turns.shown if desk.base == THIS else None
        return await self._turn(desk, Turn(job.id, parent, words.strip()), visitor)

    async def follow(self, data: Data, request: gr.Request) -> AsyncIterator[Changes]:
        """Show the current turn: its job while it waits and runs, then what came of it."""
        desk: Desk = data[self.page.desk]
        turn, visitor = desk.turns.current, self._visitor(request)
        if turn is None:
            yield self.screen.idle
            return
        session = request.session_hash
        mine = self._watching[session] = object()
        try:
            job = await visitor.find(turn.job)
            if job.state in OPEN:
                making = stage.Making()
                yield self.screen.making(making)
                async for event, said in visitor.events(job):
                    if self._watching.get(session) is not mine:  # another turn is shown by now
                        return
                    making.hear(event, said)
                    yield {self.page.stage: making.html()}
                job = await visitor.find(turn.job)
            yield await self.screen.came(desk, turn, job, visitor)
        except Exception as error:
            yield {self.page.stage: views.alert(words_for(error)), **self.screen.idle}
        finally:
            if self._watching.get(session) is mine:
                del self._watching[session]

    @told
    async def cancel(self, data: Data, request: gr.Request) -> Changes:
        """Cancel the job that is shown."""
        turn = data[self.page.desk].turns.current
        if turn is not None:
            await self._visitor(request).cancel(turn.job)
        return {}

    @told
    async def add(self, data: Data, request: gr.Request) -> Changes:
        """Take in files as references."""
        desk, visitor = data[self.page.desk], self._visitor(request)
        for path in map(Path, data[self.page.upload] or []):
            if len(desk.references) >= (most := self.service.settings.max_references):
                raise InputError(f"more than {most} references: remove one first")
            desk = desk.added(await visitor.open(path, path.name, desk.handles))
        return await self.screen.desk(desk, visitor)

    @told
    async def arrange(self, data: Data, what: gr.EventData, request: gr.Request) -> Changes:
        """Something was done to a reference."""
        desk, handle = data[self.page.desk], str(what._data.get("handle", ""))
        said = what._data
        words = data[self.page.words]
        match said["do"]:
            case "unbase":
                desk = desk.based(None)
            case "base":
                desk = desk.toggled(handle)
            case "remove":
                desk = desk.removed(handle)
            case "rename":
                new = said["value"].strip().removeprefix("@")
                desk = desk.changed(handle, lambda found: replace(found, handle=new))
                words = renamed(words, handle, new)
            case "scale":
                scale = _number(said["value"])
                desk = desk.changed(handle, lambda found: replace(found, scale=scale))
            case "crop":
                desk = replace(desk, cropping=None if desk.cropping == handle else handle)
            case "cut":
                box = [round(_number(said[side])) for side in views.SIDES]
                visitor = self._visitor(request)
                cut = await visitor.cropped(desk.get(handle), box, self.folder)
                desk = desk.changed(handle, lambda found: cut)
        return {**await self.screen.desk(desk, self._visitor(request)), self.page.words: words}

    @told
    async def start_from(self, data: Data, request: gr.Request) -> Changes:
        """A first frame was chosen."""
        chosen = data[self.page.first_frame]
        desk = data[self.page.desk].based(None if chosen == NO_FRAME else chosen)
        return await self.screen.desk(desk, self._visitor(request))

    @told
    async def move_like(self, data: Data) -> Changes:
        """A clip was chosen whose motion is taken: the prompt says so."""
        chosen, words = data[self.page.motion], data[self.page.words]
        if chosen == NO_MOTION or chosen in mentioned(words):
            return {}
        return {self.page.words: f"{words.rstrip()} moving as in @{chosen}".strip()}

    @told
    async def choose(self, data: Data) -> Changes:
        """Picture or clip."""
        is_clip = data[self._control("kind")] == CLIP
        return {
            self.page.clip: gr.update(visible=is_clip),
            self.page.own: self.screen.own(data[self.page.desk], is_clip),
        }

    @told
    async def go(self, data: Data, what: gr.EventData, request: gr.Request) -> Changes:
        """Show an earlier turn; what is edited next is a branch from there."""
        desk = data[self.page.desk]
        return await self.screen.desk(
            replace(desk, turns=desk.turns.go(str(what._data["job"]))), self._visitor(request)
        )

    @told
    async def undo(self, data: Data, request: gr.Request) -> Changes:
        desk = data[self.page.desk]
        return await self.screen.desk(
            replace(desk, turns=desk.turns.undo()), self._visitor(request)
        )

    @told
    async def pick(self, data: Data, what: gr.EventData, request: gr.Request) -> Changes:
        """Another of several results."""
        desk = data[self.page.desk]
        turns = desk.turns.picked(int(what._data["index"]))
        return await self.screen.desk(replace(desk, turns=turns), self._visitor(request))

    @told
    async def edit(self, data: Data, request: gr.Request) -> Changes:
        """Edit the result that is shown, and then what comes of it."""
        desk = data[self.page.desk].based(THIS)
        return await self.screen.desk(desk, self._visitor(request))

    @told
    async def animate(self, data: Data, request: gr.Request) -> Changes:
        """A clip that begins with the result that is shown."""
        changes = await self.screen.desk(data[self.page.desk].based(THIS), self._visitor(request))
        return changes | {self._control("kind"): CLIP, self.page.clip: gr.update(visible=True)}

    @told
    async def refer(self, data: Data, request: gr.Request) -> Changes:
        """Add the result that is shown to the references."""
        desk, visitor = data[self.page.desk], self._visitor(request)
        shown = await visitor.shown(desk)
        named = replace(shown, handle=free_handle("result", "result", desk.handles))
        return await self.screen.desk(desk.added(named), visitor)

    @told
    async def again(self, data: Data, request: gr.Request) -> Changes:
        """The same result once more."""
        desk, turn, visitor, job = await self._shown(data, request)
        made = await visitor.again(job, turn.pick)
        return await self._turn(desk, replace(turn, job=made.id, pick=0), visitor)

    @told
    async def vary(self, data: Data, request: gr.Request) -> Changes:
        """The same with other seeds."""
        desk, turn, visitor, job = await self._shown(data, request)
        made = await visitor.vary(job)
        return await self._turn(desk, replace(turn, job=made.id, pick=0), visitor)

    @told
    async def reuse(self, data: Data, request: gr.Request) -> Changes:
        """Put the prompt, references and settings of the result that is shown on the page."""
        desk, turn, visitor, job = await self._shown(data, request)
        words, references, base = await visitor.reused(job)
        choices = visitor.chosen(job, turn.pick)
        changes = await self.screen.desk(
            replace(desk, references=tuple(references), base=base, cropping=None), visitor
        )
        controls = {self._control(name): value for name, value in vars(choices).items()}
        return changes | controls | {self.page.words: words}

    @told
    async def compare(self, data: Data, request: gr.Request) -> Changes:
        """What was edited and what came of it, with a slider between them; or the result again."""
        desk, turn, visitor, job = await self._shown(data, request)
        if stage.is_comparison(data[self.page.stage]):
            return await self.screen.came(desk, turn, job, visitor)
        before, after = await visitor.before(job), await visitor.after(job, turn.pick)
        if before is None:
            raise InputError("nothing was edited here, so there is no before to compare with")
        html = await run_in_threadpool(stage.comparison, before, after)
        return {self.page.stage: html}

    @told
    async def look(self, data: Data, what: gr.EventData, request: gr.Request) -> Changes:
        """A result of the gallery, or older ones."""
        visitor, said = self._visitor(request), what._data
        if said["do"] == "more":
            return {self.page.gallery: views.gallery(*await visitor.made(str(said["job"])))}
        job = await visitor.find(str(said["job"]))
        turn = Turn(job.id, None, views.words_for(job), int(said["index"]))
        desk: Desk = data[self.page.desk]
        turns = desk.turns.add(turn).picked(turn.pick)
        return await self.screen.desk(replace(desk, turns=turns), visitor)

    @told
    async def browse(self, data: Data, request: gr.Request) -> Changes:
        """The gallery was opened."""
        return {self.page.gallery: views.gallery(*await self._visitor(request).made())}

    @told
    async def tick(self, data: Data, request: gr.Request) -> Changes:
        """Own jobs, now and then; an unchanged list is left alone, and the focus in it."""
        changes = await self.screen.queue(self._visitor(request))
        return {} if changes[self.page.queue] == data[self.page.queue] else changes

    @told
    async def drop(self, data: Data, what: gr.EventData, request: gr.Request) -> Changes:
        """Cancel a job of the queue."""
        visitor = self._visitor(request)
        await visitor.cancel(str(what._data["job"]))
        return await self.screen.queue(visitor)

    def _visitor(self, request: gr.Request) -> Visitor:
        assert request.request is not None
        return Visitor(self.service, request.request.state.caller)

    def _control(self, name: str) -> Any:
        return self.page.controls[name]

    async def _model(self) -> "Model":
        """The model, when it is loaded; Refusal when it cannot be, or the server stops first."""
        engine = self.service.engine
        while engine.model is None:
            if engine.failure is not None:
                raise Refusal(503, f"the model could not be loaded: {engine.failure}")
            if engine.stopping.is_set():
                raise Refusal(503, "the server is stopping")
            await asyncio.sleep(_POLL)
        return engine.model

    async def _shown(self, data: Data, request: gr.Request) -> tuple[Desk, Turn, Visitor, Job]:
        """The turn that is shown, and its job; InputError when there is none."""
        desk: Desk = data[self.page.desk]
        if (turn := desk.turns.current) is None:
            raise InputError("nothing is shown: make something first")
        visitor = self._visitor(request)
        return desk, turn, visitor, await visitor.find(turn.job)

    async def _turn(self, desk: Desk, turn: Turn, visitor: Visitor) -> Changes:
        """A new turn, which is shown."""
        return await self.screen.desk(replace(desk, turns=desk.turns.add(turn)), visitor)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f'"{text[:20]}" is no number')
    return value
