"""The contract with aiortc and aioice: what node.links.aiortc_hooks reaches for exists and has its effect."""

from __future__ import annotations

import asyncio
import random
import socket
from typing import Any

import pytest
from aiortc import RTCPeerConnection
from aiortc.codecs import CODECS
from linked import LOOPBACK, End, connected

from node.links import aiortc_hooks, ice_hooks
from node.links.port_guard import MOST_STRANGE
from node.links.wire_meter import udp_kind
from node.speech.rates import SRTP_TAG

IP_UDP_RTP_TAG = 20 + 8 + 12 + SRTP_TAG
GARBAGE = 10_000


@pytest.fixture
async def bare() -> Any:
    """A connection of aiortc's own that no hook has touched."""
    connection = RTCPeerConnection()
    connection.addTransceiver("audio")
    yield connection
    await connection.close()


# -- the names


async def test_an_offered_line_has_a_direction_and_codecs_of_which_opus_is_kept(bare: RTCPeerConnection) -> None:
    offer = await bare.createOffer()
    taker = RTCPeerConnection()
    await taker.setRemoteDescription(offer)
    [transceiver] = taker.getTransceivers()
    assert aiortc_hooks.offered_direction(transceiver) == "sendrecv"
    assert len(transceiver._codecs) > 1
    assert aiortc_hooks.keep_only_opus(transceiver)
    assert [codec.mimeType for codec in transceiver._codecs] == ["audio/opus"]
    transceiver._codecs = []
    assert not aiortc_hooks.keep_only_opus(transceiver)
    await taker.close()


def test_the_receiver_has_the_jitter_buffer_that_the_tap_replaces(bare: RTCPeerConnection) -> None:
    receiver = bare.getTransceivers()[0].receiver
    assert callable(vars(receiver)["_RTCRtpReceiver__jitter_buffer"].add)
    aiortc_hooks.tap_packets(receiver, lambda *packet: None)
    assert isinstance(vars(receiver)["_RTCRtpReceiver__jitter_buffer"], aiortc_hooks.PacketTap)


def test_the_connection_has_the_cname_that_is_shortened(bare: RTCPeerConnection) -> None:
    assert isinstance(vars(bare)["_RTCPeerConnection__cname"], str)


def test_the_transport_has_the_srtp_profiles_among_which_one_is_chosen(bare: RTCPeerConnection) -> None:
    transceiver = bare.getTransceivers()[0]
    offered = list(transceiver.sender.transport._srtp_profiles)
    aiortc_hooks.choose_short_srtp_tag(transceiver)
    assert [profile in offered for profile in transceiver.sender.transport._srtp_profiles] == [False, True]


async def test_ice_keeps_its_sockets_where_they_are_looked_for(bare: RTCPeerConnection) -> None:
    gatherer = bare.getTransceivers()[0].sender.transport.transport._connection
    assert callable(gatherer.get_component_candidates)
    ice_hooks.choose_addresses(bare, LOOPBACK)
    await bare.setLocalDescription(await bare.createOffer())
    assert {protocol.local_candidate.host for protocol in gatherer._protocols} == {LOOPBACK}
    for protocol in gatherer._protocols:
        assert callable(protocol.transport.sendto)
        assert callable(protocol.datagram_received)


def test_the_sender_runs_with_a_codec_whose_payload_type_can_be_chosen(bare: RTCPeerConnection) -> None:
    transceiver = bare.getTransceivers()[0]
    assert callable(transceiver.sender._run_rtp)
    aiortc_hooks.choose_payload_type(transceiver, lambda opus: opus)
    assert "_run_rtp" in vars(transceiver.sender)


def test_a_payload_type_is_asked_for_each_time_and_the_rest_is_the_codecs_own() -> None:
    types = iter([63, 96])
    opus = next(codec for codec in CODECS["audio"] if codec.mimeType == "audio/opus")
    chosen = aiortc_hooks._ChosenType(opus, lambda own: next(types))
    assert (chosen.payloadType, chosen.payloadType) == (63, 96)
    assert (chosen.mimeType, chosen.clockRate) == ("audio/opus", 48_000)


