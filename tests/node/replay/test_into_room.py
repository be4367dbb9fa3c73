"""Recorded packets and pictures under new numbers."""

from __future__ import annotations

import asyncio
import threading

import pytest
from happenings import Happenings
from hypothesis import given
from hypothesis import strategies as st

from node.call.endpoints import Rendezvous
from node.captions.coder import shipped_codecs
from node.links.address import BrokerAddress
from node.replay import into_room as module
from node.replay.into_room import ReplayParticipant, RtpRenumberer, renewed
from node.replay.pictures import RecordedPicture
from node.vision.types import Prompt
from protocol import frames
from protocol.captions.registry import CaptionCodecs
from protocol.room_secret import RoomSecret
from protocol.sealing import Opener
from protocol.topics import Letter, Topic

CODECS = shipped_codecs()


def test_losses_and_pauses_stay_what_they_were() -> None:
    numbers = RtpRenumberer(first=65_534)
    packets = [(10, 0), (11, 5760), (13, 17_280), (12, 11_520), (14, 72_000)]
    times = [100.0, 100.12, 100.36, 100.37, 101.5]
    new = [numbers.renew(*packet, now) for packet, now in zip(packets, times, strict=True)]
    assert [sequence for sequence, _ in new] == [65_534, 65_535, 1, 0, 2]
    assert [timestamp for _, timestamp in new] == [timestamp for _, timestamp in packets]


def test_where_the_recording_jumps_the_numbers_go_on_and_the_time_was_silence() -> None:
    numbers = RtpRenumberer(first=5)
    numbers.renew(100, 0, 10.0)
    assert numbers.renew(40_000, 3_000_000_000, 12.0) == (6, 96_000)
    assert numbers.renew(40_001, 3_000_005_760, 12.12) == (7, 101_760)
    assert numbers.renew(40_002, 3_000_011_520, 20.0) == (8, 101_760 + round(7.88 * 48_000))  # it was paused


def test_packets_without_numbers_get_one_after_the_other() -> None:
    numbers = RtpRenumberer(first=65_535)
    assert [numbers.renew(None, 5760 * count, 1 + 0.12 * count)[0] for count in range(3)] == [65_535, 0, 1]


@given(st.lists(st.tuples(st.integers(0, 65_535), st.integers(0, 2**32 - 1), st.floats(0, 10)), max_size=20))
def test_numbers_are_always_such(packets: list[tuple[int, int, float]]) -> None:
    numbers, now = RtpRenumberer(first=1), 1000.0
    for sequence, timestamp, later in packets:
        now += later
        new_sequence, new_timestamp = numbers.renew(sequence, timestamp, now)
        assert 0 <= new_sequence < 1 << 16
        assert 0 <= new_timestamp < 1 << 32


def test_a_picture_keeps_its_code_if_the_room_reads_it() -> None:
    coded = CODECS.encode("a cat on a bench", 2)
    picture = frames.Picture(77, 5, coded.codec, coded.data, seed=3, look=b"12345678")
    again = renewed(CODECS, picture, "a cat on a bench", 1, codec=2)
    assert (again.sequence, again.caption, again.codec, again.seed, again.look) == (1, coded.data, 2, 3, b"12345678")
    plain = renewed(CODECS, picture, "a cat on a bench", 1, codec=0)
    assert (plain.codec, plain.caption) == (0, b"a cat on a bench")


def test_a_picture_that_our_codebook_reads_otherwise_is_coded_anew() -> None:
    coded = CODECS.encode("a cat on a bench", 2)
    picture = frames.Picture(77, 5, coded.codec, coded.data, seed=3)
    again = renewed(CODECS, picture, "something else", 1, codec=2)
    assert CODECS.decode(again.codec, again.caption) == "something else"


async def _session_that_publishes(secret: RoomSecret, words: str) -> int:
    """Has a ghost show these words, and returns the session that they are sealed in."""
    coded = CODECS.encode(words, 0)
    ghost, sent = (
        ReplayParticipant("Ann", Rendezvous(secret, BrokerAddress("h")), CODECS, note=lambda text: None),
        Happenings(),
    )
    ghost._mailbox.link.publish = sent.add  # type: ignore[method-assign]
    async with asyncio.TaskGroup() as group:
        publishing = group.create_task(ghost.publish())
        ghost.show(RecordedPicture("me", frames.Picture(77, 5, coded.codec, coded.data, seed=3), Prompt(words, 3)))
        await sent.count(1)
        publishing.cancel()
    (message,) = sent.all
    assert words.encode() not in message.payload
    opener = Opener(secret, "bbbb", 1)
    opener.admit(ghost._id, ghost._session, (0, 0, 0))
    opened = frames.decode(opener.frame(Topic.parse(message.topic), message.payload))
    assert isinstance(opened, frames.Picture)
    assert opened.caption == words.encode()
    assert Topic.parse(message.topic) == Topic(secret.room_id(), ghost._id, Letter.PICTURE)
    return ghost._session


async def test_what_is_replayed_into_a_room_is_sealed_in_a_session_of_today() -> None:
    secret, words = RoomSecret(b"the room's keys!"), "a cat on a bench"
    sessions = {await _session_that_publishes(secret, words) for _ in range(2)}
    assert len(sessions) == 2


async def test_words_are_coded_beside_the_loop_and_only_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    coding, done, threads = threading.Event(), threading.Event(), list[int]()

    def slow(codecs: CaptionCodecs, picture: frames.Picture, words: str, sequence: int, codec: int) -> frames.Picture:
        threads.append(threading.get_ident())
        coding.set()
        assert done.wait(20)
        return renewed(codecs, picture, words, sequence, codec)

    monkeypatch.setattr(module, "renewed", slow)
    ghost, posted = (
        ReplayParticipant("Ann", Rendezvous(RoomSecret(bytes(16)), BrokerAddress("h")), CODECS, note=lambda text: None),
        Happenings(),
    )
    monkeypatch.setattr(ghost._mailbox, "post", lambda letter, frame, retain: posted.add(frames.decode(frame)))
    async with asyncio.TaskGroup() as group:
        publishing = group.create_task(ghost.publish())
        for sequence, words in enumerate(("a cat", "a dog", "a bird"), 1):
            ghost.show(RecordedPicture("me", frames.Picture(sequence, 5, 0, words.encode(), seed=3), Prompt(words, 3)))
            if sequence == 1:
                await asyncio.to_thread(coding.wait, 20)
        done.set()
        await posted.count(2)
        publishing.cancel()
    assert [picture.caption for picture in posted.all] == [b"a cat", b"a bird"]
    assert threading.get_ident() not in threads
