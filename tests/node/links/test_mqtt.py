"""The link to the broker: what is kept and dropped, and outages."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import raw_mqtt
from certificates import Certified, certify
from happenings import PATIENCE_S, Happenings, until
from scripted_broker import (
    CLOSES,
    GOOD,
    REFUSED,
    SILENT,
    UNSUBSCRIBE,
    Behaviour,
    connack,
    refuses,
    scripted,
)

from node.links import broker, mqtt, mqtt_client
from node.links.address import BrokerAddress
from node.links.mqtt import Message, MqttLink
from node.links.wire_meter import WireMeter
from protocol.errors import NodeError

LOOPBACK = "127.0.0.1"
SECRET = "hunter2"

# -- sizes and pauses


@pytest.mark.parametrize(
    ("payload", "size"), [(0, 2 + 2 + 15), (12, 2 + 2 + 27), (110, 2 + 2 + 125), (111, 3 + 2 + 126)]
)
def test_the_size_of_a_message_is_that_of_its_publish_packet(payload: int, size: int) -> None:
    assert Message("room1234/node/p", bytes(payload)).size == size


def _link(address: BrokerAddress, **more: object) -> MqttLink:
    return MqttLink(address, **{"on_message": lambda topic, payload: None, **more})  # type: ignore[arg-type]


async def test_tls_costs_its_record() -> None:
    message = Message("r/n/p", b"x")
    plain, tls = BrokerAddress(LOOPBACK), BrokerAddress(LOOPBACK, tls=True)
    assert _link(plain).message_cost(message) == message.size + 2 * 52
    assert _link(tls).message_cost(message) - _link(plain).message_cost(message) == mqtt.TLS_RECORD


async def test_a_name_that_is_met_by_ipv6_costs_its_headers() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["::1"]

    failed, message = asyncio.Event(), Message("r/n/p", b"x")
    link = _link(BrokerAddress("broker.example.org", 1), waits=True, resolve=resolve, note=lambda text: failed.set())
    running = asyncio.create_task(link.run())
    await failed.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (link.segment_cost(message), link.message_cost(message)) == (message.size + 72, message.size + 2 * 72)


async def test_pauses_double_to_a_limit_and_are_jittered_by_half() -> None:
    link = _link(BrokerAddress(LOOPBACK), jitter=random.Random(3))
    for attempts in (1, 2, 3, 4, 5, 6, 7, 100):
        longest = min(15.0, 0.5 * 2 ** (attempts - 1))
        pauses = [link.pause_s(attempts) for _ in range(200)]
        assert longest / 2 <= min(pauses) < longest * 0.55
        assert longest * 0.95 < max(pauses) <= longest


# -- a live link


class Client:
    """A link at work, with all that it reports."""

    def __init__(self, address: BrokerAddress, jitter: random.Random | None = None, **more: object) -> None:
        self.messages, self.states, self.notes = Happenings(), Happenings(), Happenings()
        self.refused: list[Sequence[str]] = []
        self.jitter = jitter or _Impatient()
        self.link = MqttLink(
            address,
            on_message=lambda topic, payload: self.messages.add((topic, payload)),
            on_up=lambda: self.states.add("up"),
            on_down=lambda reason: self.states.add("down"),
            on_refused=self.refused.append,
            note=self.notes.add,
            jitter=self.jitter,
            **more,  # type: ignore[arg-type]
        )

    async def ups(self, number: int) -> None:
        await self.states.until(lambda states: states.count("up") >= number)


class _Impatient(random.Random):
    """Draws the shortest pause each time, and counts how often."""

    drawn = 0

    def random(self) -> float:
        self.drawn += 1
        return 0.0


@contextlib.asynccontextmanager
async def at_work(*clients: Client) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(client.link.run()) for client in clients]
    try:
        for client in clients:
            await client.ups(1)
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture(params=["mosquitto", "embedded_broker"])
def anywhere(request: pytest.FixtureRequest) -> BrokerAddress:
    """Both brokers, one after the other."""
    address: BrokerAddress = request.getfixturevalue(request.param)
    return address


async def test_a_message_reaches_who_subscribed(anywhere: BrokerAddress) -> None:
    sender, receiver = Client(anywhere), Client(anywhere)
    await receiver.link.subscribe("room/+/s")
    async with at_work(sender, receiver):
        assert sender.link.connected
        await receiver.link.subscribe("room/n/p")
        for number in range(20):
            sender.link.publish(Message("room/n/s", b"%d" % number))
        sender.link.publish(Message("room/n/t", b"not asked for"))
        sender.link.publish(Message("room/n/p", b""))
        messages = await receiver.messages.count(21)
        assert messages == [("room/n/s", b"%d" % number) for number in range(20)] + [("room/n/p", b"")]
    assert not sender.link.connected


async def test_what_is_unsubscribed_comes_no_more(anywhere: BrokerAddress) -> None:
    sender, receiver = Client(anywhere), Client(anywhere)
    for topic in ("a", "b", "b"):
        await receiver.link.subscribe(topic)
    async with at_work(sender, receiver):
        await receiver.link.unsubscribe("a")
        await receiver.link.unsubscribe("never asked for")
        sender.link.publish(Message("a", b"1"))
        sender.link.publish(Message("b", b"2"))
        assert await receiver.messages.count(1) == [("b", b"2")]


async def test_the_newest_retained_message_awaits_a_newcomer(anywhere: BrokerAddress) -> None:
    sender = Client(anywhere)
    async with at_work(sender):
        for payload in (b"old", b"new"):
            sender.link.publish(Message("r/n/p", payload, retain=True))
            await sender.link.flush(PATIENCE_S)
        late = Client(anywhere)
        await late.link.subscribe("r/+/p")
        async with at_work(late):
            assert await late.messages.count(1) == [("r/n/p", b"new")]
            sender.link.publish(Message("r/n/p", b"", retain=True))
            await late.messages.count(2)
        later = Client(anywhere)
        await later.link.subscribe("r/+/#")
        async with at_work(later):
            sender.link.publish(Message("r/n/s", b"marker"))
            assert await later.messages.count(1) == [("r/n/s", b"marker")]


async def test_what_waits_is_sent_once_connected_and_only_the_newest_of_a_retained_topic(
    mosquitto: BrokerAddress,
) -> None:
    sender, receiver = Client(mosquitto), Client(mosquitto)
    await receiver.link.subscribe("#")
    for payload in (b"1", b"2", b"3"):
        sender.link.publish(Message("picture", payload, retain=True))
        sender.link.publish(Message("signal", payload))
    async with at_work(receiver), at_work(sender):
        assert await receiver.messages.count(4) == [
            ("signal", b"1"),
            ("signal", b"2"),
            ("picture", b"3"),
            ("signal", b"3"),
        ]


async def test_a_full_outbox_drops_the_oldest_and_says_so(
    mosquitto: BrokerAddress, caplog: pytest.LogCaptureFixture
) -> None:
    sender, receiver = Client(mosquitto), Client(mosquitto)
    await receiver.link.subscribe("#")
    for number in range(mqtt.MAX_OUTBOX + 5):
        sender.link.publish(Message(f"t{number}", b""))
    assert [record.getMessage()[-2:] for record in caplog.records] == ["t0", "t1", "t2", "t3", "t4"]
    async with at_work(receiver), at_work(sender):
        messages = await receiver.messages.count(mqtt.MAX_OUTBOX)
        assert [topic for topic, _ in messages] == [f"t{number}" for number in range(5, mqtt.MAX_OUTBOX + 5)]


async def test_flushing_waits_for_what_was_published(mosquitto: BrokerAddress) -> None:
    sender = Client(mosquitto)
    await sender.link.flush(0)  # neither connected nor anything to say
    async with at_work(sender):
        await sender.link.flush(0)
        for number in range(30):
            sender.link.publish(Message("t", b"%d" % number))
        await sender.link.flush(PATIENCE_S)
        assert sender.link.waiting == 0


async def test_flushing_gives_up_in_time(mosquitto: BrokerAddress) -> None:
    sender = Client(mosquitto)
    async with at_work(sender):
        sender.link.publish(Message("t", b""))
        await sender.link.flush(0)  # the writer had no turn yet
        assert sender.link.waiting


async def test_the_traffic_is_counted(mosquitto: BrokerAddress) -> None:
    meter = WireMeter()
    sender = Client(mosquitto, meter=meter)
    async with at_work(sender):
        connected = meter.total("sent")
        assert connected >= 2 * 52 + 8 + 14  # SYN, ACK, CONNECT
        message = Message("r/n/p", bytes(100))
        sender.link.publish(message)
        await sender.link.flush(PATIENCE_S)
        after = meter.total("sent")
        assert after - connected >= message.size + 52
    assert meter.total("sent") >= after  # a link that is gone stays counted


# -- outages


async def test_a_link_comes_back_by_itself_with_its_subscriptions(start_mosquitto: Callable[..., object]) -> None:
    server = start_mosquitto()
    sender, receiver = Client(server.address), Client(server.address)
    await receiver.link.subscribe("r/+/s")
    async with at_work(sender, receiver):
        await receiver.link.subscribe("late")
        server.stop()
        for client in (sender, receiver):
            await client.states.until(lambda states: states == ["up", "down"])
            assert not client.link.connected
        sender.link.publish(Message("late", b"while away"))
        await receiver.link.subscribe("even later")
        server.start()
        await receiver.ups(2)
        await sender.ups(2)
        sender.link.publish(Message("r/n/s", b"1"))
        sender.link.publish(Message("even later", b"2"))
        sender.link.publish(Message("late", b"3"))
        messages = await receiver.messages.until(lambda messages: ("late", b"3") in messages)
        assert messages[-3:] == [("r/n/s", b"1"), ("even later", b"2"), ("late", b"3")]


async def test_a_link_to_the_embedded_broker_comes_back_too(free_port: Callable[[], int]) -> None:
    port = free_port()
    client = Client(BrokerAddress(LOOPBACK, port))
    await client.link.subscribe("t")
    async with contextlib.AsyncExitStack() as servers:
        await servers.enter_async_context(broker.serve(LOOPBACK, port))
        async with at_work(client):
            await servers.aclose()
            await client.states.until(lambda states: "down" in states)
            await servers.enter_async_context(broker.serve(LOOPBACK, port))
            await client.ups(2)
            client.link.publish(Message("t", b"to myself"))
            assert await client.messages.count(1) == [("t", b"to myself")]


async def test_the_last_will_is_spoken_when_the_socket_dies(anywhere: BrokerAddress) -> None:
    mourner = Client(anywhere)
    await mourner.link.subscribe("r/+/h")
    dying = Client(anywhere, will=Message("r/n/h", b"", retain=True))
    async with at_work(mourner), at_work(dying):
        dying.link.publish(Message("r/n/h", b"hello", retain=True))
        await mourner.messages.count(1)
        assert dying.link.traffic.socket is not None
        dying.link.traffic.socket.shutdown(2)
        await mourner.messages.until(lambda messages: messages[:2] == [("r/n/h", b"hello"), ("r/n/h", b"")])


async def test_a_goodbye_that_cannot_leave_is_said_by_the_last_will(anywhere: BrokerAddress) -> None:
    mourner = Client(anywhere)
    await mourner.link.subscribe("r/+/h")
    leaving = Client(anywhere, will=Message("r/n/h", b"gone"))
    async with at_work(mourner):
        async with at_work(leaving):
            leaving.link.publish(Message("r/n/h", b"goodbye"))
            await leaving.link.flush(0)  # the writer had no turn yet
        assert await mourner.messages.count(1) == [("r/n/h", b"gone")]


# -- refusals


async def _refusal(address: BrokerAddress, **more: object) -> str:
    client = Client(address, **more)
    with pytest.raises(NodeError) as caught:
        async with asyncio.timeout(PATIENCE_S):
            await client.link.run()
    assert client.states.all == []
    message = str(caught.value)
    assert "\n" not in message
    assert SECRET not in message
    return message


@pytest.mark.parametrize("password", [f"{SECRET}-wrong", None])
async def test_mosquitto_refuses_a_wrong_login_once(
    start_mosquitto: Callable[..., object], password: str | None
) -> None:
    address = start_mosquitto({"ann": SECRET}).address
    message = await _refusal(replace(address, username="ann" if password else None, password=password))
    assert "refuses the login" in message
    assert str(address) in message


async def test_the_right_login_is_let_in(start_mosquitto: Callable[..., object]) -> None:
    server = start_mosquitto({"ann": SECRET})
    async with at_work(Client(replace(server.address, username="ann", password=SECRET))):
        """It is up."""


async def test_the_embedded_broker_refuses_and_lets_in() -> None:
    async with broker.serve(LOOPBACK, 0, {"ann": SECRET}) as port:
        address = BrokerAddress(LOOPBACK, port)
        async with at_work(Client(replace(address, username="ann", password=SECRET))):
            """It is up."""
        assert "refuses the login" in await _refusal(replace(address, username="ann", password=f"{SECRET}-wrong"))
        assert "refuses the login" in await _refusal(address)


async def test_a_login_that_is_refused_after_an_outage_is_noted_and_tried_again(free_port: Callable[[], int]) -> None:
    port = free_port()
    client = Client(BrokerAddress(LOOPBACK, port, username="ann", password=SECRET))
    async with contextlib.AsyncExitStack() as servers:
        await servers.enter_async_context(broker.serve(LOOPBACK, port, {"ann": SECRET}))
        async with at_work(client):
            await servers.aclose()
            await servers.enter_async_context(broker.serve(LOOPBACK, port, {"ann": "changed"}))
            notes = await client.notes.until(lambda notes: any("refuses the login" in note for note in notes))
            assert notes[-1].endswith("; trying again")
            await servers.aclose()
            await servers.enter_async_context(broker.serve(LOOPBACK, port, {"ann": SECRET}))
            await client.ups(2)


async def test_mosquitto_restarted_with_other_passwords_is_waited_out(start_mosquitto: Callable[..., Any]) -> None:
    server = start_mosquitto({"ann": SECRET})
    client = Client(replace(server.address, username="ann", password=SECRET))
    async with at_work(client):
        for password, ups in (("changed", 1), (SECRET, 2)):
            server.stop()
            server.let_in({"ann": password})
            server.start()
            if ups == 1:
                await client.notes.until(lambda notes: any("refuses the login" in note for note in notes))
            await client.ups(ups)
    assert client.states.all[:3] == ["up", "down", "up"]
    assert len(client.notes.all) <= 2  # that it is gone, and that it refuses, once each
    assert SECRET not in "".join(client.notes.all)


# -- brokers that misbehave


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (refuses(1), "does not speak MQTT 3.1.1"),
        (refuses(2), "rejects every client id"),
        (refuses(3), "is not ready to serve"),
        (refuses(4), "refuses the login"),
        (refuses(5), "refuses the login"),
        (refuses(99), "refuses the connection with code 99"),
        (Behaviour(b"", closes=True), "it closed the connection"),
        (Behaviour(connack(0)[:3], closes=True), "it closed the connection"),
        (Behaviour(b"HTTP/1.1 400 Bad Request\r\n\r\n", closes=True), "it "),
        (Behaviour(b"\x20\x03\0\0\0"), "no MQTT"),
        (Behaviour(b"\x20\xff\xff\xff\xff\xff"), "no MQTT"),
        (Behaviour(b"\xe0\0", closes=True), "no MQTT"),
        (Behaviour(bytes(64)), "no MQTT"),
    ],
)
async def test_a_broker_that_does_not_let_us_in_ends_the_link_at_once(behaviour: Behaviour, said: str) -> None:
    """At once: an attempt that is not refused, but waited out, would take `CONNECT_TIMEOUT_S` and say so."""
    async with scripted(behaviour) as server:
        message = await _refusal(server.address)
    assert said in message
    assert "timed out" not in message


async def test_a_broker_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_client, "CONNECT_TIMEOUT_S", 0.1)
    async with scripted(SILENT) as server:
        assert "timed out" in await _refusal(server.address)


async def test_what_begins_as_no_packet_does_is_not_said_to_be_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_client, "CONNECT_TIMEOUT_S", 0.3)
    async with scripted(Behaviour(b"SSH-2.0-OpenSSH_9.2\r\n")) as server:
        assert "no MQTT" in await _refusal(server.address)


async def test_a_client_id_of_our_own_is_tried_where_the_broker_chooses_none() -> None:
    async with scripted(refuses(2), GOOD) as server, at_work(Client(server.address)):
        first, second = await server.connections.count(2)
    assert (first, len(second)) == ("", 2 * mqtt.CLIENT_ID_BYTES)


MISBEHAVIOURS = [
    CLOSES,
    *(refuses(code) for code in (1, 2, 3, 4, 5, 99)),
    Behaviour(b"", closes=True),
    Behaviour(bytes(64)),
    Behaviour(connack(0) + b"\xe0\0"),
]


@pytest.mark.parametrize("behaviour", MISBEHAVIOURS)
async def test_once_let_in_a_link_bears_everything(behaviour: Behaviour) -> None:
    async with scripted(GOOD, behaviour, behaviour, GOOD) as server:
        client = Client(server.address)
        await client.link.subscribe("t")
        async with at_work(client):
            server.close_all()
            await client.ups(2)
            client.link.publish(Message("t", b"still here"))
            await server.packets.until(lambda packets: any(body.endswith(b"still here") for _, body in packets))
        assert client.states.all[:3] == ["up", "down", "up"]
        assert len(client.notes) <= 1


@pytest.mark.parametrize("behaviour", [CLOSES, Behaviour(connack(0) + bytes(64))])
async def test_a_broker_that_lets_us_in_and_closes_refuses_nothing(behaviour: Behaviour) -> None:
    """paho's codes for a connection that is gone are 4, 5 and 7; MQTT's for a login that is refused, 4 and 5."""
    async with scripted(behaviour, behaviour, behaviour, GOOD) as server:
        client = Client(server.address)
        await client.link.subscribe("t")
        async with at_work(client):
            assert len(client.notes) == 1
            assert "lets us in and then ends the connection" in client.notes.all[0]


async def test_what_comes_after_the_login_is_no_refusal_either() -> None:
    async with scripted(GOOD) as server:
        client = Client(server.address)
        async with at_work(client):
            server.send(connack(5))
            server.send(b"\xe0\0")
            await client.ups(2)


async def test_pauses_grow_until_a_connection_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(MqttLink, "pause_s", lambda link, attempts: asked.append(attempts) or 0.0)
    async with scripted(*[CLOSES] * 5, GOOD) as server:
        client = Client(server.address)
        await client.link.subscribe("t")
        async with at_work(client):
            assert asked == [1, 2, 3, 4, 5]
            monkeypatch.setattr(mqtt, "STABLE_S", 0.0)
            server.close_all()
            await client.ups(2)
    assert asked == [1, 2, 3, 4, 5, 1]


async def test_an_attempt_that_takes_long_is_no_connection_that_lasted(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(MqttLink, "pause_s", lambda link, attempts: asked.append(attempts) or 0.0)
    monkeypatch.setattr(mqtt, "STABLE_S", 0.0)
    async with scripted(*[CLOSES] * 3, GOOD) as server:
        client = Client(server.address)
        await client.link.subscribe("t")
        async with at_work(client):
            assert asked == [1, 2, 3]


async def test_a_failed_attempt_leaves_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that stood still would go on with all of them at once, each with our last will."""
    monkeypatch.setattr(mqtt_client, "CONNECT_TIMEOUT_S", 0.05)
    async with scripted(SILENT, SILENT, SILENT, GOOD) as server:
        client = Client(server.address, waits=True)
        async with at_work(client):
            await until(lambda: len(server._writers) == 1)


