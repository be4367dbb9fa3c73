"""Sound files: any that FFmpeg reads, streamed as mono blocks without what is damaged in them; Ogg Opus to write."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import av
import numpy as np

from node.common import media_files
from node.speech.pcm import SAMPLE_RATE, Pcm
from protocol.errors import NodeError

if TYPE_CHECKING:
    from av import AudioFrame
    from av.frame import Frame

# Channels. FFmpeg knows the positions of so many (7.1) and mixes them; the tracks of a recorder have no position.
MOST_PLACED = 8

# The integer formats of samples, and what is full scale in them; those of floats are of full scale 1.
FULL_SCALES = {"u8": 128, "s16": 2**15, "s32": 2**31, "s64": 2**63}

# Samples a second. A header that is damaged may claim any; a second at 1 Hz would become an hour.
LOWEST_RATE, HIGHEST_RATE = 1_000, 1_000_000

# Bits a second. What was Opus of 8 kbit/s loses nothing more at this rate; of wideband Opus of 24 kbit/s the PESQ was
# 4.48 of 4.64.
OGG_BITRATE = 28_000

# FFmpeg's option for containers without random ids and without its version.
BIT_EXACT = {"fflags": "+bitexact"}


def blocks(path: Path, samples: int, rate: int = SAMPLE_RATE) -> Iterator[Pcm]:
    """Yield the file's sound as int16 `(samples,)` of `rate`, the last block filled up with silence.

    Nothing more than a block and what the decoder holds is in memory. Damaged parts are passed over, and the sound's
    format may change within the file. Raises NodeError, naming the file, if it is missing, is no media file, has no
    sound, or none that can be decoded.
    """
    try:
        with media_files.opened(path) as container:
            if not container.streams.audio:
                raise NodeError(f"{path} has no sound in it")
            frames = media_files.decoded(container, media_files.best_stream(container, "audio"))
            yield from _cut(_resampled(frames, rate), samples)
    except media_files.UnreadableError as error:
        raise NodeError(f"cannot read sound from {path}: {error}") from None


def check(path: Path) -> None:
    """Raise NodeError unless the file begins with some sound."""
    if next(blocks(path, samples=1), None) is None:
        raise NodeError(f"{path} has no sound in it")


def _resampled(frames: Iterable[Frame], rate: int) -> Iterator[Pcm]:
    """Yield the sound of the frames as mono int16 of `rate`, with another resampler whenever their form changes."""
    resampler, form = None, None
    for frame in frames:
        assert isinstance(frame, av.AudioFrame)
        if not frame.samples or not LOWEST_RATE <= frame.sample_rate <= HIGHEST_RATE:
            continue
        mixed = _mixed(frame) if frame.layout.nb_channels > MOST_PLACED else frame
        if _form(mixed) != form:
            yield from _pulled(resampler, None)
            resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
            form = _form(mixed)
        mixed.pts = None  # which may go backwards in a damaged file; what counts is the sound
        yield from _pulled(resampler, mixed)
    yield from _pulled(resampler, None)


def _mixed(frame: AudioFrame) -> AudioFrame:
    """Return the mean of all channels, as one channel of floats."""
    values = frame.to_ndarray().astype(np.float64)
    mean = values.mean(axis=0) if frame.format.is_planar else values.reshape(-1, frame.layout.nb_channels).mean(axis=1)
    kind = frame.format.packed.name
    mean = (mean - 128 * (kind == "u8")) / FULL_SCALES.get(kind, 1)
    mixed = av.AudioFrame.from_ndarray(mean.astype(np.float32)[None], format="flt", layout="mono")
    mixed.sample_rate = frame.sample_rate
    return mixed


def _form(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _pulled(resampler: Any, frame: AudioFrame | None) -> Iterator[Pcm]:
    if resampler is None:
        return
    try:
        resampled = resampler.resample(frame)
    except (av.FFmpegError, ValueError) as error:
        form = "" if frame is None else f", {frame.layout.nb_channels} channels at {frame.sample_rate} Hz"
        raise media_files.UnreadableError(f"its sound cannot be mixed down{form}") from error
    for part in resampled:
        yield part.to_ndarray().reshape(-1).astype(np.int16, copy=False)


def _cut(parts: Iterable[Pcm], samples: int) -> Iterator[Pcm]:
    """Yield the sound in blocks of one length, the last one filled up."""
    waiting = np.zeros(0, np.int16)
    for part in parts:
        waiting = np.concatenate([waiting, part])
        ready = len(waiting) // samples * samples
        yield from waiting[:ready].reshape(-1, samples)
        waiting = waiting[ready:]
    if len(waiting):
        yield np.pad(waiting, (0, samples - len(waiting)))


class OggOpus:
    """Write 16 kHz sound, piece by piece, into an open file. av's errors and OSError come out as they are.

    The same sound and `serial` (of the Ogg stream, 31 bits) make the same bytes; None draws one.
    """

    def __init__(self, file: IO[bytes], serial: int | None = None) -> None:
        options = {} if serial is None else BIT_EXACT | {"serial_offset": str(serial)}
        self._container = av.open(file, "w", format="ogg", container_options=options)
        stream: Any = self._container.add_stream(
            "libopus", rate=SAMPLE_RATE, layout="mono", options={"frame_duration": "60", "application": "audio"}
        )
        stream.bit_rate = OGG_BITRATE
        self._stream = stream
        self._samples = 0

    def sound(self, pcm: Pcm) -> None:
        """Append int16 `(samples,)`."""
        frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, self._samples, Fraction(1, SAMPLE_RATE)
        self._samples += len(pcm)
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write the end."""
        self._container.mux(self._stream.encode(None))
        self._container.close()


def ogg(pcm: Pcm) -> bytes:
    """Return 16 kHz sound, int16 `(samples,)`, as an Ogg Opus file."""
    file = io.BytesIO()
    writer = OggOpus(file)
    writer.sound(pcm)
    writer.close()
    return file.getvalue()
