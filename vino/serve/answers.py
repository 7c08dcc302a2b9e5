"""What the endpoints answer, as OpenAPI tells it; the tests hold every answer against these."""

from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict
from pydantic.dataclasses import dataclass

State = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class Page:
    """Which part of a list is asked for. after: the last id of the part before."""

    after: str = ""
    limit: Annotated[int, Query(ge=1, le=100)] = 20
    order: Literal["asc", "desc"] = "desc"


Paged = Annotated[Page, Depends()]


class Answer(BaseModel):
    """Says all of its fields."""

    model_config = ConfigDict(extra="forbid")


class Fault(Answer):
    message: str
    type: str
    param: str | None
    code: str | None


class Refused(Answer):
    """Every refusal, in OpenAI's form."""

    error: Fault


class Output(Answer):
    """A result; its content is behind `url`."""

    type: str
    width: int
    height: int
    frames: int
    fps: float
    seed: int | None
    bytes: int
    url: str


class JobTold(Answer):
    """A job. Times are Unix seconds; progress is in percent."""

    id: str
    object: Literal["job"]
    kind: Literal["job", "image", "video", "turn"]
    state: State
    progress: int
    step: int
    steps: int
    priority: int
    seed: int
    n: int
    created_at: float
    started_at: float | None
    finished_at: float | None
    error: str | None
    outputs: list[Output]


class Jobs(Answer):
    object: Literal["list"]
    data: list[JobTold]
    has_more: bool


class Reference(Answer):
    type: Literal["image", "video"]


class TurnTold(JobTold):
    """A job that is a turn. parent: the job whose output was edited; null: the session's start."""

    session: str
    parent: str | None
    parent_output: int | None
    prompt: list[str | Reference]


class Start(Answer):
    type: Literal["image", "video"]
    width: int
    height: int
    frames: int


class SessionTold(Answer):
    """A session. start: what it begins with; null: with words."""

    id: str
    object: Literal["session"]
    created_at: float
    start: Start | None


class SessionWhole(SessionTold):
    """A session and its turns, oldest first."""

    turns: list[TurnTold]


class SessionList(Answer):
    object: Literal["list"]
    data: list[SessionTold]
    has_more: bool


class Picture(Answer):
    """One of `b64_json` and `url`, as asked for."""

    b64_json: str | None = None
    url: str | None = None
    seed: int | None


class PicturesMade(Answer):
    created: int
    data: list[Picture]
    output_format: str
    size: str
    id: str
    notes: list[str]


class VideoFault(Answer):
    code: str
    message: str


class VideoTold(Answer):
    """A job as OpenAI tells of a video."""

    id: str
    object: Literal["video"]
    model: str
    status: Literal["queued", "in_progress", "completed", "failed"]
    progress: int
    created_at: int
    completed_at: int | None
    expires_at: None
    remixed_from_video_id: None
    error: VideoFault | None
    prompt: str
    seconds: str
    size: str
    seed: int


class Videos(Answer):
    object: Literal["list"]
    data: list[VideoTold]
    has_more: bool
    first_id: str | None = None
    last_id: str | None = None


class ModelTold(Answer):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class Models(Answer):
    object: Literal["list"]
    data: list[ModelTold]


class Deleted(Answer):
    id: str
    object: Literal["job.deleted", "video.deleted", "session.deleted"]
    deleted: Literal[True]


class Status(Answer):
    status: str


def tells(
    answer: type[Answer] | str,
    status: int = 200,
    *,
    takes: type[BaseModel] | None = None,
    form: type[BaseModel] | None = None,
) -> dict[str, Any]:
    """What OpenAPI is told of a route, whose function reads bodies and writes answers itself.

    answer: its shape, or a content type. takes, form: shapes of a JSON body and of a form.
    """
    if isinstance(answer, str):
        what: dict[str, Any] = {"content": {answer: {"schema": {"type": "string"}}}}
    else:
        what = {"model": answer}
    bodies = {}
    if takes is not None:
        bodies["application/json"] = {"schema": {"$ref": place(takes.__name__)}}
    if form is not None:
        bodies["multipart/form-data"] = {"schema": {"$ref": place(f"{form.__name__}Form")}}
    extra = {"requestBody": {"required": True, "content": bodies}} if bodies else {}
    return {
        "status_code": status,
        "response_model": None,
        "responses": {status: {"description": "Done", **what}},
        "openapi_extra": extra,
    }


def place(name: str) -> str:
    """Where OpenAPI has the shape of that name."""
    return f"#/components/schemas/{name}"
