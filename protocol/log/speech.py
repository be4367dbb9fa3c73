"""Speech packets in bundles: a message of their own would cost a packet of 118 bytes 50 more.

A bundle is a msgpack array of senders, each `[sender, packets]`, and a packet is

    [microseconds, sequence, timestamp, payload, offset of copy, its payload, ...]

The first three are differences to the packet of the same sender before; for its first one, time counts from the
message's and the others from 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgpack

from protocol import wire
from protocol.log.records import Speech
from protocol.speech.red import MAX_COPIES, Copy

__all__ = ["MAX_BUNDLE_BYTES", "MAX_PAYLOAD_BYTES", "pack", "unpack"]

# A writer bundles two seconds; an hour of a busy room stays below it. Checked before anything is unpacked.
MAX_BUNDLE_BYTES = 1 << 24
# No datagram carries more.
MAX_PAYLOAD_BYTES = 1 << 16
_SEQUENCE_BITS, _TIMESTAMP_BITS, _TIME_BITS = 16, 32, 62
_FIXED = 4


def pack(at_us: int, packets: Iterable[Speech]) -> bytes:
    """Return the bundle of a message of this time."""
    senders: dict[str, list[list[Any]]] = {}
    last: dict[str, Speech] = {}
    for packet in packets:
        before = last.get(packet.sender) or Speech(at_us, packet.sender, 0, 0, b"")
        last[packet.sender] = packet
        item: list[Any] = [
            packet.at_us - before.at_us,
            packet.sequence - before.sequence,
            packet.timestamp - before.timestamp,
            packet.payload,
        ]
        for copy in packet.copies:
            item += [copy.offset, copy.payload]
        senders.setdefault(packet.sender, []).append(item)
    return bytes(msgpack.packb([[sender, items] for sender, items in senders.items()]))


def unpack(at_us: int, data: bytes) -> list[Speech]:
    """Return the packets of a bundle, in the order of time. ValueError if it is none."""
    if len(data) > MAX_BUNDLE_BYTES:
        raise ValueError(f"a bundle of {len(data)} bytes, more than {MAX_BUNDLE_BYTES}")
    packets: list[Speech] = []
    for sender, items in _list(msgpack.unpackb(data, max_map_len=0, max_ext_len=0)):
        last = Speech(at_us, wire.bounded_text("sender", sender, 64), 0, 0, b"")
        for item in _list(items):
            last = _packet(last, _list(item))
            packets.append(last)
    return sorted(packets, key=lambda packet: packet.at_us)


def _packet(before: Speech, item: Sequence[Any]) -> Speech:
    time, sequence, timestamp, payload = item[:_FIXED]
    copies = item[_FIXED:]
    if len(copies) % 2 or len(copies) > 2 * MAX_COPIES:
        raise ValueError("copies that are none")
    return Speech(
        wire.bounded_int("time", before.at_us + time, _TIME_BITS),
        before.sender,
        wire.bounded_int("sequence", before.sequence + sequence, _SEQUENCE_BITS),
        wire.bounded_int("timestamp", before.timestamp + timestamp, _TIMESTAMP_BITS),
        wire.bounded_bytes("payload", payload, MAX_PAYLOAD_BYTES),
        tuple(
            Copy(
                wire.bounded_int("offset", offset, _TIMESTAMP_BITS), wire.bounded_bytes("copy", copy, MAX_PAYLOAD_BYTES)
            )
            for offset, copy in zip(copies[::2], copies[1::2], strict=True)
        ),
    )


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("no array where one belongs")
    return value