# -- waiting at the start


async def test_a_link_that_waits_comes_up_when_its_broker_does(free_port: Callable[[], int]) -> None:
    port = free_port()
    client = Client(BrokerAddress(LOOPBACK, port), waits=True)
    running = asyncio.create_task(client.link.run())
    try:
        (note,) = await client.notes.count(1)
        assert note.startswith(f"cannot reach the broker mqtt://127.0.0.1:{port}: ")
        await until(lambda: client.jitter.drawn >= 3)  # type: ignore[attr-defined]
        async with broker.serve(LOOPBACK, port):
            await client.ups(1)
        assert client.notes.all[:1] == [note]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "203.0.113.1"])
async def test_names_and_networks_are_waited_for(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr("socket.create_connection", unreachable)
    client = Client(BrokerAddress(host), waits=True)
    running = asyncio.create_task(client.link.run())
    await until(lambda: client.jitter.drawn >= 3)  # type: ignore[attr-defined]
    assert len(client.notes) == 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("code", [1, 4, 5])
async def test_a_link_that_waits_does_not_wait_for_another_login(code: int) -> None:
    async with scripted(refuses(code)) as server:
        await _refusal(server.address, waits=True)


async def test_a_link_that_waits_does_not_wait_for_another_certificate(tmp_path: Path) -> None:
    files = certify(tmp_path, "other.example.org")
    async with broker.serve(LOOPBACK, 0, certificate=broker.Certificate(files.chain, files.key)) as port:
        address = BrokerAddress(LOOPBACK, port, tls=True, ca_file=str(files.ca))
        assert "does not show that it is who it says" in await _refusal(address, waits=True)


# -- doubts


async def test_a_broker_that_answers_is_believed(anywhere: BrokerAddress) -> None:
    client = Client(anywhere)
    await client.link.subscribe("t")
    async with at_work(client):
        for number in range(3):
            client.link.probe()
            client.link.publish(Message("t", b"%d" % number))
            await client.messages.count(number + 1)
        await until(lambda: not client.link._doubted.is_set())
        assert client.states.all == ["up"]


async def test_a_broker_that_hangs_is_left_when_it_is_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "PROBE_TIMEOUT_S", 0.05)
    async with scripted(Behaviour(answers_probes=False), GOOD) as server:
        client = Client(server.address)
        async with at_work(client):
            client.link.probe()
            await client.ups(2)
            client.link.probe()
            await server.packets.until(lambda packets: len([kind for kind, _ in packets if kind == UNSUBSCRIBE]) == 2)
        assert client.states.all[:3] == ["up", "down", "up"]


