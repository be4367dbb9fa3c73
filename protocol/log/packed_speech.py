"""Speech packets in bundles: a message of its own would cost each packet of 118 bytes 50 more.

A bundle is a msgpack array of senders, each `[sender, packets]`. `packets` is flat, two or four elements a packet:

    microseconds, payload
    microseconds, sequence, timestamp, payload

The numbers say by how much they differ from what was to be expected, the two that are left out by nothing: the sequence
goes on by one, the timestamp by as much as the last time, and a packet arrives as much later as its timestamp is. For a
sender's first packet 0 is expected, and the message's time. A payload with copies is an array: the newest packet's
bytes, then offset and bytes of each copy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgpack

from protocol import envelope
from protocol.log.records import Speech
from protocol.rtp.red import MAX_COPIES, Copy

__all__ = ["MAX_BUNDLE_BYTES", "MAX_BUNDLE_PACKETS", "MAX_PAYLOAD_BYTES", "pack", "unpack"]

# A writer bundles two seconds; an hour of a busy room stays below it. Checked before anything is unpacked.
MAX_BUNDLE_BYTES = 1 << 24
# What a recorder keeps for a disk that stands still, three times over; a bundle of two seconds has a few dozen packets.
MAX_BUNDLE_PACKETS = 1 << 16
# No datagram carries more.
MAX_PAYLOAD_BYTES = 1 << 16
_SEQUENCE_BITS, _TIMESTAMP_BITS, _TIME_BITS = 16, 32, 62
_SENDER_BYTES = 64


@dataclass(slots=True)
class _Expected:
    """What a sender's next packet ought to be."""

    at_us: int
    sequence: int = 0
    timestamp: int = 0
    step: int = 0
    started: bool = False

    def arrival(self, timestamp: int) -> int:
        """When a packet of this timestamp ought to come."""
        return self.at_us + (timestamp - self.timestamp) * 125 // 6 if self.started else self.at_us

    def follow(self, at_us: int, sequence: int, timestamp: int) -> None:
        """Expect what comes after this packet."""
        self.step = timestamp - self.timestamp if self.started else 0
        self.at_us, self.sequence, self.timestamp, self.started = at_us, sequence + 1, timestamp, True


def pack(at_us: int, packets: Iterable[Speech]) -> bytes:
    """Return the bundle of a message of this time."""
    senders: dict[str, tuple[_Expected, list[Any]]] = {}
    for packet in packets:
        expected, flat = senders.setdefault(packet.sender, (_Expected(at_us), []))
        sequence = packet.sequence - expected.sequence
        timestamp = packet.timestamp - expected.timestamp - expected.step
        flat.append(packet.at_us - expected.arrival(packet.timestamp))
        flat += (sequence, timestamp) if sequence or timestamp else ()
        flat.append(_payload(packet))
        expected.follow(packet.at_us, packet.sequence, packet.timestamp)
    return bytes(msgpack.packb([[sender, flat] for sender, (_, flat) in senders.items()]))


def unpack(at_us: int, data: bytes) -> list[Speech]:
    """Return the packets of a bundle, in the order of time. ValueError or TypeError if it is none."""
    if len(data) > MAX_BUNDLE_BYTES:
        raise ValueError(f"a bundle of {len(data)} bytes, more than {MAX_BUNDLE_BYTES}")
    packets: list[Speech] = []
    for sender, flat in _list(msgpack.unpackb(data, max_map_len=0, max_ext_len=0)):
        name, expected = envelope.bounded_text("sender", sender, _SENDER_BYTES), _Expected(at_us)
        numbers: list[int] = []
        for element in _list(flat):
            if isinstance(element, int):
                numbers.append(element)
            elif len(packets) < MAX_BUNDLE_PACKETS:
                packets.append(_packet(name, expected, numbers, element))
                numbers = []
            else:
                raise ValueError(f"a bundle of more than {MAX_BUNDLE_PACKETS} packets")
    return sorted(packets, key=lambda packet: packet.at_us)


def _payload(packet: Speech) -> bytes | list[Any]:
    if not packet.copies:
        return packet.payload
    return [packet.payload, *(part for copy in packet.copies for part in (copy.offset, copy.payload))]


def _packet(sender: str, expected: _Expected, numbers: list[int], payload: Any) -> Speech:
    late, sequence, timestamp = numbers if len(numbers) == 3 else (*numbers, 0, 0)
    number = envelope.bounded_int("sequence", expected.sequence + sequence, _SEQUENCE_BITS)
    stamp = envelope.bounded_int("timestamp", expected.timestamp + expected.step + timestamp, _TIMESTAMP_BITS)
    at_us = envelope.bounded_int("time", expected.arrival(stamp) + late, _TIME_BITS)
    expected.follow(at_us, number, stamp)
    newest, *copies = payload if isinstance(payload, list) else [payload]
    if len(copies) % 2 or len(copies) > 2 * MAX_COPIES:
        raise ValueError("copies that are none")
    return Speech(
        at_us,
        sender,
        number,
        stamp,
        envelope.bounded_bytes("payload", newest, MAX_PAYLOAD_BYTES),
        tuple(_copy(offset, copy) for offset, copy in zip(copies[::2], copies[1::2], strict=True)),
    )


def _copy(offset: Any, payload: Any) -> Copy:
    offset = envelope.bounded_int("offset", offset, _TIMESTAMP_BITS)
    return Copy(offset, envelope.bounded_bytes("copy", payload, MAX_PAYLOAD_BYTES))


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("no array where one belongs")
    return value
