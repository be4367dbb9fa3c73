"""What the built-in broker gives one client, and that others never notice. Each bound is made small to be met."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from raw_mqtt import (
    DISCONNECT,
    LOOPBACK,
    NOT_AUTHORISED,
    PATIENCE_S,
    RawClient,
    connect,
    publish,
    subscribe,
    text,
    unsubscribe,
)

from node.links import broker, broker_limits
from node.links.bounded_broker import REFUSED, BoundedBroker

Bounded = Callable[..., Awaitable[BoundedBroker]]
LOGIN = {"login": ("ann", "right")}


@pytest.fixture
async def start() -> AsyncIterator[Bounded]:
    running: list[BoundedBroker] = []

    async def begin(**users: str) -> BoundedBroker:
        server = BoundedBroker(broker.configuration(LOOPBACK, 0, None), users)
        await server.start()
        running.append(server)
        return server

    yield begin
    for server in running:
        await server.shutdown()


class Friends:
    """Two who talk through the broker as nodes do; ``still_talk`` passes when the one hears the other."""

    def __init__(self, one: RawClient, other: RawClient) -> None:
        self._one, self._other, self._said = one, other, 0

    @classmethod
    async def meet(cls, port: int, **login: object) -> Friends:
        one, other = [await RawClient.enter(port, **login) for _ in range(2)]
        assert (await other.ask(subscribe("room/+/p")))[0] == 0x90
        return cls(one, other)

    async def still_talk(self) -> None:
        self._said += 1
        said = publish("room/a/p", b"%d" % self._said)
        assert await self._talk(said) == (said[0], said[2:])

    async def _talk(self, said: bytes) -> tuple[int, bytes]:
        self._one.send(said)
        return await self._other.receive()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - of a server that tells nobody
            await asyncio.sleep(0.02)


async def test_connections_are_counted(start: Bounded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_limits, "MAX_CONNECTIONS", 4)
    server = await start()
    friends = await Friends.meet(server.port)
    extra = [await RawClient.enter(server.port), await RawClient.open(server.port)]
    await until(lambda: server.connections == 4)
    late = await RawClient.open(server.port)
    await late.ended()
    await friends.still_talk()
    extra[0].close()
    await until(lambda: server.connections == 3)
    await RawClient.enter(server.port)


async def test_who_does_not_log_in_is_sent_away(start: Bounded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_limits, "CONNECT_TIMEOUT_S", 0.2)
    server = await start()
    silent, slow, other = [await RawClient.open(server.port) for _ in range(3)]
    slow.send(connect()[:5])
    other.send(publish("t", b"x"))
    for client in (silent, slow, other):
        await client.ended()
    await until(lambda: server.connections == 0)


@pytest.mark.parametrize("login", [None, ("ann", "wrong"), ("bob", "right"), ("", ""), ("ann", "")])
async def test_a_wrong_login_is_refused_and_leaves_nothing(start: Bounded, login: tuple[str, str] | None) -> None:
    server = await start(ann="right")
    friends = await Friends.meet(server.port, **LOGIN)
    kept = dict(server.sessions)
    for client_id in ("", *kept):  # as if it knew the others' ids, too
        stranger = await RawClient.open(server.port)
        assert await stranger.ask(connect(client_id, login)) == (0x20, bytes([0, NOT_AUTHORISED]))
        await stranger.ended()
    assert server.sessions == kept
    await friends.still_talk()


async def test_a_packet_that_is_too_large_ends_its_sender(start: Bounded) -> None:
    server = await start()
    friends = await Friends.meet(server.port)
    client = await RawClient.enter(server.port)
    client.send(publish("room/b/p", b"x" * (broker_limits.MAX_PACKET_BYTES + 1)))
    await client.ended()
    await friends.still_talk()


async def test_a_message_at_qos_2_ends_its_sender(start: Bounded) -> None:
    server = await start()
    client = await RawClient.enter(server.port)
    client.send(publish("t", b"x", qos=2))
    await client.ended()


async def test_retained_messages_are_counted(start: Bounded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_limits, "MAX_RETAINED", 3)
    server = await start()
    hoarder = await RawClient.enter(server.port)
    for index in range(10):
        await hoarder.push(publish(f"t/{index}", b"x", retain=True))
    await until(lambda: len(server.retained_messages) == 3)
    hoarder.send(publish("t/0", b"newer", retain=True) + publish("t/1", b"", retain=True))
    await until(lambda: set(server.retained_messages) == {"t/0", "t/2"})
    assert server.retained_messages["t/0"].data == b"newer"
    hoarder.send(publish("t/9", b"x", retain=True))
    await until(lambda: set(server.retained_messages) == {"t/0", "t/2", "t/9"})


async def test_what_clients_left_that_are_gone_makes_room(start: Bounded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of nodes that crashed stay: in the end a broker that runs for long would keep no hello any more."""
    monkeypatch.setattr(broker_limits, "MAX_RETAINED", 3)
    server = await start()
    stays, crashes = await RawClient.enter(server.port), await RawClient.enter(server.port)
    await stays.push(publish("t/stays", b"x", retain=True))
    await until(lambda: len(server.retained_messages) == 1)
    await crashes.push(publish("t/1", b"x", retain=True) + publish("t/2", b"x", retain=True))
    await until(lambda: len(server.retained_messages) == 3)
    crashes.close()
    await until(lambda: server.connections == 1)
    comes = await RawClient.enter(server.port)
    for index in range(3, 6):
        await comes.push(publish(f"t/{index}", b"x", retain=True))
        await comes.ask(b"\xc0\0")
    await until(lambda: set(server.retained_messages) == {"t/stays", "t/3", "t/4"})


