"""SDP in few bytes: deflate with a preset dictionary of the usual lines of a description."""

from __future__ import annotations

import zlib

from protocol.errors import SignalError

__all__ = ["MAX_PACKED_BYTES", "MAX_SDP_BYTES", "pack_description", "unpack_description"]

# A browser's full audio and video offer with a dozen candidates stays below this.
MAX_SDP_BYTES = 16_384
# Deflate makes such an offer a quarter as long; half is plenty.
MAX_PACKED_BYTES = 8_192

# Changing one byte of this changes the protocol: it belongs to version 0. The commonest lines stand last,
# where deflate reaches them with the shortest distances.
_DICTIONARY = (
    b"a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtcp-fb:111 transport-cc\r\n"
    b"a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\n"
    b"a=rtpmap:8 PCMA/8000\r\na=ice-options:trickle\r\na=rtcp-rsize\r\nm=video UDP/TLS/RTP/SAVPF 97 98 99\r\n"
    b"a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
    b"a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
    b"a=fingerprint:sha-384 \r\na=fingerprint:sha-512 \r\n"
    b" typ relay raddr  rport  tcptype active generation 0 network-cost 999\r\n"
    b" typ srflx raddr 0.0.0.0 rport \r\n"
    b"a=inactive\r\na=recvonly\r\na=sendonly\r\na=setup:passive\r\na=setup:active\r\n"
    b"v=0\r\no=- 3 3 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=msid-semantic:WMS *\r\n"
    b"m=audio  UDP/TLS/RTP/SAVPF 96 9 0 8\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\n"
    b"c=IN IP4 192.168.1.\r\nc=IN IP4 127.0.0.1\r\nc=IN IP4 10.0.0.\r\n"
    b"a=sendrecv\r\na=mid:0\r\na=msid: \r\na=rtcp:9 IN IP4 0.0.0.0\r\na=rtcp-mux\r\na=ssrc:1 cname:\r\n"
    b"a=rtpmap:96 opus/48000/2\r\n"
    b"a=fmtp:96 maxaveragebitrate=8000;usedtx=1;ptime=60;stereo=0;useinbandfec=1\r\n"
    b"a=ptime:60\r\na=maxptime:120\r\n"
    b"a=candidate: 1 udp 2130706431 fd00:: typ host\r\na=candidate: 1 udp 2130706431 192.168.1. typ host\r\n"
    b"a=end-of-candidates\r\na=ice-ufrag:\r\na=ice-pwd:\r\na=fingerprint:sha-256 :\r\na=setup:actpass\r\n"
)


def pack_description(sdp: str) -> bytes:
    """Return `sdp` compressed; raise `ValueError` if it is longer than `MAX_SDP_BYTES`."""
    plain = sdp.encode()
    if len(plain) > MAX_SDP_BYTES:
        raise ValueError(f"a description of {len(plain)} bytes, more than {MAX_SDP_BYTES}")
    deflate = zlib.compressobj(zlib.Z_BEST_COMPRESSION, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=_DICTIONARY)
    packed = deflate.compress(plain) + deflate.flush()
    if len(packed) > MAX_PACKED_BYTES:
        raise ValueError(f"a description of {len(packed)} packed bytes, more than {MAX_PACKED_BYTES}")
    return packed


def unpack_description(packed: bytes) -> str:
    """Return the SDP text; raise `SignalError` if it is damaged or inflates beyond `MAX_SDP_BYTES`."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS, zdict=_DICTIONARY)
    try:
        plain = inflate.decompress(packed, MAX_SDP_BYTES + 1)
        text = plain.decode()
    except (zlib.error, UnicodeDecodeError):
        raise SignalError("a description that does not unpack") from None
    if not inflate.eof or inflate.unused_data or len(plain) > MAX_SDP_BYTES:
        raise SignalError("a description that is cut off or too long")
    return text
