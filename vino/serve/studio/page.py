"""The components of the page, and which of its acts each one starts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from vino.serve.studio import stage, views
from vino.serve.studio.choices import CLIP, PICTURE
from vino.serve.studio.desk import Desk
from vino.serve.studio.turns import Turns

NO_FRAME, NO_MOTION = "none", "none"
_MEMORY = "vino-studio"  # where a browser keeps the tree of turns
_BEAT = 5.0  # seconds between looks at the queue
_MEDIA = ["image", "video"]
# Every list reports what was pressed or changed in it: {"do": ..., and what it is about}.
_LISTENS = "vinoStudio.listen(element, (what) => trigger('select', what));"


@dataclass(frozen=True, eq=False)
class Page:
    """Every component that is read or changed. controls: by the names of `Choices`' fields."""

    desk: gr.State
    memory: gr.BrowserState
    header: gr.HTML
    base: gr.HTML
    words: gr.Textbox
    references: gr.HTML
    upload: gr.UploadButton
    clip: gr.Group
    first_frame: gr.Dropdown
    motion: gr.Dropdown
    controls: dict[str, Any]
    make: gr.Button
    cancel: gr.Button
    status: gr.HTML
    own: gr.HTML
    stage: gr.HTML
    actions: gr.Group
    buttons: dict[str, gr.Button]
    download: gr.HTML
    recipe_box: gr.Accordion
    recipe: gr.HTML
    turns: gr.HTML
    gallery_tab: gr.Tab
    gallery: gr.HTML
    queue_tab: gr.Tab
    queue: gr.HTML
    clock: gr.Timer

    @property
    def read(self) -> set[Any]:
        """What acts are told; some ask for more."""
        return {self.desk, self.words, *self.controls.values()}

    @property
    def changed(self) -> list[Any]:
        """What acts may change."""
        single = [value for value in vars(self).values() if not isinstance(value, dict)]
        changing = [component for component in single if component is not self.clock]
        return [*changing, *self.controls.values(), *self.buttons.values()]


def lay_out() -> Page:
    """Make the components, in a gr.Blocks: the prompt beside the result, or above it."""
    desk = gr.State(Desk())
    memory = gr.BrowserState(Turns().to_json(), storage_key=_MEMORY, secret=_MEMORY)
    header = gr.HTML(views.masthead(False), elem_id="masthead", apply_default_css=False)
    with gr.Row(elem_id="studio", equal_height=False):
        with gr.Column(scale=2, min_width=300, elem_id="composer"):
            left = _composer()
        with gr.Column(scale=3, min_width=300, elem_id="work"):
            right = _work()
    return Page(desk=desk, memory=memory, header=header, clock=gr.Timer(_BEAT), **left, **right)


def _composer() -> dict[str, Any]:
    made: dict[str, Any] = {"base": _list("base")}
    made["words"] = gr.Textbox(
        label="Prompt", lines=3, max_lines=12, elem_id="prompt", autofocus=True,
        placeholder="a red apple and a dog on a plain green background",
        info="@name stands for a reference. Ctrl+Enter makes.",
    )  # fmt: skip
    made["references"] = _list("references")
    made["upload"] = gr.UploadButton(
        "Add pictures or clips", file_count="multiple", file_types=_MEDIA, size="sm",
        elem_id="upload",
    )  # fmt: skip
    kind = gr.Radio([PICTURE, CLIP], value=PICTURE, label="Make a", elem_id="kind")
    with gr.Group(visible=False) as clip:
        frames = gr.Number(label="Frames", precision=0, elem_id="frames")
        with gr.Row():
            made["first_frame"] = gr.Dropdown([NO_FRAME], value=NO_FRAME, label="First frame",
                                              min_width=120, elem_id="first-frame")  # fmt: skip
            made["motion"] = gr.Dropdown([NO_MOTION], value=NO_MOTION, label="Motion from",
                                         min_width=120, elem_id="motion")  # fmt: skip
    with gr.Row(elem_id="go"):
        made["make"] = gr.Button("Make", variant="primary", elem_id="make", min_width=120)
        made["cancel"] = gr.Button("Cancel", variant="stop", elem_id="cancel", visible=False,
                                   min_width=100)  # fmt: skip
    made["status"] = gr.HTML("", elem_id="status", apply_default_css=False,
                             js_on_load="element.setAttribute('aria-live', 'polite');")  # fmt: skip
    with gr.Accordion("Seed, variations and guidance", open=False, elem_id="more"):
        controls, made["own"] = _advanced()
    return made | {"clip": clip, "controls": {"kind": kind, "frames": frames, **controls}}


