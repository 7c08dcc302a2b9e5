"""The door of the studio: a browser cannot send a key with a page, so a cookie brings it along.

The cookie is sent to the studio alone (its path), never to other sites' requests (SameSite) and
never to scripts (HttpOnly); it lasts until the browser is closed, and no longer than the key.
"""

from importlib.resources import files
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from vino.serve.bodies import caller, service
from vino.serve.keys import Keys
from vino.serve.replies import Refusal
from vino.serve.studio import PATH

COOKIE = "vino_key"
LOGIN = f"{PATH}/login"
_KEY_BYTES = 200
# What the page needs of Gradio's routes. The rest (proxies, monitoring, code editing) is shut.
_ROUTES = (
    "/login", "/logout", "/results/", "/config", "/theme.css", "/assets/", "/static/", "/svelte/",
    "/gradio_api/queue/", "/gradio_api/heartbeat/", "/gradio_api/upload", "/gradio_api/cancel",
    "/gradio_api/file=", "/gradio_api/startup-events", "/gradio_api/reset",
)  # fmt: skip
# Gradio builds functions out of text, which takes 'unsafe-eval'; nothing comes from elsewhere.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)

router = APIRouter(prefix=PATH)


def within(path: str) -> bool:
    """Whether an address belongs to the studio."""
    return path == PATH or path.startswith(f"{PATH}/")


def check_visit(path: str, headers: Headers) -> None:
    """Refusal for what the page does not need, and for requests other pages send."""
    if not is_page(path) and not path.removeprefix(PATH).startswith(_ROUTES):
        raise Refusal(404, "there is nothing at this address")
    origin = headers.get("origin")
    if origin is not None and _place(origin) != headers.get("host", "").lower():
        raise Refusal(403, "only the studio's own page may ask here")


def key_of(headers: Headers) -> str:
    """The key a browser brings along; empty when it brings none."""
    return cookie_parser(headers.get("cookie", "")).get(COOKIE, "")


def is_page(path: str) -> bool:
    """Whether a person opens this address: then a missing key leads to the login page."""
    return path in (PATH, f"{PATH}/")


def policy(path: str) -> str:
    """The content security policy: results are shown, never run; the page asks nobody else."""
    return "default-src 'none'; sandbox" if path.startswith(f"{PATH}/results/") else _POLICY


def is_fixed(path: str) -> bool:
    """Whether browsers may keep it: scripts and styles, whose names have their version."""
    return path.startswith((f"{PATH}/assets/", f"{PATH}/static/"))


@router.get("/login")
async def show_login(request: Request) -> Response:
    return HTMLResponse(_form(""))


@router.post("/login")
async def login(request: Request) -> Response:
    """Check the key and hand it to the browser as a cookie."""
    form = await request.form(max_files=0, max_fields=1, max_part_size=_KEY_BYTES)
    key = str(form.get("key", "")).strip()
    keys: Keys = request.app.state.keys
    if await run_in_threadpool(keys.caller, key) is None:
        return HTMLResponse(_form("This is no valid key."), 401)
    answer = RedirectResponse(f"{PATH}/", 303)
    answer.set_cookie(
        COOKIE, key, path=PATH, httponly=True, samesite="strict",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return answer


@router.post("/logout")
async def logout(request: Request) -> Response:
    answer = RedirectResponse(LOGIN, 303)
    answer.delete_cookie(COOKIE, path=PATH)
    return answer


@router.get("/results/{id}/{index}")
async def show_result(request: Request, id: str, index: int) -> Response:
    """A result, for a browser that cannot send a key with a picture."""
    shop = service(request)
    path, output = shop.output(await shop.find(id, caller(request)), index)
    return FileResponse(path, media_type=output["type"], filename=f"{id}-{index}{path.suffix}",
                        content_disposition_type="inline")  # fmt: skip


def _place(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:  # brackets without an address
        return None


def _form(message: str) -> str:
    page = files("vino.serve.studio").joinpath("assets", "login.html").read_text("utf-8")
    return page.replace("<!-- message -->", message)
