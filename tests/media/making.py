"""Files for the tests, written with Pillow and PyAV directly, not with vino."""

import struct
import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from vino.media import Frames


def moving(frames: int = 17, height: int = 48, width: int = 64) -> np.ndarray:
    """T H W 3: a red square slides over plain green, two pixels a frame."""
    pixels = np.full((frames, height, width, 3), (90, 160, 70), np.uint8)
    for i, frame in enumerate(pixels):
        frame[height // 4 : height // 2, 2 * i % width : 2 * i % width + 12] = (220, 30, 40)
    return pixels


def counting(frames: int, size: int = 32) -> np.ndarray:
    """T S S 3: frame i is plain gray of level 8 i + 4, so that frames can be told apart."""
    levels = (8 * np.arange(frames) + 4).astype(np.uint8)
    return np.broadcast_to(levels[:, None, None, None], (frames, size, size, 3)).copy()


def numbers(clip: Frames) -> list[int]:
    """Which of `counting`'s frames a clip shows."""
    return [round((float(frame.mean()) - 4) / 8) for frame in clip.pixels]


def png(
    width: int,
    height: int,
    *,
    depth: int = 8,
    color: int = 2,
    rows: bytes = b"",
    extra: bytes = b"",
) -> bytes:
    """A PNG of raw scanlines; color: 0 gray, 2 RGB, 4 gray with alpha, 6 RGBA."""
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    data = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + data + chunk(b"IEND", b"")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def tone(rate: int, seconds: float) -> np.ndarray:
    """N float32: a rising tone with pauses; its place in time can be found again."""
    t = np.arange(round(rate * seconds)) / rate
    return (np.sin(2 * np.pi * (200 + 800 * t) * t) * 0.4 * (t % 0.25 < 0.2)).astype(np.float32)


def write_clip(
    path: Path,
    pixels: np.ndarray,
    *,
    rate: int | Fraction = 24,
    codec: str = "libx264",
    times: list[float] | None = None,
    rotation: float | None = None,
    sound: str | None = None,
    sound_rate: int = 48_000,
    pixel_format: str = "yuv420p",
    stretch: Fraction | None = None,
) -> Path:
    """A container by the path's ending; times: seconds of each frame, for a variable rate."""
    with av.open(str(path), "w", container_options={"movflags": "+faststart"}) as output:
        options = {"crf": "1"} if codec == "libx264" else {}
        video = output.add_stream(codec, rate=rate, options=options)
        video.height, video.width, video.pix_fmt = *pixels.shape[1:3], pixel_format
        video.codec_context.max_b_frames = 0 if codec == "mpeg4" else 2
        if times is not None:
            video.codec_context.time_base = Fraction(1, 1000)
        if rotation is not None:
            video.set_display_rotation(rotation)
        if stretch is not None:
            video.codec_context.sample_aspect_ratio = stretch
        audio = output.add_stream(sound, rate=sound_rate) if sound else None
        if audio:
            audio.layout = "stereo"
        for i, image in enumerate(pixels):
            layout = "rgba" if image.shape[-1] == 4 else "rgb24"
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), layout)
            if times is not None:
                frame.pts, frame.time_base = round(times[i] * 1000), Fraction(1, 1000)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        if audio:
            samples = tone(sound_rate, len(pixels) / float(rate))
            frame = av.AudioFrame.from_ndarray(np.stack([samples, samples]), "fltp", "stereo")
            frame.sample_rate, frame.pts = sound_rate, 0
            resampler = av.AudioResampler(audio.codec_context.format, "stereo", sound_rate)
            for part in resampler.resample(frame):
                output.mux(audio.encode(part))
            output.mux(audio.encode(None))
    return path


def heard(path: Path, rate: int = 48_000) -> tuple[float, np.ndarray]:
    """Seconds from the first picture to the first sample, and the samples (mono, N float32)."""
    with av.open(str(path)) as source:
        frames = list(source.decode(audio=0))
        resampler = av.AudioResampler("fltp", "mono", rate)
        parts = [p.to_ndarray()[0] for f in (*frames, None) for p in resampler.resample(f)]
        start = frames[0].time
    with av.open(str(path)) as source:
        return start - next(source.decode(video=0)).time, np.concatenate(parts)


def lag(path: Path) -> float:
    """Seconds by which a clip's `tone` comes late."""
    start, samples = heard(path)
    wanted = tone(48_000, 2.0)[: len(samples)]
    size = 1 << 19
    match = np.fft.irfft(np.fft.rfft(samples, size) * np.conj(np.fft.rfft(wanted, size)))
    place = int(np.argmax(match))
    return start + (place - size if place > size // 2 else place) / 48_000
