"""The contract with aiortc and aioice behind reports and consent: what is reached for exists and has its effect."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aioice import stun
from aiortc import RTCRtpReceiver, RTCRtpSender
from aiortc.rtp import RtcpByePacket, RtcpPacket, RtcpReceiverInfo, RtcpRrPacket, RtcpSenderInfo, RtcpSrPacket
from happenings import Happenings
from linked import End, connected

from node.links import rtcp_hooks
from node.links.ice_hooks import ice_transports
from node.links.wire_meter import IPV4_HEADER, UDP_HEADER, udp_kind
from protocol.rtp.consent import EXPIRES_S, PATIENCE_S, RFC_PERIOD_S, TRUSTED_PERIOD_S
from protocol.signalling.floor_words import FloorWord, Word, encode

HOLDS = encode(FloorWord(Word.HOLD, 1, 0xFFFF))
REPORT = 20 + 8 + 4 + 24 + 24 + 16 + 4 + 10  # IP, UDP, SR: header with SSRC, sender, one block; SDES; SRTCP index, tag


@pytest.mark.parametrize("end", [RTCRtpSender, RTCRtpReceiver])
def test_both_ends_send_and_take_reports_through_one_method(end: type) -> None:
    assert callable(vars(end)["_send_rtcp"])
    assert callable(vars(end)["_handle_rtcp_packet"])


async def test_ice_has_what_the_consent_check_needs() -> None:
    async with connected() as (a, _):
        for ice in ice_transports(a.link.connection):
            gatherer = ice._connection
            assert asyncio.iscoroutinefunction(gatherer.query_consent)
            assert gatherer._query_consent_task is not None
            assert [pair.protocol.transactions for pair in gatherer._nominated.values()] == [{}]


def sender_report() -> list[Any]:
    info = RtcpSenderInfo(ntp_timestamp=1 << 32, rtp_timestamp=7, packet_count=1, octet_count=1)
    return [RtcpSrPacket(ssrc=1, sender_info=info)]


async def a_report(a: End, b: End) -> list[Any]:
    """What leaves when aiortc's two loops at one end ask at the same time."""
    left: list[Any] = []
    sender, receiver = (getattr(a.link.connection.getTransceivers()[0], end) for end in ("sender", "receiver"))
    send = sender.transport._send_rtp

    async def seen(data: bytes) -> None:
        left.append(RtcpPacket.parse(data))
        await send(data)

    vars(sender.transport)["_send_rtp"] = seen
    block = RtcpReceiverInfo(b.link.connection.getTransceivers()[0].sender._ssrc, 0, 0, 5, 0, 0, 0)
    await receiver._send_rtcp(RtcpRrPacket(ssrc=1, reports=[block]))
    await sender._send_rtcp(sender_report())
    vars(sender.transport)["_send_rtp"] = send
    return left


async def test_what_was_sent_and_received_is_told_in_one_packet() -> None:
    async with connected() as (a, b):
        a.link.reporting._reported_at = a.link.reporting._answered_at = float("-inf")
        await a_report(a, b)
        a.link.reporting._reported_at = float("-inf")
        (packets,) = await a_report(a, b)
        assert [type(packet) for packet in packets] == [RtcpSrPacket]
        assert len(packets[0].reports) == 1
        assert packets[0].sender_info.ntp_timestamp > 1 << 63  # now, and not when the last packet left


async def test_reports_that_are_not_due_do_not_leave_and_every_goodbye_does() -> None:
    async with connected() as (a, b):
        await a_report(a, b)
        sender = a.link.connection.getTransceivers()[0].sender
        before = a.meter.sent["rtcp"].packets
        for _ in range(50):
            await sender._send_rtcp(sender_report())
        assert a.meter.sent["rtcp"].packets == before
        await sender._send_rtcp([RtcpByePacket(sources=[2])])
        assert a.meter.sent["rtcp"].packets == before + 1
        await b.hears(a, b"still here")


async def test_the_peer_answers_with_loss_and_a_round_trip() -> None:
    heard = Happenings()  # of Report
    a, b = End(), End()
    a.link._on_report = heard.add
    async with connected(a, b):
        a.link.reporting.eager = True
        measured = a.link.round_trips.seconds
        for number in range(5):
            await b.hears(a, b"speech %d" % number, number * 5760)
        await heard.until(lambda all: len([report for report in all if report.round_trip_s is not None]) >= 2)
        assert all(0 <= (report.round_trip_s or 0) < 1 for report in heard.all)
        assert sum(report.lost for report in heard.all) == 0
        assert a.link.round_trips.seconds != measured


