import warnings
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from vino.errors import InputError
from vino.media import Frames, Limits, MediaWarning, is_clip_file, read_clip, read_size
from vino.sizes import PixelSize

from .making import counting, moving, numbers, png, write_clip

CONTAINERS = [
    ("mp4", "libx264"),
    ("mov", "libx264"),
    ("webm", "libvpx-vp9"),
    ("mkv", "libx264"),
    ("avi", "mpeg4"),
    ("ts", "libx264"),
]


@pytest.mark.parametrize(("ending", "codec"), CONTAINERS)
def test_containers(tmp_path, ending, codec):
    path = write_clip(tmp_path / f"a.{ending}", counting(20), rate=12, codec=codec)
    clip = read_clip(path)
    assert (clip.size, clip.fps, clip.sound) == (PixelSize(20, 32, 32), 12.0, None)
    assert read_size(path, is_clip=True) == clip.size
    assert numbers(clip) == list(range(20))
    assert is_clip_file(path)


def test_decoding_is_ffmpegs_plain_conversion(tmp_path):
    import av

    path = write_clip(tmp_path / "a.mp4", moving(9))
    with av.open(str(path)) as source:
        plain = [frame.to_ndarray(format="rgb24") for frame in source.decode(video=0)]
    assert np.array_equal(read_clip(path).pixels, plain)


def test_fractional_rate(tmp_path):
    path = write_clip(tmp_path / "a.mp4", counting(10), rate=Fraction(30000, 1001))
    assert read_clip(path).fps == 30000 / 1001
    path = write_clip(
        tmp_path / "a.webm", counting(10), rate=Fraction(24000, 1001), codec="libvpx-vp9"
    )
    assert read_clip(path).fps == pytest.approx(24000 / 1001, abs=0.03)


@pytest.mark.parametrize(("ending", "codec"), [("mp4", "libx264"), ("mkv", "libvpx-vp9")])
def test_variable_rate_keeps_its_timing(tmp_path, ending, codec):
    times = [0, 0.1, 0.2, 0.3, 0.7, 0.8, 0.9, 1.3]
    path = write_clip(tmp_path / f"a.{ending}", counting(8), rate=10, codec=codec, times=times)
    clip = read_clip(path)
    assert clip.fps == pytest.approx(10)
    assert numbers(clip) == [0, 1, 2, 3, 3, 3, 3, 4, 5, 6, 6, 6, 6, 7]
    assert read_size(path, is_clip=True) == clip.size


