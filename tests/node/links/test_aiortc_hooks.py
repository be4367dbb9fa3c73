"""The contract with aiortc: what node.links.aiortc_hooks reaches for exists and has its effect."""

from __future__ import annotations

from typing import Any

import pytest
from aiortc import RTCPeerConnection
from aiortc.codecs import CODECS
from aiortc.rtp import RtpPacket
from linked import connected

from node.links import aiortc_hooks
from node.links.aiortc_hooks import MOST_SOURCES
from node.speech.rates import SRTP_TAG

IP_UDP_RTP_TAG = 20 + 8 + 12 + SRTP_TAG


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


async def test_a_peer_that_names_another_source_in_each_packet_fills_no_memory() -> None:
    async with connected() as (a, b):
        await b.hears(a, b"as ever")
        transport = a.link.connection.getTransceivers()[0].sender.transport
        opus = aiortc_hooks.speech_types(a.link.connection.getTransceivers()[0]).opus
        for source in range(1, 3 * MOST_SOURCES):
            await transport._send_rtp(RtpPacket(opus, ssrc=source, payload=b"forged").serialize())
        await b.hears(a, b"still")
        receiver = b.link.connection.getTransceivers()[0].receiver
        assert len(vars(receiver)["_RTCRtpReceiver__remote_streams"]) == MOST_SOURCES
        assert [payload for *_, payload in b.packets.all].count(b"forged") == MOST_SOURCES - 1


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


# -- round trips