async def test_what_comes_meanwhile_is_an_answer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "PROBE_TIMEOUT_S", 0.2)
    async with scripted(Behaviour(answers_probes=False)) as server:
        client = Client(server.address)
        async with at_work(client):
            client.link.probe()
            await server.packets.count(1)
            server.send(raw_mqtt.publish("t", b"a long queue"))
            await client.messages.count(1)
            client.link.probe()
            await server.packets.count(2)
            assert client.states.all == ["up"]


async def test_a_connection_from_an_address_that_is_gone_is_made_anew_at_once(mosquitto: BrokerAddress) -> None:
    client = Client(mosquitto, jitter=random.Random())
    client.link.pause_s = lambda attempts: PATIENCE_S  # type: ignore[method-assign]
    async with at_work(client):
        client.link.network_changed({"203.0.113.1"})
        client.link.network_changed({LOOPBACK})
        await client.ups(2)
        assert client.states.all == ["up", "down", "up"]


async def test_a_change_of_the_network_ends_a_pause(free_port: Callable[[], int]) -> None:
    port = free_port()
    client = Client(BrokerAddress(LOOPBACK, port), waits=True)
    client.link.pause_s = lambda attempts: 2 * PATIENCE_S  # type: ignore[method-assign]
    running = asyncio.create_task(client.link.run())
    await client.notes.count(1)
    async with broker.serve(LOOPBACK, port):
        client.link.network_changed(())
        await client.ups(1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


# -- subscriptions that are refused


async def test_a_subscription_that_is_refused_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted(Behaviour(granted=REFUSED)) as server:
        client = Client(server.address)
        for pattern in ("r/+/h", "r/+/s"):
            await client.link.subscribe(pattern)
        async with at_work(client):
            await client.link.subscribe("r/n/p")
            assert client.refused == [["r/+/h", "r/+/s"], ["r/n/p"]]


# -- addresses that lead nowhere


async def test_a_closed_port_is_one_line(free_port: Callable[[], int]) -> None:
    address = BrokerAddress(LOOPBACK, free_port(), username="ann", password=SECRET)
    message = await _refusal(address)
    assert str(address) in message
    assert "pictophone broker" in message


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a\0b", "ü.invalid"])
async def test_an_unknown_host_is_one_line(host: str) -> None:
    assert "cannot reach the broker" in await _refusal(BrokerAddress(host, username="ann", password=SECRET))


async def test_a_missing_ca_file_is_one_line() -> None:
    assert "/no/such/ca.pem" in await _refusal(BrokerAddress(LOOPBACK, tls=True, ca_file="/no/such/ca.pem"))


async def test_tls_to_a_broker_without_it_is_one_line(mosquitto: BrokerAddress) -> None:
    assert "mqtt:// if it speaks no TLS" in await _refusal(replace(mosquitto, tls=True))


@pytest.fixture(params=["mosquitto", "embedded"])
async def secured(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Callable[[Certified], Awaitable[BrokerAddress]]]:
    """Starts a broker with these certificates; what it gives names their authority."""
    async with contextlib.AsyncExitStack() as servers:

        async def start(certified: Certified) -> BrokerAddress:
            if request.param == "mosquitto":
                for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
                    folder.chmod(0o755)  # for the user that mosquitto becomes
                address: BrokerAddress = request.getfixturevalue("start_mosquitto")(certified=certified).address
                return address
            certificate = broker.Certificate(certified.chain, certified.key)
            port = await servers.enter_async_context(broker.serve(LOOPBACK, 0, certificate=certificate))
            return BrokerAddress(LOOPBACK, port, tls=True, ca_file=str(certified.ca))

        yield start


Secured = Callable[[Certified], Awaitable[BrokerAddress]]


async def test_messages_go_by_tls(secured: Secured, tmp_path: Path) -> None:
    client = Client(await secured(certify(tmp_path)))
    await client.link.subscribe("t")
    async with at_work(client):
        client.link.publish(Message("t", b"sealed on the way"))
        assert await client.messages.count(1) == [("t", b"sealed on the way")]
        secured = client.link.tls_state()
        assert secured is not None
        assert secured.version in ("TLSv1.2", "TLSv1.3")
        assert 0 < secured.ends - time.time() <= 86_400
    assert client.link.tls_state() is None


@pytest.mark.parametrize(
    ("host", "valid", "known", "said"),
    [
        (LOOPBACK, True, False, "unable to get local issuer"),
        (LOOPBACK, False, True, "certificate has expired"),
        ("other.example.org", True, True, "not valid for '127.0.0.1'"),
    ],
)
async def test_a_broker_that_is_not_who_it_says_is_not_spoken_to(
    secured: Secured, tmp_path: Path, host: str, valid: bool, known: bool, said: str
) -> None:
    address = await secured(certify(tmp_path, host, valid))
    message = await _refusal(address if known else replace(address, ca_file=None))
    assert f"does not show that it is who it says: {said}" in message.replace(
        "IP address mismatch, certificate is ", ""
    )
    assert "broker_ca_file" in message


async def test_an_error_of_ours_ends_the_link_and_does_not_pass_for_an_outage(embedded_broker: BrokerAddress) -> None:
    def take(topic: str, payload: bytes) -> None:
        raise KeyError("ours")

    link = MqttLink(embedded_broker, on_message=take)
    await link.subscribe("a/b")
    link.publish(Message("a/b", b"x"))
    with pytest.raises(KeyError, match="ours"):
        await link.run()
