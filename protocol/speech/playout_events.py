"""The pieces of sound that playout hands to the sound clock, and its counters."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from protocol.speech.high_band import Gains

__all__ = ["Cause", "Conceal", "Play", "PlayoutEvent", "Silence", "Statistics"]


class Cause(StrEnum):
    """Why there is nothing to play."""

    LOST = "lost"  # later frames are here, this one is not
    UNDERRUN = "underrun"  # nothing is here: lost or late, which is not known yet


@dataclass(frozen=True, slots=True)
class Play:
    """Decode and play `frame`, an Opus packet of one frame.

    `timestamp` is unwrapped, in 48 kHz samples. `speed` is 0.8 to 1.25: the sound is to last its own time
    divided by it, at its own pitch; a player may do so in steps of a pitch period or two, as long as it comes out
    even. `wait_ms` is the time since the packet that brought the frame arrived. `gains` are those of the high band,
    if it brought any (see `protocol.speech.high_band`).
    """

    frame: bytes
    timestamp: int
    speed: float
    wait_ms: float
    gains: Gains | None = None


@dataclass(frozen=True, slots=True)
class Conceal:
    """Let the decoder make up `ms` of sound: a multiple of 2.5.

    `following` is the frame that comes next, if that is known: it may hold what was lost (Opus's in-band FEC).
    """

    ms: float
    cause: Cause
    following: bytes | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """Play `ms` of silence: the peer is silent, or has not begun."""

    ms: float


PlayoutEvent: TypeAlias = Play | Conceal | Silence


@dataclass(slots=True)
class Statistics:
    """Counted since the start.

    Packets: `packets_received` (without `duplicates`), `lost` by gaps in the sequence, `late` ones that came when
    one of their frames had been concealed; `restarts` of the stream. `recovered` counts frames whose packet had not
    come when a copy of them did, in time to be played.
    Sound: `underruns`, times that speech stalled, which is concealment in excess of what was lost, with
    `stall_ms_max` for the longest; `concealed_ms`; `quiet_ms` of silence since the first frame; `dropped_ms`,
    skipped to catch up.
    Now: `target_ms`, `jitter_ms` (RFC 3550).
    """

    packets_received: int = 0
    duplicates: int = 0
    lost: int = 0
    late: int = 0
    restarts: int = 0
    recovered: int = 0
    underruns: int = 0
    concealed_ms: float = 0.0
    quiet_ms: float = 0.0
    dropped_ms: float = 0.0
    stall_ms_max: float = 0.0
    target_ms: float = 0.0
    jitter_ms: float = 0.0
