import numpy as np
import pytest

from vino.media import Frames, read_clip

from .making import counting, heard, lag, moving, write_clip


def test_aac_is_copied(tmp_path):
    source = write_clip(tmp_path / "a.mp4", moving(48), sound="aac")
    clip = read_clip(source)
    assert clip.sound is not None
    made = Frames(255 - clip.pixels, clip.fps, clip.sound).save(tmp_path / "b.mp4")
    before, after = heard(source), heard(made)
    assert after[0] == before[0]
    assert np.array_equal(after[1], before[1])


SOURCES = [
    ("webm", "libvpx-vp9", "libopus", 48_000),
    ("mov", "libx264", "pcm_s16le", 22_050),
    ("mkv", "libx264", "flac", 96_000),
    ("mp4", "libx264", "libmp3lame", 44_100),
    ("ts", "libx264", "aac", 44_100),
    ("avi", "mpeg4", "pcm_s16le", 8_000),
]


@pytest.mark.parametrize(("ending", "codec", "sound", "rate"), SOURCES)
def test_sound_stays_in_time(tmp_path, ending, codec, sound, rate):
    source = write_clip(
        tmp_path / f"a.{ending}", counting(48)[:, :16, :16], codec=codec, sound=sound,
        sound_rate=rate,
    )  # fmt: skip
    clip = read_clip(source)
    made = clip.save(tmp_path / "b.mp4")
    assert abs(lag(made)) < 0.002
    assert len(heard(made)[1]) / 48_000 == pytest.approx(2.0, abs=0.06)
    assert (read_clip(made).size, read_clip(made).fps) == (clip.size, 24.0)


@pytest.mark.parametrize(("ending", "sound"), [("mp4", "aac"), ("mkv", "libopus")])
def test_sound_is_trimmed_to_the_clip(tmp_path, ending, sound):
    source = write_clip(tmp_path / f"a.{ending}", moving(48), sound=sound)
    clip = read_clip(source)
    made = Frames(clip.pixels[:17], clip.fps, clip.sound).save(tmp_path / "b.mp4")
    assert 17 / 24 <= len(heard(made)[1]) / 48_000 <= 17 / 24 + 0.05
    assert abs(lag(made)) < 0.002


def test_sound_survives_a_second_edit(tmp_path):
    path = write_clip(tmp_path / "a.mp4", moving(24), sound="aac")
    first = read_clip(path).save(tmp_path / "b.mp4")
    second = read_clip(first).save(tmp_path / "c.mp4")
    assert np.array_equal(heard(path)[1], heard(second)[1])


def test_sound_shorter_than_the_clip(tmp_path):
    source = write_clip(tmp_path / "a.mov", moving(12), sound="pcm_s16le")
    sound = read_clip(source).sound
    made = Frames(moving(48), 24.0, sound).save(tmp_path / "b.mp4")
    assert read_clip(made).size.frames == 48


def test_formats_without_sound_drop_it(tmp_path):
    clip = read_clip(write_clip(tmp_path / "a.mp4", moving(12), sound="aac"))
    for ending in ("gif", "webp"):
        assert read_clip(clip.save(tmp_path / f"b.{ending}")).sound is None


def test_sound_cut_off_with_its_clip(tmp_path):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (24, 64, 64, 3), dtype=np.uint8)
    path = write_clip(tmp_path / "a.mkv", pixels, sound="aac")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.warns(UserWarning, match="cut off"):
        clip = read_clip(path)
    clip.save(tmp_path / "b.mp4")
