"""The settings of a sweep: how a recording is coded, how people call that, and which settings make sense."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

# Where headers cost the least: the longest packet of Opus, and already a delay that is felt.
PACKET_MS = 120

# Below its first bitrate a bandwidth only sounds rough; above its last a wider one sounds better.
OPUS_BITRATES = {
    "nb": (6_000, 7_000, 8_000, 9_000, 10_000, 12_000),
    "mb": (7_000, 8_000, 9_000, 10_000, 12_000),
    "wb": (8_000, 9_000, 10_000, 12_000, 14_000, 16_000, 20_000, 24_000),
}

# Frames of so many ms, and so many of them in a packet. The others are tried for one bitrate of each bandwidth.
OPUS_FRAMES = ((60, 2), (60, 1), (20, 1))
OTHER_FRAMES = ((120, 1), (40, 3), (20, 6), (20, 3), (40, 1))

# The high band costs most in short packets.
HIGH_BAND_FRAMES = ((60, 2), (60, 1))

# Wideband for decoders that enhance it, which does the most for low bitrates.
ENHANCED = {(60, 2): (8_000, 9_000, 10_000, 12_000, 16_000), (20, 6): (8_000, 12_000)}

TYPICAL = {"nb": 8_000, "mb": 9_000, "wb": 12_000}
LYRA_BITRATES = (3_200, 6_000, 9_200)
SPEEX_QUALITIES = range(1, 7)
AMR_BITRATES = {
    "nb": (4_750, 5_150, 5_900, 6_700, 7_400, 7_950, 10_200, 12_200),
    "wb": (6_600, 8_850, 12_650, 15_850),
}
FRAME_MS = 20

# Bits and ms of a frame of Codec2, by mode.
CODEC2_FRAMES = {3200: (64, 20), 2400: (48, 20), 1600: (64, 40), 1400: (56, 40), 1300: (52, 40), 1200: (48, 40)}


class SpeechCodec(StrEnum):
    """The codecs of a sweep. `FFMPEG` is Opus as FFmpeg's command line offers it, for the article's settings."""

    OPUS = "opus"
    LYRA = "lyra"
    SPEEX = "speex"
    AMR = "amr"
    CODEC2 = "codec2"
    FFMPEG = "ffmpeg"


TITLES = {
    SpeechCodec.OPUS: "Opus",
    SpeechCodec.LYRA: "Lyra V2",
    SpeechCodec.SPEEX: "Speex",
    SpeechCodec.AMR: "AMR",
    SpeechCodec.CODEC2: "Codec2",
    SpeechCodec.FFMPEG: "Opus",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """How a recording is coded: `bundle` frames of `frame_ms` share one packet.

    `bitrate` is what the codec is asked for, in bit/s; Speex is asked for a `quality` instead. `bandwidth` is nb, mb or
    wb; `cutoff`, in Hz, is what FFmpeg takes in its place. With `high_band`, narrowband is filled up to 8 kHz.
    `enhanced` is decoded by a libopus that enhances wideband.
    """

    codec: SpeechCodec
    bandwidth: str
    frame_ms: int
    bundle: int = 1
    bitrate: int = 0
    application: str = ""
    quality: int | None = None
    cutoff: int | None = None
    high_band: bool = False
    enhanced: bool = False

    @property
    def packet_ms(self) -> int:
        """How much sound a packet carries."""
        return self.frame_ms * self.bundle

    @property
    def label(self) -> str:
        """The name for people; no two settings of a sweep share one."""
        band = f"{self.cutoff} Hz" if self.cutoff is not None else self.bandwidth.upper()
        frames = f"{self.bundle}x{self.frame_ms}" if self.bundle > 1 else f"{self.frame_ms} ms"
        high = "+ band" if self.high_band else "+ OSCE" if self.enhanced else ""
        return " ".join(filter(None, (TITLES[self.codec], self._rate(), band, high, frames, self.application)))

    def _rate(self) -> str:
        return f"q{self.quality}" if self.quality is not None else f"{self.bitrate / 1000:g}k"


def grid() -> Iterator[Setting]:
    """Yield every sensible setting of every codec, those not installed included."""
    yield from _opus()
    bundle = PACKET_MS // FRAME_MS
    for bitrate in LYRA_BITRATES:
        yield Setting(SpeechCodec.LYRA, "wb", FRAME_MS, bundle, bitrate)
    for band, quality in product(("nb", "wb"), SPEEX_QUALITIES):
        yield Setting(SpeechCodec.SPEEX, band, FRAME_MS, bundle, quality=quality)
    for band, bitrates in AMR_BITRATES.items():
        for bitrate in bitrates:
            yield Setting(SpeechCodec.AMR, band, FRAME_MS, bundle, bitrate)
    for mode, (_, milliseconds) in CODEC2_FRAMES.items():
        yield Setting(SpeechCodec.CODEC2, "nb", milliseconds, PACKET_MS // milliseconds, mode)


def _opus() -> Iterator[Setting]:
    pairs = [(band, bitrate) for band, bitrates in OPUS_BITRATES.items() for bitrate in bitrates]
    for (frame_ms, bundle), (band, bitrate) in product(OPUS_FRAMES, pairs):
        yield Setting(SpeechCodec.OPUS, band, frame_ms, bundle, bitrate, "voip")
    for (frame_ms, bundle), bitrate in product(HIGH_BAND_FRAMES, OPUS_BITRATES["nb"]):
        yield Setting(SpeechCodec.OPUS, "nb", frame_ms, bundle, bitrate, "voip", high_band=True)
    for (frame_ms, bundle), bitrates in ENHANCED.items():
        for bitrate in bitrates:
            yield Setting(SpeechCodec.OPUS, "wb", frame_ms, bundle, bitrate, "voip", enhanced=True)
    for band, bitrate in pairs:
        yield Setting(SpeechCodec.OPUS, band, 60, 2, bitrate, "audio")
    for (frame_ms, bundle), (band, bitrate) in product(OTHER_FRAMES, TYPICAL.items()):
        yield Setting(SpeechCodec.OPUS, band, frame_ms, bundle, bitrate, "voip")
