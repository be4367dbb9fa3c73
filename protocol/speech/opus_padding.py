"""Side information in an Opus packet's padding, where a decoder that does not know of it passes it over.

A packet of code 3 may carry padding behind its frames (RFC 6716, section 3.2.5), and a decoder gives the same samples
with it as without. The padding is a list of extensions (draft-ietf-mlcodec-opus-extension), each of which begins with
a byte: an id of 7 bits, and the flag L.

    id 0       padding: without L to the end, with L this byte alone
    id 1 to 31     short: L bytes of payload
    id 32 to 127   long: without L all the rest, with L as many bytes as the length says that follows; 255 goes on
                   in the next byte

Ours is id 120, of those for experiments, without L and last: two bytes for code 3, one for the id, and the data.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.errors import PacketError
from protocol.speech import opus_packet

__all__ = ["EXTENSION", "add", "extension", "strip"]

EXTENSION = 120

_LONG_FROM = 32
# Extensions repeated for several frames (id 2) say by their number what follows: none is sent by us, or passed over.
_REPEAT = 2
_CONTINUED = 255
_CODE_MASK = 3


def add(packet: bytes, data: bytes) -> bytes:
    """Return the packet with side information in its padding, and nothing else there.

    Raises `PacketError` if it is no Opus packet.
    """
    return opus_packet.padded(packet, bytes([EXTENSION << 1]) + data)


def extension(padding: bytes) -> bytes | None:
    """Return the side information in a packet's padding; None if there is none, or the padding is no list."""
    reader = _Reader(padding)
    while (found := reader.next()) is not None:
        number, payload = found
        if number == EXTENSION:
            return payload
    return None


def strip(packet: bytes) -> bytes:
    """Return the packet without its padding, if it has any; what is no Opus packet is returned as it is."""
    if not packet or packet[0] & _CODE_MASK != _CODE_MASK:
        return packet
    try:
        return opus_packet.padded(packet, b"") if opus_packet.parse(packet).padding else packet
    except PacketError:
        return packet


@dataclass(slots=True)
class _Reader:
    """The rest of a list of extensions."""

    rest: bytes

    def next(self) -> tuple[int, bytes] | None:
        """Return the next extension, its id and its payload; None at the end, or where the list is broken."""
        if not self.rest:
            return None
        number, flag = divmod(self._take(1)[0], 2)
        if number == _REPEAT or (number == 0 and not flag):
            return None
        if number == 0:
            size: int | None = 0
        elif number < _LONG_FROM:
            size = flag
        else:
            size = self._length() if flag else len(self.rest)
        return None if size is None or size > len(self.rest) else (number, self._take(size))

    def _length(self) -> int | None:
        size = 0
        while self.rest:
            step = self._take(1)[0]
            size += step
            if step != _CONTINUED:
                return size
        return None

    def _take(self, size: int) -> bytes:
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken
