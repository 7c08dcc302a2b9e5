"""The endpoints of edit sessions."""

from dataclasses import replace

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from vino.serve import answers
from vino.serve.answers import Paged, tells
from vino.serve.api import Generation, Segment
from vino.serve.bodies import MOST, caller, read_json, service
from vino.serve.fetch import Link
from vino.serve.history import Origin, session_told, turn_told
from vino.serve.replies import Refusal, reply

router = APIRouter(prefix="/v1")


class Beginning(BaseModel):
    """Fields of /sessions: a picture or video, or a job's result, or nothing."""

    model_config = ConfigDict(extra="forbid")

    start: Segment | None = None
    job: str | None = None
    output: int = Field(0, ge=0, le=MOST)


class NextTurn(Generation):
    """Fields of a turn: those of /generate, and which result it edits.

    parent: a turn, or null for what the session began with; left out, the newest turn that has
    not failed.
    """

    parent: str | None = None
    output: int = Field(0, ge=0, le=MOST)

    def origin(self, session: str) -> Origin:
        return Origin(session, self.parent, "parent" not in self.model_fields_set, self.output)


@router.post("/sessions", **tells(answers.SessionTold, 201, takes=Beginning))
async def begin_session(request: Request) -> Response:
    """Begin an edit session."""
    shop, who = service(request), caller(request)
    asked = await read_json(request, Beginning)
    media: list[bytes | Link] = []
    kind = "medium"
    if asked.start is not None and asked.job is not None:
        raise Refusal(400, "a session begins with `start` or with `job`, not both")
    if asked.start is not None:
        if (kind := asked.start.type) == "text":
            raise Refusal(400, "a session begins with an image or a video", param="start")
        media = [asked.start.medium]
    elif asked.job is not None:
        path, _ = shop.output(await shop.find(asked.job, who), asked.output)
        media = [await run_in_threadpool(path.read_bytes)]
    session = await shop.begin(media, kind, who)
    return reply(session_told(session), 201, {"Location": f"/v1/sessions/{session.id}"})


@router.get("/sessions", **tells(answers.SessionList))
async def list_sessions(request: Request, part: Paged) -> Response:
    """The caller's sessions, without their turns."""
    shop, who = service(request), caller(request)
    last = await run_in_threadpool(shop.history.find, part.after, who) if part.after else None
    found = await run_in_threadpool(
        shop.history.sessions.page, who.id, last, part.limit + 1, part.order == "desc"
    )
    data = [session_told(session) for session in found[: part.limit]]
    return reply({"object": "list", "data": data, "has_more": len(found) > part.limit})


@router.get("/sessions/{id}", **tells(answers.SessionWhole))
async def get_session(request: Request, id: str) -> Response:
    """The session with all its turns."""
    shop, who = service(request), caller(request)
    session = await run_in_threadpool(shop.history.find, id, who)
    return reply(await run_in_threadpool(shop.history.told, session, shop.told))


@router.post("/sessions/{id}/turns", **tells(answers.TurnTold, 202, takes=NextTurn))
async def take_turn(request: Request, id: str) -> Response:
    """Accept a turn: a job like any other, which edits what its parent made."""
    shop, who = service(request), caller(request)
    asked = await read_json(request, NextTurn)
    wish = replace(asked.wish(request, *asked.order()), origin=asked.origin(id))
    job = await shop.accept("turn", wish, who)
    turn = await run_in_threadpool(shop.history.place, job)
    return reply(turn_told(job, turn, shop.told), 202, {"Location": f"/v1/jobs/{job.id}"})


@router.delete("/sessions/{id}", **tells(answers.Deleted))
async def delete_session(request: Request, id: str) -> Response:
    """Cancels its turns; forgets them, the session and all files."""
    shop, who = service(request), caller(request)
    session = await run_in_threadpool(shop.history.find, id, who)
    await run_in_threadpool(shop.history.delete, session)
    return reply({"id": id, "object": "session.deleted", "deleted": True})