def test_red_joins_the_codecs_once() -> None:
    aiortc_hooks.know_red()
    aiortc_hooks.know_red()
    assert [codec.payloadType for codec in CODECS["audio"] if codec.mimeType == "audio/red"] == [63]


async def test_before_an_agreement_there_are_no_types(bare: RTCPeerConnection) -> None:
    assert aiortc_hooks.speech_types(bare.getTransceivers()[0]) == (None, None)


async def test_both_types_are_found_where_aiortc_keeps_what_was_agreed(bare: RTCPeerConnection) -> None:
    aiortc_hooks.know_red()
    await bare.createOffer()
    assert aiortc_hooks.speech_types(bare.getTransceivers()[0]) == (96, 63)


# -- the effects


async def test_packets_come_out_of_the_tap_as_they_went_in() -> None:
    async with connected() as (a, b):
        sent = [(number * 5760, bytes([number]) * (number + 1)) for number in range(20)]
        for number, (timestamp, payload) in enumerate(sent, start=1):
            a.link.send(timestamp, payload)
            await b.packets.count(number)
        assert [payload for _, _, payload in b.packets.all] == [payload for _, payload in sent]
        first_sequence, first_timestamp, _ = b.packets.all[0]
        assert [(sequence - first_sequence) % 2**16 for sequence, _, _ in b.packets.all] == list(range(20))
        assert [(at - first_timestamp) % 2**32 for _, at, _ in b.packets.all] == [at for at, _ in sent]


async def test_a_packet_costs_its_payload_and_forty_four_bytes() -> None:
    async with connected() as (a, b):
        for size in (1, 60, 110):
            await b.hears(a, bytes(size))
        for count in (a.meter.sent["rtp"], b.meter.received["rtp"]):
            assert count.packets == 3
            assert count.bytes == 1 + 60 + 110 + 3 * IP_UDP_RTP_TAG


async def test_the_chosen_srtp_profile_is_in_force() -> None:
    async with connected() as (a, _):
        transport = a.link.connection.getTransceivers()[0].sender.transport
        assert transport._ssl.get_selected_srtp_profile() == b"SRTP_AES128_CM_SHA1_32"


