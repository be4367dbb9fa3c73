"""Pictures as words, out and in, on a clock that the test turns."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import pytest
from happenings import Happenings
from PIL import Image
from stand_in_codec import STAND_IN, stand_in_codecs

from node.call.stats import PicturesIn, PicturesOut
from node.captions.coder import Caption, ThreadCoder
from node.vision import sender
from node.vision.look import encode_look
from node.vision.morph import Morph
from node.vision.presets import NOT_DRAWN
from node.vision.seeds import SeedChooser
from node.vision.sender import HOLD_EVERY_S, HOLDS_A_PICTURE, PaintedPicture, PictureReceiver, PictureSender
from node.vision.types import Prompt
from protocol import frames, look
from protocol.captions.registry import Coded
from protocol.errors import NodeError

CODECS = stand_in_codecs()

IMAGE = Image.new("RGB", (10, 10))
COST = 120


class Stage:
    """A sender whose camera, gate and captioner do as the test says."""

    def __init__(self) -> None:
        self.now = 100.0
        self.opens = True
        self.resets = 0
        self.words: list[str | Exception] = ["a cat"]
        self.published: list[tuple[bytes, bool]] = []
        self.captions: list[Caption | None] = []
        self.notes: list[str] = []
        self.counts = PicturesOut()
        self.codec = 0
        self.camera_fails = False
        self.sender = PictureSender(
            self, self, self._caption, self._publish, lambda: self.codec, self.counts,
            lambda: self.now, self.notes.append, ThreadCoder(CODECS), SeedChooser(draw=lambda count: [5]),
        )  # type: ignore[arg-type]  # fmt: skip

    async def snapshot(self) -> Image.Image:
        if self.camera_fails:
            raise NodeError("the camera is gone")
        return IMAGE

    def changed(self, image: Image.Image) -> bool:
        assert image is IMAGE
        return self.opens

    def reset(self) -> None:
        self.resets += 1

    async def _caption(self, image: Image.Image) -> str:
        said = self.words.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    def _publish(self, frame: bytes, retain: bool, caption: Caption | None) -> int:
        self.published.append((frame, retain))
        self.captions.append(caption)
        return COST

    async def look(self, later: float = 0.5) -> None:
        self.now += later
        await self.sender._look()

    def frames(self) -> list[frames.Frame]:
        return [frames.decode(frame) for frame, _ in self.published]


async def test_new_words_are_sent_as_a_retained_frame_and_counted() -> None:
    stage = Stage()
    await stage.look()
    assert stage.frames() == [frames.Picture(1, 500, 0, b"a cat", 5)]
    assert [retain for _, retain in stage.published] == [True]
    frame_bytes = len(stage.published[0][0])
    assert stage.counts == PicturesOut(1, 1, 40, frame_bytes, COST, 10 * 10 * 24, "a cat", 40)


async def test_a_closed_gate_wakes_no_captioner() -> None:
    stage = Stage()
    stage.opens = False
    await stage.look()
    assert stage.words == ["a cat"]
    assert stage.published == []
    assert stage.counts == PicturesOut()


async def test_the_same_words_are_not_sent_again() -> None:
    stage = Stage()
    stage.words = ["a cat", "a cat", "a dog", "a cat"]
    for _ in range(4):
        await stage.look()
    sent = [(frame.sequence, frame.caption) for frame in stage.frames() if isinstance(frame, frames.Picture)]
    assert sent == [(1, b"a cat"), (2, b"a dog"), (3, b"a cat")]
    assert (stage.counts.captioned, stage.counts.sent) == (4, 3)


async def test_a_caption_that_failed_opens_the_gate_again() -> None:
    stage = Stage()
    stage.words = [NodeError("the captioner failed"), "a cat"]
    await stage.look()
    assert (stage.resets, stage.notes, stage.published) == (1, ["the captioner failed"], [])
    assert stage.counts.captioned == 0
    await stage.look()
    assert stage.counts.sent == 1


async def test_a_picture_the_captioner_cannot_know_is_remarked_on_once() -> None:
    stage = Stage()
    stage.words = ["a cat", "a dog", "a bird"]
    known = iter([True, False, False])
    stage.sender.knows = lambda image: next(known)
    for expected in ([], [NOT_DRAWN], [NOT_DRAWN]):
        await stage.look()
        assert stage.notes == expected
    assert stage.counts.sent == 3
    assert "photo-cpu" in NOT_DRAWN
    assert "photo-gpu" in NOT_DRAWN


async def test_a_picture_that_stays_is_held_every_half_minute() -> None:
    stage = Stage()
    stage.opens = False
    await stage.look(HOLD_EVERY_S * 2)
    assert stage.published == []  # there is no picture to hold
    stage.opens = True
    await stage.look()
    stage.opens = False
    await stage.look(HOLD_EVERY_S - 0.001)
    assert len(stage.published) == 1
    await stage.look(0.001)
    assert stage.frames()[1:] == [frames.Hold(1)]
    assert stage.published[-1][1] is False
    await stage.look(1)
    assert len(stage.published) == 2
    await stage.look(HOLD_EVERY_S)
    assert stage.frames()[2:] == [frames.Hold(1)]
    assert (stage.counts.sent, stage.counts.wire_bytes) == (1, 3 * COST)


async def test_every_thousandth_hold_is_the_picture_itself() -> None:
    """So that who comes after days of one view opens it: what is sealed names 16 bits of its number."""
    stage = Stage()
    await stage.look()
    stage.opens = False
    for _ in range(2 * HOLDS_A_PICTURE):
        await stage.look(HOLD_EVERY_S)
    kept = [number for number, (_, retain) in enumerate(stage.published) if retain]
    assert kept == [0, HOLDS_A_PICTURE, 2 * HOLDS_A_PICTURE]
    assert stage.counts.sent == 1


async def test_the_newest_picture_is_published_again_on_request() -> None:
    stage = Stage()
    stage.sender.again()
    assert stage.published == []
    await stage.look()
    stage.sender.again()
    assert stage.published[1] == stage.published[0]
    assert (stage.counts.sent, stage.counts.wire_bytes) == (1, 2 * COST)


async def test_the_codec_is_asked_for_at_each_picture() -> None:
    stage = Stage()
    stage.words = ["abcabcabcabcabc", "xyzxyzxyzxyzxyz"]
    await stage.look()
    stage.codec = 1
    await stage.look()
    assert [frame.codec for frame in stage.frames() if isinstance(frame, frames.Picture)] == [0, 1]
    assert stage.counts.caption_bits == 120 + CODECS.encode("xyzxyzxyzxyzxyz", 1).bits


async def test_who_cannot_read_the_newest_picture_gets_it_again_under_its_number() -> None:
    stage = Stage()
    stage.codec = STAND_IN
    await stage.sender.suit()  # there is no picture yet
    await stage.look()
    await stage.sender.suit()  # all can read it
    stage.codec = 0
    await stage.sender.suit()
    stage.sender.again()
    first, *later = stage.frames()
    assert first == frames.Picture(1, 500, STAND_IN, registry_bytes("a cat"), 5)
    assert later == [frames.Picture(1, 500, 0, b"a cat", 5)] * 2
    assert [retain for _, retain in stage.published] == [True] * 3
    assert [caption.words for caption in stage.captions if caption is not None] == ["a cat"] * 3
    assert (stage.counts.sent, stage.counts.wire_bytes) == (1, 3 * COST)


class SlowCoder(ThreadCoder):
    """Codes when the test lets it."""

    def __init__(self) -> None:
        super().__init__(CODECS)
        self.begun, self.let = Happenings(), asyncio.Event()

    async def encode(self, words: str, codec: int) -> Coded:
        self.begun.add((words, codec))
        await self.let.wait()
        return await super().encode(words, codec)


async def test_who_comes_while_a_picture_is_being_coded_can_read_it() -> None:
    stage = Stage()
    stage.codec = STAND_IN
    stage.sender.coder = coder = SlowCoder()
    looking = asyncio.create_task(stage.look())
    await coder.begun.count(1)
    stage.codec = 0
    coder.let.set()
    await looking
    assert coder.begun.all == [("a cat", STAND_IN), ("a cat", 0)]
    assert stage.frames() == [frames.Picture(1, 500, 0, b"a cat", 5)]


async def test_a_picture_that_was_replaced_while_it_was_coded_for_a_newcomer_stays_so() -> None:
    stage = Stage()
    stage.words = ["a cat", "a dog"]
    stage.codec = STAND_IN
    await stage.look()
    stage.codec = 0
    stage.sender.coder = coder = SlowCoder()
    suiting = asyncio.create_task(stage.sender.suit())
    await coder.begun.count(1)
    stage.sender.coder = ThreadCoder(CODECS)
    await stage.look()
    coder.let.set()
    await suiting
    assert [frame.sequence for frame in stage.frames() if isinstance(frame, frames.Picture)] == [1, 2]
    assert stage.frames()[-1] == frames.Picture(2, 1000, 0, b"a dog", 5)


def registry_bytes(words: str) -> bytes:
    return CODECS.encode(words, STAND_IN).data


async def test_a_caption_of_any_length_never_ends_the_sender() -> None:
    stage = Stage()
    stage.words = ["é" * 1000, "\ud800", "short"]
    for _ in range(3):
        await stage.look()
    sent = [frame.caption for frame in stage.frames() if isinstance(frame, frames.Picture)]
    assert sent == ["é".encode() * (sender.LONGEST_WORDS // 2), b"?", b"short"]


@pytest.mark.parametrize("size", look.SIZES)
async def test_a_look_goes_with_the_words_and_is_counted(size: int) -> None:
    stage = Stage()
    stage.sender.look_bytes = size
    await stage.look()
    assert stage.frames() == [frames.Picture(1, 500, 0, b"a cat", 5, encode_look(IMAGE, size))]
    assert (stage.counts.look_bits, stage.counts.caption_bits) == (size * 8, 40)
    assert stage.counts.ratio == 10 * 10 * 24 / (40 + size * 8)


async def test_a_camera_that_is_gone_ends_the_pictures_and_says_so() -> None:
    stage = Stage()
    stage.camera_fails = True
    await stage.sender.run()
    assert stage.notes == ["no more pictures from here: the camera is gone"]


async def test_the_camera_is_watched_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "LOOK_EVERY_S", 0.0)
    stage = Stage()
    stage.words = [f"scene {number}" for number in range(5)]

    def fail_after_the_last(frame: bytes, retain: bool, caption: Caption | None) -> int:
        stage.camera_fails = not stage.words
        return COST

    stage.sender.publish = fail_after_the_last
    await stage.sender.run()
    assert stage.counts.sent == 5


# -- the receiver


class Wall:
    """A receiver that paints when the test lets it."""

    def __init__(self) -> None:
        self.now = 50.0
        self.let = asyncio.Event()
        self.let.set()
        self.begun, self.shown, self.notes = Happenings(), Happenings(), Happenings()
        self.prompts: list[Prompt] = []
        self.counts = PicturesIn()
        self.failures: list[Exception] = []
        self.receiver = PictureReceiver(self._paint, self._show, self.counts, lambda: self.now, self.notes.add)

    async def _paint(self, peer: str, prompt: Prompt) -> Image.Image:
        self.begun.add((peer, prompt.text, prompt.seed))
        self.prompts.append(prompt)
        await self.let.wait()
        if self.failures:
            raise self.failures.pop(0)
        return IMAGE

    async def _show(self, painted: PaintedPicture) -> None:
        self.shown.add(painted)

    def receive(self, sequence: int, words: str, peer: str = "b", look: bytes = b"") -> None:
        self.receiver.receive(peer, frames.Picture(sequence, 0, 0, words.encode(), 9, look), words)


AnyWall = TypeVar("AnyWall", bound=Wall)


@contextlib.asynccontextmanager
async def painting(wall: AnyWall) -> AsyncIterator[AnyWall]:
    task = asyncio.create_task(wall.receiver.run())
    try:
        yield wall
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_frame_is_painted_shown_and_counted() -> None:
    async with painting(Wall()) as wall:
        wall.receive(1, "a cat")
        assert await wall.shown.count(1) == [PaintedPicture("b", 1, "a cat", 9, IMAGE)]
        assert wall.begun.all == [("b", "a cat", 9)]
    assert wall.counts == PicturesIn(painted=1, first_painted_at=50.0, last_caption="a cat")


async def test_the_first_painting_keeps_its_time() -> None:
    async with painting(Wall()) as wall:
        wall.receive(1, "a cat")
        await wall.shown.count(1)
        wall.now = 99.0
        wall.receive(2, "a dog")
        await wall.shown.count(2)
    assert wall.counts.first_painted_at == 50.0
    assert wall.counts.last_caption == "a dog"


async def test_what_came_while_painting_is_replaced_by_the_newest() -> None:
    async with painting(Wall()) as wall:
        wall.let.clear()
        wall.receive(1, "one")
        await wall.begun.count(1)
        for number, words in enumerate(("two", "three", "four"), start=2):
            wall.receive(number, words)
        wall.let.set()
        await wall.shown.count(2)
        assert [painted.caption for painted in wall.shown.all] == ["one", "four"]
    assert wall.counts.painted == 2


async def test_the_peer_that_waited_longest_is_painted_first() -> None:
    async with painting(Wall()) as wall:
        wall.let.clear()
        wall.receive(1, "begun", peer="x")
        await wall.begun.count(1)
        wall.receive(1, "b1", peer="b")
        wall.receive(1, "c1", peer="c")
        wall.receive(2, "b2", peer="b")
        wall.let.set()
        await wall.shown.count(3)
        assert [painted.caption for painted in wall.shown.all] == ["begun", "c1", "b2"]


async def test_a_look_is_painted_from_unless_it_is_of_an_unknown_length() -> None:
    async with painting(Wall()) as wall:
        for sequence, coded in enumerate((bytes(8), bytes(12), bytes(16), b""), start=1):
            wall.receive(sequence, "a cat", look=coded)
            await wall.shown.count(sequence)
    assert [painted.look for painted in wall.shown.all] == [bytes(8), b"", bytes(16), b""]
    assert wall.prompts == [Prompt("a cat", 9, painted.look) for painted in wall.shown.all]


class Screening(Wall):
    """A wall whose screen moves; the steps in between are painted when the test lets them."""

    def __init__(self) -> None:
        super().__init__()
        self.let_move = asyncio.Event()
        self.asked, self.seen = Happenings(), Happenings()
        self.receiver.morph = Morph(4, self._between, self._screen, lambda: self.now, self._sleep)

    async def _between(self, peer: str, before: Prompt, after: Prompt, share: float) -> Image.Image:
        self.asked.add((before.text, after.text, share))
        await self.let_move.wait()
        return IMAGE

    async def _screen(self, peer: str, image: Image.Image) -> None:
        self.seen.add(peer)

    async def _sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


async def test_the_screen_moves_while_no_picture_waits() -> None:
    async with painting(Screening()) as wall:
        wall.let_move.set()
        wall.receive(1, "a cat")
        await wall.seen.count(1)
        wall.receive(2, "a dog")
        assert await wall.shown.count(2)  # the picture itself is not held up
        await wall.seen.count(5)
    assert wall.asked.all == [("a cat", "a dog", share) for share in (0.25, 0.5, 0.75)]


async def test_a_new_picture_cancels_the_morph_at_once() -> None:
    async with painting(Screening()) as wall:
        for sequence, words in enumerate(("a cat", "a dog"), start=1):
            wall.receive(sequence, words)
            await wall.shown.count(sequence)
        await wall.asked.count(1)  # and never answered
        wall.receive(3, "a cow")
        await wall.shown.count(3)
        wall.let_move.set()
        await wall.asked.count(2)
    assert wall.asked.all[1][:2] == ("a dog", "a cow")


@pytest.mark.parametrize("steps", [0, 1, 2])
@pytest.mark.parametrize("held_up_by", ["painting a step", "waiting for the next"])
async def test_a_morph_never_delays_a_new_picture(steps: int, held_up_by: str) -> None:
    wall, held, begun_at = Screening(), Happenings(), []
    paint, left = wall.receiver.paint, [steps]

    async def hold_when_none_is_left() -> None:
        if not left[0]:
            held.add(wall.now)
            await asyncio.Event().wait()

    async def between(peer: str, before: Prompt, after: Prompt, share: float) -> Image.Image:
        if held_up_by == "painting a step":
            await hold_when_none_is_left()
        left[0] -= 1
        return IMAGE

    async def sleep(seconds: float) -> None:
        if held_up_by == "waiting for the next":
            await hold_when_none_is_left()
        wall.now += seconds

    async def noted(peer: str, prompt: Prompt) -> Image.Image:
        begun_at.append(wall.now)
        return await paint(peer, prompt)

    wall.receiver.paint = noted
    wall.receiver.morph = Morph(4, between, wall._screen, lambda: wall.now, sleep)
    async with painting(wall):
        for sequence, words in enumerate(("a cat", "a dog"), start=1):
            wall.receive(sequence, words)
            await wall.shown.count(sequence)
        came = (await held.count(1))[0]
        wall.receive(3, "a cow")
        await wall.shown.count(3)
    assert begun_at[-1] == came


async def test_a_peer_that_left_does_not_move() -> None:
    wall = Screening()
    await wall.receiver.morph.begin("b", Prompt("a cat", 1), IMAGE, 0.0)  # type: ignore[union-attr]
    await wall.receiver.morph.begin("b", Prompt("a dog", 1), IMAGE, 0.0)  # type: ignore[union-attr]
    wall.receiver.forget("b")
    await wall.receiver.morph.run()  # type: ignore[union-attr]
    assert wall.asked.all == []


async def test_a_screen_that_fails_is_noted() -> None:
    wall = Screening()

    async def broken(peer: str, image: Image.Image) -> None:
        raise NodeError("the disk is full")

    async with painting(wall):
        wall.receive(1, "a cat")
        await wall.seen.count(1)
        wall.receiver.morph.screen = broken  # type: ignore[union-attr]
        wall.let_move.set()
        wall.receive(2, "a dog")
        assert await wall.notes.count(1) == ["the disk is full"]


async def test_a_peer_that_left_is_not_painted() -> None:
    async with painting(Wall()) as wall:
        wall.receive(1, "left", peer="b")
        wall.receive(1, "stays", peer="c")
        wall.receiver.forget("b")
        await wall.shown.count(1)
        assert wall.begun.all == [("c", "stays", 9)]


async def test_a_painting_that_fails_is_noted_and_the_next_one_is_painted() -> None:
    async with painting(Wall()) as wall:
        wall.failures = [NodeError("a newer picture took its place")]
        wall.receive(1, "fails")
        assert await wall.notes.count(1) == ["a newer picture took its place"]
        wall.receive(2, "works")
        await wall.shown.count(1)
    assert wall.counts.painted == 1


@pytest.mark.parametrize("where", ["paint", "show"])
async def test_a_fault_in_one_peers_picture_ends_neither_the_others_nor_the_receiver(where: str) -> None:
    async with painting(Wall()) as wall:
        original = getattr(wall.receiver, where)

        async def stumbling(*what: Any) -> Any:
            if (what[0].peer if where == "show" else what[0]) == "b":
                raise RecursionError("a caption that nobody should read in a log")
            return await original(*what)

        setattr(wall.receiver, where, stumbling)
        wall.receive(1, "stumbles", peer="b")
        wall.receive(1, "a cat", peer="c")
        await wall.shown.count(1)
    assert [painted.peer for painted in wall.shown.all] == ["c"]
    assert wall.receiver.faults.count == 1