async def test_a_full_report_costs_what_is_counted_on() -> None:
    reports = Happenings()

    def observer(direction: str, data: bytes) -> bool:
        if direction == "sent" and udp_kind(data) == "rtcp":
            reports.add(len(data) + UDP_HEADER + IPV4_HEADER)
        return True

    async with connected(End(observer=observer), End()) as (a, b):
        a.link.reporting.eager = True
        await b.hears(a, b"speech")
        await a.hears(b, b"speech")
        assert max(await reports.count(3)) == REPORT


async def test_consent_is_asked_for_when_its_keeper_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Happenings()

    async def keep(ask: Callable[[], Awaitable[bool]]) -> None:
        for _ in range(2):
            answers.add(await ask())
        await asyncio.Event().wait()

    monkeypatch.setattr(rtcp_hooks, "keep_consent", keep)
    async with connected() as (a, b):
        assert await answers.count(4) == [True] * 4
        await b.hears(a, b"still here")


async def test_an_answer_that_never_comes_is_waited_for_longer_than_aioice_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rtcp_hooks, "PATIENCE_S", 0.01)
    assert stun.RETRY_RTO == 0.5
    async with connected() as (a, _):
        (ice,) = ice_transports(a.link.connection)
        gatherer = ice._connection
        (pair,) = gatherer._nominated.values()
        monkeypatch.setattr(pair.protocol, "send_stun", lambda *_message: None)
        assert not await rtcp_hooks._ask_for_consent(gatherer)
        assert pair.protocol.transactions == {}


async def test_without_consent_the_connection_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    async def keep(_ask: object) -> None:
        await asyncio.sleep(0.1)

    monkeypatch.setattr(rtcp_hooks, "keep_consent", keep)
    async with connected() as (a, _):
        await a.states.until(lambda states: states[-1] in ("closed", "failed"))


class Peer:
    """Answers as the script says: `+` at once, `-` never; then for ever as its last letter."""

    def __init__(self, answers: str) -> None:
        self.answers, self.time, self.asked = answers, 0.0, []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds

    async def ask(self) -> bool:
        self.asked.append(self.time)
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        self.time += 0.05 if answer == "+" else PATIENCE_S
        if len(self.asked) > 1000:
            raise EOFError
        return answer == "+"

    @property
    def periods(self) -> list[float]:
        return [after - before for before, after in zip([0.0, *self.asked], self.asked, strict=False)]


async def kept(answers: str) -> Peer:
    peer = Peer(answers)
    try:
        await rtcp_hooks.keep_consent(peer.ask, peer.now, peer.sleep)
    except EOFError:
        peer.answers = "for ever"
    return peer


async def test_a_link_that_answers_is_asked_seldom_and_never_given_up() -> None:
    peer = await kept("+")
    assert peer.answers == "for ever"
    assert all(0.8 * TRUSTED_PERIOD_S <= period <= 1.2 * TRUSTED_PERIOD_S for period in peer.periods)
    assert max(peer.periods) - min(peer.periods) > 0.2 * TRUSTED_PERIOD_S


async def test_a_dead_link_is_given_up_after_thirty_seconds() -> None:
    peer = await kept("-")
    assert EXPIRES_S <= peer.time <= EXPIRES_S + RFC_PERIOD_S * 1.2 + PATIENCE_S
    assert len(peer.asked) >= 4


async def test_no_question_comes_sooner_than_the_rfc_allows() -> None:
    for seed in range(20):
        answers = "".join(random.Random(seed).choice("++-") for _ in range(300))
        assert min((await kept(answers)).periods) >= 4.0


async def test_after_a_miss_questions_come_often_until_four_were_answered() -> None:
    peer = await kept("+-++++++++")
    seldom = [period > 1.2 * RFC_PERIOD_S for period in peer.periods]
    assert seldom[:9] == [True, True, False, False, False, False, True, True, True]


async def test_words_of_a_program_reach_the_other_one_and_nothing_else_changes() -> None:
    async with connected() as (a, b):
        heard = asyncio.Queue[bytes]()
        b.link.on_words = heard.put_nowait
        before = a.meter.sent["rtcp"].bytes
        await a.link.send_words(HOLDS)
        assert a.meter.sent["rtcp"].bytes - before == 62
        assert await heard.get() == HOLDS
        await b.hears(a, b"\xfc")


async def test_words_before_the_link_is_up_are_dropped() -> None:
    end = End()
    end.link._add_speech()
    await end.link.send_words(b"words")
    await end.link.close()
