"""URLs: listed hosts, public addresses, one look-up, bounded answers."""

import asyncio
import socketserver
import ssl
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import httpcore2
import pytest

from tests.serve.conftest import in_base64, png
from vino.cli import main
from vino.errors import InputError
from vino.serve.config import Settings
from vino.serve.fetch import Fetcher, Link, is_public
from vino.serve.sites import Site, listed


class Pages(BaseHTTPRequestHandler):
    """Good and bad answers by path."""

    asked: list[str] = []  # noqa: RUF012

    def do_GET(self):
        self.asked.append(f"{self.headers['host']}{self.path}")
        match self.path.partition("?")[0]:
            case "/a.png":
                self.answer(png(), Content_Type="image/png")
            case "/page":
                self.answer(b"<html>", Content_Type="text/html")
            case "/packed":
                self.answer(png(), Content_Type="image/png", Content_Encoding="gzip")
            case "/large":
                self.answer(b"", Content_Type="image/png", Content_Length="999999999999")
            case "/endless":
                self.endless(b"x" * 10_000, 0)
            case "/slow":
                self.endless(b"x", 0.05)
            case "/drip":
                self.drip()
            case "/to":
                self.send_response(302)
                self.send_header("Location", self.path.partition("?")[2])
                self.end_headers()
            case _:
                self.send_error(404)

    def answer(self, body, **headers):
        self.send_response(200)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def endless(self, piece, pause):
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        try:
            while True:
                self.wfile.write(piece)
                time.sleep(pause)
        except OSError:
            pass

    def drip(self):
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for i in range(1000):
                self.wfile.write(f"X-{i}: x\r\n".encode())
                time.sleep(0.05)
        except OSError:
            pass

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def port():
    """A server on this machine, which stands for any on the internet."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Pages)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


class Names:
    """A resolver that answers in turn, and counts."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    async def __call__(self, host, port):
        self.asked.append(host)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


def fetcher(port, names=None, **settings):
    """Fetches from the host "pages" on that port; 127.0.0.1 passes for public."""
    sites = (Site("http", "pages", port), Site("http", "others", port))
    settings = Settings(allow_urls=sites, **settings)
    return Fetcher(settings, names or Names(["127.0.0.1"]), lambda a: a == "127.0.0.1")


def fetch(found, *media):
    return asyncio.run(found.fetch(media))


def test_media_come_in_their_order(port):
    names = Names(["127.0.0.1"])
    made = fetch(fetcher(port, names), b"here", Link(f"http://pages:{port}/a.png?size=1"))
    assert made == [b"here", png()] and names.asked == ["pages"]
    assert Pages.asked[-1] == f"pages:{port}/a.png?size=1"


@pytest.mark.parametrize(("path", "says"), [
    ("/none", "status 404"), ("/page", "neither"), ("/packed", "packed"), ("/large", "larger"),
    ("/endless", "larger"), ("/slow", "in 0.5 seconds"), ("/drip", "in 0.5 seconds"),
    ("/to?/to?/to?/to?/to?/a.png", "3 redirects"), ("/to?https://pages/a.png", "list"),
    ("/to?//evil.example/a.png", "list"), ("/to?file:///etc/passwd", "list"),
    ("/to?http://u:p@pages/", "password"), ("/to?http://[", "damaged"),
])  # fmt: skip
def test_bad_answers_are_refused_in_time(port, path, says):
    started = time.monotonic()
    seconds = 0.5 if "seconds" in says else 20.0
    found = fetcher(port, url_seconds=seconds, max_body=1_000_000)
    with pytest.raises(InputError, match=says) as caught:
        fetch(found, Link(f"http://pages:{port}{path}"))
    assert time.monotonic() - started < 20 and "127.0.0.1" not in str(caught.value)


def test_redirects_are_followed_on_the_list_and_checked_again(port):
    link = Link(f"http://pages:{port}/to?http://others:{port}/a.png")
    names = Names(["127.0.0.1"])
    assert fetch(fetcher(port, names), link) == [png()] and names.asked == ["pages", "others"]
    with pytest.raises(InputError, match="others: its address is not public"):
        fetch(fetcher(port, Names(["127.0.0.1"], ["10.0.0.1"])), link)


def test_a_name_that_changes_leads_nowhere_else(port):
    """The connection goes to what was checked: there is no second look-up to rebind."""
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    assert fetch(fetcher(port, names), Link(f"http://pages:{port}/a.png")) == [png()]
    assert names.asked == ["pages"]
    for answer in (["10.0.0.1"], ["127.0.0.1", "10.0.0.1"]):
        with pytest.raises(InputError, match="not public"):
            fetch(fetcher(port, Names(answer)), Link(f"http://pages:{port}/a.png"))


def test_all_of_a_request_share_its_limits(port):
    link = Link(f"http://pages:{port}/a.png")
    size = len(png())
    assert len(fetch(fetcher(port, max_body=2 * size), link, link)) == 2
    with pytest.raises(InputError, match="larger"):
        fetch(fetcher(port, max_body=2 * size - 1), link, link)
    with pytest.raises(InputError, match="64 references"):
        fetch(fetcher(port), *[link] * 65)


