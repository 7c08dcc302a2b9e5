"""Bad files: one line that names the file, and never a crash."""

import os
import random
import subprocess
import sys
import time
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from vino.errors import InputError
from vino.media import (
    Frames,
    Limits,
    is_clip_file,
    read_clip,
    read_picture,
    read_recipe,
)

from .making import chunk, moving, png, write_clip

READERS = [read_picture, read_clip, read_recipe]
NOISE = random.Random(0).randbytes(3000)

BAD = {
    "empty.png": (b"", "is empty"),
    "text.png": (b"hello, I am a text", "holds text"),
    "unicode.jpg": ("grüße €".encode() * 100, "holds text"),
    "random.png": (b"\xf0" + NOISE, "is not a picture or clip"),
    "noise.png": (b"\x89PNG\r\n\x1a\n" + NOISE, "damaged|metadata"),
    "noise.webp": (b"RIFF\x10\0\0\0WEBP" + NOISE, "damaged|metadata"),
    "noise.gif": (b"GIF89a" + NOISE, "damaged|metadata|limit|does not say"),
    "playlist.mp4": (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "holds text"),
    "script.png": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "holds text"),
    "photo.heic": (b"\0\0\0\x18ftypheic" + bytes(100), "HEIC"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("read", READERS)
def test_bad_files(tmp_path, name, read):
    data, words = BAD[name]
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError, match=words) as caught:
        read(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("read", [*READERS, is_clip_file])
def test_files_that_are_not_there(tmp_path, read):
    for path, words in (
        (tmp_path / "missing.png", "does not exist"),
        (tmp_path, "is a folder"),
        (tmp_path / "a\0b.png", "cannot be opened"),
        (tmp_path / ("x" * 300 + ".png"), "cannot be opened"),
    ):
        with pytest.raises(InputError, match=words):
            read(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_special_files_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path / "pipe.png", "/dev/null"):
        with pytest.raises(InputError, match="regular file"):
            read_picture(path)


def test_files_one_may_not_read(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    Image.new("RGB", (4, 4)).save(path)
    path.chmod(0)

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("vino.media.files.open", refuse, raising=False)  # root may read anything
    with pytest.raises(InputError, match="no permission"):
        read_picture(path)


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "gif", "tif", "bmp", "avif"])
def test_truncated_pictures(tmp_path, ending):
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    path = tmp_path / f"a.{ending}"
    image.save(path)
    data = path.read_bytes()
    for part in (0.2, 0.5, 0.9):
        path.write_bytes(data[: int(len(data) * part)])
        with pytest.raises(InputError, match="damaged or cut off"):
            read_picture(path)


def test_a_clip_is_no_picture(tmp_path):
    path = write_clip(tmp_path / "a.mp4", moving(3))
    with pytest.raises(InputError, match="is a clip"):
        read_picture(path)


def test_clips_without_their_index_or_any_frame(tmp_path):
    path = write_clip(tmp_path / "a.mp4", moving(24))
    data = path.read_bytes()
    for part in (0.05, 0.3, data.index(b"mdat") / len(data)):
        path.write_bytes(data[: int(len(data) * part) + 8])
        with pytest.raises(InputError, match="damaged or cut off"):
            read_clip(path)


def test_enormous_pictures_are_refused_before_decoding(tmp_path):
    Image.init()
    (tmp_path / "a.png").write_bytes(png(60_000, 60_000))
    header = b"GIF89a" + (65_535).to_bytes(2, "little") * 2 + b"\0\0\0" + b","
    (tmp_path / "a.gif").write_bytes(header + bytes(4) + b"\xff" * 4 + b"\0\x08" + bytes(50))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, size in (("a.png", "60000x60000"), ("a.gif", "65535x65535")):
            for read in (read_picture, read_clip) if name == "a.gif" else (read_picture,):
                begin = time.perf_counter()
                with pytest.raises(InputError, match=size):
                    read(tmp_path / name)
                assert time.perf_counter() - begin < 0.2


def test_a_raised_limit_meets_no_other(tmp_path):
    """Pillow's own limit, about 89 million pixels, neither warns nor refuses."""
    (tmp_path / "a.png").write_bytes(png(20_000, 10_000))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match="damaged or cut off"):  # no pixels in it
            read_picture(tmp_path / "a.png", Limits(max_pixels=10**9))


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_bombs_in_metadata(tmp_path, kind):
    bomb = zlib.compress(bytes(40_000_000))
    head = {b"zTXt": b"k\0\0", b"iTXt": b"vino-recipe\0\1\0\0\0", b"iCCP": b"k\0\0"}[kind]
    extra = chunk(kind, head + bomb)
    (tmp_path / "a.png").write_bytes(png(1, 1, rows=b"\0\1\2\3", extra=extra))
    for read in (read_picture, read_recipe):
        begin = time.perf_counter()
        with pytest.raises(InputError, match="too large"):
            read(tmp_path / "a.png")
        assert time.perf_counter() - begin < 0.5


def test_large_files_are_refused_unread(tmp_path):
    path = tmp_path / "a.png"
    with path.open("wb") as file:
        file.truncate(Limits().max_bytes + 1)  # sparse
    with pytest.raises(InputError, match="bytes; the limit"):
        read_picture(path)


def test_nothing_is_printed(tmp_path):
    """Libraries keep quiet on damaged files; FFmpeg writes to the file descriptor itself."""
    clip = write_clip(tmp_path / "a.mp4", moving(24), sound="aac")
    clip.write_bytes(clip.read_bytes()[:-1500])
    (tmp_path / "a.tif").write_bytes(b"II*\0" + NOISE)
    (tmp_path / "a.gif").write_bytes(b"GIF89a" + NOISE)
    code = """
import sys, warnings
from vino.errors import InputError
from vino.media import read_clip, read_picture, MediaWarning
warnings.simplefilter("ignore", MediaWarning)
for name in ("a.mp4", "a.tif", "a.gif"):
    for read in (read_clip, read_picture):
        try:
            read(name)
        except InputError:
            pass
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p) or "."},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_damaged_files_are_read_or_refused(tmp_path):
    """A few hundred random injuries: frames or an InputError of one line, nothing else."""
    rng = random.Random(0)
    picture, clip = Frames(moving(1), recipe={"a": 1}), Frames(moving(6), recipe={"a": 1})
    paths = [picture.save(tmp_path / f"a.{e}") for e in ("png", "jpg")]
    paths += [clip.save(tmp_path / f"b.{e}") for e in ("gif", "webp", "mp4")]
    paths += [
        write_clip(tmp_path / "c.webm", moving(6), codec="libvpx-vp9", sound="libopus"),
        write_clip(tmp_path / "d.ts", moving(6), sound="aac"),
    ]
    originals = [(path.suffix, path.read_bytes()) for path in paths]
    limits = Limits(max_pixels=1_000_000, max_frames=100)
    for _ in range(300):
        ending, original = rng.choice(originals)
        data = bytearray(original)
        for _ in range(rng.choice((1, 3, 10))):
            place = rng.randrange(min(len(data), rng.choice((64, 500, 1 << 30))))
            data[place : place + 4] = rng.choice((b"\xff" * 4, bytes(4), rng.randbytes(1)))
        path = tmp_path / f"x{ending}"
        path.write_bytes(data)
        for read in (*READERS, is_clip_file):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    read(path, limits)
                except InputError as error:
                    assert "\n" not in str(error)
