"""What the broker tries. Each attack ends in an outcome that says whether it was repelled, and what came of it."""

from __future__ import annotations

import asyncio
import itertools
import zlib
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import msgpack

from attacks.broker import EvilBroker, Mail, honest
from attacks.victims import Victim, until
from protocol.room_secret import RoomSecret
from protocol.sealing import Sealer
from protocol.signalling.messages import MAX_MESSAGE_BYTES
from protocol.signalling.sdp_compression import unpack_description
from protocol.signalling.states import State
from protocol.topics import Letter, Topic

BATCH = 100  # forged messages at once
TAKEN_S = 5.0  # how long a batch may take; a node that swallowed one of them keeps us waiting so long
GUESSED = RoomSecret(b"a wrong guess...")  # an attacker's own secret
STRANGER = "eeee"
CLEARED_FOR_S = 7.0  # longer than a cleared presence is in doubt
DENIED_S = 2.5
WHOLE = bytes(64)  # as much as the longest head and tag
FIXED_BYTES = 24  # head and tag of a signal
SDP = (
    "v=0\r\no=- 1 1 IN IP4 203.0.113.9\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\n"
    f"a=fingerprint:sha-256 {':'.join(32 * ['66'])}\r\n"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attack."""

    attack: str
    repelled: bool
    what: str


@dataclass
class Scene:
    """Ann and Bob in a call, and the broker between them, who remembers an earlier call of theirs."""

    broker: EvilBroker
    ann: Victim
    bob: Victim
    past: Sequence[Mail]
    secret: RoomSecret
    port: int

    def names(self) -> tuple[bytes, ...]:
        return self.ann.node.name.encode(), self.bob.node.name.encode()

    def said(self, letter: str) -> list[Mail]:
        """What ann said on a topic, of this call; of signals what was for bob."""
        mails = self.broker.of(self.ann.id, letter)
        return [mail for mail in mails if letter != Letter.SIGNAL or mail.payload[:4] == self.bob.id.encode()]

    def one_of_each(self) -> list[Mail]:
        return [self.said(letter)[-1] for letter in (Letter.PRESENCE, Letter.SIGNAL, Letter.PICTURE)]

    def counts(self, mail: Mail) -> bool:
        """Whether bob has to count this as no good; what is for others, or its own, it need not even look at."""
        if mail.room != self.room or mail.node == self.bob.id:
            return False
        possible = FIXED_BYTES <= len(mail.payload) <= FIXED_BYTES + MAX_MESSAGE_BYTES
        for_bob = self.bob.id in (mail.target, mail.payload[:4].decode("latin-1"))
        return mail.letter != Letter.SIGNAL or for_bob or not possible

    @property
    def room(self) -> str:
        return self.said(Letter.PRESENCE)[0].room


Attack = Callable[[Scene], Awaitable[tuple[bool, str]]]


async def forge(scene: Scene, mails: Iterable[Mail]) -> tuple[bool, str]:
    """Gives them to everybody; repelled if bob counts each as no good, and nothing else has changed there."""
    before, refused, number = scene.bob.state(), scene.bob.refused, 0
    took = True
    todo = iter(mails)
    while took and (batch := list(itertools.islice(todo, BATCH))):
        for mail in batch:
            scene.broker.inject(mail, to_all=True)
        number += len(batch)
        scene.broker.inject(Mail(f"{scene.room}/{STRANGER}/t", b"done"), to_all=True)
        refused += sum(map(scene.counts, batch)) + 1
        await scene.broker.drain()
        took = await until(lambda refused=refused: scene.bob.refused >= refused, TAKEN_S)  # type: ignore[misc]
    same = scene.bob.state() == before
    told = "nothing changed" if same else f"{before} became {scene.bob.state()}"
    if not took:
        told = f"only {scene.bob.refused - refused} too few were refused; {told}"
    return took and same and scene.bob.refused == refused, f"{number} messages; {told}"


async def flipped(scene: Scene) -> tuple[bool, str]:
    """A bit of every byte of every kind of message"""

    def mails() -> Iterable[Mail]:
        for mail in scene.one_of_each():
            for at in range(len(mail.payload)):
                broken = bytearray(mail.payload)
                broken[at] ^= 1 << at % 8
                yield replace(mail, payload=bytes(broken))

    return await forge(scene, mails())


async def truncated(scene: Scene) -> tuple[bool, str]:
    """Every beginning of every kind of message, and more behind it"""
    mails = scene.one_of_each()
    cut = [replace(mail, payload=mail.payload[:end]) for mail in mails for end in range(1, len(mail.payload))]
    return await forge(scene, cut + [replace(mail, payload=mail.payload + b"\0") for mail in mails])


async def replayed(scene: Scene) -> tuple[bool, str]:
    """Everything that ann said in this call, once more and backwards"""
    frames = scene.said(Letter.SIGNAL) + scene.said(Letter.PICTURE)
    ok, told = await forge(scene, [*frames, *reversed(frames)])
    hellos = scene.said(Letter.PRESENCE)  # they open, but say nothing new
    before = scene.bob.state()
    for mail in (*hellos, *reversed(hellos)):
        scene.broker.inject(mail, to_all=True)
    also, _ = await forge(scene, frames)
    return ok and also and scene.bob.state() == before, told


async def elsewhere(scene: Scene) -> tuple[bool, str]:
    """Each message moved to another topic, sender and room"""
    mails = [
        replace(mail, topic=str(topic))
        for mail in scene.one_of_each()
        for room in (scene.room, GUESSED.room_id())
        for node in (scene.ann.id, scene.bob.id, STRANGER)
        for topic in _topics_of(room, node, scene)
        if str(topic) != mail.topic
    ]
    return await forge(scene, mails)


def _topics_of(room: str, node: str, scene: Scene) -> list[Topic]:
    """Return all topics on which a node of a room may say something."""
    targets = (scene.ann.id, scene.bob.id, STRANGER)
    return [Topic(room, node, letter) for letter in Letter] + [
        Topic(room, node, Letter.SIGNAL, target) for target in targets
    ]


async def reflected(scene: Scene) -> tuple[bool, str]:
    """What bob said, back to bob, as bob's and as ann's"""
    said = [mail for letter in Letter for mail in scene.broker.of(scene.bob.id, letter)]
    moved = [replace(mail, topic=f"{mail.room}/{scene.ann.id}/{mail.letter}") for mail in said]
    return await forge(scene, said + moved)


async def earlier_call(scene: Scene) -> tuple[bool, str]:
    """Everything of an earlier call of theirs, as it was and as of today's names"""
    before = scene.bob.state()
    old = [mail for mail in scene.past if mail.payload]
    for mail in (mail for mail in old if mail.letter == Letter.PRESENCE):
        scene.broker.inject(mail, to_all=True)  # they open: those two have the secret
    renamed = [replace(mail, topic=f"{mail.room}/{scene.ann.id}/{mail.letter}") for mail in old]
    others = [mail for mail in old if mail.letter != Letter.PRESENCE]
    ok, told = await forge(scene, others + renamed)
    return ok and scene.bob.state() == before, told


async def guessed(scene: Scene) -> tuple[bool, str]:
    """Hello, offer and picture of one who guessed a secret, in ann's name and session"""
    session = int.from_bytes(scene.said(Letter.PRESENCE)[0].payload[:8])
    made = Sealer(GUESSED, scene.ann.id, session)
    payloads = {
        Letter.PRESENCE: [made.hello(b"\x95\x01\x05\xa3Eve\x0f\x91\x00")],
        Letter.SIGNAL: [made.signal(scene.bob.id, scene.bob.node.room.session, WHOLE)],
        Letter.PICTURE: [made.frame(Letter.PICTURE, b"\x92\x02\x01", retained=True) for _ in range(100)],
    }
    return await forge(
        scene,
        [
            Mail(f"{scene.room}/{scene.ann.id}/{letter}", payload)
            for letter, some in payloads.items()
            for payload in some
        ],
    )


async def plain(scene: Scene) -> tuple[bool, str]:
    """The same without a seal, of version 0 and of newer ones"""
    messages = [
        [1, 5, "Eve", 15, [0, 1]],
        [2, scene.bob.id, 7, zlib.compress(SDP.encode())],
        [1, 99, 5, b"a forged caption", 3, 0],
        [3, "a forged line"],
    ]
    mails = []
    for version in (0, 1, 2, 7):
        for message in messages:
            payload = bytes(msgpack.packb([version << 4 | message[0], *message[1:]]))  # type: ignore[operator]
            for letter, node in itertools.product(Letter, (scene.ann.id, STRANGER)):
                mails.append(Mail(f"{scene.room}/{node}/{letter}", payload))
    return await forge(scene, mails)


async def hostile(scene: Scene) -> tuple[bool, str]:
    """Deep nesting, giant lengths, and a megabyte"""
    bombs = [
        b"\x91" * 5000 + b"\x01",
        b"\x81\xa0" * 3000,
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff" + WHOLE,
        b"\xdb\xff\xff\xff\xff" + WHOLE,
        bytes(1_000_000),
        b"\xff" * 65_536,
    ]
    heads = (b"", scene.bob.id.encode())
    return await forge(
        scene,
        [
            Mail(f"{scene.room}/{node}/{letter}", head + bomb)
            for bomb in bombs
            for node in (scene.ann.id, STRANGER)
            for letter in Letter
            for head in heads
        ],
    )


async def cleared(scene: Scene) -> tuple[bool, str]:
    """Presences cleared that nobody left, as only a last will might be"""
    before = scene.bob.state(), scene.ann.state()
    for _ in range(10):
        for node in (scene.ann.id, scene.bob.id, STRANGER):
            scene.broker.inject(Mail(f"{scene.room}/{node}/h", b""), to_all=True)
        await asyncio.sleep(CLEARED_FOR_S / 10)
    same = (scene.bob.state(), scene.ann.state()) == before
    return same, "30 messages; both asked, and nobody was taken for gone" if same else "somebody was taken for gone"


async def _call_anew(
    scene: Scene, on_the_way: Callable[[Mail], list[Mail]], taken: Callable[[], bool], late: Collection[Mail] = ()
) -> tuple[bool, str]:
    """Makes them call each other anew while the broker does this to signals; ``taken`` is whether one was believed.

    Repelled if each forgery was refused by the seal, none was taken, no link came up meanwhile, and the true call did
    afterwards. ``late`` are no forgeries: true messages of this session that the broker kept back before. Nothing
    tells them from a slow broker's, so each opens, once; that none is taken is what counts.
    """
    calls = scene.ann.node.room.peers
    if (call := calls._calls.get(scene.bob.id)) is None:
        return False, "an attack before this one has ended the call"
    both = {scene.ann: scene.bob.id, scene.bob: scene.ann.id}
    refused, forged = sum(victim.refused for victim in both), 0
    let_go: set[Mail] = set()

    def counting(mail: Mail) -> list[Mail]:
        nonlocal forged
        passed = on_the_way(mail)
        for one in passed:
            if one in late and one not in let_go:
                let_go.add(one)
            elif one != mail:
                forged += 1
        return passed

    scene.broker.on_the_way = counting
    calls._state_changed(scene.bob.id, call.call_id, "failed")
    went = await until(lambda: not any(victim.links() for victim in both), 10)
    came = await until(lambda: taken() or any(victim.links() for victim in both), DENIED_S)
    scene.broker.on_the_way = honest
    if came:
        return False, "a forged description was taken"
    back = await until(lambda: all(victim.links() == {peer} for victim, peer in both.items()))
    refused = sum(victim.refused for victim in both) - refused
    told = f"{forged} forged, {refused} refused; "
    if let_go:
        told += f"{len(let_go)} true ones of an earlier call, held back until now, opened and were not taken; "
    told += "no link came up meanwhile, the true one did afterwards" if back else "the true call never came up again"
    return went and back and forged > 0 and forged == refused, told


def _is_description(mail: Mail) -> bool:
    is_hello = mail.target is not None and not mail.payload.startswith(mail.target.encode())
    return mail.letter == Letter.SIGNAL and not is_hello and len(mail.payload) > 100  # a bye has 40


def _offerer(scene: Scene) -> Victim:
    return min(scene.ann, scene.bob, key=lambda victim: victim.id)


def _answerer(scene: Scene) -> Victim:
    return max(scene.ann, scene.bob, key=lambda victim: victim.id)


def _took_offer(scene: Scene) -> bool:
    state = _answerer(scene).node.room.peers.room.state(_offerer(scene).id)
    return state in (State.PREPARING_ANSWER, State.ANSWERED)


def _took_answer(scene: Scene) -> bool:
    return _offerer(scene).node.room.peers.room.state(_answerer(scene).id) is State.CONNECTING


async def swapped_offer(scene: Scene) -> tuple[bool, str]:
    """Every offer on its way replaced: a bit of its fingerprint turned, or an own one"""
    counter = itertools.count()

    def swap(mail: Mail) -> list[Mail]:
        if not _is_description(mail) or mail.node != _offerer(scene).id:
            return [mail]
        return _forgeries(mail, next(counter))

    return await _call_anew(scene, swap, lambda: _took_offer(scene))


async def swapped_answer(scene: Scene) -> tuple[bool, str]:
    """Every answer on its way replaced: a bit of its fingerprint turned, or an own one"""
    counter = itertools.count()

    def swap(mail: Mail) -> list[Mail]:
        if not _is_description(mail) or mail.node != _answerer(scene).id:
            return [mail]
        return _forgeries(mail, next(counter))

    return await _call_anew(scene, swap, lambda: _took_answer(scene))


def _forgeries(mail: Mail, salt: int) -> list[Mail]:
    turned = bytearray(mail.payload)
    turned[len(turned) // 2 + salt] ^= 1
    own = mail.payload[:8] + zlib.compress(SDP.encode())
    return [replace(mail, payload=payload) for payload in (bytes(turned), own, own[:8] + GUESSED.reveal() * 20)]


async def mixed_calls(scene: Scene) -> tuple[bool, str]:
    """The answer to an offer replaced by those of all earlier calls of the same two, today and before"""
    answerer = _answerer(scene).id
    earlier = [mail for mail in (*scene.past, *scene.broker.capture) if _is_description(mail)]
    answers = [mail for mail in earlier if mail.node == answerer or mail not in scene.broker.capture]
    held = {mail for mail in scene.broker.held if mail in scene.broker.capture and mail.node == answerer}

    def swap(mail: Mail) -> list[Mail]:
        if not _is_description(mail) or mail.node != answerer:
            return [mail]
        return [replace(old, topic=mail.topic, payload=mail.payload[:4] + old.payload[4:]) for old in answers]

    return await _call_anew(scene, swap, lambda: _took_answer(scene), held)


async def captured(scene: Scene) -> tuple[bool, str]:
    """Every byte that went through the broker, searched for captions, names and descriptions"""
    raw = bytes(scene.broker.raw)
    secrets = [*scene.names(), b"v=0\r\n", b"fingerprint", b"candidate", b"ice-pwd", b"opus/48000"]
    secrets += [words.encode() for victim in (scene.ann, scene.bob) for words in victim.words.said]
    found = [secret.decode() for secret in secrets if secret in raw]
    inflated = [mail for mail in scene.broker.capture if _inflates(mail.payload)]
    ok = not found and not inflated and len(scene.said(Letter.PICTURE)) > 0
    return ok, f"{len(scene.broker.capture)} messages, {len(raw)} bytes; found {found or 'nothing'}"


def _inflates(payload: bytes) -> bool:
    for at in range(min(len(payload), 40)):
        try:
            if "v=0" in unpack_description(payload[at:]):
                return True
        except Exception:
            continue
    return False


ATTACKS: tuple[tuple[str, Attack], ...] = (
    ("flip a bit of every byte", flipped),
    ("truncate and lengthen", truncated),
    ("replay", replayed),
    ("move to another topic, sender, room", elsewhere),
    ("reflect to the sender", reflected),
    ("play an earlier call back", earlier_call),
    ("guess the secret", guessed),
    ("downgrade to plaintext or another version", plain),
    ("send hostile msgpack", hostile),
    ("clear presences", cleared),
    ("swap the fingerprint in an offer", swapped_offer),
    ("swap the fingerprint in an answer", swapped_answer),
    ("mix offers and answers of different calls", mixed_calls),
    ("read the capture", captured),
)