def test_proxies_of_the_environment_are_not_asked(port, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert fetch(fetcher(port), Link(f"http://pages:{port}/a.png")) == [png()]


def test_certificates_are_for_the_name_and_connections_to_the_address(monkeypatch):
    class Line(httpcore2.AsyncNetworkStream):
        async def start_tls(self, ssl_context, server_hostname=None, timeout=None):
            assert ssl_context.check_hostname and ssl_context.verify_mode == ssl.CERT_REQUIRED
            told.append(server_hostname)
            raise httpcore2.ConnectError

        async def aclose(self):
            pass

    async def connect(self, host, *_):
        told.append(host)
        return Line()

    told = []
    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", connect)
    site = Site.parse("pages")
    found = Fetcher(Settings(allow_urls=(site,)), Names(["127.0.0.1"]), lambda _: True)
    with pytest.raises(InputError, match="cannot be fetched"):
        fetch(found, Link("https://pages/a.png"))
    assert told == ["127.0.0.1", "pages"]


def test_nobody_there(port):
    found = fetcher(port)
    found.settings = replace(found.settings, allow_urls=(Site("http", "pages", 1),))
    with pytest.raises(InputError, match="cannot be fetched"):
        fetch(found, Link("http://pages:1/a.png"))


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "::", "::1", "fe80::1",
    "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1", "2001:db8::1",
])  # fmt: skip
def test_addresses_that_are_not_public(address):
    assert not is_public(address)


def test_public_addresses():
    assert is_public("8.8.8.8") and is_public("2606:4700:4700::1111")


def test_real_names_are_looked_up_and_refused():
    found = Fetcher(Settings(allow_urls=(Site.parse("http://localhost:1"),)))
    with pytest.raises(InputError, match="not public"):
        fetch(found, Link("http://localhost:1/a.png"))


@pytest.mark.parametrize("url", [
    "http://a.example/x", "https://a.example:444/x", "https://a.example.evil.example/x",
    "https://evil.example/a.example", "https://evil.example#a.example", "ftp://a.example/x",
    "//a.example/x", "a.example", "https://a.example\\@evil.example/", "https://a.example /x",
    "https://a.example/\r\nX: y", "https://a.exämple/x", "https://[::1", "https://a.example:x/",
    "https://a.example:99999/", "https://u@a.example/x", "https://a.example@evil.example/x",
    "https://a.example./x", "https://2130706433/", "https://" + "a" * 3000, "", "https:///x",
])  # fmt: skip
def test_what_is_not_on_the_list(url):
    with pytest.raises(InputError):
        listed(url, [Site.parse("a.example")])


def test_what_is_on_the_list():
    sites = [Site.parse(t) for t in ("a.example", "http://b.example:81/", "https://C.example")]
    assert listed("https://A.example:443", sites)[1] == "/"
    assert listed("http://b.example:81/x%20y?z=1#part", sites)[1] == "/x%20y?z=1"
    assert listed("https://c.example/?", sites)[0].name == "c.example"


@pytest.mark.parametrize("text", ["", "*.example.org", "ftp://a", "a/b", "u@a", "a b", "a:x"])
def test_no_hosts(text, capsys):
    with pytest.raises(InputError, match="give HOST"):
        Site.parse(text)


def test_a_bad_host_ends_the_command(capsys, tmp_path):
    assert main(["serve", "--allow-urls", "*.example.org", "--data", str(tmp_path)]) == 2
    assert "give HOST" in capsys.readouterr().err


def test_a_segment_by_url(start, port, caplog):
    site = Site("http", "pages", port)
    running = start(allow_urls=(site,))
    running.server.service.fetcher._backend = fetcher(port)._backend
    segment = {"type": "image", "url": f"http://pages:{port}/a.png?token=secret"}
    with caplog.at_level("INFO", "vino.serve"):
        made = running.generate(["put ", segment, " there"])
    assert made.status_code == 202 and running.over(made.json()["id"])["state"] == "done"
    assert "secret" not in str([vars(record) for record in caplog.records])
    session = running.http.post("/v1/sessions", json={"start": segment})
    assert session.status_code == 201
    body = {"prompt": "it slides", "input_reference": {"image_url": segment["url"]}}
    assert running.http.post("/v1/videos", json=body).status_code == 200
    both = segment | {"data": in_base64(png())}
    other = {"type": "image", "url": "http://127.0.0.1/a.png"}
    for bad in (both, other, {"type": "image", "url": 5}, {"type": "text", "url": "x"}):
        assert running.generate([bad, "it"]).status_code == 400


def test_a_refused_caller_makes_the_server_fetch_nothing(start, port):
    running = start(allow_urls=(Site("http", "pages", port),), max_queue=1)
    running.server.service.fetcher._backend = fetcher(port)._backend
    running.generate("slow")
    before = len(Pages.asked)
    segment = {"type": "image", "url": f"http://pages:{port}/a.png"}
    assert running.generate([segment, "it"]).status_code == 429
    assert len(Pages.asked) == before


def test_a_request_sent_again_is_its_job_and_fetches_nothing(start, port):
    running = start(allow_urls=(Site("http", "pages", port),), max_queue=1)
    running.server.service.fetcher._backend = fetcher(port)._backend
    segment = {"type": "image", "url": f"http://pages:{port}/a.png"}
    headers = {"Idempotency-Key": "one"}

    def send(**changed):
        body = {"prompt": ["slow ", segment | changed]}
        return running.http.post("/v1/generate", json=body, headers=headers)

    first, before = send().json(), len(Pages.asked)
    again = send()  # although the queue is full by now
    assert again.status_code == 202 and again.json()["id"] == first["id"]
    assert send(url=f"http://pages:{port}/b.png").status_code == 409
    assert len(Pages.asked) == before
