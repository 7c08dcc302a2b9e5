"""HTML of the page's lists. What people typed is escaped here, once, and nowhere else."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from vino.serve.jobs import DONE, FAILED, QUEUED, RUNNING, Job
from vino.serve.order import Order
from vino.serve.studio import PATH
from vino.serve.studio.desk import Desk
from vino.serve.studio.prompts import words_of
from vino.serve.studio.references import THIS, Reference
from vino.serve.studio.turns import Turn, Turns

SIDES = ("left", "top", "right", "bottom")
_SMALL = 200  # pixels: pictures narrower than this are enlarged with sharp edges


def masthead(leaves: bool) -> str:
    """The top of the page; leaves: there is a key that can be signed out."""
    leave = (
        f'<form method="post" action="{PATH}/logout"><button class="quiet">Sign out</button></form>'
    )
    return (
        '<header class="masthead"><h1>vino <span>studio</span></h1>'
        '<button type="button" class="quiet" data-theme-switch>Dark or light</button>'
        f"{leave if leaves else ''}</header>"
    )


def alert(message: str) -> str:
    """What went wrong."""
    return f'<p class="alert" role="alert">{escape(message[:1].upper() + message[1:])}</p>'


def note(message: str) -> str:
    return f'<p class="note">{escape(message)}</p>'


def references(desk: Desk, picture: str = "") -> str:
    """The list of references; picture: a data URL of the one that is being cropped."""
    cards = [_card(desk, reference, picture) for reference in desk.references]
    return f'<ul class="references" aria-label="References">{"".join(cards)}</ul>' if cards else ""


def base(desk: Desk) -> str:
    """What is edited, if anything is."""
    if desk.base is None:
        return ""
    what = "the result shown" if desk.base == THIS else f"@{escape(desk.base)}"
    return (
        f'<p class="base"><span>Editing <strong>{what}</strong></span>'
        '<button type="button" class="quiet" data-do="unbase">Make something new instead</button>'
        "</p>"
    )


def turns(tree: Turns, jobs: Mapping[str, Job]) -> str:
    """The tree of turns, a row for each branch."""
    if not tree.all:
        return note("What you make appears here. Click on an earlier turn to go on from there.")
    rows = "".join(_row(tree, row, jobs) for row in tree.rows)
    return f'<div class="turns">{rows}</div>'


def queue(line: Sequence[tuple[Job, int]]) -> str:
    """Own jobs that run or wait."""
    if not line:
        return note("Nothing waits.")
    rows = []
    for job, ahead in line:
        where = f"step {job.step} of {job.steps}" if job.state == RUNNING else _ahead(ahead)
        rows.append(
            f'<li><span class="words">{escape(words_for(job))}</span>'
            f'<span class="state">{where}</span>'
            f'<button type="button" class="quiet" data-do="cancel" data-job="{job.id}" '
            f'aria-label="Cancel {escape(words_for(job)[:60])}">Cancel</button></li>'
        )
    return f'<ul class="queue">{"".join(rows)}</ul>'


def gallery(jobs: Sequence[Job], more: str | None) -> str:
    """Every result of these jobs."""
    tiles = [
        f'<li><button type="button" data-do="open" data-job="{job.id}" data-index="{i}" '
        f'aria-label="Open {escape(words_for(job)[:80])}">{shown_small(job, i)}</button></li>'
        for job in jobs
        for i in range(len(job.outputs))
    ]
    if not tiles:
        return note("Your results appear here, also those of earlier runs and of other programs.")
    button = (
        f'<button type="button" class="quiet" data-do="more" data-job="{more}">Older ones</button>'
        if more
        else ""
    )
    return f'<ul class="gallery">{"".join(tiles)}</ul>{button}'


def recipe(found: Mapping[str, Any]) -> str:
    """How a result was made, as its file says."""
    model, sampling = found.get("model") or {}, found.get("sampling") or {}
    size = found.get("size")
    rows = {
        "prompt": "".join(map(_segment, found.get("prompt", []))),
        "seed": found.get("seed"),
        "worked at": found.get("worked_at"),
        "size asked": "the model's own" if size is None else "x".join(map(str, size)),
        "model": f"{model.get('name')} {str(model.get('hash'))[:12]}",
        **{name.replace("_", " "): _plain(value) for name, value in sampling.items()},
    }
    lines = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>"
        for name, value in rows.items()
        if value not in (None, "")
    )
    return f'<dl class="recipe">{lines}</dl>'


def download(job: Job, index: int) -> str:
    """A link to a result's file."""
    return f'<a class="quiet" href="{result_url(job.id, index)}" download>Download</a>'


