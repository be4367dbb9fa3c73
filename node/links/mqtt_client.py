"""aiomqtt's client with what it lacks: why a connection did not come about, at once, and a way to drop a dead one.

aiomqtt waits out its time limit where a broker closes before its CONNACK, never sees the code of some refusals, and
leaves the socket of a failed attempt open. All that reaches into it, and into the client beneath it, is here.

Received messages go to the node in the moment they are read. aiomqtt would keep them in a queue, which a task empties
slower than a flood fills it: good messages would be dropped with the bad. Handed on at once, a flood is held up by TCP
instead: one packet is read in each turn of the event loop, where everything else has its turn, too.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from aiomqtt import Client, Message, MqttError, ProtocolVersion, Will
from paho.mqtt.subscribeoptions import SubscribeOptions

from node.common.own_thread import left_behind
from node.links import broker_errors, broker_way, outbox, socket_queue
from node.links.address import BrokerAddress
from node.links.broker_addresses import Target
from protocol.errors import NodeError

if TYPE_CHECKING:
    from node.links.websocket_transport import WebSocketTransport

    Connection = socket.socket | WebSocketTransport

__all__ = ["BrokerClient", "DirectQueue", "Refused", "broker_client"]

# aiomqtt raises what matters, and logs with a traceback an acknowledgement that nothing waits for any more.
_logger = logging.getLogger(__name__).getChild("paho")
_logger.setLevel(logging.CRITICAL)

# A dead broker shows within 45 s even if TCP stays silent; a ping costs 108 bytes.
KEEPALIVE_S: Final = 30
CONNECT_TIMEOUT_S: Final = 8.0
# Of a packet that is read: ours have 8 kB at most, a broker's could have 256 MB. What is longer ends the connection.
MAX_PACKET_BYTES: Final = 1 << 20
# For the CONNACK, where another address may be tried: a question and its answer through the queue of a slow link.
CONNACK_TIMEOUT_WITH_OTHERS_S: Final = 3.0

ACCEPTED: Final = 0  # the return code of a CONNACK (MQTT 3.1.1, section 3.2.2.3)
FAREWELL_S: Final = 1.0  # how long a connection that takes nothing may hold up its end
KEEPALIVE_TIMEOUT, PROTOCOL_ERROR = 0x8D, 0x82  # what the client beneath makes of its own errors, as codes of MQTT 5
SUCCESS: Final = 0  # MQTT_ERR_SUCCESS of the client beneath
ENDS: Final = 5  # MQTT_ERR_CONN_REFUSED of the client beneath: it closes the socket
# How what is no MQTT begins: "HTTP/", an alert of TLS, and NATS's "INFO", which is at each path but /mqtt.
HTTP, TLS_ALERT, NATS = 0x48, 0x15, 0x49

NO_MQTT: Final = "what it sends is no MQTT"

_OTHERS: Final = {
    HTTP: "it speaks HTTP: for MQTT by WebSocket write ws:// or wss://",
    TLS_ALERT: "it speaks TLS: write mqtts://",
    NATS: "it speaks the protocol of NATS: MQTT has a port of its own there, and by WebSocket the path /mqtt",
}


class DirectQueue(asyncio.Queue[Any]):
    """A queue for aiomqtt that is always empty: `take` gets each message.

    What `take` raises comes out of the queue: raised in `put_nowait` it would look like a lost connection.
    """

    def __init__(self, take: Callable[[Any], None]) -> None:
        super().__init__()
        self._take = take

    def put_nowait(self, item: Any) -> None:
        try:
            self._take(item)
        except Exception as error:
            super().put_nowait(error)


class Refused(MqttError):
    """The broker's CONNACK carries another code than 0."""

    def __init__(self, code: int) -> None:
        super().__init__(f"it refuses the connection (code {code})")
        self.code = code


