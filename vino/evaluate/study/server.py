"""HTTP for one study, on this computer alone."""

import errno
import json
import re
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl

from vino.errors import InputError
from vino.evaluate.study.answering import BadRequest, Desk
from vino.evaluate.study.blind import Study
from vino.evaluate.study.shown import shown

HOST = "127.0.0.1"
LARGEST_BODY = 4096
MOST_FIELDS = 8
SILENCE = 30.0  # seconds after which a connection that says nothing is closed
RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{0,15})")
JSON, PLAIN = "application/json", "text/plain; charset=utf-8"
PAGE = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/style.css": ("style.css", "text/css; charset=utf-8"),
    "/study.js": ("study.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Server(ThreadingHTTPServer):
    """Serves a study. port: 0 takes any free one; InputError if it is taken."""

    daemon_threads = True

    def __init__(self, study: Study, port: int = 0):
        self.desk = Desk(study)
        self.page = {
            path: (kind, files(__package__).joinpath("page", name).read_bytes())
            for path, (name, kind) in PAGE.items()
        }
        try:
            super().__init__((HOST, port), Handler)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            raise InputError(f"port {port} is not free: choose another with --port") from None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle is no error."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "vino", ""
    timeout = SILENCE

    def do_GET(self) -> None:
        """The page, an item, a medium."""
        self._answer(self._get)

    def do_HEAD(self) -> None:
        """As GET, without the content."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """A vote."""
        self._answer(self._post)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class refuses: methods and requests it cannot read."""
        self._refuse(code, message or "this cannot be answered")

    def _answer(self, handle: Any) -> None:
        if (self.headers.get("Host") or "").rpartition(":")[0] not in (HOST, "localhost"):
            # A site whose name leads here must not read or vote through its visitors' browsers.
            return self._refuse(403, "this page is for this computer alone")
        try:
            handle()
        except BadRequest as error:
            self._refuse(400, str(error))
        except (InputError, FileNotFoundError):
            self._refuse(500, "this file is missing or damaged")
        except sqlite3.Error as error:
            self._refuse(500, f"the votes cannot be reached: {error}")

    def _get(self) -> None:
        path, _, query = self.path.partition("?")
        if path in self.server.page:
            return self._send(200, *self.server.page[path])
        if path == "/api/item":
            return self._send_json(self.server.desk.show(_fields(query)))
        medium = self.server.desk.medium(path.removeprefix("/media/"))
        if medium is None:
            return self._refuse(404, "there is nothing here")
        self._send_part(*shown(medium.path, medium.frames))

    def _post(self) -> None:
        if self.path != "/api/vote":
            return self._refuse(404, "there is nothing here")
        if self.headers.get_content_type() != JSON:  # others can be sent from any site
            raise BadRequest(f"the body must be {JSON}")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise BadRequest("the length of the body is not said")
        if len(length) > 9 or int(length) > LARGEST_BODY:
            return self._refuse(413, f"the body is larger than {LARGEST_BODY} bytes")
        self._send_json(self.server.desk.vote(self.rfile.read(int(length))))

    def _send_json(self, value: dict[str, Any]) -> None:
        self._send(200, JSON, json.dumps(value).encode())

    def _send_part(self, kind: str, content: bytes) -> None:
        """A medium, or the one range of it that is asked for: players jump about in a clip."""
        span = RANGE.fullmatch(self.headers.get("Range", ""))
        if span is None:
            return self._send(200, kind, content)
        begin = int(span[1])
        end = min(int(span[2]) + 1, len(content)) if span[2] else len(content)
        if begin >= end:
            return self._refuse(416, "the medium is shorter")
        told = {"Content-Range": f"bytes {begin}-{end - 1}/{len(content)}"}
        self._send(206, kind, content[begin:end], told)

    def _refuse(self, code: int, line: str) -> None:
        """One plain line; what may be left of the request is not read."""
        self.close_connection = True
        self._send(code, PLAIN, f"{line}\n".encode(), {"Connection": "close"})

    def _send(
        self, code: int, kind: str, content: bytes, more: dict[str, str] | None = None
    ) -> None:
        self.send_response(code)
        length = {"Content-Type": kind, "Content-Length": str(len(content))}
        for name, value in (HEADERS | length | (more or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """The terminal stays quiet."""


def _fields(query: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(query, max_num_fields=MOST_FIELDS))
    except ValueError:
        raise BadRequest(f"there are more than {MOST_FIELDS} fields") from None
