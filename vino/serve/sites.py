"""The list of hosts that media may be fetched from, and addresses on it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from vino.errors import InputError

PORTS = {"https": 443, "http": 80}
LONGEST = 2_048  # characters of an address
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|[0-9a-f:.]+")


@dataclass(frozen=True)
class Site:
    """Where media may be fetched: a scheme, a host and a port."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: SplitResult) -> "Site":
        """The site of a URL; ValueError for an impossible port."""
        port = PORTS.get(url.scheme, 0) if url.port is None else url.port
        return cls(url.scheme, url.hostname or "", port)

    @classmethod
    def parse(cls, text: str) -> "Site":
        """HOST or HOST:PORT, which is https, or http://HOST; InputError for anything else."""
        wrong = InputError(f"{text!r} is no host: give HOST, HOST:PORT or http://HOST")
        try:
            url = urlsplit(text if "://" in text else f"https://{text}")
            site = cls.of(url)
        except ValueError:
            raise wrong from None
        rest = url.path.removeprefix("/") + url.query + url.fragment
        if rest or "@" in url.netloc or site.scheme not in PORTS or not _HOST.fullmatch(site.host):
            raise wrong
        return site

    @property
    def name(self) -> str:
        """The host, with a port that is not the scheme's own, as the Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS.get(self.scheme) else f"{host}:{self.port}"


def listed(url: str, sites: Sequence[Site]) -> tuple[Site, str]:
    """The site and the target (path and query) of a URL; InputError unless it is on the list."""
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>'):
        raise InputError(f"a URL has at most {LONGEST:,} plain characters, the others escaped")
    try:
        parts = urlsplit(url)
        site = Site.of(parts)
    except ValueError:
        raise InputError("a URL is damaged") from None
    if "@" in parts.netloc:
        raise InputError("a URL must not hold a name or password")
    if site not in sites:
        shown = site.name if len(site.name) <= 60 else f"{site.name[:59]}…"
        raise InputError(f'no URL is fetched from "{shown}": it is not on the list of this server')
    return site, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def moved(url: str, location: str) -> str:
    """Where a redirect leads; InputError when that is no URL."""
    try:
        return urljoin(url, location)
    except ValueError:
        raise InputError("a URL is damaged") from None
