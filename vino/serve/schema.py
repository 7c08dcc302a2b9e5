"""/openapi.json: what all endpoints take and answer, the same for every server."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.routing import BaseRoute

from vino.serve.answers import Refused, place
from vino.serve.api import Generation
from vino.serve.editing import Beginning, NextTurn
from vino.serve.gate import OPEN_PATHS
from vino.serve.openai import Clip, Pictures

TAKEN = (Generation, Beginning, NextTurn, Pictures, Clip, Refused)
_FILE = {"type": "string", "format": "binary"}
# Forms: a shape, the field that holds files, and how many.
_FORMS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("Pictures", "image", {"type": "array", "items": _FILE, "minItems": 1}),
    ("Clip", "input_reference", _FILE),
)
ABOUT = (
    "Pictures and clips from text, pictures and videos. Once a server has keys, all but the "
    "endpoints marked as open need one. A request that is not carried out is answered in OpenAI's "
    "form: 400 for what cannot be, 401, 403 and 404 for what is not the caller's, 408, 413, 429 "
    "(with Retry-After) and 503 for too much."
)


def document(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """OpenAPI's description of these routes."""
    told = get_openapi(title="vino", version=version("vino"), description=ABOUT, routes=routes)
    shapes = told["components"]["schemas"]
    _, taken = models_json_schema(
        [(shape, "validation") for shape in TAKEN], ref_template=place("{model}")
    )
    shapes.update(taken["$defs"])
    for name, field, files in _FORMS:
        shapes[f"{name}Form"] = _form(shapes[name], field, files)
    for unused in ("HTTPValidationError", "ValidationError"):
        shapes.pop(unused, None)
    told["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    told["security"] = [{"key": []}, {}]
    refused = {"schema": {"$ref": place("Refused")}}
    for path, methods in told["paths"].items():
        for operation in methods.values():
            operation["responses"].pop("422", None)
            if path in OPEN_PATHS:
                operation["security"] = []
            operation["responses"]["default"] = {
                "description": "Refused", "content": {"application/json": refused}
            }  # fmt: skip
    return told


def _form(shape: dict[str, Any], field: str, files: dict[str, Any]) -> dict[str, Any]:
    """The shape of a form: the fields, and files in one of them."""
    required = [*shape.get("required", ())]
    if files["type"] == "array":
        required.append(field)
    return shape | {"properties": shape["properties"] | {field: files}, "required": required}
