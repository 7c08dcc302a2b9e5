"""A small random model, data in the official form from pictures of our own, and a local judge."""

import csv
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import tiny
from vino.evaluate.official.benchmark import shipped
from vino.evaluate.official.rubrics import IMGEDIT_TYPES, OPENVE_TYPES
from vino.evaluate.official.vlm_judge import Judge
from vino.flow.sampling import Defaults, Sampling
from vino.generate import Model
from vino.media import Frames

FAST = Sampling(steps=1, guidance=1.0, image_guidance=1.0, shift=1.0)
DEFAULTS = Defaults(
    picture=FAST, clip=FAST, picture_edit=FAST, clip_edit=FAST,
    size=(32, 32), clip_size=(32, 32), frames=5, max_frames=17, max_area=64 * 64,
    fps=8.0, reference_area=32 * 32,
)  # fmt: skip
IDENTITY = {"name": "random", "hash": "0123456789abcdef"}
GROUPS = ("background_change", "subject-add", "text_change")


@pytest.fixture(scope="session")
def model() -> Model:
    return Model(tiny.vino(), DEFAULTS, IDENTITY)


def draw(path: Path, number: int, frames: int = 1) -> None:
    """A square of a colour of its own, which slides where it moves."""
    pixels = np.full((frames, 32, 48, 3), 255 - 7 * number, np.uint8)
    for i in range(frames):
        pixels[i, 8:24, 2 * i : 16 + 2 * i] = (20 * number % 256, 90, 200)
    Frames(pixels, fps=8.0).save(path)


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Mapping[str, Path | None]:
    """Suite -> its official folder, small."""
    root = tmp_path_factory.mktemp("data")
    for name in ("opens2v", "imgedit", "gedit", "openve"):
        (root / name).mkdir()
    for number, record in enumerate(list(json.loads(shipped("opens2v.json")).values())[:3]):
        for path in record["img_paths"]:
            draw(root / "opens2v" / path, number)
    edits = {}
    for number, kind in enumerate(IMGEDIT_TYPES):
        draw(root / "imgedit" / "animal" / f"{number}.jpg", number)
        edits[str(number)] = {"id": f"animal/{number}.jpg", "prompt": "go", "edit_type": kind}
    (root / "imgedit" / "basic_edit.json").write_text(json.dumps(edits))
    (root / "gedit" / "metadata.jsonl").write_text(
        "\n".join(json.dumps(record) for record in gedit_records(root / "gedit"))
    )
    with (root / "openve" / "benchmark_videos.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["edited_type", "prompt", "original_video"])
        for number, kind in enumerate(OPENVE_TYPES):
            draw(root / "openve" / "videos" / f"{number}_{kind}.mp4", number, frames=9)
            named = f"OpenVE-Bench/videos/{number}_{kind}.mp4"
            writer.writerow([kind, f'make it "{kind}", now', named])
    return {"geneval": None, "vbench": None} | {
        name: root / name for name in ("opens2v", "imgedit", "gedit", "openve")
    }


def gedit_records(folder: Path) -> list[dict[str, Any]]:
    """Two edits of every group, with their pictures."""
    records = []
    for number, (group, language) in enumerate((g, lang) for g in GROUPS for lang in ("en", "cn")):
        draw(folder / f"{number}.png", number)
        records.append(
            {"key": f"{number:032x}", "task_type": group, "instruction": f"edit {number}",
             "instruction_language": language, "Intersection_exist": True,
             "file_name": f"{number}.png"}
        )  # fmt: skip
    return records


@dataclass
class Endpoint:
    """A judge behind a local port.

    replies: what it says, in turn, before it goes on with `always`: an answer, or (status, body);
    None is a silence. asked: the bodies of all requests. keys: their Authorization
    """

    always: Any = None
    replies: list[Any] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    port: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    def judge(self, **changes: Any) -> Judge:
        settings = {"pause": 0.01, "timeout": 5.0, "model": "local", **changes}
        return Judge(f"http://127.0.0.1:{self.port}/v1", **settings)


def answer_to(text: str) -> str:
    """A readable answer: 4 to all that the question's last lines ask for."""
    lines = [line for line in text.splitlines() if line.endswith(": N")]
    return "It is done.\n" + "\n".join(line.replace(": N", ": 4") for line in lines)


@pytest.fixture
def endpoint(monkeypatch) -> Iterator[Endpoint]:
    played = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            played.asked.append(body)
            played.keys.append(self.headers["Authorization"])
            reply = played.replies.pop(0) if played.replies else played.always
            if reply is None:
                played.closing.wait(10)
                return
            if callable(reply):
                reply = reply(body["messages"][0]["content"][0]["text"])
            status, text = reply if isinstance(reply, tuple) else (200, chat(reply))
            self.send_response(status if self.path == "/v1/chat/completions" else 404)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    def chat(answer: str) -> str:
        return json.dumps({"choices": [{"message": {"content": answer}}]})

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    played.always = answer_to
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    played.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield played
    played.closing.set()
    server.shutdown()
    server.server_close()
