"""What a member of the room tries: words and names that are more than text, captions that cost, and false byes."""

from __future__ import annotations

import asyncio
import itertools

from attacks.attacks import Scene
from attacks.stage import Stage
from attacks.victims import Victim, running, until
from node.bench import hostile_peer
from node.captions.coder import shipped_codecs
from protocol.frames import Picture, encode
from protocol.signalling.messages import Bye, Reason
from protocol.signalling.messages import encode as encode_signal
from protocol.topics import Letter

# Name and captions that a terminal would take for orders, rich for markup, and a code page has no signs for.
NAME = "[/b]\x1b]52;c;aGk=\x07\n\u202e[link=x]"
WORDS = "[/red]\x1b[2J a\u2066 cat\r\n\x1b]0;owned\x07 [/] \u4f60\u597d \U0001f408"
# What may not reach a terminal: for the clipboard, the title and the screen, and what turns the writing around.
ORDERS = (b"\x1b]52", b"\x1b]0;", b"\x1b[2J a", b"\x07", "\u202e".encode(), "\u2066".encode())
UTF8, MODELLED = 0, 2  # caption codecs
# They decode to half a character, alone and among words; no encoder of ours makes them any more.
HALVES = ("ffeda0bd", "4d8f9958007550e5", "c8345dc5cb081d4dcfd43b7db0b4568effe3dc7e47c7220834")
NO_TEXT = (b"\xed\xa0\xbd", b"\xff\xfe", b"\xf4\x90\x80\x80", b"a \xc0\xaf cat")
A_SECOND = 20
SECONDS = 4.0
PAINTED_S = 2.0  # for one that can be, unless it is refused
SHOWN_S = 60.0  # for a picture to be painted, beside an attack, on a busy machine: only a failure takes so long
FALSE_BYES = 4
BYES_S = 4.0

_sequence = itertools.count(1_000)  # newer than any that the member's own camera takes


async def markup_and_escapes(stage: Stage) -> tuple[bool, str]:
    """A name and captions of markup, escape sequences and signs that the terminal's code page lacks"""
    seen = False

    async def say() -> str:
        nonlocal seen
        async with stage.member(NAME, WORDS):
            seen = await until(lambda: b"[/b]" in stage.program.shown and b"[/red]" in stage.program.shown, SHOWN_S)
        return f"name and words were {'' if seen else 'not '}shown as text"

    ok, told = await stage.through(say(), SECONDS)
    orders = [order for order in ORDERS if order in stage.program.shown]
    return ok and seen and not orders, f"the terminal was sent {orders or 'no orders'}; {told}"


async def half_characters(stage: Stage) -> tuple[bool, str]:
    """Captions of lone surrogates, and of bytes that are no UTF-8"""
    goes_on = False

    async def say() -> str:
        nonlocal goes_on
        captions = [(MODELLED, bytes.fromhex(one)) for one in HALVES] + [(UTF8, one) for one in NO_TEXT]
        async with stage.member() as mallory:
            for codec, caption in captions:
                _show(mallory, codec, caption)
                await stage.program.painted(PAINTED_S, or_refused=True)  # the next one would take its place
        goes_on = await stage.paints(SHOWN_S)
        people = (await stage.program.state())["people"]
        return f"the page shows {len(people)}, and pictures {'go on' if goes_on else 'have ended'}"

    ok, told = await stage.through(say(), SECONDS)
    return ok and goes_on, told


async def worst_captions(stage: Stage) -> tuple[bool, str]:
    """The captions that take longest to decode of all that fit a frame, 20 a second"""
    captions = hostile_peer.worst_captions(shipped_codecs().models[2])

    async def say() -> str:
        async with stage.member() as mallory:
            for caption in itertools.islice(itertools.cycle(captions), round(A_SECOND * SECONDS)):
                _show(mallory, MODELLED, caption)
                await asyncio.sleep(1 / A_SECOND)
        return f"{round(A_SECOND * SECONDS)} captions of up to {max(map(len, captions))} bytes"

    return await stage.through(say(), SECONDS)


async def false_byes(scene: Scene) -> tuple[bool, str]:
    """Four identities of one member tell Bob, who is in the call, that the room is full"""
    bob = scene.bob
    members = [Victim(f"Mallory {number}", scene.secret, scene.port, speaks=False) for number in range(FALSE_BYES)]
    for member in members:
        member.camera.turn()
    async with running(*members):
        known = await until(lambda: all(member.id in bob.node.room.peers.room.peers for member in members))
        bye = encode_signal(Bye(bob.id, 0, Reason.FULL))
        for member in members:
            member.node.room.channel.post(Letter.SIGNAL, bye, False, to=(bob.id, bob.node.room.session))
        left = await until(lambda: bob.node.room.left_at is not None, BYES_S)
    return known and not left, f"{FALSE_BYES} byes; Bob {'left the call' if left else 'and Ann talk on'}"


def _show(member: Victim, codec: int, caption: bytes) -> None:
    picture = Picture(next(_sequence), 0, codec, caption, seed=1)
    member.node.room.post_picture(encode(picture), retain=True)


ON_A_CALL = (("say falsely that the room is full", false_byes),)
ON_A_PROGRAM = (
    ("markup and escapes in names and words", markup_and_escapes),
    ("half characters in captions", half_characters),
    ("the worst captions, 20 a second", worst_captions),
)
