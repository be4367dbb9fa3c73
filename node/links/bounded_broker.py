"""amqtt's broker with its bounds: it has none on packets, queues, subscriptions and sessions, and checks logins late.

All that reaches into amqtt is here, and nothing else imports it. What amqtt does with a packet is its own affair.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from amqtt.adapters import BufferReader, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.mqtt.connack import NOT_AUTHORIZED, ConnackPacket
from amqtt.mqtt.connect import ConnectPacket

from node.links import broker_limits
from node.links.broker_limits import PacketReader

logger = logging.getLogger(__name__)

REFUSED = 0x80  # a SUBACK's code for a subscription that is not given
CONNECT = 1
QOS_0 = 0
FAREWELL_S = 2.0  # how long amqtt may take to speak a client's will
CLOSE_TIMEOUT_S = 1.0  # how long what is left may take to go out when a connection ends


class BoundedBroker(Broker):  # type: ignore[misc]
    """A broker for users with their passwords; without any, for every client. It takes QoS 0 and 1, and sends QoS 0."""

    def __init__(self, configuration: dict[str, Any], users: Mapping[str, str]) -> None:
        super().__init__(configuration)
        self._users = {name.encode(): password.encode() for name, password in users.items()}
        self.connections = 0
        self._served: dict[PacketReader, Any] = {}
        self._retained_by: dict[str, str | None] = {}  # the client of each topic

    @property
    def port(self) -> int:
        """Where it listens, which the system may have chosen."""
        return int(self._servers["default"].instance.sockets[0].getsockname()[1])

    async def _create_server_instance(
        self, listener_name: str, listener_type: object, address: str, port: int, ssl_context: ssl.SSLContext | None
    ) -> asyncio.Server:
        return await asyncio.start_server(
            partial(self.stream_connected, listener_name=listener_name),
            address,
            port,
            limit=broker_limits.MAX_PACKET_BYTES,
            reuse_address=True,
            ssl=ssl_context,
            ssl_handshake_timeout=broker_limits.CONNECT_TIMEOUT_S if ssl_context else None,
        )

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        """Serve one client from its login to its end, if there is room for it."""
        if self.connections >= broker_limits.MAX_CONNECTIONS:
            writer.transport.abort()
            return
        self.connections += 1
        outgoing = _Writer(writer)
        try:
            if (incoming := await self._log_in(reader, outgoing)) is not None:
                await self._serve(listener_name, incoming, outgoing)
        except Exception as error:  # of amqtt, on bytes that it does not expect: only this client may suffer
            logger.debug("a client's connection ended: %r", error)
        finally:
            self.connections -= 1
            await outgoing.close()

    async def _log_in(self, stream: asyncio.StreamReader, writer: _Writer) -> PacketReader | None:
        """Return the reader of an admitted client. amqtt would end another's session before it asks for a login."""
        reader = PacketReader(stream)
        first = await reader.fetch()
        if first[0] >> 4 != CONNECT:
            return None
        connect = await ConnectPacket.from_stream(BufferReader(first))
        if not self._may_enter(connect.username, connect.password):
            await ConnackPacket.build(0, NOT_AUTHORIZED).to_stream(writer)
            return None
        reader.put_back(first)
        return reader

    def _may_enter(self, username: str | None, password: str | None) -> bool:
        if not self._users:
            return True
        expected = self._users.get((username or "").encode())
        return expected is not None and hmac.compare_digest(expected, (password or "").encode())

    async def _serve(self, listener_name: str, incoming: PacketReader, outgoing: _Writer) -> None:
        """Have amqtt serve the client; it does not notice one that goes at once, so this sees to the end of it."""
        serving = asyncio.create_task(self._client_connected(listener_name, incoming, outgoing), name="serve a client")
        ending = asyncio.create_task(incoming.ended.wait(), name="end of a client")
        try:
            await asyncio.wait({serving, ending}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({serving}, timeout=FAREWELL_S)
        finally:
            for task in (serving, ending):
                task.cancel()
            ends = await asyncio.gather(serving, ending, return_exceptions=True)
            logger.debug("a client's connection ended: %r", ends)
            if (session := self._served.pop(incoming, None)) is not None:
                await self._forget(session)

    async def _forget(self, session: Any) -> None:
        """End a session, unless its client has come back over another connection."""
        kept, _ = self._sessions.get(session.client_id, (None, None))
        if kept is session:
            await self._cleanup_session(session.client_id)

    async def _initialize_client_session(self, reader: PacketReader, *rest: Any) -> Any:
        handler, session = await super()._initialize_client_session(reader, *rest)
        self._served[reader] = session
        session.clean_session = True  # nothing is stored for absent clients
        reader.patience_s = 1.5 * min(
            session.keep_alive or broker_limits.MAX_KEEPALIVE_S, broker_limits.MAX_KEEPALIVE_S
        )
        session.keep_alive = 0  # amqtt notices silence and does nothing about it; the reader ends the connection
        delivered = session.delivered_message_queue
        vars(handler)["wait_disconnect"] = partial(_after_its_messages, delivered, handler.wait_disconnect)
        return handler, session

    async def _handle_message_delivery(self, session: Any, handler: Any, delivery: asyncio.Future[Any]) -> bool:
        """Count what is handed on: `_after_its_messages` waits for all of it."""
        delivered = session.delivered_message_queue
        try:
            return bool(await super()._handle_message_delivery(session, handler, delivery))
        finally:
            if delivery.result() is not None:
                delivered.task_done()

    async def add_subscription(self, subscription: tuple[str, int], session: Any) -> int:
        """Return QoS 0: at another amqtt keeps each message until it is acknowledged."""
        topic, _ = subscription
        self._drop_empty_filters()
        theirs = sum(any(one is session for one, _ in entries) for entries in self._subscriptions.values())
        if theirs >= broker_limits.MAX_SUBSCRIPTIONS:
            return REFUSED
        return int(await super().add_subscription((topic, QOS_0), session))

    def _drop_empty_filters(self) -> None:
        for topic in [topic for topic, entries in self._subscriptions.items() if not entries]:
            del self._subscriptions[topic]

    async def _publish_retained_messages_for_subscription(self, subscription: tuple[str, int], session: Any) -> None:
        """Send retained messages to their subscribers alone; amqtt sends them, at the start, to other clients."""
        if any(one is session for one, _ in self._subscriptions.get(subscription[0], [])):
            await super()._publish_retained_messages_for_subscription(subscription, session)

    @property
    def queued(self) -> int:
        """How many messages wait to be handed on."""
        return int(self._broadcast_queue.qsize())

    async def _broadcast_message(self, session: Any, topic: Any, data: Any, force_qos: int | None = None) -> None:
        if self.queued < broker_limits.MAX_QUEUED:
            await super()._broadcast_message(session, topic, data, QOS_0)

    async def retain_message(self, source_session: Any, topic_name: Any, data: Any, qos: int | None = None) -> None:
        """Keep the newest message of each topic, as long as there is room for another topic."""
        kept = self._retained_messages
        if data and topic_name not in kept and len(kept) >= broker_limits.MAX_RETAINED:
            self._make_room()
        if topic_name in kept or len(kept) < broker_limits.MAX_RETAINED:
            await super().retain_message(None, topic_name, data, QOS_0)
            self._retained_by.pop(topic_name, None)
            if topic_name in kept:
                self._retained_by[topic_name] = getattr(source_session, "client_id", None)

    def _make_room(self) -> None:
        """Drop the oldest message that is kept of a client that is gone: a node that crashed takes none back."""
        gone = (topic for topic in self._retained_messages if self._retained_by.get(topic) not in self._sessions)
        if (oldest := next(gone, None)) is not None:
            del self._retained_messages[oldest]
            self._retained_by.pop(oldest, None)


async def _after_its_messages(delivered: asyncio.Queue[Any], disconnected: Callable[[], Awaitable[Any]]) -> Any:
    """Return how a client ended once its messages are handed on: amqtt would forget them, a node's goodbye among them.

    Another client of the same id may take messages that this one left: then it is not waited for long.
    """
    farewell = await disconnected()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(FAREWELL_S / 2):
            await delivered.join()
    return farewell


class _Writer(StreamWriterAdapter):  # type: ignore[misc]
    """A writer that never waits: a client that does not read is cut off."""

    async def drain(self) -> None:
        if self._writer.transport.get_write_buffer_size() > broker_limits.MAX_UNREAD_BYTES:
            self._writer.transport.abort()

    async def close(self) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await super().close()
        self._writer.transport.abort()
