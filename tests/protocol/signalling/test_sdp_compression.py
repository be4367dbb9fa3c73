from __future__ import annotations

import contextlib
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import SignalError
from protocol.signalling.sdp_compression import (
    MAX_PACKED_BYTES,
    MAX_SDP_BYTES,
    pack_description,
    unpack_description,
)

# What aiortc 1.16 says on a LAN, without header extensions and other codecs.
TRIMMED = "\r\n".join(
    [
        "v=0",
        "o=- 4004414351 4004414351 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "a=msid-semantic:WMS *",
        "m=audio 41497 UDP/TLS/RTP/SAVPF 96",
        "c=IN IP4 192.168.1.20",
        "a=sendrecv",
        "a=mid:0",
        "a=msid:ddf8235e-4fb9-4c43-9b99-ce4c09c729eb 89c8d1a3-b7e0-4633-915a-2fd5c4b95902",
        "a=rtcp:9 IN IP4 0.0.0.0",
        "a=rtcp-mux",
        "a=ssrc:1910145778 cname:a",
        "a=rtpmap:96 opus/48000/2",
        "a=candidate:f957a2332b1715da3b0ef8ba684454eb 1 udp 2130706431 192.168.1.20 41497 typ host",
        "a=end-of-candidates",
        "a=ice-ufrag:nrRa",
        "a=ice-pwd:UW6ThSIX9chyQa1HGGrftO",
        "a=fingerprint:sha-256 53:11:21:15:13:18:C2:67:A3:11:A7:11:22:CE:0D:EE:"
        "4A:59:9E:8D:FE:02:0C:FC:89:3D:C7:CA:0F:3D:90:50",
        "a=setup:actpass",
        "",
    ]
)


def test_a_description_becomes_a_third_as_long() -> None:
    packed = pack_description(TRIMMED)
    assert unpack_description(packed) == TRIMMED
    assert len(packed) < len(TRIMMED) / 2.7


def test_the_dictionary_is_pinned() -> None:
    """Another dictionary would be another version of the protocol."""
    assert unpack_description(bytes.fromhex("c31778684a01")) == "a=rtpmap:96 opus/48000/2\r\na=setup:actpass\r\n"


@given(st.text(max_size=500))
def test_any_text_is_read_back(sdp: str) -> None:
    assert unpack_description(pack_description(sdp)) == sdp


def test_what_is_too_long_is_not_packed() -> None:
    with pytest.raises(ValueError, match="more than"):
        pack_description("x" * (MAX_SDP_BYTES + 1))


def test_what_does_not_compress_is_not_packed() -> None:
    draw = random.Random(1)
    noise = "".join(chr(draw.randrange(0x100, 0x800)) for _ in range(MAX_SDP_BYTES // 2))
    with pytest.raises(ValueError, match="packed bytes"):
        pack_description(noise)


def test_a_bomb_is_not_inflated() -> None:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = deflate.compress(bytes(5_000_000)) + deflate.flush()
    assert len(bomb) < MAX_PACKED_BYTES
    with pytest.raises(SignalError, match="too long"):
        unpack_description(bomb)


def test_cut_off_or_lengthened_is_refused() -> None:
    packed = pack_description(TRIMMED)
    for damaged in (packed[:-1], packed + b"\0", b""):
        with pytest.raises(SignalError):
            unpack_description(damaged)


@given(st.binary(max_size=200))
def test_any_bytes_unpack_or_raise(packed: bytes) -> None:
    with contextlib.suppress(SignalError):
        assert len(unpack_description(packed).encode()) <= MAX_SDP_BYTES
