"""Lines between whole nodes, through a broker: said, coded, read, marked, relayed, and refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest
from fake_models import FakeModels
from happenings import Happenings

from live_call import parts, place, running
from node.call.chat import MAX_NAMES, MAX_TYPED, checked_line
from node.call.line_reader import MAX_CHARACTERS
from node.call.node import Node
from node.call.observers import CallObserver, ChatLine
from node.links.address import BrokerAddress
from protocol import frames
from protocol.chat import HISTORY, delivery
from protocol.errors import UsageError
from protocol.signalling import Carries, Hello

CONTROLS = "\x1b[2J\u202etxt.exe <b>[/b]\x07"


class Read(CallObserver):
    """Keeps the lines that a node says and gets, and the frames that they are recorded as."""

    def __init__(self) -> None:
        self.lines, self.marked = Happenings(), Happenings()
        self.frames: list[bytes] = []

    def line_typed(self, line: ChatLine, frame: bytes) -> None:
        self.lines.add(line)
        self.frames.append(frame)

    def line_marked(self, line: ChatLine) -> None:
        self.marked.add(line)

    def texts(self) -> list[str]:
        return [line.text for line in self.lines.all]


class Side:
    """A node that does nothing but chat."""

    def __init__(self, name: str, broker: BrokerAddress) -> None:
        self.notes = Happenings()
        self.node = Node(name, place(broker), parts(FakeModels()), note=self.notes.add)
        self.read = Read()
        self.node.observers.add(self.read)


Enter = Callable[[str], Side]


@pytest.fixture
def side(embedded_broker: BrokerAddress) -> Enter:
    return lambda name: Side(name, embedded_broker)


@pytest.fixture
async def two(side: Enter) -> AsyncIterator[tuple[Side, Side]]:
    ann, bob = side("ann"), side("bob")
    async with running(ann.node, bob.node) as nodes:
        await nodes.until(lambda: ann.node.peers() == ["bob"] and bob.node.peers() == ["ann"])
        yield ann, bob


async def test_a_line_is_read_and_its_author_sees_who_has_it(two: tuple[Side, Side]) -> None:
    ann, bob = two
    said = await ann.node.chat.say("  a cat on a bench, and 10 € more\n")
    assert (said.text, said.mine, said.waiting) == ("a cat on a bench, and 10 € more", True, ("bob",))
    (line,) = await bob.read.lines.count(1)
    assert (line.text, line.name, line.author, line.mine) == (said.text, "ann", ann.node.id, False)
    assert (line.id, abs(line.at - said.at) < 2) == (said.id, True)
    (marked,) = await ann.read.marked.count(1)
    assert (marked.id, marked.have, marked.waiting) == (said.id, ("bob",), ())
    frame = frames.decode(bob.read.frames[0])
    assert isinstance(frame, frames.Line)
    assert len(frame.coded) < len(said.text.encode())


async def test_who_stays_is_called_by_name_however_many_came_and_went(side: Enter) -> None:
    room, chat = (ann := side("ann").node).room, ann.chat
    for number in range(MAX_NAMES + 3):
        room.joined(f"{number}", Hello(number, f"guest {number}", Carries.TEXT))
        if number:
            room.left(f"{number}")
    assert (await chat.say("who is here?")).waiting == ("guest 0",)


async def test_lines_typed_at_once_come_in_their_order(two: tuple[Side, Side]) -> None:
    ann, bob = two
    texts = [f"line {number}" for number in range(100)]
    for text in texts:
        ann.node.chat.say_soon(text)
    await bob.read.lines.count(100)
    assert bob.read.texts() == texts


async def test_a_newcomer_is_given_what_was_said(
    two: tuple[Side, Side], side: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SETTLE_S", 0.0)  # as if the two had been here for a while
    ann, bob = two
    for number in range(HISTORY + 3):
        await ann.node.chat.say(f"number {number}")
    await bob.read.lines.count(HISTORY + 3)
    eve = side("eve")
    async with running(eve.node):
        await eve.read.lines.count(HISTORY)
        assert eve.read.texts() == [f"number {number}" for number in range(3, HISTORY + 3)]
        assert {line.name for line in eve.read.lines.all} == {"ann"}
        await bob.node.chat.say("hello eve")
        await eve.read.lines.count(HISTORY + 1)
        assert eve.read.texts()[-1] == "hello eve"


async def test_what_cannot_be_sent_is_refused_in_one_line(side: Enter) -> None:
    ann = side("ann")
    for text, message in (
        (" \n", "the line is empty"),
        ("ü" * (MAX_CHARACTERS + 1), "at most 500 characters, and this one 501: say it in parts"),
        ("x" * 10**5, "this one 100,000"),
    ):
        with pytest.raises(UsageError, match=message):
            await ann.node.chat.say(text)
        ann.node.chat.say_soon(text)
        assert message in ann.notes.all[-1]
    assert checked_line("🜁" * MAX_CHARACTERS) == "🜁" * MAX_CHARACTERS
    for _ in range(MAX_TYPED + 1):
        ann.node.chat.say_soon("x")
    assert "lines at once" in ann.notes.all[-1]


async def test_the_longest_line_and_any_characters_arrive(two: tuple[Side, Side]) -> None:
    ann, bob = two
    for text in ("🜁" * MAX_CHARACTERS, CONTROLS, "half a pair: \ud800"):
        await ann.node.chat.say(text)
    await bob.read.lines.count(3)
    assert bob.read.texts() == ["🜁" * MAX_CHARACTERS, CONTROLS, "half a pair: ?"]


async def test_lines_that_break_the_rules_are_counted_and_left_out(two: tuple[Side, Side]) -> None:
    ann, bob = two
    long = frames.Line(0, b"x" * (MAX_CHARACTERS + 1), 0)
    for frame in (long, frames.Line(1, b"\xff\xfe", 0), frames.Line(2, b"\xff\xff\xff", 2), frames.Line(3, b"x", 99)):
        ann.node.room.post_text(frames.encode(frame))
    ann.node.room.post_text(frames.encode(frames.Line(4, b"good", 0)))
    await bob.read.lines.count(1)
    assert bob.read.texts() == ["good"]
    assert bob.node.count().bad_messages >= 3


async def test_who_reads_no_lines_is_named_once(side: Enter) -> None:
    ann = side("ann")
    ann.node.room.hellos["oooo"] = Hello(1, "old", Carries.SPEECH_IN)
    async with running(ann.node) as nodes:
        await nodes.until(lambda: ann.node.broker_is_up)
        await ann.node.chat.say("one")
        await ann.node.chat.say("two")
    assert [note for note in ann.notes.all if "gets no lines" in note] == [
        "old gets no lines: that program is older, or a replay"
    ]


async def test_a_line_costs_one_message_and_an_acknowledgement(
    two: tuple[Side, Side], monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = two
    posted: list[bytes] = []
    for side in (ann, bob):
        monkeypatch.setattr(side.node.room, "post_text", partial(_post, side.node.room.post_text, posted))
    await ann.node.chat.say("the only one")
    await ann.read.marked.count(1)
    assert [type(frames.decode(frame)) for frame in posted] == [frames.Line, frames.Have]


def _post(post: Callable[[bytes], None], posted: list[bytes], frame: bytes) -> None:
    posted.append(frame)
    post(frame)
