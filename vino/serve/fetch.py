"""Media behind addresses, from hosts on the server's list alone.

A host's name is looked up once and the connection goes to what was found, so that an answer that
changes leads nowhere else; certificates and the Host header are for the name. What is private,
whatever it is written as, is never connected to.
"""

import asyncio
import ipaddress
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpcore2

from vino.errors import InputError
from vino.serve.config import Settings
from vino.serve.log import say
from vino.serve.sites import Site, listed, moved

NO_URLS = "URLs are not fetched here: send the data itself, in base64"
REDIRECTS = 3
ATTEMPTS = 3  # addresses of one host that are tried
_MOVED = (301, 302, 303, 307, 308)
_KINDS = ("image/", "video/", "application/octet-stream", "binary/octet-stream")
_HEADERS = {"User-Agent": "vino", "Accept": "image/*, video/*", "Accept-Encoding": "identity"}

Resolve = Callable[[str, int], Awaitable[list[str]]]


@dataclass(frozen=True)
class Link:
    """A medium that is behind an address."""

    url: str


class Fetcher:
    """Fetches for one server. resolve, permitted: how names become addresses, and which may be."""

    def __init__(
        self,
        settings: Settings,
        resolve: Resolve | None = None,
        permitted: Callable[[str], bool] | None = None,
    ):
        self.settings = settings
        self._backend = _Backend(resolve or look_up, permitted or is_public)
        secure = any(site.scheme == "https" for site in settings.allow_urls)
        self._tls = ssl.create_default_context() if secure else None

    async def fetch(self, media: Sequence[bytes | Link]) -> list[bytes]:
        """The media, those behind addresses fetched; InputError when one cannot be.

        All together are no larger than a request's body may be, and there in `url_seconds`.
        """
        links = sum(isinstance(medium, Link) for medium in media)
        if links and not self.settings.allow_urls:
            raise InputError(NO_URLS)
        if links > self.settings.max_references:
            raise InputError(f"more than {self.settings.max_references} references")
        room = self.settings.max_body
        found: list[bytes] = []
        try:
            async with asyncio.timeout(self.settings.url_seconds):
                for medium in media:
                    if isinstance(medium, Link):
                        medium = await self._follow(medium.url, room)
                        room -= len(medium)
                    found.append(medium)
        except TimeoutError:
            seconds = f"{self.settings.url_seconds:g} seconds"
            raise InputError(f"what is behind the URLs did not arrive in {seconds}") from None
        return found

    async def _follow(self, url: str, room: int) -> bytes:
        """One medium, through a few redirects, each of which must be on the list too."""
        for _ in range(REDIRECTS + 1):
            site, target = listed(url, self.settings.allow_urls)
            started = time.monotonic()
            try:
                answer = await self._get(site, target, room)
            except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException,
                    OSError):  # fmt: skip
                raise InputError(f"the URL at {site.host} cannot be fetched") from None
            if isinstance(answer, bytes):
                seconds = round(time.monotonic() - started, 3)
                say("fetched", host=site.host, bytes=len(answer), seconds=seconds)
                return answer
            url = moved(url, answer)
        raise InputError(f"a URL leads through more than {REDIRECTS} redirects")

    async def _get(self, site: Site, target: str, room: int) -> bytes | str:
        """The content, or where it has moved."""
        url = httpcore2.URL(scheme=site.scheme, host=site.host, port=site.port, target=target)
        headers = _HEADERS | {"Host": site.name}
        async with (
            httpcore2.AsyncConnectionPool(
                ssl_context=self._tls, network_backend=self._backend
            ) as pool,
            pool.stream("GET", url, headers=list(headers.items())) as response,
        ):
            told = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in response.headers}
            if response.status in _MOVED and "location" in told:
                return told["location"]
            _check(response.status, told, site, room)
            data = bytearray()
            async for chunk in response.aiter_stream():
                data += chunk
                if len(data) > room:
                    raise _too_large(site)
            return bytes(data)


def _check(status: int, headers: dict[str, str], site: Site, room: int) -> None:
    """InputError unless an answer may hold a medium."""
    if status != 200:
        raise InputError(f"the URL at {site.host} answers with status {status}")
    if headers.get("content-encoding", "identity") != "identity":
        raise InputError(f"the URL at {site.host} sends packed data")
    if not headers.get("content-type", "").lower().startswith(_KINDS):
        raise InputError(f"the URL at {site.host} is neither a picture nor a video")
    declared = headers.get("content-length", "0")
    if len(declared) > 18 or not declared.isdecimal() or int(declared) > room:
        raise _too_large(site)


def _too_large(site: Site) -> InputError:
    return InputError(f"the URL at {site.host} is larger than a request may be")


def is_public(address: str) -> bool:
    """Whether an address is the public internet's own, and stands for no other one."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address) and (found.sixtofour or found.is_site_local):
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


async def look_up(host: str, port: int) -> list[str]:
    """All addresses of a host."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, eq=False)
class _Backend(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that were looked up and checked, in one go."""

    resolve: Resolve
    permitted: Callable[[str], bool]

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore2.AsyncNetworkStream:
        addresses = await self.resolve(host, port)
        if not all(self.permitted(address) for address in addresses):
            raise InputError(f"no URL is fetched from {host}: its address is not public")
        for address in addresses[:ATTEMPTS]:
            try:
                return await httpcore2.AnyIOBackend().connect_tcp(address, port, timeout)
            except httpcore2.ConnectError:
                continue
        raise httpcore2.ConnectError
