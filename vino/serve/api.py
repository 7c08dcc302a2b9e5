"""vino's own endpoints: interleaved prompts, jobs, their events and results."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from vino.serve import answers
from vino.serve.answers import Paged, tells
from vino.serve.bodies import MOST, Making, caller, decode, read_json, service, words
from vino.serve.fetch import Link
from vino.serve.openai import page
from vino.serve.order import Order, Part
from vino.serve.replies import Refusal, reply

router = APIRouter(prefix="/v1")

_SEGMENTS = 512  # of a prompt


class Segment(BaseModel):
    """Text, or a picture or video, in base64 or behind a URL; `base` marks what is edited."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["text", "image", "video"]
    text: str | None = None
    data: str | None = None
    url: str | None = None
    base: bool = False

    @property
    def words(self) -> str:
        """The text of a text segment."""
        if self.text is None or self.data is not None or self.url is not None:
            raise Refusal(400, "a text segment has its `text` alone", param="prompt")
        return self.text

    @property
    def medium(self) -> bytes | Link:
        """What a picture or video is."""
        if self.text is None and self.data is not None and self.url is None:
            return decode(self.data)
        if self.text is None and self.data is None and self.url is not None:
            return Link(self.url)
        raise Refusal(400, "an image or video has either `data` or `url`", param="prompt")


class Generation(Making):
    """Fields of /generate. A prompt is text or segments, as vino.Prompt takes them."""

    prompt: str | Annotated[list[str | Segment], Field(max_length=_SEGMENTS)]
    n: int = Field(1, ge=1, le=MOST)
    frames: int | None = Field(None, ge=1, le=MOST)
    seconds: float | None = Field(None, gt=0, le=MOST)
    per_reference: list[float] | None = Field(None, max_length=256)
    format: Literal["png", "webp", "jpeg", "gif", "mp4"] | None = None
    quality: int | None = Field(None, ge=1, le=100)
    previews: bool = False

    def order(self) -> tuple[Order, list[bytes | Link]]:
        """The order and its media."""
        parts: list[Part] = []
        media: list[bytes | Link] = []
        for segment in [self.prompt] if isinstance(self.prompt, str) else self.prompt:
            if isinstance(segment, str):
                parts.append(words(segment))
            elif segment.type == "text":
                parts.append(words(segment.words))
            else:
                parts.append(Part(segment.type, file=len(media), base=segment.base))
                media.append(segment.medium)
        sampling = self.sampling
        if self.per_reference is not None:
            sampling["per_reference"] = self.per_reference
        order = Order(
            parts=tuple(parts), seed=self.seed, n=self.n, size=self.pixels, frames=self.frames,
            seconds=self.seconds, sampling=sampling, form=self.format, quality=self.quality,
            shown=self.previews,
        )  # fmt: skip
        return order, media


@router.post("/generate", **tells(answers.JobTold, 202, takes=Generation))
async def generate(request: Request) -> Response:
    """Accept anything the library can make; the job tells the rest."""
    shop, who = service(request), caller(request)
    asked = await read_json(request, Generation)
    job = await shop.accept("job", asked.wish(request, *asked.order()), who)
    return reply(shop.told(job), 202, {"Location": f"/v1/jobs/{job.id}"})


@router.get("/jobs", **tells(answers.Jobs))
async def list_jobs(request: Request, part: Paged) -> Response:
    """All of the caller's jobs, pictures, videos and turns among them."""
    shop = service(request)
    jobs, more = await page(request, None, part)
    return reply({"object": "list", "data": [shop.told(job) for job in jobs], "has_more": more})


@router.get("/jobs/{id}", **tells(answers.JobTold))
async def get_job(request: Request, id: str) -> Response:
    """A job's state, and its results when it is done."""
    shop = service(request)
    return reply(shop.told(await shop.find(id, caller(request))))


@router.post("/jobs/{id}/cancel", **tells(answers.JobTold))
async def cancel_job(request: Request, id: str) -> Response:
    """Ends between two steps; what is over stays as it is."""
    shop, who = service(request), caller(request)
    return reply(shop.told(await shop.cancel(await shop.find(id, who), who)))


@router.delete("/jobs/{id}", **tells(answers.Deleted))
async def delete_job(request: Request, id: str) -> Response:
    """Cancels the job if need be; forgets it and its files."""
    shop, who = service(request), caller(request)
    await shop.delete(await shop.find(id, who), who)
    return reply({"id": id, "object": "job.deleted", "deleted": True})


@router.get("/jobs/{id}/content/{index}", **tells("*/*"))
async def get_content(request: Request, id: str, index: int) -> Response:
    """A result, counted from 0."""
    shop = service(request)
    path, output = shop.output(await shop.find(id, caller(request)), index)
    return FileResponse(path, media_type=output["type"])


@router.get("/jobs/{id}/events", **tells("text/event-stream"))
async def get_events(request: Request, id: str) -> Response:
    """Server-sent events: progress and preview, at last done, failed or cancelled."""
    shop, who = service(request), caller(request)
    job = await shop.find(id, who)

    async def lines() -> AsyncIterator[str]:
        async for event, data in shop.events(job, who):
            yield f"event: {event}\ndata: {json.dumps(data)}\n\n" if event else ": still here\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream")
