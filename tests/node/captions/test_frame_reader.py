"""Peers' pictures are read one at a time, the newest of each, and what is bad changes nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from happenings import Happenings
from stand_in_codec import OTHERS, OURS, STAND_IN, stand_in_codecs

from node.captions.coder import Caption, ThreadCoder
from node.captions.frame_reader import MAX_WAITING, REST, CaptionReader
from node.common.peer_faults import PeerFaults
from protocol import frames
from protocol.captions.registry import Coded
from protocol.errors import CaptionError, FrameError, RemoteError, VersionError

CODECS = stand_in_codecs()


class Desk:
    """A reader whose coder reads when the test lets it, and takes as long as it says."""

    def __init__(self) -> None:
        self.now = 50.0
        self.let = asyncio.Event()
        self.let.set()
        self.takes = {"a hostile one": 0.5}
        self.codecs = CODECS
        self.errors: dict[bytes, Exception] = {}
        self.begun, self.read, self.came, self.rejected = Happenings(), Happenings(), Happenings(), Happenings()
        self.notes: list[str] = []
        self.wants_bits, self.faults = False, PeerFaults(self.notes.append)
        self.reader = CaptionReader(
            self,
            on_frame=lambda peer, payload, caption: self.came.add((peer, frames.decode(payload), caption)),
            on_picture=lambda peer, picture, words: self.read.add((peer, picture.sequence, words)),
            reject=lambda peer, error: self.rejected.add((peer, type(error))),
            faults=self.faults,
            measures=lambda: self.wants_bits,
            clock=lambda: self.now,
        )

    async def encode(self, words: str, codec: int) -> Coded:
        raise NotImplementedError

    async def decode(self, codec: int, data: bytes, earlier: str | None = None, measure: bool = False) -> Caption:
        self.begun.add(data)
        await self.let.wait()
        if data in self.errors:
            raise self.errors[data]
        caption = await ThreadCoder(self.codecs).decode(codec, data, earlier, measure)
        self.now += self.takes.get(caption.words, 0.0)
        return caption

    def receive(self, sequence: int, words: str, peer: str = "b", earlier: int | None = None) -> None:
        self.reader.picture_received(peer, frame(sequence, words.encode(), earlier=earlier))


def frame(sequence: int, caption: bytes, codec: int = 0, earlier: int | None = None) -> bytes:
    return frames.encode(frames.Picture(sequence, 0, codec, caption, 9, earlier=earlier))


@contextlib.asynccontextmanager
async def reading(desk: Desk) -> AsyncIterator[Desk]:
    task = asyncio.create_task(desk.reader.run())
    try:
        yield desk
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_words_are_read_and_passed_on_once() -> None:
    async with reading(Desk()) as desk:
        desk.receive(1, "a cat")
        assert await desk.read.count(1) == [("b", 1, "a cat")]
        assert desk.came.all == [("b", frames.Picture(1, 0, 0, b"a cat", 9), Caption("a cat"))]
    assert desk.reader.received == 1


async def test_bits_are_measured_for_those_who_want_them() -> None:
    async with reading(Desk()) as desk:
        desk.wants_bits = True
        desk.receive(1, "a cat")
        await desk.read.count(1)
    assert desk.came.all[0][2] == Caption("a cat", 40)


async def test_holds_and_texts_are_passed_on_without_words() -> None:
    desk = Desk()
    for other in (frames.Hold(7), frames.Line(0, b"hi")):
        desk.reader.picture_received("b", frames.encode(other))
    assert [(what, caption) for _, what, caption in desk.came.all] == [
        (frames.Hold(7), None),
        (frames.Line(0, b"hi"), None),
    ]
    assert (desk.reader.waiting, desk.reader.received) == (0, 0)


async def test_what_is_replaced_before_its_turn_is_never_read() -> None:
    async with reading(Desk()) as desk:
        desk.let.clear()
        desk.receive(1, "one")
        await desk.begun.count(1)
        for number, words in enumerate(("two", "three", "four"), start=2):
            desk.receive(number, words)
        assert desk.reader.waiting == 1
        desk.let.set()
        assert await desk.read.count(2) == [("b", 1, "one"), ("b", 4, "four")]
    assert desk.begun.all == [b"one", b"four"]
    assert [(what.sequence, caption is None) for _, what, caption in desk.came.all] == [
        (2, True),
        (3, True),
        (1, False),
        (4, False),
    ]
    assert desk.reader.received == 4


async def test_what_is_coded_against_what_waits_replaces_nothing() -> None:
    async with reading(Desk()) as desk:
        desk.let.clear()
        desk.receive(1, "begun")
        await desk.begun.count(1)
        for number in range(2, 5):
            desk.receive(number, str(number), earlier=number - 1)
        desk.let.set()
        await desk.read.count(4)
    assert [sequence for _, sequence, _ in desk.read.all] == [1, 2, 3, 4]


async def test_a_chain_without_end_is_bounded() -> None:
    desk = Desk()
    for number in range(1, 3 * MAX_WAITING):
        desk.receive(number, str(number), earlier=number - 1)
    assert len(desk.came) == 3 * MAX_WAITING - 1 - MAX_WAITING  # those that are passed on without their words


async def test_old_numbers_are_not_read_until_the_peer_is_forgotten() -> None:
    async with reading(Desk()) as desk:
        desk.receive(5, "five")
        await desk.read.count(1)
        for sequence in (5, 4, 0):
            desk.receive(sequence, "old")
        desk.receive(1, "of another", peer="c")
        await desk.read.count(2)
        desk.reader.left("b")
        desk.reader.left("nobody")
        desk.receive(0, "a new session")
        await desk.read.count(3)
    assert [words for _, _, words in desk.read.all] == ["five", "of another", "a new session"]
    assert desk.reader.received == 3


async def test_an_older_number_waits_for_a_newer_one_that_may_be_bad() -> None:
    async with reading(Desk()) as desk:
        desk.errors[b"bad"] = CaptionError("damaged")
        desk.receive(9, "bad")
        desk.receive(1, "good")
        assert await desk.read.count(1) == [("b", 1, "good")]
        assert desk.rejected.all == [("b", CaptionError)]
        desk.receive(3, "newest")
        desk.receive(2, "older")
        await desk.read.count(2)
        desk.receive(4, "last")
        await desk.read.count(3)
    assert [words for _, _, words in desk.read.all] == ["good", "newest", "last"]


async def test_a_peer_that_left_meanwhile_is_not_painted() -> None:
    async with reading(Desk()) as desk:
        desk.let.clear()
        desk.receive(1, "left")
        await desk.begun.count(1)
        desk.reader.left("b")
        desk.receive(1, "stays", peer="c")
        desk.let.set()
        assert await desk.read.count(1) == [("c", 1, "stays")]


async def test_the_peer_that_was_read_longest_ago_comes_first() -> None:
    async with reading(Desk()) as desk:
        desk.let.clear()
        desk.receive(1, "begun", peer="x")
        await desk.begun.count(1)
        desk.receive(2, "x again", peer="x")
        desk.receive(1, "of c", peer="c")
        desk.receive(1, "of b", peer="b")
        desk.let.set()
        await desk.read.count(4)
    assert [peer for peer, _, _ in desk.read.all] == ["x", "c", "b", "x"]


async def test_a_hostile_peer_rests_for_as_long_as_its_captions_take_while_others_are_read() -> None:
    async with reading(Desk()) as desk:
        desk.receive(1, "a hostile one", peer="x")
        await desk.read.count(1)
        for number in range(2, 7):
            desk.receive(number, "a hostile one", peer="x")
            desk.receive(number, "a cat", peer="b")
            await desk.read.count(number)
        assert [peer for peer, _, _ in desk.read.all] == ["x", *["b"] * 5]
        desk.now += REST * 0.5
        desk.receive(7, "a cat", peer="b")
        await desk.read.count(8)
        assert [(peer, sequence) for peer, sequence, _ in desk.read.all[6:]] in (
            [("x", 6), ("b", 7)],
            [("b", 7), ("x", 6)],
        )


async def test_a_peer_that_rests_is_read_when_it_has() -> None:
    async with reading(Desk()) as desk:
        desk.takes["a cat"] = 0.001
        desk.receive(1, "a cat")
        await desk.read.count(1)
        desk.receive(2, "a dog")
        desk.now += REST * 0.001
        await desk.read.count(2)


async def test_a_caption_of_another_codebook_changes_nothing() -> None:
    async with reading(Desk()) as desk:
        coded = frame(1, CODECS.encode("a cat", STAND_IN).data, STAND_IN)
        for theirs in ((), (OTHERS,)):
            with pytest.raises(CaptionError, match="codebook"):
                desk.reader.picture_received("b", coded, theirs)
        assert desk.reader.waiting == 0
        desk.reader.picture_received("b", coded, (OURS,))
        await desk.read.count(1)


async def test_a_picture_coded_against_one_that_did_not_come_changes_nothing() -> None:
    async with reading(Desk()) as desk:
        for number in range(1, 3):
            desk.receive(3, "a dog", earlier=1)
            await desk.rejected.count(number)
            desk.receive(number, "a cat", peer="c")
            await desk.read.count(number)
        desk.receive(1, "a cat")
        desk.receive(3, "a dog", earlier=1)
        await desk.read.count(4)
        desk.reader.left("b")
        desk.receive(3, "a dog", earlier=1)
        await desk.rejected.count(3)
    assert desk.rejected.all == [("b", CaptionError)] * 3
    assert desk.reader.received == 4


@pytest.mark.parametrize(
    ("payload", "error"), [(b"", FrameError), (b"\xff\x00garbage", FrameError), (b"\x92\x11\x01", VersionError)]
)
async def test_what_is_no_frame_raises_its_error_and_changes_nothing(payload: bytes, error: type[Exception]) -> None:
    desk = Desk()
    with pytest.raises(error):
        desk.reader.picture_received("b", payload)
    assert (desk.reader.received, desk.reader.waiting, desk.came.all) == (0, 0, [])


@pytest.mark.parametrize("bad", [frame(9, b"\xff"), frame(9, b"x", codec=201)])
async def test_a_bad_caption_is_rejected_later_and_changes_nothing(bad: bytes) -> None:
    async with reading(Desk()) as desk:
        desk.reader.picture_received("b", bad)
        await desk.rejected.count(1)
        desk.receive(1, "good")
        assert await desk.read.count(1) == [("b", 1, "good")]
    assert desk.rejected.all == [("b", CaptionError)]
    assert (desk.reader.received, desk.faults.count) == (1, 0)


@pytest.mark.parametrize(
    "error", [ValueError("a"), RecursionError(), UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates")]
)
async def test_whatever_a_caption_raises_the_next_is_read(error: Exception) -> None:
    async with reading(Desk()) as desk:
        desk.errors[b"bad"] = error
        for number in (1, 2):
            desk.receive(number, "bad")
            await desk.begun.count(number)
            desk.receive(1, "a cat", peer=f"c{number}")
            await desk.read.count(number)
        desk.receive(3, "good")
        await desk.read.count(3)
    assert (desk.faults.count, len(desk.notes)) == (2, 1)
    assert isinstance(error, Exception)
    assert not issubclass(type(error), RemoteError)
