"""HTML of what is shown large: a result, one in the making, or before and after."""

import time
from dataclasses import dataclass
from html import escape
from typing import Any

from vino.media import Frames
from vino.serve.jobs import CANCELLED, DONE, Job
from vino.serve.studio.pictures import thumbnail
from vino.serve.studio.turns import Turn
from vino.serve.studio.views import alert, note, result_url, sharp, shown_small

_SLIDER = "data-compare"
_COMPARED = 1024  # pixels: longest side of pictures that are compared

EMPTY = (
    '<div class="stage empty"><p>Say what to make, and press <strong>Make</strong>.</p>'
    "<p>Drop pictures and clips into the prompt to use them in it.</p></div>"
)


@dataclass
class Making:
    """One job on its way, as its events tell."""

    step: int = 0
    steps: int = 1
    state: str = "queued"
    preview: str = ""
    _first: tuple[float, int] | None = None  # when the first step was seen, and which
    _now: float = 0.0

    def hear(self, event: str, data: dict[str, Any], now: float | None = None) -> None:
        """Take in one event; now: seconds of a clock that only goes forward."""
        now = time.monotonic() if now is None else now
        if event == "preview":
            self.preview = f"data:{data['type']};base64,{data['data']}"
        elif event == "progress":
            if data["state"] != self.state or data["step"] < self.step:
                self._first = None  # it began, or begins again
            self.step, self.steps, self.state = data["step"], data["steps"], data["state"]
            if self._first is None and self.state == "running":
                self._first = (now, self.step)
            self._now = now

    @property
    def left(self) -> float | None:
        """Seconds to go, by the pace of the steps so far; None before there is one."""
        if self._first is None or self.step <= self._first[1]:
            return None
        pace = (self._now - self._first[0]) / (self.step - self._first[1])
        return pace * (self.steps - self.step)

    def text(self) -> str:
        if self.state != "running":
            return "Waiting for its turn"
        left = "" if self.left is None else f", about {max(1, round(self.left))} s left"
        return f"Step {self.step} of {self.steps}{left}"

    def html(self) -> str:
        picture = '<div class="blank"></div>'
        if self.preview:
            picture = f'<img class="sharp" src="{self.preview}" alt="What is there so far">'
        return (
            f'<div class="stage making"><div class="frame">{picture}</div>'
            f'<progress max="{self.steps}" value="{self.step}" aria-label="Steps"></progress>'
            f'<p class="caption">{escape(self.text())}</p></div>'
        )


def result(job: Job, turn: Turn, strip: str = "") -> str:
    """What a job came to. strip: frames of the clip that is shown, as a data URL."""
    if job.state != DONE:
        said = "It was cancelled." if job.state == CANCELLED else f"It failed: {job.error}"
        return f'<div class="stage">{alert(said)}</div>'
    if turn.pick >= len(job.outputs):
        return f'<div class="stage">{note("There is no such result.")}</div>'
    output = job.outputs[turn.pick]
    facts = f"{output['width']} × {output['height']}, seed {output['seed']}"
    if output["frames"] > 1:
        facts = f"{output['frames']} frames at {output['fps']:g} a second, {facts}"
    return (
        f'<div class="stage"><div class="frame">{_large(job, turn, output)}</div>'
        f"{_timeline(output, strip) if strip else ''}"
        f'{_picks(job, turn)}<p class="caption"><span>{escape(turn.words)}</span>'
        f'<span class="facts">{facts}</span></p></div>'
    )


def is_comparison(html: str | None) -> bool:
    return _SLIDER in (html or "")


def comparison(before: Frames, after: Frames) -> str:
    """The first frames of both above each other, and a slider between them."""
    edges = sharp(after.size.width)
    first, second = thumbnail(before, _COMPARED), thumbnail(after, _COMPARED)
    return (
        '<div class="stage"><div class="frame compare">'
        f'<img class="{edges}" src="{second}" alt="After">'
        f'<img class="{edges} before" src="{first}" alt="Before"><span class="edge"></span></div>'
        '<label class="slider"><span>before</span><input type="range" min="0" max="100" value="50" '
        f'{_SLIDER} aria-label="How much of before is shown, in percent"><span>after</span>'
        "</label></div>"
    )


def _large(job: Job, turn: Turn, output: dict[str, Any]) -> str:
    src, words, edges = result_url(job.id, turn.pick), escape(turn.words), sharp(output["width"])
    if output["type"].startswith("video/"):
        return (
            f'<video class="{edges}" src="{src}" data-fps="{output["fps"]}" loop muted '
            f'autoplay playsinline aria-label="{words}"></video>'
        )
    return f'<img class="{edges}" src="{src}" alt="{words}">'


def _timeline(output: dict[str, Any], strip: str) -> str:
    last = output["frames"] - 1
    return (
        f'<div class="timeline"><img src="{strip}" alt="Frames of the clip">'
        f'<input type="range" min="0" max="{last}" value="0" data-scrub aria-label="Frame">'
        '<button type="button" class="quiet" data-play>Play or pause</button>'
        f'<output class="caption">frame 1 of {last + 1}</output></div>'
    )


def _picks(job: Job, turn: Turn) -> str:
    """All results of a job with several."""
    if len(job.outputs) < 2:
        return ""
    items = "".join(
        f'<li><button type="button" data-do="pick" data-index="{i}" '
        f'aria-label="Variation {i + 1}"{" aria-current=true" if i == turn.pick else ""}>'
        f"{shown_small(job, i)}</button></li>"
        for i in range(len(job.outputs))
    )
    return f'<ul class="picks" aria-label="Variations">{items}</ul>'
