"""Answers and refusals in OpenAI's JSON form."""

import json
from typing import Any

from starlette.responses import Response

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES = {
    401: "invalid_api_key",
    404: "not_found",
    413: "too_large",
    429: "rate_limit_exceeded",
    503: "unavailable",
}


class Refusal(Exception):
    """A request that is not carried out.

    param: the field at fault; retry_after: seconds; promised: a job was accepted, so the same
    request again would be another one (OpenAI's client asks again unless it is told not to).
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after: int | None = None,
        promised: bool = False,
    ):
        super().__init__(message)
        self.status, self.message, self.param = status, message, param
        self.code = code or _CODES.get(status)
        self.retry_after, self.promised = retry_after, promised

    def response(self) -> Response:
        kind = _TYPES.get(self.status)
        kind = kind or ("server_error" if self.status >= 500 else "invalid_request_error")
        error = {"message": self.message, "type": kind, "param": self.param, "code": self.code}
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.promised:
            headers["X-Should-Retry"] = "false"
        return reply({"error": error}, self.status, headers)


def reply(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON in ASCII, so that whatever a client sent can be told back to it."""
    body = json.dumps(content)
    return Response(body, status, headers, media_type="application/json")