async def test_a_peer_without_the_short_tag_gets_the_longer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As browsers are: the first of the two ends knows 80-bit tags alone."""
    choose, ends = aiortc_hooks.choose_short_srtp_tag, list[Any]()

    def choose_otherwise(transceiver: Any) -> None:
        choose(transceiver)
        ends.append(transceiver)
        if len(ends) == 1:
            transceiver.sender.transport._srtp_profiles.pop(0)

    monkeypatch.setattr(aiortc_hooks, "choose_short_srtp_tag", choose_otherwise)
    async with connected() as (a, b):
        transport = a.link.connection.getTransceivers()[0].sender.transport
        assert transport._ssl.get_selected_srtp_profile() == b"SRTP_AES128_CM_SHA1_80"
        await b.hears(a, b"speech")


async def test_only_the_first_packet_after_a_pause_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    add = aiortc_hooks.PacketTap.add
    monkeypatch.setattr(
        aiortc_hooks.PacketTap, "add", lambda tap, packet: (seen.append(bool(packet.marker)), add(tap, packet))[1]
    )
    async with connected() as (a, b):
        for number, timestamp in enumerate((0, 5760, 8640, 8640 + 5761, 20_000, 48_000), start=1):
            a.link.send(timestamp, bytes([number]))
            await b.packets.count(number)
    assert seen == [True, False, False, True, False, True]


async def test_reports_carry_the_short_name() -> None:
    async with connected() as (a, _):
        sender = a.link.connection.getTransceivers()[0].sender
        assert vars(sender)["_RTCRtpSender__cname"] == "p"


async def test_the_round_trip_is_measured_by_the_connectivity_checks() -> None:
    async with connected() as (a, b):
        assert a.link.round_trips.seconds is not None
        assert b.link.round_trips.seconds is not None
        assert 0 < a.link.round_trips.seconds < 5


async def test_a_datagram_that_the_observer_refuses_is_not_sent() -> None:
    refused: list[bytes] = []

    def observer(direction: str, data: bytes) -> bool:
        lost = direction == "sent" and udp_kind(data) == "rtp" and not refused
        refused.extend([data] * lost)
        return not lost

    async with connected(End(observer=observer), End()) as (a, b):
        a.link.send(0, b"lost")
        await b.hears(a, b"found", 5760)
        assert [payload for _, _, payload in b.packets.all] == [b"found"]
        assert len(refused) == 1


async def test_a_datagram_that_the_observer_refuses_is_not_received() -> None:
    def deaf(direction: str, data: bytes) -> bool:
        return not (direction == "received" and udp_kind(data) == "rtp" and len(data) == 12 + len(b"lost") + SRTP_TAG)

    async with connected(End(), End(observer=deaf)) as (a, b):
        a.link.send(0, b"lost")
        await b.hears(a, b"found", 5760)
        assert [payload for _, _, payload in b.packets.all] == [b"found"]


# -- hostile datagrams


def _garbage(kind: str, rng: random.Random) -> bytes:
    body = rng.randbytes(rng.choice((0, 1, 3, 11, 12, 19, 20, 40, 200)))
    match kind:
        case "stun":
            return _stun_like(rng)
        case "rtp":
            return bytes([0x80 | rng.getrandbits(6), rng.randrange(192)]) + body
        case "rtcp":
            return bytes([0x80 | rng.getrandbits(6), rng.randrange(192, 224)]) + body
        case "dtls":
            return bytes([rng.randrange(20, 64), 0xFE, rng.choice((0xFD, 0xFF))]) + body
        case _:
            return body


def _stun_like(rng: random.Random) -> bytes:
    """A STUN header whose length fits, and attributes of known kinds with contents that do not."""
    attributes = b""
    for _ in range(rng.randrange(4)):
        kind = rng.choice((0x0001, 0x0006, 0x0008, 0x0009, 0x0020, 0x0024, 0x0025, 0x8028, 0x8029, 0x802A, 0x7777))
        value = rng.randbytes(rng.choice((0, 1, 4, 8, 20)))
        attributes += kind.to_bytes(2) + rng.choice((len(value), 0, 9)).to_bytes(2) + value + bytes(-len(value) % 4)
    kind = rng.choice((0x0001, 0x0011, 0x0101, 0x0111, rng.getrandbits(14)))
    return kind.to_bytes(2) + len(attributes).to_bytes(2) + bytes.fromhex("2112a442") + rng.randbytes(12) + attributes


@pytest.mark.parametrize("kind", ["stun", "rtp", "rtcp", "dtls", "anything"])
async def test_no_garbage_ends_a_call(kind: str) -> None:
    rng = random.Random(kind)
    async with connected() as (a, b):
        protocol = ice_hooks.ice_protocols(b.link.connection)[0]
        [ice] = ice_hooks.ice_transports(b.link.connection)
        peer = ice_hooks.nominated_address(ice._connection)  # as whose it is all looked into
        for number in range(GARBAGE // 5):
            protocol.datagram_received(_garbage(kind, rng), peer)
            if number % 100 == 0:
                await b.hears(a, b"%d" % number, number)  # in between, so that aiortc has read it all
        await b.hears(a, b"after", GARBAGE)
        await a.hears(b, b"and back")
        assert b.link.state == "connected"
        assert {payload for _, _, payload in b.packets.all} == {b"%d" % n for n in range(0, GARBAGE // 5, 100)} | {
            b"after"
        }


@pytest.mark.parametrize("kind", ["stun", "rtp", "dtls"])
async def test_no_garbage_keeps_a_call_from_coming_up(kind: str) -> None:
    rng = random.Random(kind)
    a, b = End(), End()
    offer = await a.link.offer()
    answer = await b.link.answer(offer)
    targets = [ice_hooks.ice_protocols(end.link.connection)[0] for end in (a, b)]
    accepting = asyncio.create_task(a.link.accept(answer))
    while not (a.states.all and b.states.all):
        for target in targets:
            target.datagram_received(_garbage(kind, rng), (LOOPBACK, 9))
        await asyncio.sleep(0)
    await accepting
    assert [a.states.all, b.states.all] == [["connected"], ["connected"]]
    await b.hears(a, b"hello")
    await asyncio.gather(a.link.close(), b.link.close())


async def test_strangers_that_flood_a_port_are_no_longer_read_and_the_call_goes_on() -> None:
    async with connected() as (a, b):
        protocol = ice_hooks.ice_protocols(b.link.connection)[0]
        where = protocol.transport.get_extra_info("sockname")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind((LOOPBACK, 0))
            for _ in range(MOST_STRANGE + 1):
                protocol.datagram_received(b"\xff", stranger.getsockname())
            before = b.meter.received["other"].packets
            stranger.sendto(b"\xff", where)
            for number in range(3):
                await b.hears(a, b"after %d" % number, number)
                await a.hears(b, b"and back %d" % number, number)
        assert b.meter.received["other"].packets == before


async def test_each_datagram_is_counted_once_even_if_it_cannot_be_parsed() -> None:
    rng = random.Random(5)
    async with connected() as (_, b):
        protocol = ice_hooks.ice_protocols(b.link.connection)[0]
        before = b.meter.total("received")
        datagrams = [_stun_like(rng) for _ in range(200)]
        for datagram in datagrams:
            protocol.datagram_received(datagram, (LOOPBACK, 9))
        assert b.meter.total("received") - before == sum(len(datagram) + 28 for datagram in datagrams)


async def test_an_empty_datagram_from_the_network_ends_nothing() -> None:
    async with connected() as (a, b):
        protocol = ice_hooks.ice_protocols(b.link.connection)[0]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for _ in range(3):
                stranger.sendto(b"", protocol.transport.get_extra_info("sockname"))
        await b.hears(a, b"one")
        await b.hears(a, b"two")
        assert b.meter.received["other"].packets == 3
        assert b.meter.received["other"].bytes == 3 * 28


# -- round trips


def test_the_round_trip_is_smoothed_and_strangers_are_ignored() -> None:
    now = 10.0
    trips = ice_hooks.RoundTrips(lambda: now)

    def exchange(transaction: bytes, seconds: float) -> None:
        nonlocal now
        trips.observe("sent", b"\x00\x01" + bytes(6) + transaction)
        now += seconds
        trips.observe("received", b"\x01\x01" + bytes(6) + transaction)

    trips.observe("received", b"\x01\x01" + bytes(6) + b"never asked ")
    assert trips.seconds is None
    exchange(b"first reply!", 0.1)
    assert trips.seconds == pytest.approx(0.1)
    exchange(b"second reply", 0.9)
    assert trips.seconds == pytest.approx(0.2)
    trips.observe("received", b"\x01\x01" + bytes(6) + b"second reply")
    assert trips.seconds == pytest.approx(0.2)


def test_unanswered_requests_are_forgotten_at_a_limit() -> None:
    trips = ice_hooks.RoundTrips(lambda: 0.0)
    for number in range(1000):
        trips.observe("sent", b"\x00\x01" + bytes(6) + number.to_bytes(12))
    assert trips.open_requests == ice_hooks.MAX_OPEN_REQUESTS
    trips.observe("sent", b"\x00\x01")  # shorter than a header
    assert trips.open_requests == ice_hooks.MAX_OPEN_REQUESTS
