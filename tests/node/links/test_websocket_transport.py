"""MQTT by WebSocket: frames both ways, pongs that are masked, buffers that are full, answers that are none."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from node.links.address import BrokerAddress
from node.links.http_head import Deadline, NoWay
from node.links.websocket_transport import MAX_UNSENT_BYTES, WebSocketTransport
from node.links.wire_meter import frame_cost

ADDRESS = BrokerAddress("broker.example.org", 443, tls=True, path="/mqtt?x=1", headers=(("X-Key", "k"), ("Host", "h")))


class Server:
    """The other end of the connection, which reads and says what a test wants."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.protocol = ServerProtocol(subprotocols=["mqtt"])  # type: ignore[list-item]
        self.request: Request | None = None
        self.received = b""

    def accept(self) -> None:
        while self.request is None:
            self.protocol.receive_data(self.sock.recv(4_096))
            for event in self.protocol.events_received():
                assert isinstance(event, Request)
                self.request = event
        self.protocol.send_response(self.protocol.accept(self.request))
        self.flush()

    def flush(self) -> None:
        for data in self.protocol.data_to_send():
            self.sock.sendall(data)

    def frames(self) -> list[Frame]:
        data = self.sock.recv(1 << 20)
        self.received += data
        self.protocol.receive_data(data)
        return [event for event in self.protocol.events_received() if isinstance(event, Frame)]


@pytest.fixture
def ends() -> Iterator[tuple[WebSocketTransport, Server]]:
    here, there = socket.socketpair()
    with here, there:
        server = Server(there)
        accepting = threading.Thread(target=server.accept)
        accepting.start()
        client = WebSocketTransport(here, ADDRESS, Deadline(5))
        accepting.join()
        client.setblocking(False)
        yield client, server


Ends = tuple[WebSocketTransport, Server]


def test_it_asks_as_the_address_says(ends: Ends) -> None:
    _, server = ends
    assert server.request is not None
    assert server.request.path == "/mqtt?x=1"
    assert server.request.headers["Sec-WebSocket-Protocol"] == "mqtt"
    assert server.request.headers["X-Key"] == "k"
    assert server.request.headers.get_all("Host") == ["h"]


@pytest.mark.parametrize("size", [1, 125, 126, 5_000])
def test_a_packet_is_one_frame_and_costs_what_the_meter_says(ends: Ends, size: int) -> None:
    client, server = ends
    assert client.send(bytes(size)) == size
    (frame,) = server.frames()
    assert (frame.opcode, frame.data) == (Opcode.BINARY, bytes(size))
    assert len(server.received) == size + frame_cost(size)


def test_bytes_come_as_they_are_asked_for_whatever_the_frames(ends: Ends) -> None:
    client, server = ends
    server.protocol.send_binary(b"ab")
    server.protocol.send_binary(b"cd", fin=False)
    server.protocol.send_continuation(b"ef", fin=True)
    server.flush()
    assert client.recv(1) == b"a"
    assert client.pending() == 5
    assert client.recv(100) == b"bcdef"
    assert client.pending() == 0
    with pytest.raises(BlockingIOError):
        client.recv(1)


def test_what_is_sent_after_the_server_took_leave_is_a_lost_connection(ends: Ends) -> None:
    client, server = ends
    server.protocol.send_binary(b"the last packet")
    server.protocol.send_close()
    server.flush()
    assert client.recv(1) == b"t"  # the rest, and the end, are still to be read
    with pytest.raises(ConnectionAbortedError):
        client.send(b"a ping, or speech")
    assert client.recv(100) == b"he last packet"
    assert client.recv(100) == b""


def test_a_ping_is_answered_with_a_mask(ends: Ends) -> None:
    client, server = ends
    server.protocol.send_ping(b"are you there")
    server.flush()
    with pytest.raises(BlockingIOError):
        client.recv(1)
    (pong,) = server.frames()  # the protocol refuses one without a mask
    assert (pong.opcode, pong.data) == (Opcode.PONG, b"are you there")


