"""The gains of the high band, 4 to 8 kHz, in a few bytes beside narrowband speech.

Every 20 ms has a gain for each of four bands: a level from 0 (nothing) to 11, 6 dB apart. A receiver fills the bands
with noise of these levels. Where they travel: `protocol.speech.opus_padding`.

The levels of one packet are coded by themselves, with integer arithmetic: those of its first 20 ms each after the band
below, all others after the same band 20 ms before, and after how the band below has changed since then (the lowest
band: after its own change before). How likely each level is then, `protocol.speech.high_band_tables` says. The
code is never changed: another one would have another extension id.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

from protocol.captions.arithmetic import Below, Coder, Decoder, Encoder, shares
from protocol.speech import opus_packet, opus_padding
from protocol.speech.high_band_tables import FIRST, NEXT
from protocol.speech.opus_packet import OpusPacket

__all__ = ["BANDS", "BLOCK_MS", "EDGES_HZ", "FLOOR_DB", "LEVELS", "MOST_CHANGE", "NOTHING", "STEP_DB", "BlockGains"]
__all__ += ["Gains", "beside", "blocks_in", "context_of", "decode", "encode", "gains_of", "join"]

BLOCK_MS = 20
# Narrowband Opus fades out from 3.8 kHz on; bands as wide as the ear's, and even ones at the top, sound no better.
EDGES_HZ = (3_900, 4_600, 5_400, 6_500, 8_000)
BANDS = len(EDGES_HZ) - 1
# Level 1 is a mean square of 16 dB above one step of 16-bit sound: -74 dBFS, below what is heard beside speech.
LEVELS = 12
STEP_DB = 6.0
FLOOR_DB = 10.0

# The levels of 20 ms, from the lowest band on, and those of some time.
BlockGains: TypeAlias = tuple[int, ...]
Gains: TypeAlias = tuple[BlockGains, ...]

NOTHING: BlockGains = (0,) * BANDS

# The configurations (RFC 6716, table 2) of narrowband: SILK's first four, CELT's first four.
_NARROWBAND = frozenset({0, 1, 2, 3, 16, 17, 18, 19})
# Changes by more than this are alike.
MOST_CHANGE = 2


def blocks_in(packet: OpusPacket) -> int:
    """Return how many blocks each frame of a packet has: none if the packet cannot be filled up."""
    blocks, rest = divmod(packet.frame_ms, BLOCK_MS)
    return int(blocks) if not rest and packet.toc >> 3 in _NARROWBAND else 0


def encode(gains: Sequence[BlockGains]) -> bytes:
    """Return the bytes of a packet's gains. Raises ValueError for a level that is none."""
    encoder = Encoder()
    _walk(encoder, gains, len(gains))
    value, bits = encoder.shortest(unit=8)
    return value.to_bytes(bits // 8)


def decode(data: bytes, blocks: int) -> Gains:
    """Return the gains of so many blocks. Any bytes are some: nothing in them tells that they are none."""
    return _walk(Decoder(data), None, blocks)


def beside(payload: bytes, gains: Sequence[BlockGains]) -> bytes:
    """Return an Opus packet with the gains of all its blocks in its padding; as it is if there is nothing to be filled.

    Raises PacketError if it is no Opus packet.
    """
    return opus_padding.add(payload, encode(gains)) if any(map(any, gains)) else payload


def join(packets: Sequence[bytes]) -> bytes:
    """Put packets into one, as `opus_packet.join` does and raises, with the gains of those that have some."""
    parts = [opus_packet.parse(packet) for packet in packets]
    gains = [(gains, blocks_in(part)) for part in parts for gains in gains_of(part)]
    blocks = [block for known, count in gains for block in known or (NOTHING,) * count]
    return beside(opus_packet.join(packets), blocks)


def gains_of(packet: OpusPacket) -> tuple[Gains | None, ...]:
    """Return the gains of each frame of a packet: None if it came without."""
    count, blocks = len(packet.frames), blocks_in(packet)
    data = opus_padding.extension(packet.padding) if packet.padding and blocks else None
    if data is None:
        return (None,) * count
    gains = decode(data, blocks * count)
    return tuple(gains[index * blocks : (index + 1) * blocks] for index in range(count))


def _walk(coder: Coder, gains: Sequence[BlockGains] | None, blocks: int) -> Gains:
    """Code all levels and return them; a decoder needs no `gains`."""
    done: list[list[int]] = []
    for time in range(blocks):
        done.append([])
        for band in range(BANDS):
            symbol = None if gains is None else gains[time][band]
            done[time].append(coder.code(_chances(context_of(done, time, band)), LEVELS, symbol))
    return tuple(map(tuple, done))


def context_of(levels: Sequence[Sequence[int]], time: int, band: int) -> tuple[int, ...]:
    """Return what a level is coded after: its band and the level below, or its band, the level before and a change.

    Only levels that come earlier are looked at.
    """
    if time == 0:
        return band, levels[0][band - 1] if band else 0
    before = levels[time - 1]
    earlier = levels[time - 2] if time > 1 else before
    change = levels[time][band - 1] - before[band - 1] if band else before[0] - earlier[0]
    return band, before[band], max(-MOST_CHANGE, min(change, MOST_CHANGE))


@cache
def _chances(context: tuple[int, ...]) -> Below:
    """Return the model of what comes in a context: its row of the tables."""
    band, level, *change = context
    digits = NEXT[band][level][change[0] + MOST_CHANGE] if change else FIRST[band][level]
    return shares(*(_WEIGHTS[int(digit, 16)] for digit in digits))


# 2 ** (10 - 2 / 3 * digit), rounded.
_WEIGHTS = (1024, 645, 406, 256, 161, 102, 64, 40, 25, 16, 10, 6, 4, 3, 2, 1)