class BrokerClient(Client):
    """One connection to a broker, made and ended by `async with`; `__aenter__` raises `MqttError` or `Refused`.

    What kept it from a connection is the cause of its `MqttError`.
    """

    def __init__(self, target: Target, **options: Any) -> None:
        super().__init__(target.address.host, target.address.port, **options)
        self._target = target
        self._fault = ""
        self._made: Connection | None = None
        self._is_given_up = False
        self._first_byte = 0
        self.speaks_5 = options.get("protocol") is ProtocolVersion.V5
        self._context = options.get("tls_context")
        self._handle_connack = self._client._handle_connack
        vars(self._client)["_handle_connack"] = self._see_connack
        self._handle_packet = self._client._packet_handle
        vars(self._client)["_packet_handle"] = self._see_packet
        self._receive = self._client._sock_recv
        vars(self._client)["_sock_recv"] = self._receive_bounded
        vars(self._client)["_create_socket"] = lambda: self._made

    async def __aenter__(self) -> BrokerClient:
        if self._target.has_others:
            self.timeout = min(CONNECT_TIMEOUT_S, CONNACK_TIMEOUT_WITH_OTHERS_S)
        await self._connect()
        try:
            await super().__aenter__()
        except BaseException as error:
            self._client._sock_close()
            if self._made is not None:
                self._made.close()  # which the client beneath may not have taken yet
            if isinstance(error, MqttError):
                raise self._named(error) from None
            raise
        self.timeout = CONNECT_TIMEOUT_S
        return self

    async def __aexit__(self, *error: Any) -> None:
        self.timeout = FAREWELL_S
        try:
            await super().__aexit__(*error)
        except MqttError:
            pass  # the goodbye did not go out; what ended the connection, if anything did, is raised by itself
        finally:
            self._client._sock_close()

    async def subscribe_to(self, patterns: Sequence[str]) -> Sequence[Any]:
        """Subscribe at QoS 0, and return the code for each."""
        if self.speaks_5:
            return await self.subscribe([(pattern, SubscribeOptions(qos=0)) for pattern in patterns])
        return await self.subscribe([(pattern, 0) for pattern in patterns])

    @property
    def socket(self) -> socket.socket | None:
        """The connection's own socket, as long as there is one: that of TCP, with TLS if there is TLS."""
        sock = self._client.socket()
        sock = getattr(sock, "socket", sock)  # beneath a WebSocket
        return sock if isinstance(sock, socket.socket) else None

    @property
    def local_address(self) -> str | None:
        """Where the connection goes from."""
        try:
            return None if self.socket is None else str(self.socket.getsockname()[0]).partition("%")[0]
        except OSError:
            return None

    def send_now(self, message: outbox.Message) -> bool:
        """Hand a message to the system unless others wait there already: return whether that was done."""
        if self._client.want_write():
            self._client.loop_write()
        sock = self.socket
        if sock is None or self._client.want_write() or not socket_queue.has_room(sock.fileno(), message.size):
            return False
        return bool(self._client.publish(message.topic, message.payload, retain=message.retain).rc == SUCCESS)

    def drop(self, reason: str) -> None:
        """End the connection without a word to the broker: its user gets a `MqttError` with this reason."""
        ended = self._disconnected if self._connected.done() else self._connected
        if not ended.done():
            _fail(ended, MqttError(reason))
        self._client._sock_close()

    async def _connect(self) -> None:
        """Make the connection, in place of the client beneath, whose thread would hold up the program's end."""
        try:
            self._made = await left_behind(self._make)
        except OSError as error:
            raise MqttError(broker_errors.plain(error)) from error
        except BaseException:
            self._is_given_up = True
            raise

    def _make(self) -> Connection:
        made = broker_way.connect(self._target, self._context, CONNECT_TIMEOUT_S)
        if self._is_given_up:
            made.close()
        return made

    def _receive_bounded(self, size: int) -> bytes:
        """Read at most `size` bytes, as many as a packet lacks; keep why that fails, of which nothing else tells."""
        try:
            if size > MAX_PACKET_BYTES:
                raise ConnectionAbortedError(f"it announces a packet of {size:,} bytes, which is none of ours")
            return bytes(self._receive(size))
        except BlockingIOError:
            raise
        except OSError as error:
            self._fault = broker_errors.plain(error)
            raise

    def _see_packet(self) -> Any:
        """Keep the first byte: what speaks otherwise than MQTT shows it there."""
        self._first_byte = self._first_byte or self._client._in_packet["command"]
        return self._handle_packet()

    def _see_connack(self) -> Any:
        """Take the code before the client beneath, which makes of some an error of its own that reaches no caller."""
        body = bytes(self._client._in_packet["packet"])
        if len(body) < 2 or body[1] == ACCEPTED or self._connected.done():
            return self._handle_connack()
        self._connected.set_exception(Refused(body[1]))
        return ENDS

    def _on_disconnect(self, client: Any, userdata: Any, flags: Any, reason_code: Any, properties: Any = None) -> None:
        if not self._connected.done():
            self._connected.set_exception(MqttError(self._other_protocol() or self._reason(reason_code)))
        elif not self._disconnected.done() and self._connected.exception() is None:
            if reason_code.is_failure:
                said = _farewell(reason_code) if _said(flags) else self._reason(reason_code)
                _fail(self._disconnected, MqttError(said))
            else:
                self._disconnected.set_result(None)

    def _named(self, error: MqttError) -> MqttError:
        """Return aiomqtt's error, or what its time limit means here."""
        if str(error) != broker_errors.TIMED_OUT:
            return error
        silent = "it takes the connection and says nothing, until the attempt timed out"
        began = self._first_byte or self._client._in_packet["command"]
        return MqttError(self._other_protocol() or (self._no_mqtt if began else silent))

    def _reason(self, code: Any) -> str:
        """Return why a connection ended about which the broker itself said nothing."""
        if code.value == KEEPALIVE_TIMEOUT:
            return "it does not answer any more"
        return self._no_mqtt if code.value == PROTOCOL_ERROR else self._fault or "it closed the connection"

    @property
    def _no_mqtt(self) -> str:
        return f"{NO_MQTT} {'5' if self.speaks_5 else '3.1.1'}"

    def _other_protocol(self) -> str | None:
        """Return what the broker speaks instead, if its first byte tells."""
        return _OTHERS.get(self._first_byte or self._client._in_packet["command"])


