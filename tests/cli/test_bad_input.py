"""What cannot be used is refused in one line that names it, with exit code 2."""

import errno
import os
import random
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image as Picture

import vino.media.saving as saving

PROMPT = "a red apple"


def refused(said, *named: str) -> None:
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("vino: error: ") and said.err.count("\n") == 1
    assert "Traceback" not in said.err
    for name in named:
        assert name in said.err


def png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 64))


BAD_FILES = {
    "text.png": b"this is not a picture",
    "empty.png": b"",
    "random.png": random.Random(0).randbytes(4096),
    "random.mp4": random.Random(1).randbytes(4096),
    "huge.png": png_header(60_000, 60_000),
    "cut.png": png_header(64, 64)[:40],
}


@pytest.fixture(params=[*BAD_FILES, "missing.png", "folder.png"])
def bad(request, tmp_path) -> Path:
    path = tmp_path / request.param
    if path.name == "folder.png":
        path.mkdir()
    elif path.name in BAD_FILES:
        path.write_bytes(BAD_FILES[path.name])
    return path


def test_unusable_files_wherever_one_is_taken(vino, bad, picture):
    refused(vino("edit", bad, "make it blue"), bad.name)
    refused(vino("animate", bad, "it slides"), bad.name)
    refused(vino("generate", PROMPT, "--ref", bad), bad.name)
    refused(vino("edit", picture, "make it Image 1", "--ref", bad), bad.name)
    refused(vino("generate", "--like", bad), bad.name)
    refused(vino("rewrite", PROMPT, "--ref", bad), bad.name)
    refused(vino("batch", bad, "-o", "out"), bad.name)
    assert not Path("out").exists()


def test_a_clip_is_no_first_frame(vino, clip):
    refused(vino("animate", clip, "it slides"), "clip.mp4")


def test_a_clip_beyond_the_limit(vino, tmp_path):
    frames = [Picture.new("L", (2, 2), i % 2 * 255) for i in range(1201)]
    frames[0].save(tmp_path / "long.gif", save_all=True, append_images=frames[1:], duration=20)
    refused(vino("edit", "long.gif", "make it blue"), "long.gif", "frames")


def test_more_than_the_model_makes(vino):
    refused(vino("generate", PROMPT, "--size", "4096x4096"), "4096x4096")
    refused(vino("generate", PROMPT, "--frames", 65), "65 frames")


def test_names_of_references_that_are_not_there(vino, picture):
    refused(vino("generate", "the dog in Image 1"), "Image 1")
    refused(vino("generate", "the dog in image_2", "--ref", picture), "image_2")


def test_an_unknown_model(vino):
    refused(vino("generate", PROMPT, "--model", "no/such"), "no/such")
    refused(vino("info", "no/such"), "no/such")


@pytest.mark.parametrize(
    "name", ["a.tiff", "a", "folder/", "file/a.png", f"{'x' * 300}.png", "nul\0.png"]
)
def test_outputs_that_cannot_be_written_are_refused_before_the_work(vino, name, monkeypatch):
    Path("folder").mkdir()
    Path("file").write_text("")
    if name == "folder/":
        monkeypatch.setattr(os, "access", lambda *_: False)
    refused(vino("generate", PROMPT, "-o", name))
    assert sorted(p.name for p in Path().iterdir()) == ["file", "folder"]


def test_a_clip_does_not_fit_into_a_png(vino):
    refused(vino("generate", PROMPT, "--frames", 5, "-o", "a.png"), "a.png", ".mp4")


def test_a_full_disk(vino, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(saving.os, "replace", full)
    refused(vino("generate", PROMPT, "-o", "a.png"), "a.png", "disk is full")
    assert list(Path().iterdir()) == []


def test_an_overlong_prompt_is_not_cut(vino):
    refused(vino("generate", "dog " * 3000), "tokens")


def test_faults_ask_for_debug_and_show_no_traceback(vino, random_model, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise KeyError("inner\nworkings")

    monkeypatch.setattr(random_model, "generate", broken)
    said = vino("generate", PROMPT)
    assert said.code == 1
    assert said.err.count("\n") == 1 and "--debug" in said.err and "Traceback" not in said.err
    assert "Traceback" in vino("generate", PROMPT, "--debug").err


def test_out_of_memory_says_what_to_ask_for(vino, random_model, monkeypatch):
    def hungry(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(random_model, "generate", hungry)
    said = vino("generate", PROMPT)
    assert said.code == 1 and "--size" in said.err and said.err.count("\n") == 1
