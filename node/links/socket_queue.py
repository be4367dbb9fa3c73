"""What a TCP socket still holds, and how long its way is: what the system knows of a connection.

Speech over TCP must not queue: what waits here comes too late, and holds up all that is said after it.
"""

from __future__ import annotations

import socket
import struct
import sys
from typing import Final

# Linux's request for the bytes that were handed to the system and are not acknowledged (linux/sockios.h); other systems
# have others, or none.
SIOCOUTQ: Final = 0x5411
# Messages of one size that may be on their way, or wait for room: a second of speech in messages of 120 ms. What leaves
# later than that after what was said before it is better not said. On a path that takes a second both ways this many
# are on their way without a queue, and where a segment was lost twice as many wait behind it.
MOST_WAITING: Final = 8
# Where Linux's struct tcp_info (include/uapi/linux/tcp.h) has the smoothed round trip, in microseconds: tcpi_rtt.
_ROUND_TRIP_AT: Final = 68

_INT = struct.Struct("i")
_MICROSECONDS = struct.Struct("=I")


def unacknowledged(descriptor: int) -> int | None:
    """Return how many bytes of a connection are on their way, or wait to be; None where the system does not tell."""
    if sys.platform != "linux":
        return None
    import fcntl

    try:
        return int(_INT.unpack(fcntl.ioctl(descriptor, SIOCOUTQ, bytes(_INT.size)))[0])
    except OSError:  # no socket any more
        return None


def has_room(descriptor: int, size: int) -> bool:
    """Return whether a connection holds so little that a live message of `size` bytes may follow.

    As far as the system tells; where it does not, the connection takes what fits into its buffer.
    """
    held = unacknowledged(descriptor)
    return held is None or held <= MOST_WAITING * size


def round_trip_s(sock: socket.socket | None) -> float | None:
    """Return how long a segment and its acknowledgement take, smoothed; None where the system does not tell."""
    option = getattr(socket, "TCP_INFO", None)
    if sock is None or option is None or sys.platform != "linux":
        return None
    size = _ROUND_TRIP_AT + _MICROSECONDS.size
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, option, size)
    except OSError:
        return None
    if len(info) < size:
        return None
    return float(_MICROSECONDS.unpack_from(info, _ROUND_TRIP_AT)[0]) / 1e6
