"""The speech ends of a node, put together from its parts: what is said, what says it, and what plays the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from node.call.endpoints import Endpoints
from node.call.stats import CallStats
from node.common.peer_faults import PeerFaults
from node.speech.sender import SpeechReceiver

if TYPE_CHECKING:
    from node.speech.level_meter import MeteredSource
    from node.speech.send_stream import SendStream


def said(parts: Endpoints, tally: CallStats) -> MeteredSource | None:
    """The node's source, whose level is measured; None for a node that says nothing."""
    if parts.source is None:
        return None
    from node.speech.level_meter import MeteredSource

    return MeteredSource(parts.source, tally.said)


def talker(source: MeteredSource | None, parts: Endpoints, all_take_lyra: Callable[[], bool]) -> SendStream | None:
    """What makes packets of the source: of Opus, or of Lyra while all who listen take it."""
    if source is None:
        return None
    from node.speech.codec import SpeechEncoder
    from node.speech.send_stream import SendStream

    encoder = None if parts.lyra is None else SpeechEncoder(parts.profile, parts.lyra, all_take_lyra)
    return SendStream(source, parts.profile, encoder)


def ears(
    parts: Endpoints,
    tally: CallStats,
    round_trip_seconds: Callable[[str], float],
    clock: Callable[[], float],
    faults: PeerFaults,
) -> SpeechReceiver | None:
    """What plays the peers; None for a node without a loudspeaker."""
    if parts.sink is None:
        return None
    from node.speech.level_meter import MeteredSink
    from node.speech.libopus import OpusEncoder

    sink = MeteredSink(parts.sink, tally.heard)
    lookahead_ms = OpusEncoder(parts.profile).lookahead_ms
    folder = parts.lyra.folder if parts.lyra is not None else None
    return SpeechReceiver(sink, lookahead_ms, round_trip_seconds, tally.speech_in, clock, folder, faults)
