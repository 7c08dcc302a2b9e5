"""MP4, WebM and the like, through PyAV."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.codec.context import ThreadType
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vino.errors import InputError
from vino.media.arrays import on_white
from vino.media.files import CLIPS, Kind, reason
from vino.media.frames import Frames, Limits, MediaWarning
from vino.media.sound import Recorder, Sound
from vino.media.timing import DEFAULT_RATE, Schedule, Timestamps, constant_rate, within
from vino.sizes import PixelSize

_LATE = 32  # frames that may be stored before one that is shown before them
_DEMUX_ERRORS = (av.FFmpegError, IndexError)  # the latter when a track appears on the way


def read_container(
    file: IO[bytes], kind: Kind, name: str, limits: Limits, most: int | None = None
) -> Frames:
    """All frames of the first picture track at a constant rate, with the first sound track.

    most: only so many frames, as `read_clip` says.
    """
    try:
        with _open(file, kind) as container:
            video = _picture_track(container, name)
            schedule, is_cut = _schedule(container, video, name, limits, most)
        file.seek(0)
        with _open(file, kind) as container:
            video = _picture_track(container, name)
            reading = _Reading(video, schedule.frames, name, limits, is_cut)
            sound = reading.run(container)
    except InputError:
        raise
    except Exception as error:  # damaged headers make PyAV raise nearly anything
        raise _damaged(name, reason(error)) from None
    if reading.damage:
        warnings.warn(
            f"{name} {reading.damage}; the {reading.length} frames that can be decoded are used",
            MediaWarning,
            stacklevel=4,
        )
    if reading.length != schedule.frames:  # some are lost, or packets without times counted few
        size = reading.pixels.shape[2], reading.pixels.shape[1]
        found = constant_rate(reading.clock.timestamps(reading.times))
        schedule = within(found, name, size, limits, most)
    return Frames(schedule.resample(reading.pixels[: reading.length]), schedule.rate, sound)


def measure_container(
    file: IO[bytes], kind: Kind, name: str, limits: Limits, most: int | None = None
) -> PixelSize:
    """Size of the first picture track, by its packets and its first frame (which may be turned)."""
    try:
        with _open(file, kind) as container:
            video = _picture_track(container, name)
            width, height = _shown_size(video)
            schedule, _ = _schedule(container, video, name, limits, most)
        file.seek(0)
        with _open(file, kind) as container:
            first = next(container.decode(_picture_track(container, name)))
            if round(first.rotation / 90) % 2:
                width, height = height, width
    except InputError:
        raise
    except Exception as error:  # damaged headers make PyAV raise nearly anything
        raise _damaged(name, reason(error)) from None
    return PixelSize(schedule.count, height, width)


def _open(file: IO[bytes], kind: Kind) -> InputContainer:
    # The format is named and the file handed over opened, so FFmpeg opens nothing by itself.
    return av.open(file, "r", format=kind.name, metadata_errors="replace")


def _damaged(name: str, why: str) -> InputError:
    return InputError(
        f"{name} is damaged or cut off before its pictures ({why}): give an intact clip"
    )


def _picture_track(container: InputContainer, name: str) -> VideoStream:
    for stream in container.streams.video:
        if stream.disposition & Disposition.attached_pic:  # an album's cover is no clip
            continue
        if stream.codec_context is None or not stream.width or not stream.height:
            raise _damaged(name, "unknown codec or size")
        stream.thread_type = ThreadType.AUTO
        return stream
    if not len(container.streams):
        raise _damaged(name, "no tracks")
    raise InputError(f"{name} holds no pictures, only other tracks: give a clip ({CLIPS})")


def _shown_size(video: VideoStream) -> tuple[int, int]:
    """Width and height once pixels are square."""
    return max(1, round(video.width * float(video.sample_aspect_ratio or 1))), video.height


def _schedule(
    container: InputContainer, video: VideoStream, name: str, limits: Limits, most: int | None
) -> tuple[Schedule, bool]:
    """The schedule of a track by its packets, nothing decoded, and whether `most` cuts it.

    All packets that the limits allow say at what rate it plays, be it more than `most`.
    """
    size = _shown_size(video)
    times = _listed(container, video, limits.max_frames + _LATE)
    count = len(times)
    if most is None:
        limits.check_clip(name, count, *size)
    else:
        times = times[: limits.most_frames(name, *size)]
    whole = constant_rate(_Clock.of(video).timestamps(times))
    schedule = within(whole, name, size, limits, most)
    return schedule, schedule.frames < count


def _listed(container: InputContainer, video: VideoStream, most: int) -> list[float | None]:
    """Seconds of each frame by its packet, in order; one more than `most` when there are more."""
    times: set[float] = set()
    untimed = 0
    try:
        for packet in container.demux(video):
            if packet.size and not packet.is_discard:
                if packet.pts is None:
                    untimed += 1
                else:
                    times.add(float(packet.pts * packet.time_base))
            if len(times) + untimed > most:
                break
    except _DEMUX_ERRORS:
        pass  # cut off here; decoding warns of it
    return [*sorted(times), *[None] * untimed] or [None]


@dataclass(frozen=True)
class _Clock:
    """What a track says of its times.

    rates: frames per second by the file's own word. precision: seconds that times are rounded to
    """

    rates: Sequence[float]
    precision: float

    @staticmethod
    def of(video: VideoStream) -> _Clock:
        named = (video.average_rate, video.guessed_rate)
        return _Clock([float(rate) for rate in named if rate], float(video.time_base or 0))

    @property
    def rate(self) -> float:
        return next(iter(self.rates), DEFAULT_RATE)

    def timestamps(self, times: Sequence[float | None]) -> Timestamps:
        """When frames are shown; counted at the named rate if any time is unknown."""
        known = [time for time in times if time is not None]
        starts = np.maximum.accumulate(np.array(known))
        if len(known) < len(times):
            starts = np.arange(len(times)) / self.rate
        return Timestamps(starts, declared=self.rates, precision=self.precision)


@dataclass
class _Reading:
    """One pass through a container.

    pixels: T H W 3 uint8, the first `length` frames filled
    times: seconds of each frame on the container's clock; None when the file has none
    is_cut: no more than `expected` frames are wanted, and no sound
    damage: what is wrong with the file, in words; empty if nothing is
    """

    video: VideoStream
    expected: int
    name: str
    limits: Limits
    is_cut: bool = False
    length: int = 0
    pixels: np.ndarray = field(default_factory=lambda: np.empty((0, 0, 0, 3), np.uint8))
    times: list[float | None] = field(default_factory=list)
    clock: _Clock = field(init=False)
    damage: str = ""
    _decoded_size: tuple[int, int] = (0, 0)
    _end: float = 0.0

    def run(self, container: InputContainer) -> Sound | None:
        """Decode the pictures, collect the sound."""
        recorder = self._recorder(container)
        tracks = [self.video, *([recorder.stream] if recorder else [])]
        try:
            for packet in container.demux(*tracks):
                if packet.pts is not None:
                    end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                    self._end = max(self._end, end)
                if isinstance(packet.stream, VideoStream):
                    self._decode(cast("Packet[VideoStream]", packet))
                elif recorder:
                    recorder.add(cast("Packet[AudioStream]", packet))
                if self._is_done:
                    return None
        except _DEMUX_ERRORS as error:
            self.damage = f"is cut off or damaged ({reason(error)})"
        if not self.length:
            raise _damaged(self.name, "not one frame can be decoded")
        if not self.damage and self._ends_early(container):
            self.damage = "is cut off at its end"
        return recorder.sound(self.times[0] or 0.0) if recorder else None

    def __post_init__(self) -> None:
        # Copied: a stream may not be touched once its container is closed.
        self.clock = _Clock.of(self.video)

    @property
    def _is_done(self) -> bool:
        return self.is_cut and self.length == self.expected

    def _recorder(self, container: InputContainer) -> Recorder | None:
        if self.is_cut or not container.streams.audio:
            return None
        try:
            return Recorder(container.streams.audio[0])
        except (av.FFmpegError, ValueError) as error:
            warnings.warn(
                f"the sound of {self.name} cannot be kept ({reason(error)})",
                MediaWarning,
                stacklevel=6,
            )
            return None

    def _decode(self, packet: Packet[VideoStream]) -> None:
        if packet.is_corrupt:
            self.damage = "is cut off or damaged"
            return
        try:
            frames = packet.decode()
        except av.FFmpegError as error:  # one frame lost; the next may be whole
            self.damage = f"is damaged in places ({reason(error)})"
            return
        for frame in frames:
            if not self._is_done:
                self._keep(frame)

    def _keep(self, frame: VideoFrame) -> None:
        if not self.length:
            self._decoded_size = (frame.width, frame.height)
            self.limits.check_picture(self.name, *_shown_size(self.video))
        pixels = self._rgb(frame)
        height, width = pixels.shape[:2]
        if not self.length:
            self.limits.check_clip(self.name, self.expected, width, height)
            self.pixels = np.empty((self.expected, height, width, 3), np.uint8)
        if self.length == len(self.pixels):  # packets without times count too few
            self.limits.check_clip(self.name, self.length + 1, width, height)
            self.pixels = np.concatenate([self.pixels, np.empty_like(self.pixels)])
        self.pixels[self.length] = pixels
        self.times.append(frame.time)
        self.length += 1

    def _rgb(self, frame: VideoFrame) -> np.ndarray:
        """H W 3: square pixels, upright, the first frame's size, alpha on white.

        Without any of these it is FFmpeg's plain conversion, as the published code reads clips.
        """
        width, height = self._decoded_size
        shape = float(self.video.sample_aspect_ratio or 1)
        width = max(1, round(width * shape))
        alpha = any(component.is_alpha for component in frame.format.components)
        scaled = (width, height) != (frame.width, frame.height)
        pixels = frame.to_ndarray(
            format="rgba" if alpha else "rgb24",
            width=width,
            height=height,
            interpolation="BICUBIC" if scaled else None,
        )
        if alpha:
            pixels = on_white(pixels)
        return np.rot90(pixels, round(frame.rotation / 90))

    def _ends_early(self, container: InputContainer) -> bool:
        """Whether packets stop before the file says it ends."""
        begin = 0.0
        if self.video.duration and self.video.time_base:
            begin = float((self.video.start_time or 0) * self.video.time_base)
            declared = float(self.video.duration * self.video.time_base)
        elif container.duration:
            begin = (container.start_time or 0) / av.time_base
            declared = container.duration / av.time_base
        else:
            return False
        return self._end < begin + declared - 2.5 / self.clock.rate - 0.05
