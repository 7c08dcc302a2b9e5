"""Sound carried from a source clip to the clip made of it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet

_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_BIT_RATE = 192_000
_RUN_UP = 0.1  # seconds of packets kept before the first picture: a decoder's run-up

_Timed = tuple["Packet[AudioStream]", float]  # and seconds from the first picture


@dataclass(frozen=True)
class Sound:
    """One audio track, still encoded.

    data: the packets in a NUT container, which holds nearly every codec
    start: seconds from the first picture to the first packet; below zero for a decoder's run-up
    """

    data: bytes
    start: float

    def write_to(self, output: OutputContainer, duration: float) -> None:
        """Add this as a track of `output`, `duration` seconds long; the other tracks exist already.

        AAC and MP3 are copied packet by packet, so the end is exact to one packet (about 25 ms);
        other codecs are encoded again as AAC, exact to the sample.
        """
        with av.open(io.BytesIO(self.data), "r", format="nut") as source:
            track = source.streams.audio[0]
            packets = list(self._packets(source, track, duration))
            codec = track.codec_context
            # AAC without its header in one place comes from broadcasts; .mp4 cannot hold it so.
            if codec.name == "mp3" or (codec.name == "aac" and codec.extradata):
                _copy(packets, track, output)
            else:
                _encode(packets, track, output, duration)

    def _packets(
        self, source: InputContainer, track: AudioStream, duration: float
    ) -> Iterator[_Timed]:
        """The packets that are heard, and the seconds from the first picture to each."""
        origin: float | None = None
        for packet in source.demux(track):
            if packet.pts is None:
                continue
            time = float(packet.pts * packet.time_base)
            origin = time if origin is None else origin
            start = time - origin + self.start
            if -_RUN_UP < start < duration:
                yield packet, start


def _copy(packets: Sequence[_Timed], track: AudioStream, output: OutputContainer) -> None:
    stream = output.add_stream_from_template(track)
    for packet, start in packets:
        packet.pts = packet.dts = round(start / packet.time_base)
        packet.stream = stream
        output.mux(packet)


def _encode(
    packets: Sequence[_Timed], track: AudioStream, output: OutputContainer, duration: float
) -> None:
    rate = min(_RATES, key=lambda known: abs(known - track.rate))
    layout = "mono" if track.codec_context.layout.nb_channels == 1 else "stereo"
    samples = _samples(packets, track, AudioResampler("fltp", layout, rate), duration)
    stream = output.add_stream("aac", rate=rate, bit_rate=_BIT_RATE)
    stream.layout = layout
    whole = av.AudioFrame.from_ndarray(samples, "fltp", layout)
    whole.sample_rate, whole.pts = rate, 0
    for packet in (*stream.encode(whole), *stream.encode(None)):
        output.mux(packet)


def _samples(
    packets: Sequence[_Timed], track: AudioStream, resampler: AudioResampler, duration: float
) -> np.ndarray:
    """Decoded samples, channels x N float32, from the first picture to `duration`."""
    parts: list[np.ndarray] = []
    begin = 0.0
    for frame, start in _frames(packets, track):
        begin = begin if parts else start
        parts += [part.to_ndarray() for part in resampler.resample(frame)]
    parts += [part.to_ndarray() for part in resampler.resample(None)] if parts else []
    channels = resampler.layout.nb_channels
    samples = np.zeros((channels, max(1, round(duration * resampler.rate))), np.float32)
    found = np.concatenate([samples[:, :0], *parts], axis=1)
    first = round(begin * resampler.rate)
    found = found[:, max(0, -first) :]
    room = samples[:, max(0, first) :]
    kept = min(room.shape[1], found.shape[1])
    room[:, :kept] = found[:, :kept]
    return samples


def _frames(packets: Sequence[_Timed], track: AudioStream) -> Iterator[tuple[AudioFrame, float]]:
    """Decoded frames and the seconds from the first picture to each; damaged ones are left out."""
    for packet, start in packets:
        with suppress(av.FFmpegError):
            for frame in packet.decode():
                # A decoder may swallow its run-up: then the first frame is later than its packet.
                late = 0.0
                if frame.time is not None and packet.pts is not None:
                    late = frame.time - float(packet.pts * packet.time_base)
                yield frame, start + late
    with suppress(av.FFmpegError):
        yield from ((frame, 0.0) for frame in track.codec_context.decode(None))


class Recorder:
    """Collects the packets of one audio stream while its clip is read."""

    def __init__(self, stream: AudioStream):
        self.stream = stream
        self._buffer = io.BytesIO()
        self._output = av.open(self._buffer, "w", format="nut")
        self._copy = self._output.add_stream_from_template(stream)
        self._first: float | None = None

    def add(self, packet: Packet[AudioStream]) -> None:
        """Keep one packet; those without a time and damaged ones are left out."""
        if packet.pts is None or packet.dts is None or packet.is_corrupt:
            return
        if self._first is None:
            self._first = float(packet.pts * packet.time_base)
        packet.stream = self._copy
        with suppress(av.FFmpegError):  # a time that runs backwards: the pictures matter more
            self._output.mux(packet)

    def sound(self, first_picture: float) -> Sound | None:
        """What was collected; first_picture: seconds, on the stream's clock."""
        self._output.close()
        if self._first is None:
            return None
        return Sound(self._buffer.getvalue(), self._first - first_picture)
