"""OpenAI's endpoints for pictures, videos and models."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from vino.serve import answers
from vino.serve.answers import Page, Paged, tells
from vino.serve.bodies import (
    MOST,
    Making,
    caller,
    decode,
    read_form,
    read_json,
    service,
    words,
)
from vino.serve.fetch import Link
from vino.serve.jobs import CANCELLED, DONE, FAILED, QUEUED, RUNNING, Job
from vino.serve.order import Order, Part
from vino.serve.replies import Refusal, reply

router = APIRouter(prefix="/v1")

_STATUS = {
    QUEUED: "queued",
    RUNNING: "in_progress",
    DONE: "completed",
    FAILED: "failed",
    CANCELLED: "failed",
}
# Accepted for the sake of clients that send them; the answer notes that nothing came of it.
_IGNORED = ("quality", "style", "user", "moderation", "background", "input_fidelity",
            "partial_images", "safety_identifier")  # fmt: skip


class Pictures(Making):
    """Fields of /images/generations and, with files, /images/edits."""

    prompt: str
    n: int = Field(1, ge=1, le=MOST)
    response_format: Literal["b64_json", "url"] = "b64_json"
    output_format: Literal["png", "webp", "jpeg"] = "png"
    output_compression: int | None = Field(None, ge=0, le=100)
    stream: bool = False
    base: int | None = Field(None, ge=1, le=MOST)
    quality: Any = None
    style: Any = None
    user: Any = None
    moderation: Any = None
    background: Any = None
    input_fidelity: Any = None
    partial_images: Any = None
    safety_identifier: Any = None

    @property
    def notes(self) -> list[str]:
        return [f"{name} is ignored" for name in _IGNORED if getattr(self, name) is not None]

    def order(self, parts: tuple[Part, ...]) -> Order:
        if self.stream:
            message = "no stream here: POST /v1/generate, then GET /v1/jobs/ID/events"
            raise Refusal(400, message, param="stream")
        lossless = self.output_format == "png" or self.output_compression is None
        return Order(
            parts=(*parts, words(self.prompt)),
            seed=self.seed,
            n=self.n,
            size=self.pixels,
            frames=1,
            sampling=self.sampling,
            form=self.output_format,
            quality=None if lossless else max(1, self.output_compression or 0),
        )


class Clip(Making):
    """Fields of /videos; seconds or frames say its length."""

    prompt: str
    seconds: float | None = Field(None, gt=0, le=MOST)
    frames: int | None = Field(None, ge=1, le=MOST)
    input_reference: dict[str, Any] | None = None


@router.post("/images/generations", **tells(answers.PicturesMade, takes=Pictures))
async def generate_images(request: Request) -> Response:
    """Pictures from text; the answer waits for them."""
    asked = await read_json(request, Pictures)
    if asked.base is not None:
        raise Refusal(400, "there is no picture to edit here: see /v1/images/edits", param="base")
    return await _pictures(request, asked, (), [])


@router.post("/images/edits", **tells(answers.PicturesMade, form=Pictures))
async def edit_images(request: Request) -> Response:
    """Several pictures: "Image 1" and so on in the prompt; the last, or `base`, is edited."""
    shop = service(request)
    asked, files = await read_form(request, Pictures, shop.settings, ("image", "mask"))
    if files["mask"]:
        raise Refusal(400, "masks are not supported: say in words what to change", param="mask")
    media = files["image"]
    if not media:
        raise Refusal(400, "there is no picture to edit", param="image")
    base = asked.base or len(media)
    if base > len(media):
        raise Refusal(400, f"there are {len(media)} pictures", param="base")
    parts = tuple(Part("image", file=i, base=i + 1 == base) for i in range(len(media)))
    return await _pictures(request, asked, parts, media)


async def _pictures(
    request: Request, asked: Pictures, parts: tuple[Part, ...], media: list[bytes]
) -> Response:
    """Make them, wait, and answer with all."""
    shop, who = service(request), caller(request)
    job = await shop.accept("image", asked.wish(request, asked.order(parts), media), who)
    job = await shop.finished(job, who)
    data: list[dict[str, Any]] = []
    for i in range(len(job.outputs)):
        path, output = shop.output(job, i)
        if asked.response_format == "url":
            entry = {"url": f"{request.base_url}v1/jobs/{job.id}/content/{i}"}
        else:
            entry = {"b64_json": await run_in_threadpool(_read, path)}
        data.append(entry | {"seed": output["seed"]})
    first = job.outputs[0]
    answer = {
        "created": int(job.created_at), "data": data, "output_format": asked.output_format,
        "size": f"{first['width']}x{first['height']}", "id": job.id, "notes": asked.notes,
    }  # fmt: skip
    return reply(answer)


def _read(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


@router.post("/videos", **tells(answers.VideoTold, takes=Clip, form=Clip))
async def create_video(request: Request) -> Response:
    """A clip from text; a picture as input_reference is its first frame, a clip is edited."""
    shop, who = service(request), caller(request)
    media: Sequence[bytes | Link] = []
    if request.headers.get("content-type", "").startswith("application/json"):
        asked = await read_json(request, Clip)
        if asked.input_reference is not None:
            media = [_inline(asked.input_reference)]
    else:
        asked, files = await read_form(request, Clip, shop.settings, ("input_reference",))
        media = files["input_reference"]
    if len(media) > 1:
        message = "one input_reference at most: /v1/generate takes more"
        raise Refusal(400, message, param="input_reference")
    frames = asked.frames
    if frames is None and asked.seconds is None and shop.engine.model is not None:
        frames = shop.engine.model.defaults.frames
    order = Order(
        parts=(*(Part("medium", file=i, base=True) for i in range(len(media))),
               words(asked.prompt)),
        seed=asked.seed, size=asked.pixels, frames=frames, seconds=asked.seconds,
        sampling=asked.sampling, form="mp4",
    )  # fmt: skip
    job = await shop.accept("video", asked.wish(request, order, media), who)
    return reply(_video(request, job))


@router.get("/videos", **tells(answers.Videos))
async def list_videos(request: Request, part: Paged) -> Response:
    """The caller's videos."""
    jobs, more = await page(request, "video", part)
    data = [_video(request, job) for job in jobs]
    ends = {"first_id": jobs[0].id, "last_id": jobs[-1].id} if jobs else {}
    return reply({"object": "list", "data": data, "has_more": more, **ends})