@pytest.mark.parametrize("turn", [90, -90, 180])
def test_rotation_is_applied(tmp_path, turn):
    pixels = np.zeros((3, 32, 64, 3), np.uint8)
    pixels[:, :8, :8] = 255  # top left
    upright = np.rot90(pixels, turn // 90, axes=(1, 2))  # counterclockwise, as the file says it
    clip = read_clip(write_clip(tmp_path / "a.mp4", pixels, rotation=turn))
    assert clip.pixels.shape == upright.shape
    assert np.abs(clip.pixels.astype(int) - upright).mean() < 3


def test_pixels_that_are_not_square_are_stretched(tmp_path):
    path = write_clip(tmp_path / "a.mp4", moving(3, 48, 64), stretch=Fraction(3, 2))
    assert read_clip(path).size == PixelSize(3, 48, 96)


def test_alpha_is_composited_on_white(tmp_path):
    pixels = np.zeros((2, 16, 16, 4), np.uint8)
    pixels[:, :, 8:] = (10, 20, 30, 255)
    path = write_clip(tmp_path / "a.mov", pixels, codec="qtrle", pixel_format="argb")
    clip = read_clip(path)
    assert (clip.pixels[:, :, :8] == 255).all()
    assert (clip.pixels[:, :, 8:] == (10, 20, 30)).all()


def test_a_single_frame_is_a_clip_of_one(tmp_path):
    path = write_clip(tmp_path / "a.mp4", counting(1))
    assert read_clip(path).size.frames == 1
    Image.fromarray(counting(1)[0]).save(tmp_path / "a.gif")
    assert read_clip(tmp_path / "a.gif").size.frames == 1
    assert not is_clip_file(tmp_path / "a.gif")


def animate(path, pixels, durations, **options):
    first, *others = [Image.fromarray(p) for p in pixels]
    first.save(path, save_all=True, append_images=others, duration=durations, **options)
    return path


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_animations(tmp_path, ending):
    options = {"lossless": True} if ending == "webp" else {}
    path = animate(tmp_path / f"a.{ending}", counting(6), 80, **options)
    clip = read_clip(path)
    assert (numbers(clip), clip.fps) == (list(range(6)), 12.5)
    assert is_clip_file(path)


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_animations_of_variable_rate(tmp_path, ending):
    options = {"lossless": True} if ending == "webp" else {}
    path = animate(tmp_path / f"a.{ending}", counting(5), [50, 50, 50, 200, 150], **options)
    clip = read_clip(path)
    assert (numbers(clip), clip.fps) == ([0, 1, 2, 3, 3, 3, 3, 4, 4, 4], 20.0)
    assert read_size(path, is_clip=True) == clip.size


def test_frames_too_short_to_be_meant_last_a_tenth_of_a_second(tmp_path):
    assert read_clip(animate(tmp_path / "a.gif", counting(4), 10)).fps == 10.0
    assert read_clip(animate(tmp_path / "a.webp", counting(4), 0)).fps == 10.0


def test_gif_frames_that_are_parts_are_laid_over_each_other_on_white(tmp_path):
    frames = [Image.new("RGBA", (32, 32), (0, 0, 0, 0)) for _ in range(3)]
    for i, frame in enumerate(frames):
        frame.paste((255, 0, 0, 255), (8 * i, 0, 8 * i + 8, 8))
    frames[0].save(
        tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=100, disposal=2
    )
    for i, frame in enumerate(read_clip(tmp_path / "a.gif").pixels):
        expected = np.full((32, 32, 3), 255, np.uint8)
        expected[:8, 8 * i : 8 * i + 8] = (255, 0, 0)
        assert np.array_equal(frame, expected)


def test_animations_opened_with_pillow(tmp_path):
    path = animate(tmp_path / "a.gif", counting(6), 100)
    assert numbers(read_clip(Image.open(path))) == list(range(6))


def test_arrays_and_lists():
    pixels = counting(4)
    for source in (pixels, [Image.fromarray(p) for p in pixels], list(pixels), Frames(pixels)):
        clip = read_clip(source)
        assert np.array_equal(clip.pixels, pixels) and clip.fps == 24.0
    assert np.array_equal(read_clip(pixels / 255.0).pixels, pixels)


def test_other_sources_are_refused():
    for source in (None, 5, b"abc", iter([])):
        with pytest.raises(InputError, match="cannot be read from"):
            read_clip(source)
    with pytest.raises(InputError, match="empty"):
        read_clip([])
    with pytest.raises(InputError, match="picture 2 of the clip is 4x4"):
        read_clip([np.zeros((5, 5, 3), np.uint8), np.zeros((4, 4, 3), np.uint8)])
    with pytest.raises(InputError, match="T H W 3"):
        read_clip(np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(InputError, match="NaN"):
        read_clip(np.full((2, 4, 4, 3), np.nan))


@pytest.mark.parametrize("ending", ["png", "jpg", "bmp", "avif"])
def test_still_pictures_are_refused(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    Image.new("RGB", (16, 16)).save(path)
    assert not is_clip_file(path)
    with pytest.raises(InputError, match="still picture"):
        read_clip(path)


def test_sound_alone_is_refused(tmp_path):
    import av

    with av.open(str(tmp_path / "a.mp4"), "w") as output:
        track = output.add_stream("aac", rate=48_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.float32), "fltp", "mono")
        frame.sample_rate = 48_000
        track.layout = "mono"
        output.mux(track.encode(frame))
        output.mux(track.encode(None))
    with pytest.raises(InputError, match="no pictures"):
        read_clip(tmp_path / "a.mp4")


CUT = [("mp4", "libx264"), ("webm", "libvpx-vp9"), ("avi", "mpeg4"), ("mkv", "libx264")]


@pytest.mark.parametrize(("ending", "codec"), CUT)
def test_a_clip_cut_off_at_its_end(tmp_path, ending, codec):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (24, 32, 32, 3), dtype=np.uint8)  # does not compress: long file
    path = write_clip(tmp_path / f"a.{ending}", pixels, codec=codec, rate=24)
    whole = read_clip(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    with pytest.warns(MediaWarning, match=r"cut off|damaged"):
        clip = read_clip(path)
    assert 4 <= clip.size.frames <= 20 and clip.fps == 24.0
    assert np.array_equal(clip.pixels[:4], whole.pixels[:4])


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_an_animation_cut_off_at_its_end(tmp_path, ending):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
    options = {"lossless": True} if ending == "webp" else {}
    path = animate(tmp_path / f"a.{ending}", pixels, 100, **options)
    whole = read_clip(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    assert is_clip_file(path)
    with pytest.warns(MediaWarning, match="cut off"):
        clip = read_clip(path)
    assert 6 <= clip.size.frames <= 8
    assert np.array_equal(clip.pixels, whole.pixels[: clip.size.frames])


def test_a_gif_damaged_further_on_takes_no_more_memory_than_its_whole_frames(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    path = animate(tmp_path / "a.gif", pixels, 100)
    whole, data = read_clip(path), path.read_bytes()
    end = data.rindex(b"\x21\xf9")  # of the last frame
    path.write_bytes(data[: end + 12])
    made = []
    monkeypatch.setattr(
        "vino.media.animations.np.empty", lambda *a, f=np.empty: made.append(a[0]) or f(*a)
    )
    assert read_size(path, is_clip=True) == PixelSize(5, 32, 32)
    with pytest.warns(MediaWarning, match="first 5 frames"):
        clip = read_clip(path)
    assert np.array_equal(clip.pixels, whole.pixels[:5])
    assert max(shape[0] for shape in made) == 5
    with pytest.raises(InputError, match="5 frames of 32x32"):
        read_clip(path, Limits(max_clip_pixels=4 * 32 * 32))


def test_the_hidden_picture_of_an_animated_png_does_not_play(tmp_path):
    path = animate(tmp_path / "a.png", counting(6), 80, default_image=True)
    clip = read_clip(path)
    assert (numbers(clip), clip.fps) == ([1, 2, 3, 4, 5], 12.5)
    assert numbers(read_clip(Image.open(path))) == [1, 2, 3, 4, 5]
    assert numbers(read_clip(Image.open(path).copy())) == [0]
    assert read_size(path, is_clip=True) == PixelSize(5, 32, 32)
    assert read_clip(path, Limits(max_frames=5)).size.frames == 5


def test_whole_clips_do_not_warn(tmp_path):
    paths = [
        write_clip(tmp_path / f"a.{e}", counting(20), codec=c, sound=s)
        for e, c, s in (("mp4", "libx264", "aac"), ("webm", "libvpx-vp9", "libopus"))
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in paths:
            read_clip(path)


def test_too_many_frames_are_refused_before_decoding(tmp_path, monkeypatch):
    paths = [write_clip(tmp_path / "a.mp4", counting(20)), tmp_path / "a.gif", tmp_path / "a.webp"]
    animate(paths[1], counting(20), 50)
    animate(paths[2], counting(20), 50)
    for path in paths:
        assert read_clip(path, Limits(max_frames=20)).size.frames == 20
        with pytest.raises(InputError, match="more than 19 frames, the limit"):
            read_clip(path, Limits(max_frames=19))
    with pytest.raises(InputError, match="limit"):
        read_clip(counting(20), Limits(max_frames=19))
    with pytest.raises(InputError, match="limit"):
        read_clip(list(counting(20)), Limits(max_frames=19))


def test_a_variable_rate_may_not_grow_beyond_the_limit(tmp_path):
    times = [0, 0.001, 0.002, 0.003, 3600.0]
    path = write_clip(tmp_path / "a.mp4", counting(5), times=times)
    for each in (path, animate(tmp_path / "a.gif", counting(3), [20, 20, 600_000])):
        with pytest.raises(InputError, match="limit"):
            read_clip(each)
        with pytest.raises(InputError, match="limit"):
            read_size(each, is_clip=True)


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.ts", "a.gif", "a.webp"])
def test_the_first_frames_of_a_clip_longer_than_the_limit(tmp_path, name):
    path = tmp_path / name
    if name.endswith(("gif", "webp")):
        animate(path, counting(25), 50)
    else:
        codec = "libvpx-vp9" if name.endswith("webm") else "libx264"
        write_clip(path, counting(25), rate=20, codec=codec, sound=None)
    limits = Limits(max_frames=17)
    for most, count in ((9, 9), (17, 17), (40, 17)):
        clip = read_clip(path, limits, most=most)
        assert (numbers(clip), clip.fps) == (list(range(count)), 20.0)
        assert read_size(path, is_clip=True, limits=limits, most=most) == clip.size
    assert read_clip(path, Limits(max_clip_pixels=5 * 32 * 32), most=9).size.frames == 5
    assert read_clip(path, most=40).size.frames == read_clip(path).size.frames == 25
    with pytest.raises(InputError, match="more than 17 frames"):
        read_clip(path, limits)


def test_the_first_frames_keep_the_rate_of_the_whole(tmp_path):
    times = [0, 0.1, 0.2, 0.3, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0]
    path = write_clip(tmp_path / "a.mp4", counting(11), rate=20, times=times, sound="aac")
    whole, first = read_clip(path), read_clip(path, most=7)
    assert numbers(first) == numbers(whole)[:7] == [0, 0, 1, 1, 2, 2, 3]
    assert (first.fps, first.sound) == (whole.fps, None) and whole.sound


def test_large_clips_are_refused(tmp_path):
    path = write_clip(tmp_path / "a.mp4", counting(4))
    read_clip(path, Limits(max_clip_pixels=4 * 32 * 32))
    with pytest.raises(InputError, match="4 frames of 32x32"):
        read_clip(path, Limits(max_clip_pixels=4 * 32 * 32 - 1))
    with pytest.raises(InputError, match="32x32 pixels"):
        read_clip(path, Limits(max_pixels=1000))
    with pytest.raises(InputError, match="bytes"):
        read_clip(path, Limits(max_bytes=100))


def test_is_clip_file_refuses_what_is_neither(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(InputError, match="holds text"):
        is_clip_file(tmp_path / "a.txt")
    with pytest.raises(InputError, match="does not exist"):
        is_clip_file(tmp_path / "b.mp4")
    (tmp_path / "a.png").write_bytes(png(4, 4))
    assert not is_clip_file(tmp_path / "a.png")
