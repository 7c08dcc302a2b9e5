"""What every request passes before anything is read: who asks, from where, and how much.

Plain ASGI, so that a body is counted while it arrives and refused before it is in memory.
"""

import asyncio
import secrets
import time
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vino.serve.config import LOOPBACK_NAMES, Settings
from vino.serve.keys import LOCAL, Caller, Keys
from vino.serve.log import fault, say
from vino.serve.metrics import Metrics
from vino.serve.replies import Refusal

OPEN_PATHS = ("/health", "/ready", "/openapi.json", "/docs")  # they tell nothing of a server
_SAFE = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
    (b"cache-control", b"private, no-store"),
)


class Gate:
    """Checks keys, origins and bodies; writes the access log; no exception passes it."""

    def __init__(self, app: ASGIApp, settings: Settings, keys: Keys, metrics: Metrics):
        self.app, self.settings, self.keys, self.metrics = app, settings, keys, metrics
        self._held = 0  # bytes of all bodies of requests that are not answered yet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        visit = _Visit(scope, send)
        try:
            headers = Headers(scope=scope)
            if scope["path"] not in OPEN_PATHS:
                visit.caller = await self._caller(headers)
                scope.setdefault("state", {})["caller"] = visit.caller
            await self.app(scope, self._bounded(headers, receive, visit), visit.send)
        except Refusal as refusal:
            await visit.answer(refusal)
        except Exception:
            fault("a request failed", request=visit.id)
            await visit.answer(Refusal(500, f"the server failed; its log says why ({visit.id})"))
        finally:
            self._held -= visit.held
            visit.log(self.metrics)

    async def _caller(self, headers: Headers) -> Caller:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if not self.settings.is_loopback or await run_in_threadpool(self.keys.exist):
            known = None
            if scheme.lower() == "bearer":
                known = await run_in_threadpool(self.keys.caller, token.strip())
            if known is None:
                raise Refusal(401, "no valid key: send it as Authorization: Bearer vino_...")
            return known
        # Without keys, web pages must not speak for the person whose browser shows them.
        names = [_host_name(f"//{headers.get('host', '')}")]
        if (origin := headers.get("origin")) is not None:
            names.append(_host_name(origin))
        if any(name not in (*LOOPBACK_NAMES, self.settings.host) for name in names):
            raise Refusal(403, "without a key, only programs on this machine may ask")
        return LOCAL

    def _bounded(self, headers: Headers, receive: Receive, visit: "_Visit") -> Receive:
        """The body, as long as it stays within its size and time, and all within memory."""
        limit = self.settings.max_body
        declared = headers.get("content-length", "0")
        if not declared.isdecimal() or len(declared) > 18 or int(declared) > limit:
            raise Refusal(413, f"the body is larger than {limit:,} bytes, the limit")
        deadline = time.monotonic() + self.settings.body_seconds
        whole = False

        async def bounded() -> Message:
            nonlocal whole
            if whole:  # what follows is only whether the client is still there
                return await receive()
            try:
                left = max(0.0, deadline - time.monotonic())
                message = await asyncio.wait_for(receive(), left)
            except TimeoutError:
                raise Refusal(408, "the body did not arrive in time") from None
            size = len(message.get("body", b""))
            visit.held += size
            self._held += size
            whole = not message.get("more_body", False)
            if visit.held > limit:
                raise Refusal(413, f"the body is larger than {limit:,} bytes, the limit")
            if self._held > self.settings.max_bodies:
                raise Refusal(503, "too much is being sent at once", retry_after=5)
            return message

        return bounded


def _host_name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:  # brackets without an address
        return None


class _Visit:
    """One request on its way through."""

    def __init__(self, scope: Scope, send: Send):
        self.scope, self._send = scope, send
        self.id = secrets.token_hex(8)
        self.caller: Caller | None = None
        self.status = 0
        self.held = 0  # bytes of its body
        self._started = time.monotonic()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = list(message.get("headers", ()))
            names = {name.lower() for name, _ in own}
            extra = (*_SAFE, (b"x-request-id", self.id.encode()))
            message["headers"] = [*own, *(pair for pair in extra if pair[0] not in names)]
        await self._send(message)

    async def answer(self, refusal: Refusal) -> None:
        """Refuse, unless an answer has begun already."""
        if self.status:
            return
        scope = {"type": "http", "method": self.scope["method"], "headers": []}

        async def nothing() -> Message:
            return {"type": "http.disconnect"}

        await refusal.response()(scope, nothing, self.send)

    def log(self, metrics: Metrics) -> None:
        """The route is its pattern: a path holds ids, and anything a stranger types."""
        route = getattr(self.scope.get("route"), "path", "unknown")
        method = self.scope["method"] if self.scope["method"].isalpha() else "unknown"
        method = method if len(method) < 8 else "unknown"
        metrics.requests.labels(method, route, str(self.status)).inc()
        seconds = round(time.monotonic() - self._started, 4)
        owner = None if self.caller is None else self.caller.id
        say("request", request=self.id, method=method, route=route, status=self.status,
            seconds=seconds, key=owner)  # fmt: skip