@router.get("/videos/{id}", **tells(answers.VideoTold))
async def get_video(request: Request, id: str) -> Response:
    """A video's state."""
    return reply(_video(request, await service(request).find(id, caller(request), "video")))


@router.get("/videos/{id}/content", **tells("video/mp4"))
async def get_video_content(request: Request, id: str, variant: str = "video") -> Response:
    """The clip itself."""
    shop = service(request)
    job = await shop.find(id, caller(request), "video")
    if variant != "video":
        raise Refusal(400, "the only variant is the video", param="variant")
    path, output = shop.output(job, 0)
    return FileResponse(path, media_type=output["type"])


@router.delete("/videos/{id}", **tells(answers.Deleted))
async def delete_video(request: Request, id: str) -> Response:
    """Cancels the video if need be; forgets it and its files."""
    shop, who = service(request), caller(request)
    await shop.delete(await shop.find(id, who, "video"), who)
    return reply({"id": id, "object": "video.deleted", "deleted": True})


@router.get("/models", **tells(answers.Models))
async def list_models(request: Request) -> Response:
    """The one model of this server, once it is loaded."""
    model = _model(request)
    return reply({"object": "list", "data": [model] if model else []})


@router.get("/models/{name:path}", **tells(answers.ModelTold))
async def get_model(request: Request, name: str) -> Response:
    """The model of that name."""
    model = _model(request)
    if model is None or model["id"] != name:
        raise Refusal(404, "there is no such model here", code="model_not_found")
    return reply(model)


async def page(request: Request, kind: str | None, part: Page) -> tuple[list[Job], bool]:
    """A part of the caller's jobs, and whether there are more behind it."""
    shop, who = service(request), caller(request)
    behind = await shop.find(part.after, who, kind) if part.after else None
    found = await run_in_threadpool(
        shop.jobs.page, who.id, kind, behind, part.limit + 1, part.order == "desc"
    )
    return found[: part.limit], len(found) > part.limit


def _inline(reference: dict[str, Any]) -> bytes | Link:
    """{"image_url": "data:..."}, as OpenAI's clients write a reference in JSON."""
    url = reference.get("image_url")
    if len(reference) != 1 or not isinstance(url, str):
        message = 'it is {"image_url": "data:image/png;base64,..."} or a file'
        raise Refusal(400, message, param="input_reference")
    return decode(url) if url.startswith("data:") else Link(url)


def _model(request: Request) -> dict[str, Any] | None:
    """The model here; None while it is loading."""
    model = service(request).engine.model
    if model is None:
        return None
    return {"id": model.identity["name"], "object": "model", "created": 0, "owned_by": "vino"}


def _video(request: Request, job: Job) -> dict[str, Any]:
    """A job as OpenAI tells of a video. Size and seconds are exact once it is there."""
    model, asked = service(request).engine.model, job.request
    size, frames, fps = asked["size"], asked["frames"], 24.0
    if model is not None:
        size, fps = size or model.defaults.clip_size, model.defaults.fps
        frames = frames or round((asked["seconds"] or 0) * fps)
    if job.outputs:
        made = job.outputs[0]
        size, frames, fps = (made["width"], made["height"]), made["frames"], made["fps"]
    error = None
    if _STATUS[job.state] == "failed":
        error = {"code": job.state, "message": job.error or "it was cancelled"}
    return {
        "id": job.id, "object": "video", "model": model.identity["name"] if model else "",
        "status": _STATUS[job.state], "progress": job.progress,
        "created_at": int(job.created_at),
        "completed_at": int(job.finished_at) if job.finished_at and job.outputs else None,
        "expires_at": None, "remixed_from_video_id": None, "error": error,
        "prompt": asked["parts"][-1]["text"], "seconds": f"{(frames or 0) / fps:.3g}",
        "size": f"{size[0]}x{size[1]}" if size else "auto", "seed": asked["seed"],
    }  # fmt: skip
