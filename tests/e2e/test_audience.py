"""A stage and its listeners at a real mosquitto: one that was there, one that is late, one that forges."""

from __future__ import annotations

import asyncio
import time

from audience import packet
from live_audience import SECRET, link, on_stage, seated
from page_call import ChangingCamera

from live_call import noise, running
from node.links.address import BrokerAddress
from node.links.mqtt import Message, MqttLink
from node.speech.sinks import NullSink
from protocol.audience.announcement import Envelope
from protocol.audience.epochs import Chain, Keys, epoch_of
from protocol.audience.speech_message import HINT, SpeechMessage

LATE = 8  # packets after which the other listener comes
FORGED = 8


def in_order(whole: list[bytes], part: list[bytes]) -> bool:
    """Whether `part` is of `whole`, in its order, byte for byte: a machine that is too busy may drop some."""
    rest = iter(whole)
    return bool(part) and all(any(one == other for other in rest) for one in part)


async def forge(broker: BrokerAddress, began: float) -> None:
    """Speak as one who has the link, without the speaker's key."""
    audience, epoch = link(began), epoch_of(round(time.time() * 1000))
    topic, announced = f"{audience.audience}/v", asyncio.Queue[bytes]()
    evil = MqttLink(broker, on_message=lambda topic, payload: announced.put_nowait(payload))
    await evil.subscribe(f"{audience.audience}/a")
    task = asyncio.create_task(evil.run())
    try:
        session = Envelope.parse(await announced.get()).announced.session
        keys = Keys(Chain(audience.since, SECRET), session)
        for number in range(FORGED):
            content = SpeechMessage(0, 0, (packet(number),)).encode()
            payload = HINT.pack(number + 2) + keys.seal(epoch, topic, number + 2, content)
            evil.publish(Message(topic, payload))
        await evil.flush(5)
    finally:
        task.cancel()


async def test_two_listeners_hear_see_and_read_the_speaker_and_nobody_else(mosquitto: BrokerAddress) -> None:
    began = time.time()
    speaker, relay, said = on_stage(mosquitto, began, source=noise(), camera=ChangingCamera())
    first, seat, got = seated(mosquitto, began, time.time)
    late, late_seat, late_got = seated(mosquitto, began, time.time)
    async with running(first) as one:
        await one.until(lambda: seat.broker_is_up)
        async with running(speaker, relay):
            await one.until(lambda: seat.standing.live and bool(got.seen))
            await forge(mosquitto, began)
            await one.until(lambda: len(got.heard.get("sa", [])) >= LATE)
            async with running(late) as live:
                await live.until(lambda: late_seat.standing.live and bool(late_got.seen))
                speaker.chat.say_soon("a line for all")
                await live.until(lambda: len(late_got.heard.get("sa", [])) >= 8)
                await live.until(lambda: ("ann", "a line for all") in got.read and bool(late_got.read))
                assert in_order(said.sent, got.heard["sa"])
                assert in_order(said.sent, late_got.heard["sa"])
                assert late_got.read == [("ann", "a line for all")]
                assert set(late_got.seen["sa"]) <= set(got.seen["sa"])
                assert seat.distrust.counts["forged, muted"] + seat.distrust.counts["unproven, muted"] == FORGED
        await one.until(lambda: not seat.standing.live)
    assert relay.counts.speech > 8
    assert first.count().meter.total("sent") < 3000


async def test_a_room_on_stage_is_heard_member_by_member(mosquitto: BrokerAddress) -> None:
    began = time.time()
    ann, relay, said = on_stage(mosquitto, began, "the stage", source=noise(), sink=NullSink())
    bob, _, bobs = on_stage(mosquitto, began, "the stage", "bob", source=noise(), sink=NullSink())
    listener, seat, got = seated(mosquitto, began, time.time)
    async with running(listener, ann, relay, bob) as live:
        await live.until(lambda: {"ann", "bob"} == {hello.name for hello in seat.hellos.values()})
        bob.chat.say_soon("a line of bob's")
        await live.until(lambda: all(len(got.heard.get(member, [])) >= 12 for member in ("sa", "sb")))
        await live.until(lambda: ("bob", "a line of bob's") in got.read)
        assert in_order(said.sent, got.heard["sa"])
        assert in_order(bobs.sent, got.heard["sb"])