def _advanced() -> tuple[dict[str, Any], gr.HTML]:
    own = gr.HTML("", elem_id="own", apply_default_css=False)
    with gr.Row():
        n = gr.Number(1, label="Variations", precision=0, min_width=90)
        seed = gr.Number(0, label="Seed", precision=0, min_width=90, elem_id="seed")
        random = gr.Checkbox(True, label="A new seed each time", min_width=140, elem_id="random")
    with gr.Row():
        steps, guidance, image_guidance = map(
            _optional, ("Steps", "Text guidance", "Image guidance")
        )
    with gr.Row():
        width, height = map(_optional, ("Width", "Height"))
    negative = gr.Textbox("", label="What should not be there", lines=1)
    controls = {
        "n": n, "seed": seed, "random": random, "steps": steps, "guidance": guidance,
        "image_guidance": image_guidance, "width": width, "height": height, "negative": negative,
    }  # fmt: skip
    return controls, own


def _optional(label: str) -> gr.Textbox:
    """A number that may be left to the model; a gr.Number would show 0 where nothing is said."""
    return gr.Textbox("", label=label, placeholder="the model's own", max_lines=1, min_width=90)


def _work() -> dict[str, Any]:
    made: dict[str, Any] = {"stage": _list("stage", stage.EMPTY)}
    with gr.Group(visible=False, elem_id="actions") as actions, gr.Row():
        buttons = {
            name: gr.Button(label, size="sm", min_width=84, elem_id=f"act-{name}")
            for name, label in (
                ("edit", "Edit this"), ("animate", "Animate"), ("vary", "Vary"),
                ("again", "Make again"), ("compare", "Compare"), ("undo", "Undo"),
                ("refer", "Use as reference"), ("reuse", "Use its prompt"),
            )
        }  # fmt: skip
        made["download"] = _list("download")
    with gr.Accordion("Recipe", open=False, visible=False) as recipe_box:
        recipe = gr.HTML("", elem_id="recipe", apply_default_css=False)
    with gr.Tabs(elem_id="shelves"):
        with gr.Tab("Turns"):
            made["turns"] = _list("turns", views.turns(Turns(), {}))
        with gr.Tab("Gallery") as gallery_tab:
            made["gallery"] = _list("gallery", views.gallery([], None))
        with gr.Tab("Queue") as queue_tab:
            made["queue"] = _list("queue", views.queue([]))
    return made | {
        "actions": actions, "buttons": buttons, "recipe_box": recipe_box, "recipe": recipe,
        "gallery_tab": gallery_tab, "queue_tab": queue_tab,
    }  # fmt: skip


def _list(name: str, value: str = "") -> gr.HTML:
    return gr.HTML(value, elem_id=name, js_on_load=_LISTENS, apply_default_css=False)


def wire(page: Page, blocks: gr.Blocks, acts: Any) -> None:
    """Let the components start the acts. Those that show another turn also follow its job."""
    shared: dict[str, Any] = {
        "show_progress": "hidden", "concurrency_limit": None, "api_visibility": "private",
    }  # fmt: skip

    def on(*triggers: Callable[..., Any], does: Callable[..., Any], follows: bool = False,
           reads: Any = None, mode: str = "multiple") -> None:  # fmt: skip
        reads = page.read if reads is None else reads
        done = gr.on(triggers, does, reads, page.changed, trigger_mode=mode, **shared)
        if follows:
            done.then(acts.follow, page.read, page.changed, trigger_mode="multiple", **shared)

    button = page.buttons
    on(blocks.load, does=acts.load, follows=True, reads={page.memory})
    on(blocks.load, does=acts.introduce)
    on(page.make.click, does=acts.make, follows=True, mode="once")
    on(button["again"].click, does=acts.again, follows=True, mode="once")
    on(button["vary"].click, does=acts.vary, follows=True, mode="once")
    on(button["undo"].click, does=acts.undo, follows=True, mode="once")
    on(page.turns.select, does=acts.go, follows=True)
    on(page.gallery.select, does=acts.look, follows=True)
    on(page.stage.select, does=acts.pick, follows=True)
    on(page.upload.upload, does=acts.add, reads={page.upload, *page.read})
    on(page.references.select, page.base.select, does=acts.arrange)
    on(page.first_frame.input, does=acts.start_from, reads={page.first_frame, *page.read})
    on(page.motion.input, does=acts.move_like, reads={page.motion, *page.read})
    on(page.controls["kind"].change, does=acts.choose)
    on(button["edit"].click, does=acts.edit)
    on(button["animate"].click, does=acts.animate)
    on(button["compare"].click, does=acts.compare, reads={page.stage, *page.read})
    on(button["refer"].click, does=acts.refer)
    on(button["reuse"].click, does=acts.reuse)
    on(page.cancel.click, does=acts.cancel)
    on(page.queue.select, does=acts.drop)
    on(page.gallery_tab.select, does=acts.browse)
    on(page.clock.tick, page.queue_tab.select, does=acts.tick, reads={page.queue}, mode="once")
