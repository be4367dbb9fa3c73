"""Packets on their way out: counted if a peer listens, and the late ones; and the codec that is noted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from node.speech.send_stream import SpeechPacket
from node.speech.sender import SpeechSender
from node.speech.stats import SpeechOut
from protocol.rtp.red import Copy
from protocol.signalling import Hello

RTP_PER_PACKET = 5760
COPY = Copy(RTP_PER_PACKET, b"earlier")


class Script:
    """A stream of these packets."""

    def __init__(self, *packets: SpeechPacket) -> None:
        self._packets = packets

    async def __aiter__(self) -> AsyncIterator[SpeechPacket]:
        for packet in self._packets:
            yield packet


class Links:
    """Links that keep what is sent, and have a listener if the test says so."""

    def __init__(self, listens: Callable[[int], bool] = lambda number: True) -> None:
        self.sent: list[tuple[int, bytes, Sequence[Copy]]] = []
        self._listens = listens

    def send(self, timestamp: int, payload: bytes, copies: Sequence[Copy] = ()) -> bool:
        self.sent.append((timestamp, payload, copies))
        return self._listens(len(self.sent))


def sender(
    packets: Sequence[SpeechPacket],
    links: Links,
    counts: SpeechOut,
    *,
    sent: Callable[[SpeechPacket], None] = lambda packet: None,
    clock: Callable[[], float] = lambda: 0.0,
    note: Callable[[str], None] = lambda text: None,
    takes_lyra: Callable[[], bool] | None = None,
) -> SpeechSender:
    return SpeechSender(
        Script(*packets),  # type: ignore[arg-type]
        links,  # type: ignore[arg-type]
        counts,
        sent=sent,
        clock=clock,
        note=note,
        takes_lyra=takes_lyra,
    )


async def test_only_packets_that_a_peer_listens_to_are_counted_and_observed() -> None:
    packets = [
        SpeechPacket(bytes(size), number * RTP_PER_PACKET, 0.0, size > 50, 120, copies)
        for number, (size, copies) in enumerate([(100, ()), (10, (COPY,)), (60, ())])
    ]
    observed: list[SpeechPacket] = []
    links, counts = Links(lambda number: number > 1), SpeechOut()
    await sender(packets, links, counts, sent=observed.append).run()
    assert links.sent == [(packet.timestamp, packet.payload, packet.copies) for packet in packets]
    assert observed == packets[1:]
    assert counts == SpeechOut(packets=2, payload=70, voiced_packets=1, voiced_payload=60, voiced_ms=120)


@pytest.mark.parametrize(("starts", "waits", "late"), [
    ((0, 1, 2), (0, 0.059, 0.001), 0),
    ((0, 1, 2), (0, 0.06, 1), 2),
    ((0, 2, 3), (0, 0, 0), 1),
])  # fmt: skip
async def test_a_packet_that_waited_or_follows_skipped_sound_is_late(
    starts: tuple[int, ...], waits: tuple[float, ...], late: int
) -> None:
    now = iter([start * 0.12 + 0.12 + wait for start, wait in zip(starts, waits, strict=True)])
    packets = [SpeechPacket(b"speech", start * RTP_PER_PACKET, start * 0.12, True, 120) for start in starts]
    counts = SpeechOut()
    await sender(packets, Links(), counts, clock=lambda: next(now)).run()
    assert (counts.packets, counts.late) == (3, late)


def test_each_change_of_the_codec_is_noted() -> None:
    notes: list[str] = []
    lyra = [False]
    sending = sender([], Links(), SpeechOut(), note=notes.append, takes_lyra=lambda: lyra[-1])
    for all_take_it in (False, True, True):
        lyra.append(all_take_it)
        sending.joined("b", Hello(1, "Ben"))
    lyra.append(False)
    sending.left("b")
    assert notes == ["you are heard in Lyra", "you are heard in Opus: not everyone has Lyra"]


def test_a_node_without_lyra_notes_no_codec() -> None:
    notes: list[str] = []
    sender([], Links(), SpeechOut(), note=notes.append).joined("b", Hello(1, "Ben"))
    assert notes == []
