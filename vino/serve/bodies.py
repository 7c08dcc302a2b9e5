"""Bodies of requests: JSON and forms, parsed and checked."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from vino.serve.config import Settings
from vino.serve.fetch import NO_URLS, Link
from vino.serve.keys import Caller
from vino.serve.order import Order, Part
from vino.serve.replies import Refusal
from vino.serve.service import Service, Wish

_FIELDS = 100  # of a form
_FIELD_BYTES = 1 << 20
_COMMAS = 20_000  # of a JSON body, which has one for every value; base64 has none
MOST = 10**9  # any count a client may write down; what is too much is said later

_KINDS = ("str", "list[union[str,Segment]]", "Segment")  # pydantic's steps into a prompt


class Making(BaseModel):
    """What every request that makes something may say."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = None
    size: str | None = Field(None, pattern=r"^(auto|[1-9]\d{0,5}x[1-9]\d{0,5})$")
    seed: int | None = Field(None, ge=0, lt=2**63)
    priority: int = Field(0, ge=0, le=MOST)
    steps: int | None = Field(None, ge=1, le=MOST)
    guidance: float | None = None
    image_guidance: float | None = None
    shift: float | None = None
    solver: str | None = None
    negative: str | None = Field(None, max_length=10_000)

    @property
    def pixels(self) -> tuple[int, int] | None:
        """(width, height) asked for."""
        if self.size in (None, "auto"):
            return None
        width, height = str(self.size).split("x")
        return int(width), int(height)

    @property
    def sampling(self) -> dict[str, Any]:
        names = ("steps", "guidance", "image_guidance", "shift", "solver", "negative")
        return {n: getattr(self, n) for n in names if getattr(self, n) is not None}

    def wish(self, request: Request, order: Order, media: Sequence[bytes | Link]) -> Wish:
        """With the order made of it."""
        idempotency = request.headers.get("idempotency-key")
        if idempotency is not None and not (0 < len(idempotency) <= 64 and idempotency.isascii()):
            raise Refusal(400, "an idempotency key has 1 to 64 ASCII characters")
        return Wish(order, media, self.priority, idempotency, self.model)


Body = TypeVar("Body", bound=BaseModel)


async def read_json(request: Request, shape: type[Body]) -> Body:
    """A JSON body; Refusal when it is none, or says what cannot be."""
    body = await request.body()
    if body.count(b",") > _COMMAS:
        raise Refusal(400, f"the body has more than {_COMMAS:,} commas, the limit")
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(400, "the body is not JSON") from None
    return _checked(shape, values)


async def read_form(
    request: Request, shape: type[Body], settings: Settings, files: tuple[str, ...]
) -> tuple[Body, dict[str, list[bytes]]]:
    """A form's fields, and the files in those fields that take some (NAME or NAME[])."""
    try:
        form = await request.form(
            max_files=settings.max_references, max_fields=_FIELDS, max_part_size=_FIELD_BYTES
        )
    except HTTPException as error:  # starlette's word for a damaged form
        raise Refusal(400, f"the form cannot be read: {error.detail}") from None
    values: dict[str, str] = {}
    media: dict[str, list[bytes]] = {name: [] for name in files}
    for name, value in form.multi_items():
        bare = name.removesuffix("[]")
        if isinstance(value, UploadFile):
            if bare not in media:
                raise Refusal(400, "there is no such file field", param=_short(name))
            media[bare].append(await value.read())
        elif bare in media:
            raise Refusal(400, f"{bare} is a file; {NO_URLS}", param=bare)
        elif name in values:
            raise Refusal(400, "it is there twice", param=_short(name))
        else:
            values[name] = value
    return _checked(shape, values), media


def decode(data: str) -> bytes:
    """Base64, or a data: URL; Refusal for anything else."""
    if data.startswith("data:"):
        head, _, data = data.partition(",")
        if not head.endswith(";base64"):
            raise Refusal(400, "a data URL must be in base64")
    elif "://" in data[:16]:
        raise Refusal(400, NO_URLS)
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(400, "this is not base64") from None


def caller(request: Request) -> Caller:
    """Who asks, as the gate found out."""
    found: Caller = request.state.caller
    return found


def service(request: Request) -> Service:
    found: Service = request.app.state.service
    return found


def words(text: str) -> Part:
    return Part("text", text)


def _checked(shape: type[Body], values: Any) -> Body:
    try:
        return shape.model_validate(values)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False, include_context=False)
        # Past the kinds tried in vain, of which a list that is too long was the right one.
        deepest = max(errors, key=lambda found: (len(found["loc"]), found["type"] == "too_long"))
        place = _short(".".join(str(step) for step in deepest["loc"] if step not in _KINDS))
        message = deepest["msg"].removeprefix("Value error, ")
        if deepest["type"] == "extra_forbidden":
            message = "there is no such field"
        raise Refusal(400, f"{place}: {message}" if place else message, param=place) from None
    except RecursionError:
        raise Refusal(400, "the body is nested too deeply") from None


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
