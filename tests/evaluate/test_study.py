"""The study, over real HTTP: blind, durable, bounded; and what the votes say."""

import http.client
import json
import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import numpy as np
import pytest

from tests.evaluate.running import line, write_run
from vino.errors import InputError
from vino.evaluate.runs import read_run
from vino.evaluate.study.blind import open_study
from vino.evaluate.study.preference import agreement, alpha, prefer, preference, text
from vino.evaluate.study.server import LARGEST_BODY, Server
from vino.evaluate.study.votes import Vote
from vino.media import Frames, read_clip, read_picture

ITEMS = 6


class Page:
    """A study that is being served, and a client of it."""

    def __init__(self, study):
        self.study = study
        self.server = Server(study)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=10)
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        return reply, content

    def item(self, rater, **asked):
        query = "&".join(f"{k}={quote(str(v))}" for k, v in {"rater": rater, **asked}.items())
        reply, content = self.ask("GET", f"/api/item?{query}")
        assert reply.status == 200, content
        return json.loads(content)

    def vote(self, rater, number, question, choice):
        body = json.dumps(
            {"rater": rater, "number": number, "question": question, "choice": choice}
        )
        reply, content = self.ask("POST", "/api/vote", body, **{"Content-Type": "application/json"})
        assert reply.status == 200, content
        return json.loads(content)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs: A's answers are dark, B's are light; one answer is a clip."""
    folder = tmp_path_factory.mktemp("runs")
    lines = [line(scene) for scene in range(ITEMS)]
    lines[3]["frames"] = 5
    return [
        read_run(write_run(folder / name, lines, level))
        for name, level in (("secret-a", 0), ("secret-b", 100))
    ]


@pytest.fixture
def page(runs, tmp_path):
    served = Page(open_study(*runs, tmp_path / "votes"))
    yield served
    served.server.shutdown()
    served.server.server_close()


def is_light(page, link):
    """Whether a link shows an answer of B."""
    _, content = page.ask("GET", link["url"])
    path = page.study.votes.path.parent / "fetched"
    path.write_bytes(content)
    pixels = read_picture(path).pixels if content[:4] != b"RIFF" else read_clip(path).pixels
    return bool(np.median(pixels) >= 100)


def test_the_page_and_its_headers(page):
    kinds = {
        "/": "text/html",
        "/style.css": "text/css",
        "/study.js": "text/javascript",
        "/icon.svg": "image/svg+xml",
    }
    for path, kind in kinds.items():
        reply, content = page.ask("GET", path)
        assert reply.status == 200 and content
        assert reply.headers["Content-Type"].startswith(kind)
        assert "default-src 'self'" in reply.headers["Content-Security-Policy"]
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert b"http://" not in content.replace(b"http://www.w3.org/2000/svg", b"")
        head, nothing = page.ask("HEAD", path)
        assert (head.headers["Content-Length"], nothing) == (str(len(content)), b"")
    html = page.ask("GET", "/")[1].decode()
    assert not re.search(r"style=|<style|<script>|onclick", html)  # the policy forbids them


def test_a_rater_votes_changes_a_vote_and_comes_back(page):
    first = page.item("Ann")
    assert (first["number"], first["done"], first["total"]) == (1, 0, ITEMS)
    assert first["item"]["prompt"].startswith("remove thing")
    assert len(first["item"]["references"]) == 1 and first["item"]["votes"] == {}
    assert page.vote("Ann", 1, "instruction", "left") == {
        "done": 0, "total": ITEMS, "complete": False,
    }  # fmt: skip
    assert page.item("Ann")["number"] == 1
    assert page.vote("Ann", 1, "looks", "same")["complete"]
    assert page.vote("Ann", 1, "looks", "right")["done"] == 1
    assert page.item("Ann")["number"] == 2
    assert page.item("Ann", number=1)["item"]["votes"] == {"instruction": "left", "looks": "right"}
    assert page.item("Bob")["number"] == 1
    assert len(page.study.votes.all()) == 2
    for number in range(2, ITEMS + 1):
        page.vote("Ann", number, "instruction", "same")
        page.vote("Ann", number, "looks", "same")
    assert page.item("Ann") == {
        "number": ITEMS + 1, "done": ITEMS, "total": ITEMS, "item": None,
    }  # fmt: skip


def test_votes_are_counted_for_the_run_that_was_seen(page):
    """Whoever always takes the lighter picture prefers B, whatever the sides."""
    lefts = []
    for rater in ("Ann", "Bob"):
        for number in range(1, ITEMS + 1):
            item = page.item(rater, number=number)["item"]
            lefts.append(is_light(page, item["left"]))
            assert is_light(page, item["right"]) != lefts[-1]
            side = "left" if lefts[-1] else "right"
            page.vote(rater, number, "looks", side)
            page.vote(rater, number, "instruction", {"left": "right", "right": "left"}[side])
    assert 0 < sum(lefts) < len(lefts)
    found = {one.question: one for one in prefer(page.study).questions}
    assert found["looks"].shares["B"][0] == found["instruction"].shares["A"][0] == 1.0
    assert found["looks"].agreement == 1.0
    assert found["looks"].left == round(np.mean(lefts), 4)


def test_nothing_tells_which_run_is_which(page):
    seen = []
    for rater in ("Ann", "Bob", "Cem"):
        for number in range(1, ITEMS + 1):
            seen.append(json.dumps(page.item(rater, number=number)))
    assert "secret" not in "".join(seen) and "edit-remove" not in "".join(seen)
    orders = {tuple(page.study.order(rater)) for rater in ("Ann", "Bob", "Cem")}
    assert len(orders) == 3
    assert page.study.order("Ann") == page.study.order("Ann")
    sides = [page.study.left(f"rater {n}", 0) for n in range(400)]
    assert 150 < sides.count("A") < 250


@pytest.mark.parametrize(("output", "length"), [("y.png", 1), ("y.mp4", 5)])
def test_metadata_is_not_shown(output, length, tmp_path):
    folders = [tmp_path / name for name in ("a", "b")]
    pixels = np.random.default_rng(0).integers(0, 255, (length, 32, 32, 3)).astype(np.uint8)
    for folder in folders:
        write_run(folder, [line(0, output=output)])
        Frames(pixels, recipe={"model": "secret"}).save(folder / output)
        assert b"secret" in (folder / output).read_bytes()
    page = Page(open_study(*map(read_run, folders), tmp_path / "votes"))
    _, content = page.ask("GET", page.item("Ann")["item"]["left"]["url"])
    assert b"secret" not in content
    if output == "y.png":
        assert content[:4] == b"\x89PNG"
    else:
        assert content.index(b"moov") < content.index(b"mdat"), "it plays while it loads"
    (tmp_path / output).write_bytes(content)
    read = read_clip if length > 1 else read_picture
    assert np.array_equal(read(tmp_path / output).pixels, read(folders[0] / output).pixels)
    page.server.shutdown()


def test_strips_become_clips_and_clips_stay_files(tmp_path, runs):
    folders = [tmp_path / name for name in ("a", "b")]
    clip = np.random.default_rng(0).integers(0, 255, (5, 32, 32, 3)).astype(np.uint8)
    for folder, output in zip(folders, ("x.png", "x.mp4"), strict=True):
        frames = 5 if output == "x.png" else 1
        write_run(folder, [line(0, output="y.png")])
        record = line(0, output=output, frames=frames)
        (folder / "results.jsonl").write_text(json.dumps(record))
        strip = np.concatenate(list(clip), axis=1)[None]
        Frames(strip if frames > 1 else clip).save(folder / output)
    page = Page(open_study(*map(read_run, folders), tmp_path / "votes"))
    item = page.item("Ann")["item"]
    strip, video = sorted((item["left"], item["right"]), key=lambda link: link["video"])
    assert (strip["video"], video["video"]) == (False, True)
    reply, content = page.ask("GET", strip["url"])
    assert reply.headers["Content-Type"] == "image/webp"
    (tmp_path / "shown.webp").write_bytes(content)
    assert read_clip(tmp_path / "shown.webp").pixels.shape == clip.shape
    reply, whole = page.ask("GET", video["url"])
    assert reply.headers["Content-Type"] == "video/mp4"
    part, content = page.ask("GET", video["url"], Range="bytes=4-7")
    assert (part.status, content) == (206, whole[4:8])
    assert part.headers["Content-Range"] == f"bytes 4-7/{len(whole)}"
    assert page.ask("GET", video["url"], Range="bytes=99999999-")[0].status == 416
    for odd in ("bytes=-5", "bytes=²-", "lines=1-2", "bytes=0-1,4-5", "bytes=" + "9" * 5000 + "-"):
        assert page.ask("GET", video["url"], Range=odd.encode())[1] == whole
    page.server.shutdown()


@pytest.mark.parametrize(
    "path",
    ["/media/", "/media/../votes.sqlite", "/media/%2e%2e/%2e%2e/etc/passwd", "/../../etc/passwd",
     "/votes.sqlite", "/media/" + "0" * 24, "//etc/passwd", "/index.html"],
)  # fmt: skip
def test_nothing_else_is_served(page, path):
    reply, content = page.ask("GET", path)
    assert (reply.status, content) == (404, b"there is nothing here\n")
    assert reply.headers["Content-Type"].startswith("text/plain")


VOTE = {"rater": "Ann", "number": 1, "question": "looks", "choice": "left"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{", "no JSON"),
        ("[1]", "no JSON object"),
        ("[" * 3000, "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (VOTE | {"rater": " "}, "rater"),
        (VOTE | {"rater": "x" * 65}, "rater"),
        (VOTE | {"rater": "a\nb"}, "rater"),
        (VOTE | {"rater": 7}, "rater"),
        (VOTE | {"number": 0}, "from 1 to 6"),
        (VOTE | {"number": 7}, "from 1 to 6"),
        (VOTE | {"number": "1e3"}, "whole number"),
        (VOTE | {"number": True}, "whole number"),
        (VOTE | {"number": -1}, "whole number"),
        (VOTE | {"question": "taste"}, "question"),
        (VOTE | {"question": ["looks"]}, "question"),
        (VOTE | {"choice": "A"}, "choice"),
        (VOTE | {"choice": {}}, "choice"),
    ],
)
def test_bad_votes_are_refused_in_one_line(page, body, words):
    body = json.dumps(body) if isinstance(body, dict) else body
    reply, content = page.ask("POST", "/api/vote", body, **{"Content-Type": "application/json"})
    assert reply.status == 400 and words in content.decode() and content.count(b"\n") == 1
    assert page.study.votes.all() == []


def test_other_bad_requests(page):
    good = json.dumps(VOTE)
    kind = {"Content-Type": "application/json"}
    assert page.ask("GET", "/api/item")[0].status == 400
    assert page.ask("GET", "/api/item?rater=Ann&number=x")[0].status == 400
    assert page.ask("GET", "/api/item?" + "a=1&" * 20)[0].status == 400
    assert page.ask("POST", "/api/vote", good)[0].status == 400  # any site could send that
    assert page.ask("POST", "/api/item", good, **kind)[0].status == 404
    assert page.ask("PUT", "/api/vote", good, **kind)[0].status == 501
    assert page.ask("POST", "/api/vote", " " * (LARGEST_BODY + 1), **kind)[0].status == 413
    length = {"Content-Length": "-5"}
    assert page.ask("POST", "/api/vote", None, **kind, **length)[0].status == 400
    assert page.ask("GET", "/", Host="evil.example:80")[0].status == 403
    assert page.ask("POST", "/api/vote", good, **kind, Host="evil.example:80")[0].status == 403
    assert page.study.votes.all() == []
    assert page.ask("GET", "/", Host=f"localhost:{page.server.server_port}")[0].status == 200


def test_it_listens_on_this_computer_alone(page, runs, tmp_path):
    assert page.server.server_address[0] == "127.0.0.1"
    with pytest.raises(InputError, match="--port"):
        Server(page.study, page.server.server_port)


def test_raters_at_the_same_time_lose_no_vote(page):
    def rate(rater):
        for number in range(1, ITEMS + 1):
            for question in ("instruction", "looks"):
                page.vote(rater, number, question, "left")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(rate, [f"rater {n}" for n in range(8)]))
    assert len(page.study.votes.all()) == 8 * ITEMS * 2


def test_a_study_goes_on_where_it_stopped(runs, tmp_path):
    first = open_study(*runs, tmp_path, seed=5, limit=4)
    first.votes.cast(Vote("Ann", 2, "looks", "A", "A"))
    again = open_study(*runs, tmp_path)
    assert [i.key for i in again.items] == [i.key for i in first.items] and len(again.items) == 4
    assert (again.seed, again.votes.of("Ann")) == (5, {2: {"looks": "A"}})
    assert again.order("Ann") == first.order("Ann")


def test_a_folder_holds_one_study(runs, tmp_path):
    open_study(*runs, tmp_path / "votes", limit=4)
    with pytest.raises(InputError, match="other answers"):
        open_study(runs[1], runs[0], tmp_path / "votes")
    with pytest.raises(InputError, match="--seed 3"):
        open_study(*runs, tmp_path / "votes", seed=3)
    with pytest.raises(InputError, match="--limit 5"):
        open_study(*runs, tmp_path / "votes", limit=5)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "votes.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(InputError, match="cannot hold votes"):
        open_study(*runs, tmp_path / "broken")


def test_missing_answers_are_named(runs, tmp_path):
    shutil.copytree(runs[0].folder, tmp_path / "a")
    (tmp_path / "a" / line(1)["output"]).unlink()
    with pytest.raises(InputError, match=r"seed0\.png is missing"):
        open_study(read_run(tmp_path / "a"), runs[1], tmp_path / "votes")
    assert not (tmp_path / "votes").exists()


def test_what_breaks_meanwhile_is_said_in_a_line(runs, tmp_path):
    shutil.copytree(runs[0].folder, tmp_path / "a")
    page = Page(open_study(read_run(tmp_path / "a"), runs[1], tmp_path / "votes"))
    items = [page.item("Ann", number=n)["item"] for n in range(1, ITEMS + 1)]
    for output in (tmp_path / "a" / "answers").iterdir():
        output.write_bytes(b"no picture")
    replies = [page.ask("GET", item[s]["url"]) for item in items for s in ("left", "right")]
    broken = [content for reply, content in replies if reply.status == 500]
    assert broken == [b"this file is missing or damaged\n"] * ITEMS
    page.study.votes.path.write_bytes(b"no database" * 1000)
    reply, content = page.ask("GET", "/api/item?rater=Ann")
    assert reply.status == 500 and content.startswith(b"the votes cannot be reached")
    page.server.shutdown()


def test_krippendorffs_alpha_of_a_published_example():
    """Three coders, fifteen units, values missing (Krippendorff 2011, nominal: 0.691)."""
    coders = ["*****34121133*3", "1*213343*******", "**21344*21133*4"]
    assert {len(c) for c in coders} == {15}
    units = [[c[i] for c in coders if c[i] != "*"] for i in range(15)]
    assert alpha(units) == pytest.approx(0.691, abs=5e-4)


def test_agreement_by_hand():
    assert agreement([["A", "A", "B"], ["same", "same"], ["A"]]) == 0.5
    assert agreement([["A"], ["B"]]) is None
    assert alpha([["A", "A"], ["A", "A"]]) is None
    assert alpha([["A", "A"], ["B", "B"]]) == 1.0


def test_intervals_know_that_votes_of_one_rater_belong_together():
    """Four raters of one mind each say no more than four votes do."""
    scenes = [str(i) for i in range(50)]
    split = [Vote(f"r{r}", i, "looks", "AB"[r % 2], "A") for r in range(4) for i in range(50)]
    mixed = [Vote(f"r{r}", i, "looks", "AB"[(r + i) % 2], "A") for r in range(4) for i in range(50)]
    one, other = (preference("looks", votes, scenes) for votes in (split, mixed))
    assert one.shares["A"][0] == other.shares["A"][0] == 0.5
    assert one.shares["A"][2] - one.shares["A"][1] > 0.7
    assert other.shares["A"][2] - other.shares["A"][1] < 0.45


def test_seeds_of_a_scene_are_drawn_together():
    votes = [Vote("r", i, "looks", "AB"[i // 25], "A") for i in range(50)]
    apart = preference("looks", votes, [str(i) for i in range(50)])
    together = preference("looks", votes, [str(i // 25) for i in range(50)])
    assert together.lead[1:] == [-1.0, 1.0]
    assert apart.lead[1] > -0.4 and apart.lead[2] < 0.4


def test_votes_that_all_agree_are_not_certain():
    """As Clopper and Pearson have it: five of five is a share of at least 0.478."""
    votes = [Vote(rater, i, "looks", "B", "A") for i in range(5) for rater in ("r", "s")]
    found = preference("looks", votes, list("abcde"))
    assert found.shares["B"] == [1.0, 0.4782, 1.0]
    assert found.shares["A"] == found.shares["same"] == [0.0, 0.0, 0.5218]
    assert found.lead == [1.0, -0.0436, 1.0]


def test_the_report_shows_ties_raters_and_agreement(runs, tmp_path):
    study = open_study(*runs, tmp_path)
    with pytest.raises(InputError, match="no votes yet"):
        prefer(study)
    for rater in ("Ann", "Bob"):
        for item, choice in enumerate(("A", "B", "B", "same", "same", "same")):
            study.votes.cast(Vote(rater, item, "looks", choice, "A"))
    shown = text(prefer(study))
    assert "raters: 2" in shown and "no difference  0.500" in shown
    assert "agreement      1.00" in shown and "secret-a" in shown
