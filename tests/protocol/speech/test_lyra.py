"""Lyra packets: what goes in comes out, Opus's own code takes them, and everything else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import PacketError
from protocol.speech import lyra, opus_packet

SIZES = sorted(lyra.FRAME_BYTES.values())
frames = st.sampled_from(SIZES).flatmap(
    lambda size: st.lists(st.binary(min_size=size, max_size=size), min_size=1, max_size=lyra.MAX_FRAMES)
)


@given(frames)
def test_frames_come_back(frames: list[bytes]) -> None:
    packet = lyra.build(frames)
    assert list(lyra.parse(packet)) == frames
    assert lyra.is_lyra(packet)
    assert len(packet) <= 2 + sum(map(len, frames))


@given(frames)
def test_opus_code_bundles_and_times_them(frames: list[bytes]) -> None:
    packet = lyra.build(frames)
    assert opus_packet.duration_ms(packet) == lyra.FRAME_MS * len(frames)
    singles = opus_packet.split(packet)
    assert [lyra.parse(single) for single in singles] == [(frame,) for frame in frames]
    assert opus_packet.join(singles) == packet
    assert not any(map(opus_packet.is_dtx, singles))


def test_six_frames_cost_two_bytes_more() -> None:
    assert len(lyra.build([bytes(8)] * 6)) == 50


@given(st.binary(max_size=200))
def test_any_bytes_parse_or_raise_the_documented_error(data: bytes) -> None:
    for candidate in (data, *(bytes([lyra.TOC | code]) + data for code in range(4))):
        try:
            found = lyra.parse(candidate)
        except PacketError:
            assert not lyra.is_lyra(candidate)
        else:
            assert all(len(frame) in SIZES for frame in found)


def test_opus_is_not_taken_for_it() -> None:
    for packet in (bytes([0x08]) + bytes(8), bytes([lyra.TOC]) + bytes(40), bytes([lyra.TOC]), b""):
        assert not lyra.is_lyra(packet)


@pytest.mark.parametrize("frames", [[], [bytes(8)] * 7, [bytes(9)], [b""]])
def test_what_is_no_packet_is_a_mistake_of_ours(frames: list[bytes]) -> None:
    with pytest.raises(ValueError, match="Lyra"):
        lyra.build(frames)


@given(st.sampled_from(SIZES).flatmap(lambda size: st.lists(st.integers(0, 15), min_size=2 * size, max_size=2 * size)))
def test_indices_come_back(indices: list[int]) -> None:
    packed = lyra.pack(indices)
    assert len(packed) in SIZES
    assert lyra.unpack(packed) == indices


def test_the_first_index_is_in_the_high_bits() -> None:
    assert lyra.pack([1, 2, *[0] * 14])[0] == 0x12


@pytest.mark.parametrize("indices", [[], [0] * 15, [0] * 17, [16] * 16, [-1] * 16])
def test_other_indices_are_refused(indices: list[int]) -> None:
    with pytest.raises(ValueError, match="Lyra"):
        lyra.pack(indices)
