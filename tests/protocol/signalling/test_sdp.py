"""Descriptions are trimmed to what aiortc needs, and those of browsers asked for what we want."""

from __future__ import annotations

import pytest
from aiortc import RTCPeerConnection
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from protocol.signalling import sdp
from protocol.signalling.sdp_compression import pack_description

ANSWER = "\r\n".join(
    [
        "v=0",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 0",
        "a=rtpmap:111 opus/48000/2",
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=rtpmap:0 PCMU/8000",
        "a=fmtp:0 x=1",
        "",
    ]
)

GONE = ("a=extmap", "a=ssrc", "a=msid", "a=rtcp:", "a=end-of-candidates", "a=rtcp-fb", "sha-384", "sha-512", "fe80")


@pytest.fixture
async def offer() -> str:
    """aiortc's own offer of one audio stream, with candidates of all kinds added."""
    connection = RTCPeerConnection()
    connection.addTransceiver("audio")
    await connection.setLocalDescription(await connection.createOffer())
    described = connection.localDescription.sdp
    await connection.close()
    extra = "".join(
        f"a=candidate:{'f' * 32}{number} 1 udp 2130706431 {address} {5000 + number} typ host\r\n"
        for number, address in enumerate(("192.168.1.7", "fe80::1", "fd00::7"))
    )
    kept = [line for line in described.splitlines() if not line.startswith("a=candidate")]
    return "\r\n".join(kept) + "\r\n" + extra


def test_trimming_drops_what_a_call_does_not_need(offer: str) -> None:
    trimmed = sdp.trim(offer)
    assert [word for word in GONE if word in offer] != []
    assert [word for word in GONE if word in trimmed] == []
    assert len(pack_description(trimmed)) < len(pack_description(offer)) / 2
    assert trimmed.endswith("\r\n")


def test_trimming_keeps_what_aiortc_needs(offer: str) -> None:
    before, after = SessionDescription.parse(offer).media[0], SessionDescription.parse(sdp.trim(offer)).media[0]
    assert after.kind == "audio"
    assert after.ice == before.ice
    assert after.rtp.muxId == before.rtp.muxId
    assert after.rtcp_mux
    assert [codec.mimeType for codec in after.rtp.codecs] == [codec.mimeType for codec in before.rtp.codecs]
    wanted = [print_ for print_ in before.dtls.fingerprints if print_.algorithm == "sha-256"]
    assert len(wanted) == 1
    assert after.dtls.fingerprints == wanted
    assert after.dtls.role == before.dtls.role
    assert after.direction == before.direction
    assert after.rtp.headerExtensions == []


def test_trimming_keeps_the_candidates_that_can_be_reached_under_short_names(offer: str) -> None:
    candidates = SessionDescription.parse(sdp.trim(offer)).media[0].ice_candidates
    assert [(one.foundation, one.ip, one.port) for one in candidates] == [
        ("1", "192.168.1.7", 5000),
        ("2", "fd00::7", 5002),
    ]


def test_trimming_twice_changes_nothing(offer: str) -> None:
    assert sdp.trim(sdp.trim(offer)) == sdp.trim(offer)


def test_candidates_are_bounded() -> None:
    lines = [f"a=candidate:{number} 1 udp 1 10.0.0.{number} 5000 typ host" for number in range(100)]
    assert sdp.trim("\r\n".join(lines)).count("a=candidate") == sdp.MAX_CANDIDATES


candidates = st.builds(
    "a=candidate:{} 1 udp {} {} {} typ host".format,
    st.text("0123456789abcdef", min_size=1, max_size=32),
    st.integers(0, 2**31),
    st.sampled_from(["10.0.0.1", "192.168.7.9", "fe80::7", "FE80::1", "fd00::2"]),
    st.integers(1, 65535),
)
lines = st.one_of(candidates, st.sampled_from(["v=0", "a=sendrecv", "a=extmap:1 x", "a=ssrc:1 cname:x", ""]))


@given(st.lists(lines))
def test_any_description_is_trimmed_in_order_and_once(description: list[str]) -> None:
    trimmed = sdp.trim("\r\n".join(description))
    assert sdp.trim(trimmed) == trimmed
    plain = [line for line in description if line in ("v=0", "a=sendrecv")]
    assert [line for line in trimmed.split("\r\n") if line in ("v=0", "a=sendrecv")] == plain
    assert not any(word in trimmed for word in ("extmap", "ssrc", "fe80", "FE80"))


def test_of_a_peers_candidates_so_many_are_called_as_a_call_may_need() -> None:
    lines = [f"a=candidate:{number} 1 udp 1 192.0.2.{number} 9 typ host" for number in range(100)]
    lines.append(lines[0])
    description = "\r\n".join(["v=0", "m=audio 9 UDP/TLS/RTP/SAVPF 96", *lines, "a=mid:0"]) + "\r\n"
    kept = sdp.bounded(description).split("\r\n")
    assert kept == ["v=0", "m=audio 9 UDP/TLS/RTP/SAVPF 96", *lines[: sdp.MAX_PEER_CANDIDATES], "a=mid:0", ""]


def test_a_description_of_many_media_is_refused() -> None:
    """The answer to it would be longer than any may be, and each of its media would open sockets."""
    sdp.bounded("v=0\r\n" + "m=audio 9 X 96\r\n" * sdp.MAX_MEDIA)
    with pytest.raises(ValueError, match="5 media"):
        sdp.bounded("v=0\r\n" + "m=audio 9 X 96\r\n" * (sdp.MAX_MEDIA + 1))


def test_an_answer_asks_for_speech_as_it_is_wanted() -> None:
    lines = sdp.ask_for_opus(ANSWER, bitrate=8000, frame_ms=60, dtx=True).splitlines()
    assert lines[3] == ("a=fmtp:111 minptime=60;maxaveragebitrate=8000;stereo=0;sprop-stereo=0;useinbandfec=0;usedtx=1")
    assert lines[4:6] == ["a=ptime:60", "a=maxptime:120"]
    assert lines[6:] == ["a=rtpmap:0 PCMU/8000", "a=fmtp:0 x=1"]


def test_another_bitrate_and_frame_asks_for_other_speech() -> None:
    asked = sdp.ask_for_opus(ANSWER, bitrate=12_000, frame_ms=20, dtx=False)
    assert "maxaveragebitrate=12000" in asked
    assert "usedtx=0" in asked
    assert "a=ptime:20\r\n" in asked


def test_addresses_are_left_out_whatever_ends_the_lines() -> None:
    offer = "v=0\nm=audio 9 x 0\na=candidate:1 1 udp 1 10.0.0.1 9 typ host\n\na=end-of-candidates\na=mid:0\n"
    assert sdp.without_candidates(offer) == "v=0\r\nm=audio 9 x 0\r\na=mid:0\r\n"
