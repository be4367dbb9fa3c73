"""The speech ends of a node, put together from its parts: what is said, what says it, and what plays the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from node.common.peer_faults import PeerFaults
from node.parts import Parts
from node.talk import Ears
from node.tally import Tally

if TYPE_CHECKING:
    from node.speech.ends import Said
    from node.speech.talker import Talker


def said(parts: Parts, tally: Tally) -> Said | None:
    """The node's source, whose level is measured; None for a node that says nothing."""
    if parts.source is None:
        return None
    from node.speech.ends import Said

    return Said(parts.source, tally.said)


def talker(source: Said | None, parts: Parts, all_take_lyra: Callable[[], bool]) -> Talker | None:
    """What makes packets of the source: of Opus, or of Lyra while all who listen take it."""
    if source is None:
        return None
    from node.speech.coding import SpeechEncoder
    from node.speech.talker import Talker

    encoder = None if parts.lyra is None else SpeechEncoder(parts.profile, parts.lyra, all_take_lyra)
    return Talker(source, parts.profile, encoder)


def ears(
    parts: Parts,
    tally: Tally,
    round_trip_seconds: Callable[[str], float],
    clock: Callable[[], float],
    faults: PeerFaults,
) -> Ears | None:
    """What plays the peers; None for a node without a loudspeaker."""
    if parts.sink is None:
        return None
    from node.speech.ends import Heard
    from node.speech.opus import Encoder

    sink = Heard(parts.sink, tally.heard)
    lookahead_ms = Encoder(parts.profile).lookahead_ms
    folder = parts.lyra.folder if parts.lyra is not None else None
    return Ears(sink, lookahead_ms, round_trip_seconds, tally.speech_in, clock, folder, faults)