def broker_client(
    target: Target,
    client_id: str | None,
    will: outbox.Message | None,
    take: Callable[[Message], None],
    speaks_5: bool = False,
) -> BrokerClient:
    """Return a client of this broker; `take` gets each message. Raises NodeError for a CA file that cannot be read."""
    address = target.address
    return BrokerClient(
        target,
        identifier=client_id,
        protocol=ProtocolVersion.V5 if speaks_5 else ProtocolVersion.V311,
        username=address.username,
        password=address.password,
        keepalive=KEEPALIVE_S,
        timeout=CONNECT_TIMEOUT_S,
        will=Will(will.topic, will.payload, retain=will.retain) if will else None,
        tls_context=tls_context(address) if address.tls else None,
        queue_type=lambda maxsize: DirectQueue(take),  # it is called, and nothing else
        logger=_logger,
    )


def tls_context(address: BrokerAddress) -> ssl.SSLContext:
    """Return what proves the broker's identity. Raises NodeError if the CA file cannot be read."""
    try:
        return ssl.create_default_context(cafile=address.ca_file)
    except OSError as error:
        raise NodeError(f"cannot read the CA file {address.ca_file!r}: {error.strerror or error}") from None


def _fail(future: Any, error: Exception) -> None:
    future.set_exception(error)
    future.exception()  # so that it counts as seen where no task waits for it any more


def _said(flags: Any) -> bool:
    """Return whether the broker itself said why it ends the connection, as those of MQTT 5 do."""
    return bool(getattr(flags, "is_disconnect_packet_from_server", False))


def _farewell(code: Any) -> str:
    return f"it ends the connection: {broker_errors.meaning(code.value)}"
