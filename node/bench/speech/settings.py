"""One setting of one codec, and how it is called."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Codec(StrEnum):
    """The codecs of a sweep. `FFMPEG` is Opus as FFmpeg's command line offers it, for the article's settings."""

    OPUS = "opus"
    LYRA = "lyra"
    SPEEX = "speex"
    AMR = "amr"
    CODEC2 = "codec2"
    FFMPEG = "ffmpeg"


TITLES = {
    Codec.OPUS: "Opus",
    Codec.LYRA: "Lyra V2",
    Codec.SPEEX: "Speex",
    Codec.AMR: "AMR",
    Codec.CODEC2: "Codec2",
    Codec.FFMPEG: "Opus",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """How a recording is coded: `bundle` frames of `frame_ms` share one packet.

    `bitrate` is what is asked for, in bit/s; Speex is asked for a `quality` instead. `bandwidth` is nb, mb or wb;
    `cutoff`, in Hz, is what FFmpeg takes in its place.
    """

    codec: Codec
    bandwidth: str
    frame_ms: int
    bundle: int = 1
    bitrate: int = 0
    application: str = ""
    quality: int | None = None
    cutoff: int | None = None

    @property
    def packet_ms(self) -> int:
        """Sound carried by one packet."""
        return self.frame_ms * self.bundle

    @property
    def label(self) -> str:
        """Its name for people; no two settings of a sweep share one."""
        band = f"{self.cutoff} Hz" if self.cutoff is not None else self.bandwidth.upper()
        frames = f"{self.bundle}x{self.frame_ms}" if self.bundle > 1 else f"{self.frame_ms} ms"
        return " ".join(filter(None, (TITLES[self.codec], self._asked(), band, frames, self.application)))

    def _asked(self) -> str:
        return f"q{self.quality}" if self.quality is not None else f"{self.bitrate / 1000:g}k"
