"""The link to the room's broker: publishes, subscribes, and comes back by itself after an outage.

Everything goes at QoS 0: TCP already delivers in order while the connection lives, what a lost connection swallows is
either sent again by the room's timers or replaced by a newer picture, and QoS 1 would pay 56 bytes of acknowledgement
for each. A refused login is never retried.
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from node.links.address import BrokerAddress
from node.links.inbox import Inbox
from node.links.wire import TcpTraffic, WireMeter, tcp_message_cost, tcp_traffic
from protocol.errors import NodeError

if TYPE_CHECKING:
    import aiomqtt

logger = logging.getLogger(__name__)
# aiomqtt raises what matters, and logs with a traceback an acknowledgement that nobody waits for any more.
_client_logger = logger.getChild("paho")
_client_logger.setLevel(logging.CRITICAL)

KEEPALIVE_S = 30  # a dead broker shows within 45 s even if TCP stays silent; a ping costs 108 bytes
CONNECT_TIMEOUT_S = 8.0
FIRST_RETRY_S, LONGEST_RETRY_S = 0.5, 15.0
MAX_OUTBOX = 64  # messages waiting for the broker; retained ones replace each other, of the rest the oldest goes
TLS_RECORD = 22  # TLS 1.3: header 5, content type 1, tag 16
REFUSED_LOGIN = frozenset({4, 5, 134, 135})  # MQTT 3.1.1 and 5: bad user name or password, not authorised


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message of ours."""

    topic: str
    payload: bytes
    retain: bool = False

    @property
    def size(self) -> int:
        """Bytes of the PUBLISH packet at QoS 0 (MQTT 3.1.1, section 3.3)."""
        rest = 2 + len(self.topic.encode()) + len(self.payload)
        return 1 + _length_of_varint(rest) + rest


@dataclass(frozen=True, slots=True)
class Secured:
    """How a connection is protected: the version of TLS, and when the certificate ends (Unix time, seconds)."""

    version: str
    ends: float


