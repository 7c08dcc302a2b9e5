"""What of the page changes with what it holds, by component."""

from typing import Any

import gradio as gr

from vino.serve.jobs import DONE, Job
from vino.serve.order import Order
from vino.serve.service import Service
from vino.serve.studio import stage, views
from vino.serve.studio.desk import Desk
from vino.serve.studio.page import NO_FRAME, NO_MOTION, Page
from vino.serve.studio.references import THIS
from vino.serve.studio.turns import Turn
from vino.serve.studio.visitor import Visitor

Changes = dict[Any, Any]


class Screen:
    """Changes of one page."""

    def __init__(self, service: Service, page: Page):
        self.service, self.page = service, page

    async def desk(self, desk: Desk, visitor: Visitor) -> Changes:
        """Everything that depends on the desk."""
        page = self.page
        picture = ""
        if desk.cropping is not None:
            picture = await visitor.whole(desk.get(desk.cropping))
        jobs = await visitor.known(turn.job for turn in desk.turns.all)
        frames = [("none", NO_FRAME)]
        frames += [("the result shown", THIS)] if desk.turns.current else []
        frames += [(f"@{r.handle}", r.handle) for r in desk.references]
        motions = [("none", NO_MOTION)]
        motions += [(f"@{r.handle}", r.handle) for r in desk.references if r.is_clip]
        return {
            page.desk: desk,
            page.memory: desk.turns.to_json() | {"owner": visitor.caller.id},
            page.base: views.base(desk),
            page.references: views.references(desk, picture),
            page.turns: views.turns(desk.turns, jobs),
            page.first_frame: gr.update(choices=frames, value=desk.base or NO_FRAME),
            page.motion: gr.update(choices=motions),
            page.buttons["undo"]: gr.update(interactive=desk.turns.can_undo),
            page.status: "",
        }

    def making(self, making: stage.Making) -> Changes:
        page = self.page
        return {
            page.stage: making.html(),
            page.cancel: gr.update(visible=True),
            page.actions: gr.update(visible=False),
            page.recipe_box: gr.update(visible=False),
        }

    @property
    def idle(self) -> Changes:
        return {self.page.cancel: gr.update(visible=False)}

    async def came(self, desk: Desk, turn: Turn, job: Job, visitor: Visitor) -> Changes:
        """What a job came to, and everything that can be done with it."""
        page, done = self.page, job.state == DONE
        strip, recipe, link = "", "", ""
        if done:
            output = self.service.output(job, turn.pick)[1]
            if output["frames"] > 1 and output["type"].startswith("video/"):
                strip = await visitor.strip(job, turn.pick)
            recipe = views.recipe(await visitor.recipe(job, turn.pick))
            link = views.download(job, turn.pick)
        jobs = await visitor.known(t.job for t in desk.turns.all)
        edits = any(part.base for part in Order.from_json(job.request).parts)
        return {
            page.stage: stage.result(job, turn, strip),
            page.actions: gr.update(visible=done),
            page.recipe_box: gr.update(visible=done),
            page.recipe: recipe,
            page.download: link,
            page.buttons["compare"]: gr.update(interactive=edits),
            page.turns: views.turns(desk.turns, jobs),
            page.gallery: views.gallery(*await visitor.made()),
            **await self.queue(visitor),
            **self.idle,
        }

    async def queue(self, visitor: Visitor) -> Changes:
        line = await visitor.line()
        label = f"Queue ({len(line)})" if line else "Queue"
        return {self.page.queue: views.queue(line), self.page.queue_tab: gr.update(label=label)}

    def own(self, desk: Desk, is_clip: bool) -> str:
        """What the model takes where nothing is said."""
        model = self.service.engine.model
        if model is None:
            return ""
        refers = bool(desk.references) or desk.base is not None
        own = model.defaults.sampling(is_clip, refers)
        return views.note(
            f"The model's own: {own.steps} steps, text guidance {own.guidance:g}, "
            f"image guidance {own.image_guidance:g}."
        )
