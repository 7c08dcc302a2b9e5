import errno
import os
import struct
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from vino.errors import InputError
from vino.media import Frames, check_output, read_clip, read_picture, saving

from .making import counting, moving, numbers


@pytest.mark.parametrize("ending", ["png", "PNG", "webp", "gif"])
def test_pictures_without_loss(tmp_path, ending):
    picture = Frames(moving(1, 33, 47))
    path = picture.save(tmp_path / f"a.{ending}")
    assert path == tmp_path / f"a.{ending}"
    assert np.array_equal(read_picture(path).pixels, picture.pixels)


@pytest.mark.parametrize(("ending", "worst"), [("jpg", 3), ("jpeg", 3), ("mp4", 3)])
def test_pictures_with_loss(tmp_path, ending, worst):
    pixels = np.full((1, 32, 32, 3), (200, 100, 50), np.uint8)
    path = Frames(pixels).save(str(tmp_path / f"a.{ending}"))
    made = read_clip(path) if ending == "mp4" else read_picture(path)
    assert np.abs(made.pixels.astype(int) - pixels).max() <= worst


@pytest.mark.parametrize("ending", ["mp4", "gif", "webp"])
@pytest.mark.parametrize("fps", [8, 24, 24000 / 1001, 30])
def test_clips_keep_frames_and_rate(tmp_path, ending, fps):
    made = read_clip(Frames(counting(17), fps).save(tmp_path / f"a.{ending}"))
    assert numbers(made) == list(range(17))
    assert made.fps == pytest.approx(fps, rel=1e-9 if ending == "mp4" else 0.002)


@pytest.mark.parametrize("ending", ["mp4", "gif", "webp"])
def test_a_pause_in_a_clip_is_kept(tmp_path, ending):
    order = [0, 1, 2, 2, 2, 2, 3, 4, 5, 5, 6]
    made = read_clip(Frames(counting(7)[order], 12.0).save(tmp_path / f"a.{ending}"))
    assert (numbers(made), made.fps) == (order, 12.0)


def test_mp4_is_what_players_expect(tmp_path):
    path = Frames(moving(10), 24.0).save(tmp_path / "a.mp4")
    with av.open(str(path)) as source:
        video = source.streams.video[0]
        assert video.codec_context.name == "h264" and video.pix_fmt == "yuv420p"
        assert (video.average_rate, video.frames) == (24, 10)
        frame = next(source.decode(video=0))
        assert (frame.colorspace, frame.color_range) == (1, 1)  # BT.709, limited
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # the index comes first


def test_mp4_makes_odd_sides_even(tmp_path):
    pixels = np.zeros((3, 33, 47, 3), np.uint8)
    pixels[:, :, 24:] = 255
    made = read_clip(Frames(pixels).save(tmp_path / "a.mp4")).pixels
    assert made.shape == (3, 34, 48, 3)
    assert np.abs(made[:, :33, :47].astype(int) - pixels).max() < 60
    assert (made[:, -1, :20] < 20).all() and (made[:, :, -1] > 235).all()
    assert read_clip(Frames(pixels[:, :1, :1]).save(tmp_path / "b.mp4")).size.width == 2


def test_mp4_colors_are_not_shifted(tmp_path):
    rng = np.random.default_rng(0)
    colors = rng.integers(0, 256, (1, 8, 8, 3), dtype=np.uint8)
    blocks = np.kron(colors, np.ones((1, 8, 8, 1), np.uint8))
    made = read_clip(Frames(blocks).save(tmp_path / "a.mp4", quality=100)).pixels
    assert np.abs(made.astype(int) - blocks)[:, 3::8, 3::8].max() <= 4


def test_quality(tmp_path):
    rng = np.random.default_rng(0)
    smooth = rng.integers(0, 256, (9, 6, 6, 3), dtype=np.uint8).repeat(16, 1).repeat(16, 2)
    for ending in ("jpg", "webp", "mp4"):
        frames = Frames(smooth[:1] if ending == "jpg" else smooth)
        sizes = [
            frames.save(tmp_path / f"a.{ending}", quality=q).stat().st_size for q in (5, 50, 100)
        ]
        assert sizes == sorted(sizes) and sizes[0] < sizes[2]
    for quality in (0, 101, -5):
        with pytest.raises(InputError, match="quality"):
            frames.save(tmp_path / "b.mp4", quality=quality)


def test_animations_loop(tmp_path):
    for ending in ("gif", "webp"):
        with Image.open(Frames(moving(4)).save(tmp_path / f"a.{ending}")) as image:
            assert image.info["loop"] == 0 and image.n_frames == 4


def test_gif_palette_is_chosen_for_the_clip(tmp_path):
    ramp = np.zeros((4, 64, 64, 3), np.uint8)
    ramp[..., 0] = np.arange(64) * 4
    ramp[..., 2] = np.arange(4)[:, None, None] * 60
    clip = Frames(ramp, 10.0)
    made = read_clip(clip.save(tmp_path / "a.gif"))
    assert np.abs(made.pixels.astype(int) - ramp).mean() < 3


def test_gif_of_a_fast_clip_leaves_frames_out(tmp_path):
    made = read_clip(Frames(counting(30), 100.0).save(tmp_path / "a.gif"))
    assert (numbers(made), made.fps) == (list(range(0, 30, 2)), 50.0)


