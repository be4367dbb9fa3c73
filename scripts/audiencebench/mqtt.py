"""MQTT 3.1.1 as the bench speaks it: four packets to send, and a reader of what comes."""

from __future__ import annotations

from collections.abc import Iterator

CONNACK, PUBLISH, SUBACK = 2, 3, 9
_FURTHER = 128
_LONGEST_LENGTH = 4  # bytes of a packet's length, which MQTT allows


class BadPacket(Exception):
    """What came is no MQTT."""


def connect(client: str) -> bytes:
    """A clean session without a keepalive: nothing but what is published goes to the client."""
    return _packet(0x10, _text("MQTT") + bytes([4, 2, 0, 0]) + _text(client))


def subscribe(topics: list[str]) -> bytes:
    return _packet(0x82, b"\0\1" + b"".join(_text(topic) + b"\0" for topic in topics))


def publish(topic: str, payload: bytes, retain: bool = False) -> bytes:
    """With quality of service 0."""
    return _packet(0x30 | retain, _text(topic) + payload)


def published(body: bytes) -> tuple[str, bytes]:
    """Return the topic and the payload of a PUBLISH of quality of service 0."""
    end = 2 + int.from_bytes(body[:2])
    return body[2:end].decode(), body[end:]


def packets(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield the kind and the body of each whole packet, and where it ends. Raises BadPacket."""
    start = 0
    while (head := _length(data, start + 1)) is not None:
        length, body = head
        if len(data) < body + length:
            return
        yield data[start] >> 4, data[body : body + length], body + length
        start = body + length


def _length(data: bytes, at: int) -> tuple[int, int] | None:
    """Return the length that stands there and where it ends; None if not all of it has come."""
    length = 0
    for number in range(_LONGEST_LENGTH):
        if at + number >= len(data):
            return None
        byte = data[at + number]
        length |= (byte & (_FURTHER - 1)) << 7 * number
        if byte < _FURTHER:
            return length, at + number + 1
    raise BadPacket("a packet's length has no end")


def _text(value: str) -> bytes:
    data = value.encode()
    return len(data).to_bytes(2) + data


def _packet(first: int, body: bytes) -> bytes:
    length, rest = b"", len(body)
    while True:
        length += bytes([rest % _FURTHER | (_FURTHER if rest >= _FURTHER else 0)])
        rest //= _FURTHER
        if not rest:
            return bytes([first]) + length + body
