"""Lyra packets: what goes in comes out, and everything else is refused."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import PacketError
from protocol.speech import lyra, opus

SIZES = sorted(lyra.FRAME_BYTES.values())
frames = st.sampled_from(SIZES).flatmap(
    lambda size: st.lists(st.binary(min_size=size, max_size=size), min_size=1, max_size=lyra.MAX_FRAMES)
)


def packet(frames: list[bytes]) -> bytes:
    return lyra.join([lyra.MARK + frame for frame in frames])


@given(frames)
def test_frames_come_back(frames: list[bytes]) -> None:
    parsed = lyra.parse(packet(frames))
    assert list(parsed.frames) == frames
    assert parsed.duration_ms == 20 * len(frames)
    assert parsed.frame_ms == 20
    assert lyra.join(parsed.singles()) == packet(frames)
    assert [lyra.parse(single).frames for single in parsed.singles()] == [(frame,) for frame in frames]


def test_lengths_tell_all_shapes_apart() -> None:
    shapes = list(itertools.product(SIZES, range(1, lyra.MAX_FRAMES + 1)))
    assert len({size * count for size, count in shapes}) == len(shapes)


@given(frames)
def test_no_opus_packet_is_taken_for_one(frames: list[bytes]) -> None:
    assert lyra.is_lyra(packet(frames))
    with pytest.raises(PacketError, match="R5"):
        opus.parse(packet(frames))


@given(st.binary(max_size=200))
def test_any_bytes_parse_or_raise_the_documented_error(data: bytes) -> None:
    for candidate in (data, lyra.MARK + data):
        try:
            parsed = lyra.parse(candidate)
        except PacketError:
            continue
        assert lyra.MARK + b"".join(parsed.frames) == candidate


def test_what_cannot_share_a_packet_is_refused() -> None:
    short, long = lyra.MARK + bytes(8), lyra.MARK + bytes(15)
    for packets in ([], [short, long], [short] * 7, [b"\x08opus"]):
        with pytest.raises(PacketError):
            lyra.join(packets)


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
