"""MQTT by WebSocket: a connection with the methods that the MQTT client wants of a socket.

The client's own neither masks its pongs, as RFC 6455, section 5.1, demands, nor says what a web server answered; and it
loses a packet of which the system took a part. The protocol is the library's (websockets), the bytes are moved here.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
from typing import Final

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from node.links import http_head
from node.links.address import BrokerAddress
from node.links.http_head import Deadline, Head, NoWay

# Of a frame: a broker may put several of its packets into one, each of which is small.
MAX_FRAME_BYTES: Final = 1 << 20
# Read at once: the loop has its turn after as much.
READ_BYTES: Final = 4_096
# Pongs that a peer may leave unread before it is cut off.
MAX_UNSENT_BYTES: Final = 65_536

# The library logs requests, headers and all, and each frame.
_silent = logging.getLogger(__name__).getChild("silent")
_silent.setLevel(logging.CRITICAL)

_RETRIED: Final = (408, 425, 429)  # of the statuses that are the client's fault, those that pass by themselves


class WebSocketTransport:
    """A WebSocket over `socket`, which is connected; bytes in, bytes out."""

    def __init__(self, sock: socket.socket, address: BrokerAddress, deadline: Deadline) -> None:
        """Ask for the WebSocket. Raises NoWay if there is none, OSError if the connection fails."""
        self.socket = sock
        self._readable, self._unsent, self._framed = bytearray(), bytearray(), 0
        self._protocol = ClientProtocol(
            parse_uri(_uri(address)), subprotocols=[Subprotocol("mqtt")], max_size=MAX_FRAME_BYTES, logger=_silent
        )
        request = self._protocol.connect()
        for name, value in address.headers:
            if name in request.headers:
                del request.headers[name]
            request.headers[name] = value
        self._protocol.send_request(request)
        with deadline.over(sock):
            sock.sendall(b"".join(self._protocol.data_to_send()))
        self._check(http_head.read(sock, deadline))

    def recv(self, size: int) -> bytes:
        """Return at most `size` bytes, none at the end. Raises BlockingIOError or ssl.SSLWantReadError for none yet."""
        if not self._readable and self._protocol.state is State.OPEN:
            self._read()
        part = bytes(self._readable[:size])
        del self._readable[:size]
        return part

    def send(self, data: bytes | bytearray) -> int:
        """Send all in one frame and return its length. Raises BlockingIOError until all is out: then call it again.

        Raises ConnectionAbortedError once the other end has taken leave: the client knows errors of sockets alone.
        """
        if not self._framed:
            if self._protocol.state is not State.OPEN:
                raise ConnectionAbortedError("the other end has taken leave")
            self._protocol.send_binary(bytes(data))
            self._framed = len(data)
        self._flush()
        framed, self._framed = self._framed, 0
        return framed

    def pending(self) -> int:
        """Return how many bytes may be read although the system has none."""
        below = self.socket.pending() if isinstance(self.socket, ssl.SSLSocket) else 0
        return len(self._readable) + below

    def fileno(self) -> int:
        return self.socket.fileno()

    def setblocking(self, flag: bool) -> None:
        self.socket.setblocking(flag)

    def close(self) -> None:
        """Take leave if the system takes it at once, and close."""
        with contextlib.suppress(OSError):
            if self._protocol.state is State.OPEN and not self._unsent:
                self._protocol.send_close(CloseCode.NORMAL_CLOSURE)
                self._flush()
        self.socket.close()

    def _check(self, head: Head | None) -> None:
        if head is None:
            raise NoWay("no web server answers there, and so no WebSocket: check scheme and port")
        if head.status != 101:
            raise _refusal(head)
        self._protocol.receive_data(head.raw)
        if (error := self._protocol.handshake_exc) is not None or self._protocol.state is not State.OPEN:
            reason = str(error) if isinstance(error, InvalidHandshake) else "its answer is none of a WebSocket"
            raise NoWay(f"no MQTT by WebSocket there: {http_head.shown(reason)}; check the path")
        self._protocol.events_received()

    def _read(self) -> None:
        """Read once. Raises BlockingIOError if nothing for MQTT was in it."""
        data = self.socket.recv(READ_BYTES)
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                raise ConnectionAbortedError("it sends text by WebSocket, and no MQTT")
            if isinstance(event, Frame) and event.opcode in (Opcode.BINARY, Opcode.CONT):
                self._readable += event.data
        if not self._readable and not isinstance(self._protocol.parser_exc, EOFError | None):
            raise ConnectionAbortedError("what it sends is no WebSocket, or far too long")
        if self._readable or self._protocol.state is not State.OPEN:
            return
        with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            self._flush()  # pongs; what does not go now goes before the next packet
        if not self._framed and len(self._unsent) > MAX_UNSENT_BYTES:
            raise ConnectionAbortedError("it asks and reads nothing")
        raise BlockingIOError

    def _flush(self) -> None:
        self._unsent += b"".join(self._protocol.data_to_send())
        while self._unsent:
            sent = self.socket.send(self._unsent)
            del self._unsent[:sent]


def _uri(address: BrokerAddress) -> str:
    host = address.host.partition("%")[0]  # the scope is this machine's affair
    return f"{address.scheme}://{f'[{host}]' if ':' in host else host}:{address.port}{address.path}"


def _refusal(head: Head) -> NoWay:
    """Return a line on an answer that opens no WebSocket."""
    where = "EMQX and NATS have it at /mqtt, RabbitMQ at /ws, mosquitto anywhere"
    match head.status:
        case 401 | 403:
            text = f"it lets us in at no WebSocket ({head}): check the path and broker_headers"
        case 404 | 405:
            text = f"it has no WebSocket at this path ({head}): {where}"
        case status if 300 <= status < 400:
            text = f"it sends us elsewhere ({head}: {head.location or 'nowhere'}): name that address, by wss://"
        case status if status < 400:
            text = f"it is a web page and no WebSocket ({head}): check the path; {where}"
        case status if status < 500:
            text = f"it refuses a WebSocket ({head}): check path, headers and port"
        case _:
            text = f"it has no broker behind its web server now ({head}): try again later"
    return NoWay(text, final=head.status < 500 and head.status not in _RETRIED)
