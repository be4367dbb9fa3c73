"""The private parts of aiortc and aioice behind what a call sends beside speech: RTCP reports and consent checks.

The rules of `node.links.aiortc_hooks` hold: `tests/node/links/test_rtcp_hooks.py` fails when that moves.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from node.links.ice_hooks import ice_transports
from protocol.rtp import app_packet
from protocol.rtp.consent import PATIENCE_S, Consent
from protocol.rtp.receiver_reports import ReportBlock
from protocol.speech.opus_packet import OPUS_RATE

if TYPE_CHECKING:
    from aiortc import RTCPeerConnection, RTCRtpTransceiver

    from protocol.rtp.receiver_reports import Report, Reporting


def install_reporting(
    transceiver: RTCRtpTransceiver,
    reporting: Reporting,
    on_report: Callable[[Report], None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Let `reporting` decide which RTCP reports leave and what they say; `on_report` gets those of the peer.

    aiortc's own loops go on as the clock that asks: every 0.5 to 1.5 seconds. Every BYE leaves. aiortc itself
    measures no round trip any more, since it does not know which of its reports left: `reporting` does.
    """
    _Reports(transceiver, reporting, on_report, clock).install()


class _Reports:
    """aiortc's sender and receiver, and between them and the wire a :class:`Reporting`."""

    def __init__(
        self,
        transceiver: RTCRtpTransceiver,
        reporting: Reporting,
        on_report: Callable[[Report], None],
        clock: Callable[[], float],
    ) -> None:
        self._sender, self._receiver = transceiver.sender, transceiver.receiver
        self._reporting, self._on_report, self._clock = reporting, on_report, clock
        self._sends = False
        self._send_of_sender = self._sender._send_rtcp
        self._send_of_receiver = self._receiver._send_rtcp
        self._sender_handles = self._sender._handle_rtcp_packet
        self._receiver_handles = self._receiver._handle_rtcp_packet

    def install(self) -> None:
        vars(self._sender).update(_send_rtcp=self._from_sender, _handle_rtcp_packet=self._to_sender)
        vars(self._receiver).update(_send_rtcp=self._from_receiver, _handle_rtcp_packet=self._to_receiver)

    async def _from_sender(self, packets: list[Any]) -> None:
        from aiortc.rtp import RtcpSrPacket

        self._sends, now = True, self._clock()
        if not isinstance(packets[0], RtcpSrPacket):
            await self._send_of_sender(packets)
        elif self._reporting.report_is_due(now):
            packets[0].reports = _written(self._reporting.blocks(now))
            self._reporting.report_sent(_stamped_now(packets[0].sender_info), now)
            await self._send_of_sender(packets)

    async def _from_receiver(self, packet: Any) -> None:
        now = self._clock()
        self._reporting.update_blocks([_read(block) for block in packet.reports], now)
        if self._reporting.answer_is_due(now) if self._sends else self._reporting.receiver_report_is_due(now):
            packet.reports = _written(self._reporting.blocks(now))
            await self._send_of_receiver(packet)

    async def _to_sender(self, packet: Any) -> None:
        await self._sender_handles(packet)
        for block in getattr(packet, "reports", ()):
            if block.ssrc == self._sender._ssrc:
                self._on_report(self._reporting.read_block(_read(block), self._clock()))

    async def _to_receiver(self, packet: Any) -> None:
        from aiortc.rtp import RtcpSrPacket

        await self._receiver_handles(packet)
        if isinstance(packet, RtcpSrPacket):
            self._reporting.sender_report_received(self._clock())


def _read(info: Any) -> ReportBlock:
    """Return the block of what aiortc calls `RtcpReceiverInfo`."""
    return ReportBlock(**{field.name: getattr(info, field.name) for field in fields(ReportBlock)})


def _written(blocks: Sequence[ReportBlock]) -> list[Any]:
    from aiortc.rtp import RtcpReceiverInfo

    return [RtcpReceiverInfo(**asdict(block)) for block in blocks]


def _stamped_now(info: Any) -> int:
    """Set a sender report's two clocks to now, and return the part of the stamp that an answer repeats.

    aiortc stamps it with the time of the last packet: in a pause, with the same time again and again.
    """
    from aiortc import clock

    now = clock.current_ntp_time()
    if info.ntp_timestamp:
        info.rtp_timestamp = (info.rtp_timestamp + ((now - info.ntp_timestamp) * OPUS_RATE >> 32)) % (1 << 32)
    info.ntp_timestamp = now
    return now >> 16 & 0xFFFF_FFFF


def tap_words(transceiver: RTCRtpTransceiver, on_words: Callable[[bytes], None]) -> None:
    """Give `on_words` what the peer's program says beside its speech; aiortc itself passes such packets over."""
    transport = transceiver.sender.transport
    handle: Callable[[bytes], Awaitable[None]] = transport._handle_rtcp_data

    async def handle_tapped(data: bytes) -> None:
        for words in app_packet.parse(data):
            on_words(words)
        await handle(data)

    vars(transport)["_handle_rtcp_data"] = handle_tapped


async def send_words(transceiver: RTCRtpTransceiver, words: bytes) -> None:
    """Say something to the peer's program. Raises ConnectionError unless the link is up."""
    await transceiver.sender.transport._send_rtp(app_packet.pack(transceiver.sender._ssrc, words))


async def keep_consent(
    ask: Callable[[], Awaitable[bool]],
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Ask, again and again, until consent has expired; `ask` returns whether it was answered."""
    consent, asked = Consent(now()), now()
    while not consent.expired(now()):
        await sleep(consent.wait_s(now(), asked))
        asked = now()
        if await ask():
            consent.answered(now())
        else:
            consent.missed()


def install_consent(connection: RTCPeerConnection, keep: Callable[[Callable[[], Awaitable[bool]]], Any]) -> None:
    """Let `keep(ask)` decide when to ask the peer for consent; when it returns, consent has expired (RFC 7675)."""
    for ice in ice_transports(connection):
        gatherer = ice._connection
        gatherer.query_consent = _consent_loop(gatherer, keep)


def _consent_loop(gatherer: Any, keep: Callable[..., Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    async def query_consent() -> None:
        await keep(lambda: _ask_for_consent(gatherer))
        gatherer._query_consent_task = None
        await gatherer.close()

    return query_consent


async def _ask_for_consent(gatherer: Any) -> bool:
    """One question, which aioice would wait half a second for: a queue before a slow link takes longer."""
    from aioice import stun

    for pair in list(gatherer._nominated.values()):
        request, key = gatherer.build_request(pair, nominate=False), gatherer.remote_password.encode()
        request.add_message_integrity(key)
        question = stun.Transaction(request, pair.remote_addr, pair.protocol, retransmissions=0, integrity_key=key)
        vars(question)["_Transaction__timeout_delay"] = PATIENCE_S
        pair.protocol.transactions[request.transaction_id] = question
        try:
            await question.run()
        except stun.TransactionError:
            return False
        finally:
            del pair.protocol.transactions[request.transaction_id]
    return True
