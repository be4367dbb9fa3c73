"""The link to the room's broker: publishes, subscribes, and comes back by itself after an outage.

Everything goes at QoS 0: TCP already delivers in order while the connection lives, what a lost connection swallows is
either sent again by the room's timers or replaced by a newer picture, and QoS 1 would pay 56 bytes of acknowledgement
for each. A login that is refused at the start ends the link; once it was accepted, nothing does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from node.common.tasks import first_to_end, stop_if_cancelled
from node.links import broker_addresses, broker_errors, broker_way
from node.links.address import BrokerAddress
from node.links.broker_addresses import Resolve, Target
from node.links.broker_attempts import Attempts
from node.links.broker_way import TlsState
from node.links.outbox import MAX_OUTBOX, Message, Outbox
from node.links.wire_meter import TLS_RECORD, TcpConnections, WireMeter, acknowledgement_cost, frame_cost

if TYPE_CHECKING:
    import aiomqtt

    from node.links.mqtt_client import BrokerClient

__all__ = ["MAX_OUTBOX", "Message", "MqttLink", "TlsState"]

logger = logging.getLogger(__name__)

FIRST_RETRY_S, LONGEST_RETRY_S = 0.5, 15.0
STABLE_S = 10.0  # after a connection that lived this long the first pause is short again
# A question and its answer through a queue before a link of 16 kbit/s; a broker silent for longer counts as dead.
PROBE_TIMEOUT_S = 3.0
PROBE_TOPIC = "-"  # nothing subscribes to it, and MQTT 3.1.1, section 3.10.4, has every broker answer that it has ended
REFUSED_SUBSCRIPTION = 0x80  # of a SUBACK (MQTT 3.1.1, section 3.9.3)
CLIENT_ID_BYTES = 11  # as many as MQTT 3.1.1, section 3.1.3.1, has every broker take, in hexadecimal


class MqttLink:
    """One client of one broker.

    `on_message(topic, payload)` gets each received message, `on_up()` is called after each (re)connection, when the
    subscriptions are made, `on_down(reason)` when a connection that was up is gone, and `on_refused(patterns)` for
    subscriptions that the broker refuses. `note(text)` gets what the user should know. None of them may block.
    A link that `waits` for its broker takes every fault at the start for a passing one that may be. `resolve` finds the
    numbers of a name.
    """

    def __init__(
        self,
        address: BrokerAddress,
        *,
        on_message: Callable[[str, bytes], None],
        on_up: Callable[[], None] = lambda: None,
        on_down: Callable[[str], None] = lambda reason: None,
        on_refused: Callable[[Sequence[str]], None] = lambda patterns: None,
        note: Callable[[str], None] = logger.info,
        waits: bool = False,
        will: Message | None = None,
        meter: WireMeter | None = None,
        jitter: random.Random | None = None,
        resolve: Resolve = broker_addresses.resolve,
    ) -> None:
        self._target = Target(address.each()[0])
        self.attempts = Attempts(address, note, waits, resolve)
        self._on_message, self._on_up, self._on_down = on_message, on_up, on_down
        self._on_refused, self._will = on_refused, will
        self._jitter = jitter or random.Random()
        self._subscriptions: list[str] = []
        self._outbox = Outbox()
        self._doubted, self._hurried = asyncio.Event(), asyncio.Event()
        self._attempt: BrokerClient | None = None  # the connection that is up or being made
        self._client: BrokerClient | None = None  # the one that is up
        self._client_id: str | None = None  # the broker's choice
        self._received, self._was_up, self._up_at = 0, False, 0.0
        self.traffic = TcpConnections()
        if meter is not None:
            meter.add_tcp(self.traffic.total)

    @property
    def address(self) -> BrokerAddress:
        """Where the broker is met, or sought."""
        return self._target.address

    @property
    def speaks_5(self) -> bool:
        """Whether MQTT 5 is spoken there, and not 3.1.1."""
        return self.attempts.speaks_5(self.address)

    @property
    def connected(self) -> bool:
        return self._client is not None

    def tls_state(self) -> TlsState | None:
        """Return how the present connection is protected; None if it is not, or there is none."""
        return broker_way.tls_state(self.traffic.socket)

    @property
    def waiting(self) -> int:
        """How many messages wait for the broker."""
        return len(self._outbox)

    def segment_cost(self, message: Message) -> int:
        """Return the bytes on the wire, from IP up, of the segment that this message is."""
        size, address = message.size + int(self.speaks_5), self.address
        size += (0 if address.path is None else frame_cost(size)) + (TLS_RECORD if address.tls else 0)
        return size + acknowledgement_cost(self._target.host)

    def message_cost(self, message: Message) -> int:
        """Return the same, and what its acknowledgement costs."""
        return self.segment_cost(message) + acknowledgement_cost(self._target.host)

    def publish(self, message: Message) -> None:
        """Queue a message: see `Outbox.put`."""
        self._outbox.put(message)

    def send_now(self, message: Message) -> bool:
        """Send a message if it can leave at once, and return whether it does."""
        return self._client is not None and self._client.send_now(message)

    async def subscribe(self, pattern: str) -> None:
        """Subscribe now if connected, and after every reconnection."""
        if pattern in self._subscriptions:
            return
        self._subscriptions.append(pattern)
        await self._request("subscribe", pattern)

    async def unsubscribe(self, pattern: str) -> None:
        if pattern in self._subscriptions:
            self._subscriptions.remove(pattern)
            await self._request("unsubscribe", pattern)

    def probe(self) -> None:
        """Find out at once whether the broker still answers: without an answer the connection is made again."""
        self._doubted.set()

    def network_changed(self, gone: Collection[str]) -> None:
        """Take a change of this machine's addresses, of which some are `gone`: try at once what the change may mend."""
        if (attempt := self._attempt) is not None and attempt.local_address in gone:
            self._hurried.set()
            attempt.drop("the address that this machine had is gone")
        elif self._client is None:
            self._hurried.set()
        else:
            self.probe()

    async def _request(self, verb: str, pattern: str) -> None:
        import aiomqtt

        if (client := self._client) is None:
            return
        try:
            if verb == "subscribe":
                self._report_refusals([pattern], await client.subscribe_to([pattern]))
            else:
                await client.unsubscribe(pattern)
        except aiomqtt.MqttError as error:
            # The connection is going down; the list of subscriptions is what the next one starts from.
            logger.info("could not %s %s: %s", verb, pattern, error)

    def _report_refusals(self, patterns: Collection[str], codes: Collection[Any]) -> None:
        answers = zip(patterns, codes, strict=False)
        refused = [pattern for pattern, code in answers if getattr(code, "value", code) >= REFUSED_SUBSCRIPTION]
        if refused:
            self._on_refused(refused)

    async def run(self) -> None:
        """Connect and serve until cancelled.

        Until the broker has accepted the login once, raises NodeError if it refuses it, if its certificate does not
        hold, and, unless the link waits, for whatever else keeps it from the broker. What comes later, and what is
        waited for, goes to `note` once, and is tried again.
        """
        rounds = 0
        while True:
            self._target = await self.attempts.next()
            await self._connect_and_serve(self._target)
            if self._was_up:
                lasted = time.monotonic() - self._up_at >= STABLE_S
                rounds = 0 if lasted else rounds
                self.attempts.lost(self._target, lasted)
            if self.attempts.is_pause_due():
                rounds += 1
                await self._pause_before_retry(rounds)

    async def _connect_and_serve(self, target: Target) -> None:
        """One connection, from its attempt to its end."""
        import aiomqtt

        self._was_up = accepted = False
        self._attempt = self._new_client()
        try:
            async with self._attempt as client:
                self.attempts.was_accepted = accepted = True
                await self._serve(client)
        except aiomqtt.MqttError as error:
            cause = error.__cause__ if isinstance(error.__cause__, aiomqtt.MqttError) else error
            if self._was_up:
                self._on_down(str(cause))
            elif accepted:
                self.attempts.cut_off(target, cause)
            elif self._may_try_another_id(cause):
                self._client_id = secrets.token_hex(CLIENT_ID_BYTES)
                self.attempts.again(target)
            else:
                self.attempts.failed(target, cause)
        finally:
            self._attempt = None

    def _may_try_another_id(self, error: Exception) -> bool:
        """Some brokers do not choose an id for their clients, as MQTT 3.1.1 allows."""
        return self._client_id is None and getattr(error, "code", None) in broker_errors.ANOTHER_CLIENT_ID

    async def _pause_before_retry(self, attempts: int) -> None:
        """Pause before the next attempt, unless there is reason to hurry."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.pause_s(attempts)):
                await self._hurried.wait()
        self._hurried.clear()

    async def flush(self, timeout: float) -> None:
        """Wait until what was published has been handed to the system, for at most `timeout` seconds.

        If it was not, the connection is dropped: the broker then speaks the last will, which a farewell would cancel.
        """
        try:
            async with asyncio.timeout(timeout):
                if self.connected:
                    await self._outbox.emptied()
        except TimeoutError:
            logger.info("left %d messages unsent", len(self._outbox))
            if self._client is not None:
                self._client.drop("it takes nothing")

    def pause_s(self, attempts: int) -> float:
        """Full jitter: anything between half and the whole of a doubling, capped time."""
        longest = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(attempts - 1, 16))
        return longest * (0.5 + self._jitter.random() / 2)

    def _new_client(self) -> BrokerClient:
        from node.links.mqtt_client import broker_client  # aiomqtt takes 80 ms, and a command's --help needs none

        return broker_client(self._target, self._client_id, self._will, self._receive, self.speaks_5)

    async def _serve(self, client: BrokerClient) -> None:
        stop_if_cancelled()
        self._client = client
        self.traffic.follow(client.socket)
        try:
            if patterns := list(self._subscriptions):
                self._report_refusals(patterns, await client.subscribe_to(patterns))
            self._was_up, self._up_at = True, time.monotonic()
            self._hurried.clear()
            self.attempts.is_up(self._target)
            self._on_up()
            await first_to_end(self._read(client), self._write(client), self._probe_on_doubt(client))
        finally:
            self._client = None
            self.traffic.settle()

    def _receive(self, message: aiomqtt.Message) -> None:
        self._received += 1
        payload = message.payload
        self._on_message(str(message.topic), payload if isinstance(payload, bytes) else b"")

    async def _probe_on_doubt(self, client: BrokerClient) -> None:
        """Drop the connection when it is doubted and nothing comes: TCP would wait a quarter of an hour."""
        import aiomqtt

        while True:
            await self._doubted.wait()
            self._doubted.clear()
            before = self._received
            try:
                await client.unsubscribe(PROBE_TOPIC, timeout=PROBE_TIMEOUT_S)
            except aiomqtt.MqttError:
                if self._received == before:
                    self._hurried.set()
                    client.drop("it does not answer any more")
            stop_if_cancelled()

    async def _read(self, client: aiomqtt.Client) -> None:
        """Wait for the end of the connection, or for what went wrong with a message."""
        async for error in client.messages:
            assert isinstance(error, Exception)
            raise error

    async def _write(self, client: BrokerClient) -> None:
        while True:
            key, message = await self._outbox.first()
            await client.publish(message.topic, message.payload, retain=message.retain)
            stop_if_cancelled()
            self._outbox.sent(key, message)
