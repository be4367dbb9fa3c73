from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import PacketError
from protocol.rtp import red
from protocol.rtp.red import Copy

OPUS = 111
copies = st.lists(st.builds(Copy, st.integers(1, red.MAX_OFFSET), st.binary(min_size=1, max_size=200)), max_size=5)


def test_a_copy_goes_before_the_newest_packet() -> None:
    """The bytes of RFC 2198, section 3, worked out by hand: offset 5760 is 0x1680, of 14 bits; length 3 of 10."""
    payload = red.pack(b"new", [Copy(5760, b"old")], OPUS)
    assert payload == bytes([0x80 | 111, 0x5A, 0x00, 0x03, 111]) + b"old" + b"new"
    assert red.parse(payload, OPUS) == (b"new", (Copy(5760, b"old"),))


def test_the_oldest_copy_goes_first() -> None:
    payload = red.pack(b"c", [Copy(5760, b"b"), Copy(11_520, b"a")], OPUS)
    assert payload[-3:] == b"abc"
    assert red.parse(payload, OPUS) == (b"c", (Copy(11_520, b"a"), Copy(5760, b"b")))


@pytest.mark.parametrize(
    "copy", [Copy(0, b"x"), Copy(-1, b"x"), Copy(red.MAX_OFFSET + 1, b"x"), Copy(5760, b""), Copy(5760, bytes(1024))]
)
def test_a_copy_that_no_header_describes_is_left_out(copy: Copy) -> None:
    assert red.pack(b"new", [copy], OPUS) == bytes([OPUS]) + b"new"


def test_the_longest_and_the_farthest_copy_fit() -> None:
    copy = Copy(red.MAX_OFFSET, bytes(red.MAX_BLOCK_BYTES))
    assert red.parse(red.pack(b"new", [copy], OPUS), OPUS) == (b"new", (copy,))


def test_two_bundles_of_120_ms_back_still_fit() -> None:
    assert red.fits(Copy(2 * 120 * 48, b"x"))
    assert not red.fits(Copy(3 * 120 * 48, b"x"))


def test_copies_of_other_codecs_are_skipped() -> None:
    foreign = red.pack(b"", [Copy(960, b"noise")], 13)[:4]
    ours = red.pack(b"new", [Copy(480, b"old")], OPUS)
    assert red.parse(foreign + ours[:5] + b"noise" + ours[5:], OPUS) == (b"new", (Copy(480, b"old"),))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xef",
        b"\xef\x5a\x00\x03",
        b"\xef\x5a\x00\x03\x6fab",
        bytes([13]) + b"noise",
        b"\xef\0\0\0" * 33 + b"\x6f",
    ],
)
def test_a_payload_that_breaks_the_rules_is_refused(payload: bytes) -> None:
    with pytest.raises(PacketError):
        red.parse(payload, OPUS)


def test_too_many_copies_are_our_own_fault() -> None:
    with pytest.raises(ValueError, match="33 copies"):
        red.pack(b"new", [Copy(1, b"x")] * 33, OPUS)


@given(st.binary(max_size=300), copies)
def test_what_is_packed_is_parsed(packet: bytes, packed: list[Copy]) -> None:
    newest, parsed = red.parse(red.pack(packet, packed, OPUS), OPUS)
    assert newest == packet
    assert list(parsed) == sorted(packed, key=lambda copy: copy.offset, reverse=True)


@given(st.binary(max_size=400), st.integers(0, 127))
def test_any_bytes_parse_or_raise(payload: bytes, block_type: int) -> None:
    with suppress(PacketError):
        packet, parsed = red.parse(payload, block_type)
        assert len(packet) + sum(len(copy.payload) for copy in parsed) < len(payload)
        assert all(red.fits(copy) for copy in parsed)


@given(st.lists(st.tuples(st.integers(0, 127), st.integers(0, 2**14 - 1), st.integers(0, 30)), max_size=6), st.binary())
def test_any_headers_parse_or_raise(headers: list[tuple[int, int, int]], body: bytes) -> None:
    words = [((0x80 | kind) << 24 | offset << 10 | length).to_bytes(4) for kind, offset, length in headers]
    payload = b"".join(words) + bytes([OPUS]) + body
    with suppress(PacketError):
        packet, _ = red.parse(payload, OPUS)
        assert payload.endswith(packet)
