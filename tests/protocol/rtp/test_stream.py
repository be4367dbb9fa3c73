from __future__ import annotations

from dataclasses import replace

from protocol.rtp.stream import RtpArrival, RtpStream
from protocol.speech import opus_packet

PACKET = opus_packet.parse(b"\x18\x00voice")


def _arrival(index: int, sequence: int = 65_535, timestamp: int = 2**32 - 2880) -> RtpArrival:
    """Return the packet `index` of a stream whose counters are about to wrap."""
    return RtpArrival((sequence + index) % 2**16, (timestamp + index * 2880) % 2**32, PACKET, index * 60)


def test_counters_are_unwrapped() -> None:
    stream = RtpStream(_arrival(0))
    assert [stream.accept(_arrival(index)) for index in range(3)] == [
        (65_535, 2**32 - 2880),
        (65_536, 2**32),
        (65_537, 2**32 + 2880),
    ]


def test_a_repeated_packet_is_not_accepted() -> None:
    stream = RtpStream(_arrival(0))
    assert stream.accept(_arrival(0)) is not None
    assert stream.accept(_arrival(0)) is None


def test_only_another_packet_of_the_stream_confirms_it() -> None:
    stream = RtpStream(_arrival(0))
    assert not stream.is_confirmed_by(_arrival(0))
    assert stream.is_confirmed_by(_arrival(1))
    assert not stream.is_confirmed_by(_arrival(1, sequence=9_000))
    assert not stream.is_confirmed_by(_arrival(1, timestamp=10**9))


def test_the_oldest_copy_sets_how_long_is_waited() -> None:
    stream = RtpStream(_arrival(0))
    stream.accept(_arrival(0))
    target_ms = stream.arrivals.target_ms
    stream.accept(replace(_arrival(1), copies=((2880, PACKET), (8640, PACKET))))
    assert stream.arrivals.target_ms == target_ms + 180


def test_fec_is_waited_for_as_a_copy_of_the_frame_before() -> None:
    with_fec = opus_packet.parse(bytes([3 << 3, 0b0001_0000]) + b"speech")
    stream = RtpStream(_arrival(0))
    stream.accept(_arrival(0))
    target_ms = stream.arrivals.target_ms
    stream.accept(replace(_arrival(1), packet=with_fec))
    assert stream.arrivals.target_ms == target_ms + with_fec.frame_ms == target_ms + 60


def test_a_bundle_cut_short_is_not_early() -> None:
    bundle = opus_packet.parse(opus_packet.join([b"\x18one", b"\x18two"]))
    stream = RtpStream(RtpArrival(0, 0, bundle, 120))
    for index in range(5):
        stream.accept(RtpArrival(index, index * 5760, bundle, (index + 1) * 120))
    stream.accept(RtpArrival(5, 5 * 5760, PACKET, 5 * 120 + 60))
    assert stream.arrivals.baseline_ms == 120
    assert stream.arrivals.jitter_ms == 0
