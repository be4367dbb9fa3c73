"""What a room asks of its broker, tried at brokers that do not give it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from happenings import PATIENCE_S, Happenings
from scripted_broker import Behaviour, scripted

from node.call import room_check
from node.call.room_check import USUAL_BYTES, Passage, try_room
from node.links.address import BrokerAddress
from node.links.mqtt import MqttLink
from node.links.room_channel import RoomChannel
from protocol.errors import NodeError
from protocol.room_secret import RoomSecret
from protocol.signalling.messages import MAX_MESSAGE_BYTES
from protocol.topics import Letter, mailbox, patterns

SECRET = RoomSecret(b"the room's keys!")
ROOM = SECRET.room_id()
ALLOWED = [f"topic readwrite {each}" for each in patterns(ROOM)]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room_check, "TRY_S", 1.0)


@pytest.fixture
def mosquitto_with(start_mosquitto: Callable[..., Any], tmp_path: Path) -> Callable[..., BrokerAddress]:
    """A mosquitto with these lines in its configuration, and this access list if any."""

    def start(*lines: str, acl: list[str] | None = None) -> BrokerAddress:
        listed = tmp_path / "acl"
        listed.write_text("\n".join(acl or []) + "\n")
        listed.chmod(0o644)
        for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
            folder.chmod(0o755)  # for the user that mosquitto becomes
        access = [f"acl_file {listed}"] if acl is not None else []

        def configured(port: int, passwords: Path) -> str:
            return "\n".join([f"listener {port} 127.0.0.1", "allow_anonymous true", *access, *lines]) + "\n"

        address: BrokerAddress = start_mosquitto(configured=configured).address
        return address

    return start


@pytest.fixture(params=["mosquitto", "embedded_broker"])
def anywhere(request: pytest.FixtureRequest) -> BrokerAddress:
    """Both brokers, one after the other."""
    address: BrokerAddress = request.getfixturevalue(request.param)
    return address


async def test_a_broker_that_hands_on_everything_is_good(anywhere: BrokerAddress) -> None:
    passage = await try_room(anywhere, SECRET)
    assert passage == Passage((), MAX_MESSAGE_BYTES)
    assert passage.describe(anywhere, ROOM) == f"hellos, call set-up, pictures, text, speech in {ROOM}/+/+ come back"


async def test_nothing_of_it_is_left_at_the_broker(mosquitto: BrokerAddress) -> None:
    await try_room(mosquitto, SECRET)
    seen = Happenings()
    link = MqttLink(mosquitto, on_message=lambda topic, payload: seen.add((topic, payload)))
    await link.subscribe("#")
    running = asyncio.create_task(link.run())
    await _marker(link, seen)
    assert [topic for topic, _ in seen.all] == ["marker"]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def _marker(link: MqttLink, seen: Happenings) -> None:
    from node.links.mqtt import Message

    link.publish(Message("marker", b"x"))
    await seen.until(lambda seen: seen[-1:] == [("marker", b"x")])


async def test_who_is_in_the_room_finds_nothing_bad(mosquitto: BrokerAddress) -> None:
    delivered = Happenings()
    up = asyncio.Event()
    mailbox = RoomChannel(
        SECRET, "aaaa", 1, mosquitto, deliver=lambda topic, payload: delivered.add((topic.letter, payload)),
        meter=_Meter(), on_up=up.set, on_down=lambda reason: None, note=lambda text: None,
    )  # fmt: skip
    await mailbox.join()
    running = asyncio.create_task(mailbox.link.run())
    await up.wait()
    await try_room(mosquitto, SECRET)
    await delivered.until(lambda delivered: delivered[-1:] == [(Letter.PRESENCE, b"")])
    assert mailbox.rejected == 0
    assert [letter for letter, _ in delivered.all] == [Letter.PRESENCE, Letter.PRESENCE]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


class _Meter:
    def add_tcp(self, read: object) -> None:
        """Nothing is counted."""


@pytest.mark.parametrize("left_out", list(Letter))
async def test_an_access_list_that_leaves_out_a_topic_is_found(
    mosquitto_with: Callable[..., BrokerAddress], left_out: Letter
) -> None:
    address = mosquitto_with(acl=[line for line in ALLOWED if not line.endswith(left_out)])
    passage = await try_room(address, SECRET)
    assert passage.missing == (left_out,)
    with pytest.raises(NodeError) as caught:
        passage.describe(address, ROOM)
    message = str(caught.value)
    assert all(line in message for line in ALLOWED)
    assert "\n" not in message
    assert SECRET.reveal().hex() not in message


async def test_an_access_list_of_before_lets_calls_be_made_and_is_found(
    mosquitto_with: Callable[..., BrokerAddress],
) -> None:
    address = mosquitto_with(acl=[line for line in ALLOWED if not line.endswith(mailbox(ROOM, "+"))])
    passage = await try_room(address, SECRET)
    assert passage == Passage((), MAX_MESSAGE_BYTES, addressed=False)
    assert f"allow {ROOM}/+/s/+" in passage.describe(address, ROOM)


async def test_an_access_list_that_names_our_topics_is_enough(mosquitto_with: Callable[..., BrokerAddress]) -> None:
    assert await try_room(mosquitto_with(acl=ALLOWED), SECRET) == Passage((), MAX_MESSAGE_BYTES)


@pytest.mark.parametrize("setting", ["message_size_limit", "max_packet_size"])
@pytest.mark.parametrize(
    ("limit", "missing", "largest"),
    [(50_000, (), MAX_MESSAGE_BYTES), (4_000, (), USUAL_BYTES), (600, (Letter.SIGNAL,), 0)],
)
async def test_a_limit_on_messages_is_found(
    mosquitto_with: Callable[..., BrokerAddress], setting: str, limit: int, missing: tuple[Letter, ...], largest: int
) -> None:
    address = mosquitto_with(f"{setting} {limit}")
    passage = await try_room(address, SECRET)
    assert passage == Passage(missing, largest)
    if missing:
        with pytest.raises(NodeError, match=f"call set-up of {USUAL_BYTES} bytes"):
            passage.describe(address, ROOM)
    else:
        assert ("raise the broker's limits" in passage.describe(address, ROOM)) is (largest < MAX_MESSAGE_BYTES)


async def test_a_user_is_named_with_what_he_may_need() -> None:
    address = replace(BrokerAddress("h"), username="us", password="hunter2")
    with pytest.raises(NodeError) as caught:
        Passage((Letter.PRESENCE,), 0).describe(address, ROOM)
    assert f"must allow user us, topic readwrite {ROOM}/+/h, " in str(caught.value)
    assert "hunter2" not in str(caught.value)


async def test_a_broker_that_closes_at_once_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room_check, "CONNECT_S", 0.5)
    async with scripted(Behaviour(closes=True)) as server:
        with pytest.raises(NodeError, match="does not answer within"):
            async with asyncio.timeout(PATIENCE_S):
                await try_room(server.address, SECRET)


async def test_a_broker_that_is_not_there_is_one_line(free_port: Callable[[], int]) -> None:
    with pytest.raises(NodeError, match="cannot reach the broker"):
        await try_room(BrokerAddress("127.0.0.1", free_port()), SECRET)