def test_views_are_saved(tmp_path):
    pixels = np.rot90(moving(5), axes=(1, 2))[:, ::2]
    for ending in ("mp4", "gif", "webp"):
        assert read_clip(Frames(pixels).save(tmp_path / f"a.{ending}")).size.frames == 5


@pytest.mark.parametrize("ending", ["png", "jpg", "jpeg", "JPG"])
def test_a_clip_is_no_picture(tmp_path, ending):
    with pytest.raises(InputError, match=r"\.mp4, \.gif or \.webp"):
        Frames(moving(2)).save(tmp_path / f"a.{ending}")


@pytest.mark.parametrize("name", ["a", "a.bmp", "a.txt", "a.", ".png", "a.mp4.part"])
def test_unknown_endings(tmp_path, name):
    with pytest.raises(InputError, match="ending"):
        Frames(moving(1)).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_missing_folders_are_made(tmp_path):
    path = tmp_path / "x" / "y" / "a.png"
    check_output(path, is_clip=False)
    assert not path.parent.exists()
    assert Frames(moving(1)).save(path).is_file()


def test_relative_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Frames(moving(1)).save("a.png") == Path("a.png")
    assert Frames(moving(2)).save("out/ä b.mp4").is_file()


def test_places_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder.png").mkdir()
    for path, words in (
        (tmp_path / "folder.png", "is a folder"),
        (tmp_path / "file" / "a.png", "is not a folder"),
        (tmp_path / ("x" * 300 + ".png"), "too long"),
        (tmp_path / "a\0b.png", "cannot be written"),
    ):
        with pytest.raises(InputError, match=words):
            Frames(moving(1)).save(path)
        with pytest.raises(InputError, match=words):
            Frames(moving(1)).save(path.with_suffix(".mp4") if words == "too long" else path)


def test_existing_files_are_replaced_and_links_kept(tmp_path):
    real, link = tmp_path / "real.png", tmp_path / "link.png"
    real.write_text("old")
    link.symlink_to(real)
    Frames(moving(1)).save(link)
    assert link.is_symlink()
    assert read_picture(real).size.width == 64


@pytest.mark.skipif(os.name != "posix", reason="file modes of POSIX")
def test_files_get_the_usual_permissions(tmp_path):
    old = os.umask(0o027)
    try:
        path = Frames(moving(1)).save(tmp_path / "a.png")
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o640


class Stop(Exception):
    pass


@pytest.mark.parametrize("ending", ["png", "gif", "webp", "mp4"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, Stop])
def test_nothing_half_written_stays(tmp_path, monkeypatch, ending, error):
    """Interrupted after some bytes: the old file is as it was, no other is there."""
    path = tmp_path / f"a.{ending}"
    path.write_bytes(b"old")

    def interrupted(frames, temporary, *rest):
        temporary.write_bytes(b"half")
        raise error

    monkeypatch.setattr(saving, "_write_mp4", interrupted)
    monkeypatch.setattr(saving, "_write_image", interrupted)
    with pytest.raises(error):
        Frames(moving(1)).save(path)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"old"


def test_interrupted_in_the_middle_of_a_clip(tmp_path, monkeypatch):
    real, calls = saving._yuv, []

    def interrupted(*args):
        calls.append(1)
        if len(calls) > 5:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(saving, "_yuv", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Frames(moving(20)).save(tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())


FAILURES = [
    (errno.ENOSPC, "disk is full"),
    (errno.EACCES, "no permission"),
    (errno.EROFS, "no permission"),
    (errno.EIO, "cannot be written"),
]


@pytest.mark.parametrize(("code", "words"), FAILURES)
@pytest.mark.parametrize("ending", ["png", "gif"])
def test_errors_of_the_system(tmp_path, monkeypatch, ending, code, words):
    def fail(self, data):
        self.touch()
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(InputError, match=words):
        Frames(moving(1)).save(tmp_path / f"a.{ending}")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_while_a_clip_is_written(tmp_path):
    """A limit on file size makes the system refuse to write on, as a full disk does."""
    resource = pytest.importorskip("resource")
    signal = pytest.importorskip("signal")
    rng = np.random.default_rng(0)
    clip = Frames(rng.integers(0, 256, (12, 64, 64, 3), dtype=np.uint8))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        for ending in ("mp4", "webp"):
            with pytest.raises(InputError, match="cannot be written"):
                clip.save(tmp_path / f"a.{ending}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert not list(tmp_path.iterdir())


def test_sizes_a_format_cannot_hold(tmp_path):
    wide = np.zeros((1, 1, 17_000, 3), np.uint8)
    with pytest.raises(InputError, match=r"a\.webp cannot be written"):
        Frames(wide).save(tmp_path / "a.webp")
    with pytest.raises(InputError, match=r"a\.mp4 cannot be written"):
        Frames(wide).save(tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())


def test_png_says_its_size_first(tmp_path):
    data = Frames(moving(1, 3, 5)).save(tmp_path / "a.png").read_bytes()
    assert struct.unpack(">II", data[16:24]) == (5, 3)


def test_the_same_clip_gives_the_same_file_every_time(tmp_path):
    """Encoders with racing threads do not; a recipe promises the same file again."""
    pixels = np.random.default_rng(0).integers(0, 255, (9, 64, 64, 3), dtype=np.uint8)
    files = {Frames(pixels).save(tmp_path / f"{i}.mp4").read_bytes() for i in range(12)}
    assert len(files) == 1
