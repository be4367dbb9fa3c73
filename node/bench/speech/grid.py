"""The settings that make sense: those that nobody would take are not measured."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from node.bench.speech.settings import Codec, Setting
from node.bench.speech.tool_codecs import CODEC2_FRAMES

PACKET_MS = 120
"""Where headers cost the least: the longest packet of Opus, and already a delay that is felt."""

OPUS_BITRATES = {
    "nb": (6_000, 7_000, 8_000, 9_000, 10_000, 12_000),
    "mb": (7_000, 8_000, 9_000, 10_000, 12_000),
    "wb": (8_000, 9_000, 10_000, 12_000, 14_000, 16_000, 20_000, 24_000),
}
"""Below its first bitrate a bandwidth only sounds rough; above its last a wider one sounds better."""

OPUS_FRAMES = ((60, 2), (60, 1), (20, 1))
OTHER_FRAMES = ((120, 1), (40, 3), (20, 6), (20, 3), (40, 1))
"""For one bitrate of each bandwidth: what else fits a packet."""

TYPICAL = {"nb": 8_000, "mb": 9_000, "wb": 12_000}
LYRA_BITRATES = (3_200, 6_000, 9_200)
SPEEX_QUALITIES = range(1, 7)
AMR_BITRATES = {
    "nb": (4_750, 5_150, 5_900, 6_700, 7_400, 7_950, 10_200, 12_200),
    "wb": (6_600, 8_850, 12_650, 15_850),
}
FRAME_MS = 20


def grid() -> Iterator[Setting]:
    """Yield every sensible setting of every codec, those not installed included."""
    yield from _opus()
    bundle = PACKET_MS // FRAME_MS
    for bitrate in LYRA_BITRATES:
        yield Setting(Codec.LYRA, "wb", FRAME_MS, bundle, bitrate)
    for band, quality in product(("nb", "wb"), SPEEX_QUALITIES):
        yield Setting(Codec.SPEEX, band, FRAME_MS, bundle, quality=quality)
    for band, bitrates in AMR_BITRATES.items():
        for bitrate in bitrates:
            yield Setting(Codec.AMR, band, FRAME_MS, bundle, bitrate)
    for mode, (_, milliseconds) in CODEC2_FRAMES.items():
        yield Setting(Codec.CODEC2, "nb", milliseconds, PACKET_MS // milliseconds, mode)


def _opus() -> Iterator[Setting]:
    pairs = [(band, bitrate) for band, bitrates in OPUS_BITRATES.items() for bitrate in bitrates]
    for (frame_ms, bundle), (band, bitrate) in product(OPUS_FRAMES, pairs):
        yield Setting(Codec.OPUS, band, frame_ms, bundle, bitrate, "voip")
    for band, bitrate in pairs:
        yield Setting(Codec.OPUS, band, 60, 2, bitrate, "audio")
    for (frame_ms, bundle), (band, bitrate) in product(OTHER_FRAMES, TYPICAL.items()):
        yield Setting(Codec.OPUS, band, frame_ms, bundle, bitrate, "voip")
