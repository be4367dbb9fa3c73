"""A stage, its listeners, and what the broker and a listener among them try."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection

from attacks.attacks import Outcome
from attacks.broker import EvilBroker, Mail, honest
from attacks.hall import HOUR_S, Hall, Watcher, clock_ms, hall
from attacks.victims import until
from protocol import frames
from protocol.audience import signed_frame, speech_message
from protocol.audience.checkpoint import CheckpointWriter
from protocol.audience.epochs import Chain, Keys, epoch_of
from protocol.audience.live_rule import LiveState
from protocol.audience.signing import SpeakerKey
from protocol.audience.speech_message import HINT, SpeechMessage, with_checkpoint
from protocol.audience.stage import Stage
from protocol.errors import RemoteError

OFF_S = 600.0
LISTENS_S, DENIED_S = 3.0, 3.0
FLOOD_A_SECOND, FLOOD_S = 2000, 2.0
LEAST_SHARE = 0.9
PACKETS_A_SECOND = 1000 / 120
# The wait of a listener, and what a busy machine is late.
HEARD_WITHIN_S = 6.0
STOLEN = 40  # numbers that a listener uses before the speaker


AudienceAttack = Callable[[Hall], Awaitable[tuple[bool, str]]]


async def replayed_hour(hall: Hall) -> tuple[bool, str]:
    """Everything of an hour ago, as if it were now"""
    empty = EvilBroker()
    async with empty.serve() as port, hall.listener(port=port) as (seat, watcher):
        for mail in hall.past:
            empty.inject(mail)
        await until(lambda: seat.standing.state is LiveState.OLD, 5)
        await asyncio.sleep(LISTENS_S)
        named = seat.standing.state is LiveState.OLD and abs(seat.standing.off_ms / 1000 + HOUR_S) < 30
        told = f"{len(hall.past)} messages; the listener says {seat.standing.state}, and played {len(watcher.played)}"
        return named and not watcher.played and not watcher.seen, told


async def spoken_by_a_listener(hall: Hall) -> tuple[bool, str]:
    """Speech, sealed by a listener under the speaker's next numbers, with a checkpoint of its own"""
    async with hall.listener() as (seat, watcher):
        await until(lambda: watcher.played)
        before, keys, topic = len(watcher.played), hall.keys(), hall.topic("v")
        writer = CheckpointWriter(SpeakerKey(secrets.token_bytes(32)), topic, hall.session)
        first = _next_number(hall)
        for number in range(first, first + STOLEN):
            content = SpeechMessage(0, number * 24, (hall.noise(),)).encode()
            writer.add(number, content)
            plain = with_checkpoint(content, writer.write(number)) if number % 4 == 3 else content
            sealed = keys.seal(epoch_of(clock_ms()), topic, number, plain)
            hall.broker.inject(Mail(topic, HINT.pack(number & 0xFFFF) + sealed))
        await asyncio.sleep(LISTENS_S)
        on = len(watcher.played) - before
        told = (
            f"{STOLEN} forged; {on} packets of the speaker were played meanwhile; refused: {dict(seat.distrust.counts)}"
        )
        share = on / (PACKETS_A_SECOND * LISTENS_S)
        named = seat.distrust.counts["forged, muted"] > 0 and seat.distrust.counts["not signed by the speaker"] > 0
        return hall.is_all_the_speakers(watcher) and named and share > LEAST_SHARE / 2, told


async def shown_by_a_listener(hall: Hall) -> tuple[bool, str]:
    """A picture and a line that a listener signed with another key"""
    async with hall.listener() as (seat, watcher):
        await until(lambda: watcher.seen)
        seen, other = list(watcher.seen), SpeakerKey(secrets.token_bytes(32))
        picture = frames.encode(frames.Picture(999, 0, 0, b"a forged picture", 1))
        for purpose, payload in (("p0", picture), ("t", b"\0" + frames.encode(frames.Line(0, b"forged", 0)))):
            topic = hall.topic(purpose)
            args = hall.keys(), epoch_of(clock_ms()), topic, other, hall.session, 9999, payload
            hall.broker.inject(Mail(topic, signed_frame.seal(*args)))
        named = await until(lambda: seat.distrust.counts["not signed by the speaker"] >= 2, 5)
        return named and watcher.seen == seen and not watcher.read, f"refused: {dict(seat.distrust.counts)}"


async def swapped_key(hall: Hall) -> tuple[bool, str]:
    """A whole stage with another key, on the same topics, to who is there and to who comes"""
    impostor = Stage(SpeakerKey(secrets.token_bytes(32)), Chain(hall.link.since, hall.link.secret), ["Ann"], 5)
    (posting,) = impostor.announce(0.0, clock_ms())
    empty, mail = EvilBroker(), Mail(hall.topic("a"), posting.payload, True)
    async with empty.serve() as port, hall.listener(port=port) as (fooled, _), hall.listener() as (seat, _):
        await until(lambda: seat.standing.live)
        empty.inject(mail)
        hall.broker.inject(mail)
        named = await until(lambda: fooled.standing.state is LiveState.OTHER_KEY, 5)
        refused = await until(lambda: seat.distrust.counts["not opened"] > 0, 5)
        told = f"who comes says {fooled.standing.state}, who is there stays {seat.standing.state}"
        return named and refused and seat.standing.live, told


