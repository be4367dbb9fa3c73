"""Writes video files with PyAV: pictures at any times, sound without a gap, captions as a subtitle stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from node.export.subtitles import MOST_LINES, CaptionChange, Cue, caption_line, cues, unmarked
from node.speech.pcm import SAMPLE_RATE, Pcm
from node.speech.sound_files import BIT_EXACT
from protocol.speech.opus_packet import OPUS_RATE

if TYPE_CHECKING:
    from PIL import Image

    from node.export.video_frame import Tile

MILLISECONDS = Fraction(1, 1000)

# Hz. All players accept it, and AAC's delay is a third of that at 16 kHz.
SOUND_RATE = OPUS_RATE

# Units between the beginnings of two subtitles, 18 minutes in an mp4, whose file has 31 bits for them.
MOST_UNITS = 1 << 30

# What an mp4 has where no subtitle is: a text of 0 bytes, whose length precedes it.
NO_TEXT = bytes(2)

# Pictures between keyframes; at one a second or more, a player seeks within ten seconds.
KEYFRAME_EVERY = 10


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """A container's codecs, their options, and the unit of time of its subtitles."""

    container: str
    video: str
    video_options: dict[str, str]
    audio: str
    audio_bitrate: int
    subtitles: str
    subtitle_unit: Fraction
    options: dict[str, str]


MP4 = VideoFormat(
    "mp4", "libx264", {"preset": "veryfast", "crf": "20", "bf": "0"}, "aac", 64_000, "mov_text", Fraction(1, 1_000_000),
    {"movflags": "+faststart"},
)  # fmt: skip
WEBM = VideoFormat(
    "webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "crf": "24", "b": "0"}, "libopus", 32_000, "webvtt",
    MILLISECONDS, {},
)  # fmt: skip


class VideoWriter:
    """Writes one file, complete after `close`. Times are seconds since its begin, in ascending order.

    `size` is that of all pictures, in pixels, both even. A `reproducible` file has the same bytes whenever and with as
    many cores it is made. av's errors (FFmpegError) and OSError come out as they are.
    """

    def __init__(self, path: Path, kind: VideoFormat, size: tuple[int, int], reproducible: bool = False) -> None:
        import av

        self._av = av
        self._kind = kind
        options = kind.options | (BIT_EXACT if reproducible else {})
        self._container = av.open(str(path), "w", format=kind.container, container_options=options)
        self._threads = 1 if reproducible else 0
        self._video = self._add_video(size)
        self._audio = self._add_audio()
        self._subtitles = self._add_subtitles()
        self._resampler = av.AudioResampler(format=self._audio.format, layout="mono", rate=SOUND_RATE)
        self._samples = 0
        self._captioned = 0.0

    def picture(self, at: float, image: Image.Image) -> None:
        """Add an RGB picture, shown from `at` until the next."""
        frame = self._av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
        frame.pts, frame.time_base = round(at * 1000), MILLISECONDS
        self._container.mux(self._video.encode(frame))

    def sound(self, pcm: Pcm) -> None:
        """Append int16 `(samples,)` of 16 kHz."""
        frame = self._av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, self._samples, Fraction(1, SAMPLE_RATE)
        self._samples += len(pcm)
        for resampled in self._resampler.resample(frame):
            self._container.mux(self._audio.encode(resampled))

    def caption(self, cue: Cue) -> None:
        """Add a subtitle; a long one, or a long time without any, in pieces."""
        most = float(MOST_UNITS * self._kind.subtitle_unit)
        while cue.start - self._captioned > most:
            self._add_cue(Cue(self._captioned, self._captioned + most, ""))
        while cue.end - cue.start > most:
            self._add_cue(replace(cue, end=cue.start + most))
            cue = replace(cue, start=cue.start + most)
        self._add_cue(cue)

    def _add_cue(self, cue: Cue) -> None:
        unit = self._kind.subtitle_unit
        packet = self._encoded(cue) if cue.text else self._av.Packet(NO_TEXT)
        packet.stream, packet.time_base = self._subtitles, unit
        packet.pts = packet.dts = round(cue.start / unit)
        packet.duration = round((cue.end - cue.start) / unit)
        self._container.mux(packet)
        self._captioned = cue.end

    def _encoded(self, cue: Cue) -> Any:
        unit = self._kind.subtitle_unit
        shown = self._av.subtitles.subtitle.SubtitleSet.create(
            b"0,0,Default,,0,0,0,," + unmarked(cue.text).replace("\n", "\\N").encode(errors="replace"),
            start=0,
            end=round((cue.end - cue.start) / unit),
            pts=round(cue.start / unit),
        )
        return self._subtitles.codec_context.encode_subtitle(shown)

    def close(self) -> None:
        """Write what is left in the encoders, and the end of the file."""
        for resampled in self._resampler.resample(None):
            self._container.mux(self._audio.encode(resampled))
        self._container.mux(self._audio.encode(None))
        self._container.mux(self._video.encode(None))
        self._container.close()

    def abandon(self) -> None:
        """Close the file, incomplete."""
        self._container.close()

    def _add_video(self, size: tuple[int, int]) -> Any:
        stream: Any = self._container.add_stream(self._kind.video, rate=25, options=self._kind.video_options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = MILLISECONDS
        stream.gop_size = KEYFRAME_EVERY
        stream.codec_context.thread_count = self._threads
        return stream

    def _add_audio(self) -> Any:
        stream: Any = self._container.add_stream(self._kind.audio, rate=SOUND_RATE, layout="mono")
        stream.bit_rate = self._kind.audio_bitrate
        return stream

    def _add_subtitles(self) -> Any:
        stream: Any = self._container.add_stream(self._kind.subtitles)
        stream.codec_context.time_base = self._kind.subtitle_unit
        stream.codec_context.subtitle_header = ASS_HEADER
        return stream


class SubtitleTrack:
    """Writes each subtitle once its end is known."""

    def __init__(self, video: VideoWriter) -> None:
        self._video, self._since, self._text = video, 0.0, ""

    def update(self, at: float, tiles: Sequence[Tile]) -> None:
        """Show the captions of these tiles from `at` on."""
        lines = [caption_line(tile.name, tile.words) for tile in tiles if tile.present and tile.words]
        text = "\n".join(lines[-MOST_LINES:])
        if text != self._text:
            self.end(at)
            self._since, self._text = at, text

    def reach(self, at: float) -> None:
        """Do nothing: captions change with the pictures."""

    def end(self, at: float) -> None:
        """Write the subtitle that was shown until `at`."""
        for cue in cues([CaptionChange(self._since, "", self._text)], at) if self._text else ():
            self._video.caption(Cue(cue.start, cue.end, self._text))


class LineTrack:
    """Writes subtitles that are known beforehand, each once the video has come to it."""

    def __init__(self, video: VideoWriter, cues: Iterator[Cue]) -> None:
        self._video, self._cues = video, cues
        self._next = next(cues, None)

    def update(self, at: float, tiles: Sequence[Tile]) -> None:
        """Do nothing: what was said does not change with the pictures."""

    def reach(self, at: float) -> None:
        """Write the subtitles that begin by `at`."""
        while self._next is not None and self._next.start <= at:
            self._video.caption(self._next)
            self._next = next(self._cues, None)

    def end(self, at: float) -> None:
        """Write those that are left."""
        self.reach(at)


ASS_HEADER = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, \
Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, \
MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
