"""Our packets against those of the libopus inside PyAV's wheel: the same bytes, the same refusals."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import math
import random
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import PacketError
from protocol.speech import opus_packet

RATE = 16_000
VOIP = 2048
SET_BITRATE = 4002
BUFFER = 4096


class LibOpus:
    """The few functions of libopus that the tests compare with."""

    def __init__(self) -> None:
        spec = importlib.util.find_spec("av")
        assert spec is not None and spec.origin is not None
        (path,) = Path(spec.origin).parent.parent.glob("av.libs/libopus*")
        self._lib = ctypes.CDLL(str(path))
        self._lib.opus_encoder_create.restype = ctypes.c_void_p
        self._lib.opus_repacketizer_create.restype = ctypes.c_void_p

    def encode(self, frame_ms: int, count: int, seed: int) -> list[bytes]:
        """Encode `count` frames of noise that swells and fades, so that sizes differ."""
        draw = random.Random(seed)
        encoder = ctypes.c_void_p(self._lib.opus_encoder_create(RATE, 1, VOIP, None))
        self._lib.opus_encoder_ctl(encoder, SET_BITRATE, 8000)
        packets = []
        for _ in range(count):
            size = RATE * frame_ms // 1000
            loud = draw.choice((0, 300, 9000))
            sound = array("h", (int(loud * math.sin(i / 9) * draw.random()) for i in range(size)))
            out = ctypes.create_string_buffer(BUFFER)
            length = self._lib.opus_encode(encoder, sound.tobytes(), size, out, BUFFER)
            packets.append(out.raw[:length])
        self._lib.opus_encoder_destroy(encoder)
        return packets

    def join(self, packets: list[bytes]) -> bytes | None:
        """Put packets together; None if libopus refuses."""
        repacketizer = ctypes.c_void_p(self._lib.opus_repacketizer_create())
        # The repacketizer keeps pointers into what it was given.
        kept = [ctypes.create_string_buffer(packet, len(packet)) for packet in packets]
        out = ctypes.create_string_buffer(BUFFER * 16)
        try:
            for packet in kept:
                if self._lib.opus_repacketizer_cat(repacketizer, packet, len(packet)) != 0:
                    return None
            length = self._lib.opus_repacketizer_out(repacketizer, out, len(out))
            return out.raw[:length]
        finally:
            self._lib.opus_repacketizer_destroy(repacketizer)

    def frames(self, packet: bytes) -> list[bytes] | None:
        """Return the frames of a packet; None if libopus refuses it."""
        toc, starts, sizes = ctypes.c_ubyte(), (ctypes.c_void_p * 48)(), (ctypes.c_int16 * 48)()
        data = ctypes.create_string_buffer(packet, len(packet))
        count = self._lib.opus_packet_parse(data, len(packet), ctypes.byref(toc), starts, sizes, None)
        if count < 0:
            return None
        base = ctypes.addressof(data)
        offsets = [(starts[i] or base) - base for i in range(count)]
        return [packet[offset : offset + sizes[i]] for i, offset in enumerate(offsets)]

    def has_fec(self, packet: bytes) -> bool:
        return bool(self._lib.opus_packet_has_lbrr(packet, len(packet)))


@pytest.fixture(scope="module")
def libopus() -> LibOpus:
    return LibOpus()


@pytest.mark.parametrize(("frame_ms", "bundle"), [(60, 2), (60, 1), (40, 3), (20, 6), (20, 2), (10, 12), (20, 5)])
def test_real_frames_join_as_libopus_joins_them(libopus: LibOpus, frame_ms: int, bundle: int) -> None:
    packets = libopus.encode(frame_ms, bundle * 12, seed=frame_ms)
    assert len({len(packet) for packet in packets}) > 3
    for start in range(0, len(packets), bundle):
        group = packets[start : start + bundle]
        joined = opus_packet.join(group)
        assert joined == libopus.join(group)
        assert opus_packet.split(joined) == group
        assert opus_packet.duration_ms(joined) == frame_ms * bundle


configurations = st.integers(0, 63).map(lambda config: config << 2)
sizes = st.sampled_from([0, 1, 2, 30, 251, 252, 253, 511, 1275]) | st.integers(0, 1275)


@given(configurations, st.lists(sizes, min_size=1, max_size=6), st.booleans())
def test_any_frames_join_as_libopus_joins_them(toc: int, lengths: list[int], equal: bool) -> None:
    lengths = [lengths[0]] * len(lengths) if equal else lengths
    packets = [bytes([toc]) + bytes([index]) * length for index, length in enumerate(lengths)]
    expected = LibOpus().join(packets)
    if expected is None:
        with pytest.raises(PacketError):
            opus_packet.join(packets)
    else:
        assert opus_packet.join(packets) == expected
        assert opus_packet.split(expected) == packets


near_packets = st.builds(
    lambda toc, rest: bytes([toc, *rest]), st.integers(0, 255), st.lists(st.integers(0, 255), max_size=40)
)
counted_packets = st.builds(
    lambda toc, flags, rest: bytes([toc | 3, flags]) + rest,
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(max_size=600),
)


@given(st.binary(max_size=16) | near_packets | counted_packets)
def test_any_bytes_are_read_or_refused_as_by_libopus(data: bytes) -> None:
    try:
        frames: list[bytes] | None = list(opus_packet.parse(data).frames)
    except PacketError:
        frames = None
    assert frames == LibOpus().frames(data)


def test_joining_joined_packets_keeps_all_frames() -> None:
    one = opus_packet.join([b"\x08a", b"\x08bb"])
    assert opus_packet.split(opus_packet.join([one, b"\x08ccc"])) == [b"\x08a", b"\x08bb", b"\x08ccc"]


def test_packets_that_do_not_fit_are_refused() -> None:
    with pytest.raises(PacketError, match="configurations"):
        opus_packet.join([b"\x08a", b"\x18a"])
    with pytest.raises(PacketError, match="180 ms"):
        opus_packet.join([b"\x18a"] * 3)
    with pytest.raises(PacketError, match="no Opus packet"):
        opus_packet.join([])


@pytest.mark.parametrize(
    ("packet", "rule"),
    [
        (b"", "R1"),
        (b"\x08" + bytes(1276), "R2"),
        (b"\x09abc", "R3"),
        (b"\x0a\x05abc", "R4"),
        (b"\x0a\xff", "R4"),
        (b"\x0b", "R6"),
        (b"\x0b\x00", "R5"),
        (b"\x1b\x03abc", "R5"),
        (b"\x0b\x02abc", "R6"),
        (b"\x0b\x41\x05ab", "R6"),
        (b"\x0b\x41\xff", "R6"),
        (b"\x0b\x82\x05abc", "R7"),
    ],
)
def test_each_rule_is_named(packet: bytes, rule: str) -> None:
    with pytest.raises(PacketError, match=rule):
        opus_packet.parse(packet)


def test_padding_is_taken_off() -> None:
    assert opus_packet.split(b"\x0b\x41\x03abc\0\0\0") == [b"\x08abc"]
    assert opus_packet.split(b"\x0b\x41\xff\x01abc" + bytes(255)) == [b"\x08abc"]


def test_silence_is_a_packet_too() -> None:
    quiet = b"\x18"
    assert opus_packet.is_dtx(quiet)
    assert not opus_packet.is_dtx(b"\x18abc")
    assert opus_packet.split(opus_packet.join([quiet, quiet])) == [quiet, quiet]
    assert opus_packet.split(opus_packet.join([b"\x18abc", quiet])) == [b"\x18abc", quiet]


@given(st.lists(st.binary(max_size=30), max_size=5))
def test_any_packets_join_or_raise(packets: list[bytes]) -> None:
    with contextlib.suppress(PacketError):
        assert opus_packet.duration_ms(opus_packet.join(packets)) <= opus_packet.MAX_PACKET_MS


def test_an_empty_frame_shares_a_packet_with_what_it_is_like() -> None:
    first, *_ = LibOpus().encode(60, 2, seed=1)
    empty = opus_packet.empty_like(first)
    assert (len(empty), opus_packet.configuration(empty), opus_packet.duration_ms(empty)) == (
        1,
        opus_packet.configuration(first),
        60,
    )
    joined = opus_packet.join([first, empty])
    assert opus_packet.split(joined) == [first, empty]
    assert opus_packet.is_dtx(opus_packet.split(joined)[1])
    assert opus_packet.empty_like(joined) == empty


def test_configurations_tell_lengths_apart() -> None:
    assert len({opus_packet.configuration(LibOpus().encode(length, 1, seed=1)[0]) for length in (10, 20, 40, 60)}) == 4


def test_a_packet_that_ends_empty_begins_a_pause() -> None:
    first, second = LibOpus().encode(60, 2, seed=1)
    empty = opus_packet.empty_like(first)
    assert [opus_packet.begins_pause(packet) for packet in (empty, opus_packet.join([first, empty]))] == [True, True]
    assert [
        opus_packet.begins_pause(packet)
        for packet in (first, opus_packet.join([empty, first]), opus_packet.join([first, second]))
    ] == [False] * 3
    assert not opus_packet.begins_pause(b"")


@given(toc=st.integers(0, 63).map(lambda kind: kind << 2), frame=st.binary(max_size=4))
def test_fec_is_seen_where_libopus_sees_it(libopus: LibOpus, toc: int, frame: bytes) -> None:
    packet = bytes([toc]) + frame
    assert opus_packet.has_fec(opus_packet.parse(packet)) == libopus.has_fec(packet)