def shown_small(job: Job, index: int) -> str:
    """A result as a thumbnail; a word when there is none."""
    if job.state != DONE or index >= len(job.outputs):
        return f'<span class="pending">{_STATES.get(job.state, job.state)}</span>'
    output = job.outputs[index]
    src, edges = result_url(job.id, index), sharp(output["width"])
    if output["type"].startswith("video/"):
        src += "#t=0.01"  # browsers show no frame of a clip that stands at its beginning
        return f'<video class="{edges}" src="{src}" muted playsinline preload="metadata"></video>'
    return f'<img class="{edges}" src="{src}" alt="" loading="lazy">'


def sharp(width: int) -> str:
    """The class of small pictures, which are enlarged with sharp edges."""
    return "sharp" if width < _SMALL else ""


def result_url(job: str, index: int) -> str:
    return f"{PATH}/results/{job}/{index}"


_STATES = {QUEUED: "making", RUNNING: "making", FAILED: "failed"}


def _segment(found: Mapping[str, Any]) -> str:
    """A segment of a recipe's prompt; a reference by the beginning of its hash."""
    if found["kind"] == "text":
        return str(found["text"])
    edited = ", edited" if found.get("base") else ""
    return f"[{found['kind']} {found['sha256'][:8]}{edited}] "


def _card(desk: Desk, reference: Reference, picture: str) -> str:
    handle, is_base = reference.handle, reference.handle == desk.base
    width, height = reference.size
    kind = "clip" if reference.is_clip else "picture"
    crop = "" if reference.is_clip else _button("crop", handle, "Crop", f"Crop @{handle}")
    panel = _crop(reference, picture) if desk.cropping == handle else ""
    edit = _button("base", handle, "Edit", f"Edit @{handle}", pressed=is_base)
    remove = _button("remove", handle, "Remove", f"Remove @{handle}")
    return (
        f'<li class="ref-card" data-handle="{handle}">'
        f'<img src="{reference.thumbnail}" alt="{kind} {handle}, {width} by {height}">'
        f'<div class="facts"><span class="handle">@<input value="{handle}" data-do="rename" '
        f'data-handle="{handle}" aria-label="Name of {kind} {handle}" maxlength="24" '
        'spellcheck="false" autocomplete="off"></span>'
        f'<label class="scale">guidance <input type="number" min="0" max="10" step="0.1" '
        f'value="{reference.scale:g}" data-do="scale" data-handle="{handle}" '
        f'aria-label="Guidance of @{handle}"></label>'
        f'<span class="buttons"><button type="button" class="quiet" data-insert="{handle}" '
        f'aria-label="Insert @{handle} into the prompt">Insert</button>{edit}{crop}{remove}'
        f"</span></div>{panel}</li>"
    )


def _button(do: str, handle: str, text: str, label: str, pressed: bool | None = None) -> str:
    state = "" if pressed is None else f' aria-pressed="{str(pressed).lower()}"'
    return (
        f'<button type="button" class="quiet" data-do="{do}" data-handle="{handle}" '
        f'aria-label="{label}"{state}>{text}</button>'
    )


def _crop(reference: Reference, picture: str) -> str:
    """Four numbers in percent, and the picture on which they can be drawn."""
    fields = "".join(
        f'<label>{name} <input type="number" name="{name}" min="0" max="100" value="{value}">'
        "</label>"
        for name, value in zip(SIDES, reference.box, strict=True)
    )
    handle = reference.handle
    return (
        f'<form class="crop"><div class="canvas"><img src="{picture}" alt="The whole of @{handle}" '
        f'draggable="false"><span class="box"></span></div><div class="sides">{fields}</div>'
        f'<div><button type="submit" data-do="cut" data-handle="{handle}">Crop</button> '
        f"{_button('crop', handle, 'Close', 'Close cropping')}</div></form>"
    )


def _row(tree: Turns, row: Sequence[Turn], jobs: Mapping[str, Job]) -> str:
    parent = row[0].parent
    branch = f'<li class="branch">from {tree.number(parent)}</li>' if parent else ""
    items = "".join(_turn(tree, turn, jobs.get(turn.job)) for turn in row)
    label = f"Branch from turn {tree.number(parent)}" if parent else "Turns"
    return f'<ol aria-label="{label}">{branch}{items}</ol>'


def _turn(tree: Turns, turn: Turn, job: Job | None) -> str:
    number = tree.number(turn.job)
    current = ' aria-current="true"' if turn.job == tree.shown else ""
    small = '<span class="pending">gone</span>' if job is None else shown_small(job, turn.pick)
    return (
        f'<li><button type="button" data-do="go" data-job="{escape(turn.job)}"{current} '
        f'aria-label="Turn {number}: {escape(turn.words)}" title="{escape(turn.words)}">'
        f'{small}<span class="number">{number}</span></button></li>'
    )


def words_for(job: Job) -> str:
    """The prompt of a job, with names for its references."""
    return words_of(Order.from_json(job.request))[0].strip() or "no words"


def _ahead(count: int) -> str:
    return "next" if count == 0 else f"{count} before it"


def _plain(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