def _length_of_varint(value: int) -> int:
    return max(1, (value.bit_length() + 6) // 7)


class MqttLink:
    """One client of one broker.

    ``on_message(topic, payload)`` gets each received message, ``on_up()`` is called after each (re)connection, when
    the subscriptions stand, and ``on_down(reason)`` when the connection is gone. None of them may block.
    """

    def __init__(
        self,
        address: BrokerAddress,
        *,
        on_message: Callable[[str, bytes], None],
        on_up: Callable[[], None] = lambda: None,
        on_down: Callable[[str], None] = lambda reason: None,
        will: Message | None = None,
        meter: WireMeter | None = None,
        jitter: random.Random | None = None,
    ) -> None:
        self.address = address
        self._on_message, self._on_up, self._on_down = on_message, on_up, on_down
        self._will = will
        self._jitter = jitter or random.Random()
        self._subscriptions: list[str] = []
        self._outbox: dict[object, Message] = {}
        self._posted, self._emptied = asyncio.Event(), asyncio.Event()
        self._client: aiomqtt.Client | None = None
        self._traffic = _Traffic()
        if meter is not None:
            meter.add_tcp(self._traffic.total)

    @property
    def connected(self) -> bool:
        return self._client is not None

    def secured(self) -> Secured | None:
        """How the present connection is protected; None if it is not, or there is none."""
        sock = self._traffic.socket
        if not isinstance(sock, ssl.SSLSocket) or not (certificate := sock.getpeercert()):
            return None
        return Secured(sock.version() or "TLS", ssl.cert_time_to_seconds(str(certificate["notAfter"])))

    @property
    def waiting(self) -> int:
        """How many messages wait for the broker."""
        return len(self._outbox)

    def message_cost(self, message: Message) -> int:
        """Bytes on the wire, from IP up, that sending this message costs, its acknowledgement included."""
        return tcp_message_cost(message.size + (TLS_RECORD if self.address.tls else 0), self.address.host)

    def publish(self, message: Message) -> None:
        """Queues a message. A retained one replaces what waits on its topic; when full, the oldest goes."""
        key: object = message.topic if message.retain else object()
        self._outbox.pop(key, None)
        self._outbox[key] = message
        if len(self._outbox) > MAX_OUTBOX:
            dropped = self._outbox.pop(next(iter(self._outbox)))
            logger.warning("the broker takes nothing: dropped the oldest message on %s", dropped.topic)
        self._emptied.clear()
        self._posted.set()

    async def subscribe(self, pattern: str) -> None:
        """Subscribes now if connected, and after every reconnection."""
        if pattern in self._subscriptions:
            return
        self._subscriptions.append(pattern)
        await self._tell("subscribe", pattern)

    async def unsubscribe(self, pattern: str) -> None:
        if pattern in self._subscriptions:
            self._subscriptions.remove(pattern)
            await self._tell("unsubscribe", pattern)

    async def _tell(self, verb: str, pattern: str) -> None:
        import aiomqtt

        if self._client is None:
            return
        try:
            await getattr(self._client, verb)(pattern)
        except aiomqtt.MqttError as error:
            # The connection is going down; the list of subscriptions is what the next one starts from.
            logger.info("could not %s %s: %s", verb, pattern, error)

    async def run(self) -> None:
        """Connects and serves until cancelled. Raises NodeError if the first attempt fails or a login is refused."""
        import aiomqtt

        ever_up, attempts = False, 0
        while True:
            try:
                async with self._new_client() as client:
                    ever_up, attempts = True, 0
                    await self._serve(client)
            except aiomqtt.MqttError as error:
                if not ever_up or _is_refusal(error):
                    raise NodeError(self._explain(error)) from error
                self._on_down(str(error))
            attempts += 1
            await asyncio.sleep(self._pause(attempts))

    async def flush(self, timeout: float) -> None:
        """Waits until what was published has been handed to the system, for at most ``timeout`` seconds."""
        try:
            async with asyncio.timeout(timeout):
                if self._outbox and self.connected:
                    await self._emptied.wait()
        except TimeoutError:
            logger.info("left %d messages unsent", len(self._outbox))

    def _pause(self, attempts: int) -> float:
        """Full jitter: anything between half and the whole of a doubling, capped time."""
        longest = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(attempts - 1, 16))
        return longest * (0.5 + self._jitter.random() / 2)

    def _new_client(self) -> aiomqtt.Client:
        import aiomqtt

        will = self._will
        return aiomqtt.Client(
            self.address.host,
            self.address.port,
            username=self.address.username,
            password=self.address.password,
            keepalive=KEEPALIVE_S,
            timeout=CONNECT_TIMEOUT_S,
            will=aiomqtt.Will(will.topic, will.payload, retain=will.retain) if will else None,
            tls_context=self._tls_context() if self.address.tls else None,
            queue_type=lambda maxsize: Inbox(self._take),  # type: ignore[arg-type]  # it is called, and nothing else
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            logger=_client_logger,
        )

    def _tls_context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.address.ca_file)
        except OSError as error:
            raise NodeError(f"cannot read the CA file {self.address.ca_file!r}: {error.strerror or error}") from None

    async def _serve(self, client: aiomqtt.Client) -> None:
        _stop_if_cancelled()
        self._client = client
        self._traffic.follow(client)
        try:
            if self._subscriptions:
                await client.subscribe([(pattern, 0) for pattern in self._subscriptions])
            self._on_up()
            await _first_to_end(self._read(client), self._write(client))
        finally:
            self._client = None
            self._traffic.settle()

    def _take(self, message: aiomqtt.Message) -> None:
        payload = message.payload
        self._on_message(str(message.topic), payload if isinstance(payload, bytes) else b"")

    async def _read(self, client: aiomqtt.Client) -> None:
        """Waits for the end of the connection, or for what went wrong with a message."""
        async for error in client.messages:
            assert isinstance(error, Exception)
            raise error

    async def _write(self, client: aiomqtt.Client) -> None:
        while True:
            await self._posted.wait()
            self._posted.clear()
            while self._outbox:
                key, message = next(iter(self._outbox.items()))
                await client.publish(message.topic, message.payload, retain=message.retain)
                _stop_if_cancelled()
                if self._outbox.get(key) is message:
                    del self._outbox[key]
            self._emptied.set()

    def _explain(self, error: Exception) -> str:
        if _is_refusal(error):
            return f"the broker {self.address} refuses the login; check the user name and password"
        if (doubt := _doubt(error)) is not None:
            return (
                f"the broker {self.address} does not show that it is who it says: {doubt}; for an authority of your "
                "own, name its certificate: broker_ca_file in the settings"
            )
        other = "mqtt:// if it speaks no TLS" if self.address.tls else "mqtts:// if it speaks TLS alone"
        cure = f"check --broker ({other}), or start one: pictophone broker"
        return f"cannot reach the broker {self.address}: {error}; {cure}"


def _doubt(error: Exception) -> str | None:
    """What is wrong with the broker's certificate, if that is it: aiomqtt keeps the text of OpenSSL's error alone."""
    _, verifying, reason = str(error).partition("certificate verify failed: ")
    return reason.partition(" (_ssl")[0].rstrip(".") if verifying else None


def _is_refusal(error: Exception) -> bool:
    rc = getattr(error, "rc", None)  # an int, or paho's ReasonCode, which is not hashable
    return getattr(rc, "value", rc) in REFUSED_LOGIN


def _stop_if_cancelled() -> None:
    """Raises CancelledError if this task was cancelled before.

    aiomqtt waits in ``asyncio.wait_for``, which until Python 3.12 forgets a cancellation that comes with its result.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _first_to_end(*works: Coroutine[Any, Any, None]) -> None:
    """Runs all until one ends, by itself or by an error, which is raised; the others are cancelled."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Traffic:
    """Totals of all TCP connections of one link, the finished ones and the present one."""

    def __init__(self) -> None:
        self._before = TcpTraffic(0, 0)
        self._present = TcpTraffic(0, 0)
        self.socket: socket.socket | None = None

    def follow(self, client: aiomqtt.Client) -> None:
        sock = client._client.socket()  # aiomqtt has no public way to its socket
        self.socket = sock if isinstance(sock, socket.socket) else None

    def total(self) -> TcpTraffic:
        if self.socket is not None:
            self._present = tcp_traffic(self.socket) or self._present
        return TcpTraffic(self._before.sent + self._present.sent, self._before.received + self._present.received)

    def settle(self) -> None:
        """The connection is over: its last known totals join the finished ones."""
        self._before, self._present, self.socket = self.total(), TcpTraffic(0, 0), None