async def test_subscriptions_are_counted(start: Bounded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_limits, "MAX_SUBSCRIPTIONS", 3)
    server = await start()
    client = await RawClient.enter(server.port)
    given = [(await client.ask(subscribe(f"t/{index}", qos=1)))[1][-1] for index in range(5)]
    assert given == [0, 0, 0, REFUSED, REFUSED]
    await client.ask(unsubscribe("t/0"))
    assert (await client.ask(subscribe("t/4")))[1][-1] == 0


async def test_filters_that_nobody_wants_any_more_are_forgotten(start: Bounded) -> None:
    server = await start()
    client = await RawClient.enter(server.port)
    for index in range(60):
        await client.ask(subscribe(f"t/{index}"))
        await client.ask(unsubscribe(f"t/{index}"))
    assert len(server.subscriptions) <= 1


async def test_a_newcomer_gets_nothing_that_he_did_not_ask_for(start: Bounded) -> None:
    server = await start()
    friends = await Friends.meet(server.port)
    host = await RawClient.enter(server.port)
    host.send(publish("room/b/p", b"mine", retain=True))
    await friends._other.receive()
    newcomer = await RawClient.enter(server.port)
    assert (await newcomer.ask(subscribe("other")))[0] == 0x90
    assert await newcomer.ask(b"\xc0\0") == (0xD0, b"")


async def test_who_never_reads_is_cut_off(start: Bounded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_limits, "MAX_PACKETS_PER_S", 1e9)
    server = await start()
    friends = await Friends.meet(server.port)
    deaf = await RawClient.open(server.port, receive_buffer=4096)
    deaf.send(connect() + subscribe("loud"))
    await until(lambda: "loud" in server.subscriptions)
    speaker = await RawClient.enter(server.port)
    for _ in range(1000):  # 15 MB: more than the system's own buffers take
        await speaker.push(publish("loud", b"x" * 15_000))
        if server.connections < 4:
            break
    await until(lambda: server.connections == 3)
    await friends.still_talk()


async def test_a_flood_is_slowed_down_and_others_go_on(start: Bounded) -> None:
    server = await start()
    friends = await Friends.meet(server.port)
    flooder = await RawClient.enter(server.port)
    flooder.send(publish("room/x/s", b"x" * 100) * 20_000)
    for _ in range(20):
        await friends.still_talk()
        assert server.queued <= broker_limits.MAX_QUEUED
        assert all(  # a burst, and what a busy machine lets follow it meanwhile, out of 20,000
            session.delivered_message_queue.qsize() <= 3 * broker_limits.MAX_BURST
            for session, _ in server.sessions.values()
        )
    assert server.connections == 3


async def test_what_waits_to_be_handed_on_is_bounded(start: Bounded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_limits, "MAX_QUEUED", 5)
    server = await start()
    for _ in range(50):
        await server._broadcast_message(None, "t", b"x")
    assert server.queued == 5


async def test_who_falls_silent_is_gone_and_his_will_is_spoken(start: Bounded) -> None:
    server = await start()
    friends = await Friends.meet(server.port)
    dying = await RawClient.enter(server.port, keepalive=1, will="room/d/p")
    _, will = await friends._other.receive()
    assert will.endswith(b"gone")
    await dying.ended()
    await friends.still_talk()


@pytest.mark.parametrize("qos", [0, 1])
async def test_what_is_said_last_is_handed_on_before_the_end(start: Bounded, qos: int) -> None:
    """In one write with the farewell, as a node's goodbyes are, or before a connection that is cut, and the will."""
    server = await start()
    friends = await Friends.meet(server.port)
    words = [b"%d" % number for number in range(20)]
    said = b"".join(publish("room/d/p", word, qos=qos) for word in words)
    for end in (DISCONNECT, b""):
        leaving = await RawClient.enter(server.port, will="" if end else "room/d/p")
        await leaving.push(said + end)
        leaving.end_of_file()
        heard = [(await friends._other.receive())[1] for _ in range(20 if end else 21)]
        assert [packet.removeprefix(text("room/d/p")) for packet in heard] == (words if end else [*words, b"gone"])
    await friends.still_talk()


async def test_nothing_is_kept_for_who_is_away(start: Bounded) -> None:
    server = await start(ann="right")
    for index in range(5):
        client = await RawClient.enter(server.port, client=f"c{index}", clean=False, **LOGIN)
        await client.ask(subscribe("t", qos=1))
        client.close()
    await until(lambda: not server.sessions and not server.connections)
    assert not any(server.subscriptions.values())


async def test_garbage_ends_its_sender_alone(start: Bounded, caplog: pytest.LogCaptureFixture) -> None:
    server, dice = await start(), random.Random(7)
    friends = await Friends.meet(server.port)
    for index in range(150):
        client = await RawClient.open(server.port)
        if index % 2:
            client.send(connect())
        kind = bytes([dice.randrange(256), dice.randrange(128)])
        client.send(kind + dice.randbytes(200))
        await asyncio.sleep(0)
        client.close()
    await friends.still_talk()
    await until(lambda: server.connections == 2)
    assert [record for record in caplog.records if record.name == "asyncio"] == []