def test_what_a_full_buffer_took_in_part_is_sent_once(ends: Ends) -> None:
    client, server = ends
    packet, received = bytes(range(256)) * 4_000, bytearray()
    with pytest.raises(BlockingIOError):
        client.send(packet)
    while True:
        with contextlib.suppress(BlockingIOError):
            assert client.send(packet) == len(packet)
            break
        received += b"".join(frame.data for frame in server.frames())
    while len(received) < len(packet):
        received += b"".join(frame.data for frame in server.frames())
    assert bytes(received) == packet


def test_who_pings_and_reads_nothing_is_cut_off(ends: Ends) -> None:
    client, server = ends
    server.sock.setblocking(False)
    with pytest.raises(ConnectionAbortedError):
        for _ in range(10 * MAX_UNSENT_BYTES // 100):
            server.protocol.send_ping(bytes(125))
            with contextlib.suppress(BlockingIOError):
                server.flush()
            with contextlib.suppress(BlockingIOError):
                client.recv(1)


def test_what_is_no_websocket_any_more_is_named(ends: Ends) -> None:
    client, server = ends
    server.sock.sendall(b"\xff" * 20)
    with pytest.raises(ConnectionAbortedError, match="no WebSocket, or far too long"):
        client.recv(4)


def test_text_is_named(ends: Ends) -> None:
    client, server = ends
    server.protocol.send_text(b"hello")
    server.flush()
    with pytest.raises(ConnectionAbortedError, match="it sends text by WebSocket, and no MQTT"):
        client.recv(4)


@pytest.mark.parametrize("ending", ["close", "end", "text"])
def test_an_end_reads_as_nothing(ends: Ends, ending: str) -> None:
    client, server = ends
    match ending:
        case "close":
            server.protocol.send_close(1001, "going")
            server.flush()
        case "end":
            server.sock.close()
        case "text":
            server.protocol.send_binary(b"last")
            server.protocol.send_close()
            server.flush()
            assert client.recv(10) == b"last"
    for _ in range(3):
        with contextlib.suppress(BlockingIOError):
            assert client.recv(1) == b""
            return
    raise AssertionError("it waits for more")


def _refused(answer: bytes) -> str:
    here, there = socket.socketpair()
    with here, there:
        there.sendall(answer)
        there.shutdown(socket.SHUT_WR)
        with pytest.raises(NoWay) as caught:
            WebSocketTransport(here, ADDRESS, Deadline(5))
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "has no WebSocket at this path (HTTP 404 Not Found)"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "is a web page and no WebSocket"),
        (b"HTTP/1.1 302 Found\r\nLocation: https://h/login\r\n\r\n", "elsewhere (HTTP 302 Found: https://h/login)"),
        (b"HTTP/1.1 401 Unauthorized\r\n\r\n", "check the path and broker_headers"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "refuses a WebSocket"),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "no broker behind its web server now"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "no MQTT by WebSocket"),
        (
            b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
            "no MQTT by",
        ),
        (b"220 mail.example.org ESMTP\r\n", "no web server answers"),
        (b"", "no web server answers"),
    ],
)
def test_an_answer_that_opens_no_websocket_is_one_line(answer: bytes, said: str) -> None:
    text = _refused(answer)
    assert said in text
    assert "x=1" not in text


@given(st.binary(max_size=300))
def test_any_bytes_after_the_handshake_are_read_or_end_it(data: bytes) -> None:
    here, there = socket.socketpair()
    with here, there:
        server = Server(there)
        accepting = threading.Thread(target=server.accept)
        accepting.start()
        client = WebSocketTransport(here, ADDRESS, Deadline(5))
        accepting.join()
        client.setblocking(False)
        there.sendall(data)
        with contextlib.suppress(BlockingIOError, ConnectionAbortedError):
            while client.recv(64):
                pass