async def wrong_clocks(hall: Hall) -> tuple[bool, str]:
    """Listeners whose clocks are ten minutes ahead and behind"""
    async with hall.listener(OFF_S) as (ahead, one), hall.listener(-OFF_S) as (behind, other):
        await until(lambda: LiveState.WAITING not in (ahead.standing.state, behind.standing.state), 15)
        await asyncio.sleep(LISTENS_S)
        told = f"they say {ahead.standing.state} and {behind.standing.state}, and played nothing"
        named = ahead.standing.state is LiveState.OLD and behind.standing.state is LiveState.AHEAD
        return named and not one.played and not other.played, told


async def cut_checkpoints(hall: Hall) -> tuple[bool, str]:
    """Every message of speech that holds a checkpoint kept back"""
    async with hall.listener() as (seat, watcher):
        await until(lambda: watcher.played)
        keys = hall.keys()

        def cut(mail: Mail) -> list[Mail]:
            return [] if mail.topic == hall.topic("v") and _has_checkpoint(mail, keys) else [mail]

        hall.broker.on_the_way = cut
        await asyncio.sleep(3.0)  # what was proven before is played
        before = len(watcher.played)
        await asyncio.sleep(DENIED_S)
        after, named = len(watcher.played), seat.distrust.counts["unproven, muted"]
        hall.broker.on_the_way = honest
        back = await until(lambda: len(watcher.played) > after, 10)
        told = (
            f"{after - before} packets were played meanwhile, {named} messages named; speech went on afterwards: {back}"
        )
        return after == before and named > 0 and back, told


async def flooded_audience(hall: Hall) -> tuple[bool, str]:
    """Floods of a stranger and of a listener, through both of which the stage is heard"""
    async with hall.listener() as (seat, watcher):
        await until(lambda: watcher.played)
        quiet = await _flood(hall, watcher, lambda number: b"")
        strange = await _flood(hall, watcher, lambda number: secrets.token_bytes(300))
        keys, topic, first = hall.keys(), hall.topic("v"), _next_number(hall)

        def forged(number: int) -> bytes:
            content = SpeechMessage(0, number, (hall.noise(),)).encode()
            at = first + number % 64
            return HINT.pack(at & 0xFFFF) + keys.seal(epoch_of(clock_ms()), topic, at, content)

        inside = await _flood(hall, watcher, forged)
        refused = seat.distrust.counts["forged, muted"] + seat.distrust.counts["unproven, muted"]
        told = (
            f"of what was said {quiet:.0%} came without a flood, {strange:.0%} through {FLOOD_A_SECOND} messages a "
            f"second of a stranger, {inside:.0%} through as many of a listener, of which {refused} are counted and "
            "none was played"
        )
        heard = min(strange, inside) > LEAST_SHARE * quiet > 0
        return heard and refused > 0 and hall.is_all_the_speakers(watcher) and seat.standing.live, told


AUDIENCE_ATTACKS: tuple[tuple[str, AudienceAttack], ...] = (
    ("replay an hour to an audience", replayed_hour),
    ("speak to an audience as a listener", spoken_by_a_listener),
    ("show and write to an audience as a listener", shown_by_a_listener),
    ("swap the speaker's key", swapped_key),
    ("clocks ten minutes off", wrong_clocks),
    ("cut the checkpoints", cut_checkpoints),
)
# They want most of a core for themselves.
AUDIENCE_FLOODS: tuple[tuple[str, AudienceAttack], ...] = (("flood an audience", flooded_audience),)


async def attack_audience(wanted: Collection[str], with_flood: bool) -> list[Outcome]:
    """Attack an audience; the outcomes, in their order. Each has a hall of its own; all but floods at once."""
    todo = [(name, work) for name, work in AUDIENCE_ATTACKS if name in wanted]
    outcomes = await asyncio.gather(*(_alone(name, work) for name, work in todo))
    floods = [(name, work) for name, work in AUDIENCE_FLOODS if name in wanted and with_flood]
    return outcomes + [await _alone(name, work) for name, work in floods]


async def _alone(name: str, work: AudienceAttack) -> Outcome:
    async with hall() as scene:
        return Outcome(name, *await work(scene))


async def _flood(hall: Hall, watcher: Watcher, payload: Callable[[int], bytes]) -> float:
    """Flood the speech's topic; return the share of what was said meanwhile that is played within some time.

    How busy the machine is costs time, and nothing of that share.
    """
    before, played, began, number = len(hall.watcher.said), len(watcher.played), time.monotonic(), 0
    while (spent := time.monotonic() - began) < FLOOD_S:
        while number < FLOOD_A_SECOND * spent:
            if forged := payload(number):
                hall.broker.inject(Mail(hall.topic("v"), forged))
            number += 1
        await hall.broker.drain()
        await asyncio.sleep(0.01)
    said = Counter(hall.watcher.said[before:])

    def come() -> int:
        return (said & Counter(watcher.played[played:])).total()

    await until(lambda: come() == said.total(), HEARD_WITHIN_S)
    return come() / said.total()


def _next_number(hall: Hall) -> int:
    """Return the number after that of the newest message of speech."""
    spoken = [mail for mail in hall.broker.capture if mail.topic == hall.topic("v")]
    newest: int = HINT.unpack_from(spoken[-1].payload)[0]
    return newest + 1


def _has_checkpoint(mail: Mail, keys: Keys) -> bool:
    number: int = HINT.unpack_from(mail.payload)[0]
    with contextlib.suppress(RemoteError):
        plain = keys.open(epoch_of(clock_ms()), mail.topic, number, mail.payload[HINT.size :])
        return bool(speech_message.decode(plain)[2])
    return False
