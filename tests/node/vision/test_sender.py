"""Sent pictures: captioned, coded and published, on a clock that the test turns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from happenings import Happenings
from PIL import Image
from stand_in_codec import STAND_IN, stand_in_codecs

from node.captions.coder import Caption, CaptionCoder, ThreadCoder
from node.vision import sender as module
from node.vision.likeness import of_photo
from node.vision.look_transfer import encode_look
from node.vision.people.narrator import SAY_WHO, SHOWS_NOTHING
from node.vision.perception.observation import Observation, SeenFace
from node.vision.portrait_look import encode_portrait
from node.vision.scenes.world import Action, Cloth
from node.vision.seed_table import nearest_seeds
from node.vision.seeds import SeedChooser
from node.vision.sender import HOLD_EVERY_S, HOLDS_A_PICTURE, MAX_WORDS_BYTES, PictureSender
from node.vision.stats import PicturesOut
from node.vision.types import SeenPicture
from protocol import frames, look
from protocol.captions.registry import Coded
from protocol.errors import NodeError
from protocol.signalling import Hello

CODECS = stand_in_codecs()

IMAGE = Image.new("RGB", (10, 10))
COST = 120


class Stage:
    """A sender whose camera, gate, captioner, room and observer do as the test says."""

    def __init__(self, coder: CaptionCoder | None = None, look_bytes: int = 0) -> None:
        self.now = 100.0
        self.opens = True
        self.resets = 0
        self.words: list[str | Exception] = ["a cat"]
        self.observations: list[Observation] = []
        self.fine: list[bool] = []
        self.published: list[tuple[bytes, bool]] = []
        self.captions: list[Caption | None] = []
        self.sent_snapshots: list[tuple[Image.Image, int, str]] = []
        self.notes: list[str] = []
        self.begun: list[tuple[str, Callable[[], Coroutine[Any, Any, None]]]] = []
        self.counts = PicturesOut()
        self.codec = 0
        self.after_publishing: Callable[[], None] = lambda: None
        self.sender = PictureSender(
            self,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            self,
            self,
            self,
            self.counts,
            coder or ThreadCoder(CODECS),
            clock=lambda: self.now,
            note=self.notes.append,
            seeds=SeedChooser(draw=lambda count: [5]),
            look_bytes=look_bytes,
        )

    # -- its camera, gate and captioner

    async def snapshot(self) -> Image.Image:
        return IMAGE

    def changed(self, image: Image.Image, fine: bool = False) -> bool:
        assert image is IMAGE
        self.fine.append(fine)
        return self.opens

    def reset(self) -> None:
        self.resets += 1

    async def see(self, image: Image.Image) -> SeenPicture:
        if self.observations:
            return SeenPicture("", self.observations.pop(0), remark="a real camera")
        words = self.words.pop(0)
        if isinstance(words, Exception):
            raise words
        return SeenPicture(words)

    # -- its room

    def post_picture(self, frame: bytes, retain: bool) -> int:
        assert len(self.captions) == len(self.published) + 1, "observers are notified first"
        self.published.append((frame, retain))
        self.after_publishing()
        return COST

    def caption_codec(self) -> int:
        return self.codec

    def start(self, name: str, peer: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.begun.append((peer, work))

    # -- its observer

    def frame_sent(self, frame: bytes, caption: Caption | None = None) -> None:
        self.captions.append(caption)

    def captioned(self, snapshot: Image.Image, sequence: int, words: str) -> None:
        self.sent_snapshots.append((snapshot, sequence, words))

    # -- what the test does and sees

    async def poll(self, later: float = 0.5) -> None:
        self.now += later
        await self.sender.poll_camera()

    def frames(self) -> list[frames.Frame]:
        return [frames.decode(frame) for frame, _ in self.published]

    def pictures(self) -> list[frames.Picture]:
        return [frame for frame in self.frames() if isinstance(frame, frames.Picture)]


async def test_new_words_are_sent_as_a_retained_frame_and_counted() -> None:
    stage = Stage()
    await stage.poll()
    assert stage.frames() == [frames.Picture(1, 500, 0, b"a cat", 5)]
    assert [retain for _, retain in stage.published] == [True]
    frame_bytes = len(stage.published[0][0])
    assert stage.counts == PicturesOut(
        captioned=1,
        sent=1,
        caption_bits=40,
        frame_bytes=frame_bytes,
        wire_bytes=COST,
        raw_bits=256 * 256 * 24,
        last_caption="a cat",
        last_bits=40,
    )
    assert stage.sent_snapshots == [(IMAGE, 1, "a cat")]


async def test_a_closed_gate_wakes_no_captioner() -> None:
    stage = Stage()
    stage.opens = False
    await stage.poll()
    assert stage.words == ["a cat"]
    assert stage.published == []
    assert stage.counts == PicturesOut()


async def test_the_same_words_are_not_sent_again() -> None:
    stage = Stage()
    stage.words = ["a cat", "a cat", "a dog", "a cat"]
    for _ in range(4):
        await stage.poll()
    sent = [(frame.sequence, frame.caption) for frame in stage.pictures()]
    assert sent == [(1, b"a cat"), (2, b"a dog"), (3, b"a cat")]
    assert (stage.counts.captioned, stage.counts.sent) == (4, 3)


async def test_a_caption_that_failed_opens_the_gate_again() -> None:
    stage = Stage()
    stage.words = [NodeError("the captioner failed"), "a cat"]
    await stage.poll()
    assert (stage.resets, stage.notes, stage.published) == (1, ["the captioner failed"], [])
    assert stage.counts.captioned == 0
    await stage.poll()
    assert stage.counts.sent == 1


PERSON = Observation(people=1, action=Action.SMILING, cloth=Cloth.BLUE)


async def test_a_person_is_looked_at_until_two_snapshots_agree() -> None:
    stage = Stage()
    stage.observations = [PERSON, PERSON]
    await stage.poll()
    assert stage.published == []
    stage.opens = False
    await stage.poll()  # the gate is closed, and a second look is wanted
    assert [frame.caption for frame in stage.pictures()] == [
        b"a person wearing a blue shirt is smiling in a plain room"
    ]
    await stage.poll()
    assert stage.observations == []
    assert stage.fine == [False, True, True]
    assert stage.notes == ["a real camera", SAY_WHO]


async def test_a_person_is_painted_from_the_seed_and_portrait_of_the_likeness_seen() -> None:
    stage = Stage(look_bytes=16)
    observation = replace(PERSON, face=SeenFace(0.45, 0.43, 0.4, 2.0, yaw=0.0), skin=(120, 80, 60))
    stage.observations = [observation, observation]
    await stage.poll()
    await stage.poll()
    (picture,) = stage.pictures()
    wanted = of_photo(observation)
    assert wanted is not None
    assert picture.seed == nearest_seeds(wanted)[0] != 5
    assert picture.look == encode_portrait(observation, 16) != b""


async def test_a_covered_camera_keeps_the_last_picture_and_is_noted_once() -> None:
    stage = Stage()
    stage.observations = [PERSON, PERSON, Observation(blind=True), Observation(blind=True)]
    for _ in range(4):
        await stage.poll()
    assert stage.counts.sent == 1
    assert stage.notes.count(SHOWS_NOTHING) == 1


async def test_a_picture_without_words_sends_none() -> None:
    stage = Stage()
    stage.words = ["", "a cat", ""]
    for _ in range(3):
        await stage.poll()
    assert [frame.caption for frame in stage.pictures()] == [b"a cat"]


async def test_a_picture_that_stays_is_held_every_half_minute() -> None:
    stage = Stage()
    stage.opens = False
    await stage.poll(HOLD_EVERY_S * 2)
    assert stage.published == []  # there is no picture to hold
    stage.opens = True
    await stage.poll()
    stage.opens = False
    await stage.poll(HOLD_EVERY_S - 0.001)
    assert len(stage.published) == 1
    await stage.poll(0.001)
    assert stage.frames()[1:] == [frames.Hold(1)]
    assert stage.published[-1][1] is False
    await stage.poll(1)
    assert len(stage.published) == 2
    await stage.poll(HOLD_EVERY_S)
    assert stage.frames()[2:] == [frames.Hold(1)]
    assert (stage.counts.sent, stage.counts.wire_bytes) == (1, 3 * COST)


async def test_every_thousandth_hold_is_the_picture_itself() -> None:
    """So that who comes after days of one view opens it: what is sealed names 16 bits of its number."""
    stage = Stage()
    await stage.poll()
    stage.opens = False
    for _ in range(2 * HOLDS_A_PICTURE):
        await stage.poll(HOLD_EVERY_S)
    kept = [number for number, (_, retain) in enumerate(stage.published) if retain]
    assert kept == [0, HOLDS_A_PICTURE, 2 * HOLDS_A_PICTURE]
    assert stage.counts.sent == 1


async def test_the_newest_picture_is_published_again_on_request() -> None:
    stage = Stage()
    stage.sender.republish()
    assert stage.published == []
    await stage.poll()
    stage.sender.republish()
    assert stage.published[1] == stage.published[0]
    assert (stage.counts.sent, stage.counts.wire_bytes) == (1, 2 * COST)


async def test_the_broker_that_returns_gets_the_newest_picture_again() -> None:
    stage = Stage()
    await stage.poll()
    stage.sender.broker_returned()
    assert stage.published[1] == stage.published[0]


async def test_a_newcomer_has_the_newest_picture_coded_for_it() -> None:
    stage = Stage()
    stage.codec = STAND_IN
    await stage.poll()
    stage.codec = 0
    stage.sender.joined("b", Hello(1, "Ben"))
    ((peer, work),) = stage.begun
    await work()
    assert peer == "b"
    assert stage.pictures()[-1].codec == 0


async def test_the_codec_is_asked_for_at_each_picture() -> None:
    stage = Stage()
    stage.words = ["abcabcabcabcabc", "xyzxyzxyzxyzxyz"]
    await stage.poll()
    stage.codec = 1
    await stage.poll()
    assert [frame.codec for frame in stage.pictures()] == [0, 1]
    assert stage.counts.caption_bits == 120 + CODECS.encode("xyzxyzxyzxyzxyz", 1).bits


async def test_who_cannot_read_the_newest_picture_gets_it_again_under_its_number() -> None:
    stage = Stage()
    stage.codec = STAND_IN
    await stage.sender.recode()  # there is no picture yet
    await stage.poll()
    await stage.sender.recode()  # all can read it
    stage.codec = 0
    await stage.sender.recode()
    stage.sender.republish()
    first, *later = stage.frames()
    assert first == frames.Picture(1, 500, STAND_IN, CODECS.encode("a cat", STAND_IN).data, 5)
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
    looking = asyncio.create_task(stage.poll())
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
    await stage.poll()
    stage.codec = 0
    stage.sender.coder = coder = SlowCoder()
    suiting = asyncio.create_task(stage.sender.recode())
    await coder.begun.count(1)
    stage.sender.coder = ThreadCoder(CODECS)
    await stage.poll()
    coder.let.set()
    await suiting
    assert [frame.sequence for frame in stage.pictures()] == [1, 2]
    assert stage.frames()[-1] == frames.Picture(2, 1000, 0, b"a dog", 5)


async def test_a_caption_of_any_length_never_ends_the_sender() -> None:
    stage = Stage()
    stage.words = ["é" * 1000, "\ud800", "short"]
    for _ in range(3):
        await stage.poll()
    sent = [frame.caption for frame in stage.pictures()]
    assert sent == ["é".encode() * (MAX_WORDS_BYTES // 2), b"?", b"short"]


@pytest.mark.parametrize("size", look.SIZES)
async def test_a_look_goes_with_the_words_and_is_counted(size: int) -> None:
    stage = Stage(look_bytes=size)
    await stage.poll()
    assert stage.frames() == [frames.Picture(1, 500, 0, b"a cat", 5, encode_look(IMAGE, size))]
    assert (stage.counts.look_bits, stage.counts.caption_bits) == (size * 8, 40)
    assert stage.counts.ratio == 256 * 256 * 24 / (40 + size * 8)


async def until_cancelled(stage: Stage) -> None:
    """Run the sender until the stage ends it."""
    with suppress(asyncio.CancelledError):
        await stage.sender.run()


async def test_a_camera_that_is_gone_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_EVERY_S", 0.0)
    monkeypatch.setattr(module, "AGAIN_S", 0.0)
    stage = Stage()
    attempts = 0

    async def snapshot() -> Image.Image:
        nonlocal attempts
        attempts += 1
        if attempts > 4:
            raise asyncio.CancelledError
        if attempts < 4:
            raise NodeError("the camera is gone")
        return IMAGE

    monkeypatch.setattr(stage, "snapshot", snapshot)
    await until_cancelled(stage)
    assert stage.counts.sent == 1
    assert stage.notes == [
        "no pictures from here until the camera is back: the camera is gone",
        "the camera is back, and pictures go on",
    ]


async def test_the_camera_is_watched_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_EVERY_S", 0.0)
    stage = Stage()
    stage.words = [f"scene {number}" for number in range(5)]

    def end_after_the_last() -> None:
        if not stage.words:
            raise asyncio.CancelledError

    stage.after_publishing = end_after_the_last
    await until_cancelled(stage)
    assert len(stage.published) == 5
