"""A session played by a sink whose clock the test turns."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from fake_models import FakeModels
from PIL import Image
from sessions import FakeSession, came, picture, spoken, tone, went

from node.call.observers import CallObserver
from node.captions.coder import shipped_codecs
from node.replay.decoder import MOST_A_STEP, MOST_VOICES, NEEDS_LYRA, TAIL_S, SessionDecoder
from node.replay.pictures import PictureReader, RecordedPicture
from node.replay.player import PlaybackOptions, Player
from node.replay.read_ahead import AHEAD_S
from node.speech.codec import SpeechDecoder
from node.speech.pcm import BLOCK_SAMPLES, SAMPLE_RATE, Clock, Pcm, level_dbfs
from node.speech.receive_stream import ReceiveStream
from node.speech.send_stream import SpeechPacket
from node.speech.sinks import NullSink
from node.vision.types import PaintedPicture, Prompt
from protocol.errors import LogError
from protocol.log import Frame, Header, Note, Record, Speech
from protocol.rtp.red import Copy
from protocol.signalling import Hello
from protocol.speech.jitter import MAX_TARGET_MS
from protocol.speech.playout import Playout

ROUNDS = 20  # of the event loop, in which a sink that runs has played its block


class Watching(CallObserver):
    """An observer that lists its calls."""

    def __init__(self) -> None:
        self.events: list[tuple[object, ...]] = []

    def joined(self, peer: str, hello: Hello) -> None:
        self.events.append(("joined", peer, hello.name))

    def left(self, peer: str) -> None:
        self.events.append(("left", peer))

    def speech_sent(self, packet: SpeechPacket) -> None:
        self.events.append(("sent", packet.duration_ms))

    def speech_received(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        self.events.append(("speech", peer, sequence))

    def frame_sent(self, frame: bytes) -> None:
        self.events.append(("frame sent",))

    def frame_received(self, peer: str, frame: bytes) -> None:
        self.events.append(("frame", peer))

    def painted(self, painted: PaintedPicture) -> None:
        self.events.append(("painted", painted.peer, painted.caption, painted.seed))

    def noted(self, text: str) -> None:
        self.events.append(("noted", text))

    def of(self, *kinds: str) -> list[tuple[object, ...]]:
        return [event for event in self.events if event[0] in kinds]


class Deck(NullSink):
    """A sink whose clock only goes on when the test says so; keeps what it plays."""

    def __init__(self) -> None:
        self.time, self.until, self._moved = 0.0, 0.0, asyncio.Event()
        super().__init__(Clock(lambda: self.time, self._sleep))
        self.heard: list[Pcm] = []

    async def _sleep(self, seconds: float) -> None:
        while self.time + seconds > self.until + 1e-9:
            self._moved.clear()
            await self._moved.wait()
        self.time += seconds
        await asyncio.sleep(0)

    def _play(self, pcm: Pcm) -> None:
        self.heard.append(pcm)

    async def go(self, seconds: float) -> None:
        """Lets so much time go by."""
        self.until += seconds
        self._moved.set()
        for _ in range(ROUNDS + round(seconds / 0.02) * ROUNDS):
            await asyncio.sleep(0)
            if self.time + 0.02 > self.until - 1e-9:
                return

    def sound(self) -> Pcm:
        return np.concatenate(self.heard)


async def at_once(work: Callable[[], Any]) -> Any:
    """What runs beside the loop, without a thread: so that nothing depends on when it is done."""
    return work()


class Playing:
    """A player at work."""

    def __init__(self, session: FakeSession, **options: object) -> None:
        self.deck, self.observer, self.models, self.notes = Deck(), Watching(), FakeModels(), list[str]()
        played = {field.name: options.pop(field.name) for field in fields(PlaybackOptions) if field.name in options}
        self.player = Player(
            session, shipped_codecs(), self.observer, self.deck, PlaybackOptions(**played), paint=self.paint,  # type: ignore[arg-type]
            note=self.notes.append, **{"in_thread": at_once, **options},  # type: ignore[arg-type]
        )  # fmt: skip

    async def paint(self, sender: str, prompt: Prompt) -> Image.Image:
        return await self.models.paint(prompt.text, prompt.seed)

    async def __aenter__(self) -> Playing:
        self.task = asyncio.create_task(self.player.run())
        await self.settle()
        return self

    async def settle(self) -> None:
        """Lets the player go where it is to go on."""
        for _ in range(ROUNDS):
            await asyncio.sleep(0)

    async def seek(self, seconds: float) -> None:
        self.player.seek(seconds)
        await self.settle()

    async def __aexit__(self, *_error: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def to_the_end(self) -> None:
        for _ in range(500):
            if self.task.done():
                return self.task.result()
            await self.deck.go(0.1)
        raise AssertionError("it never ended")


def call() -> FakeSession:
    return FakeSession(
        [
            came("b", 0.1, "Ben"),
            picture("me", 0.3, "a cat"),
            picture("b", 0.5, "a dog", sequence=4),
            *spoken("me", tone(2.0), at=0.5),
            *spoken("b", tone(2.0, 500), at=3.0, sequence=65_530, timestamp=9),
            Note(4_000_000, "something"),
            picture("b", 5.0, "a dog that sleeps", sequence=5, seed=9),
            went("b", 8.0),
        ]
    )


async def test_it_tells_what_the_live_call_told() -> None:
    async with Playing(call()) as playing:
        await playing.to_the_end()
        events = playing.observer.of("joined", "left", "frame", "frame sent", "painted", "noted")
    assert events == [
        ("joined", "b", "Ben"),
        ("frame sent",),
        ("painted", "me", "a cat", 7),
        ("frame", "b"),
        ("painted", "b", "a dog", 7),
        ("noted", "something"),
        ("frame", "b"),
        ("painted", "b", "a dog that sleeps", 9),
        ("left", "b"),
    ]
    assert [event[2] for event in playing.observer.of("speech")][:8] == [65530, 65531, 65532, 65533, 65534, 65535, 0, 1]
    assert playing.observer.of("sent")[0] == ("sent", 60)
    assert not playing.notes
    assert playing.player.position_s == pytest.approx(8.0)


async def test_both_are_heard_at_their_times() -> None:
    async with Playing(call()) as playing:
        await playing.to_the_end()
    sound = playing.deck.sound()
    loud = [level_dbfs(sound[at : at + 320]) > -40 for at in range(0, len(sound) - 320, 320)]
    assert sum(loud[: round(0.5 / 0.02)]) == 0
    assert all(loud[round(0.7 / 0.02) : round(2.4 / 0.02)])
    assert not any(loud[round(2.9 / 0.02) : round(3.0 / 0.02)])
    assert all(loud[round(3.2 / 0.02) : round(4.9 / 0.02)])
    middle = sound[round(3.5 * SAMPLE_RATE) : round(4.5 * SAMPLE_RATE)].astype(float)
    assert np.argmax(np.abs(np.fft.rfft(middle))) == 500
    assert 8.0 + TAIL_S <= len(sound) / SAMPLE_RATE < 8.0 + TAIL_S + 0.5


async def test_the_samples_are_those_of_the_live_call() -> None:
    """A listener that took the packets as they came, on the same grid of 20 ms, heard the same samples."""
    pcm = np.concatenate([tone(1.5), tone(1.5, 700), tone(1.0, 200)])
    session = FakeSession([came("b", 0, "Ben"), *spoken("b", pcm, at=0.2)])
    live, coming = ReceiveStream(Playout(), SpeechDecoder()), list(session.all)
    heard = []
    for block in range(round((session.duration_s + TAIL_S) / 0.02)):
        now = block * 0.02
        while coming and coming[0].at_us / 1e6 <= now + 1e-9:
            packet = coming.pop(0)
            if isinstance(packet, Speech):
                live.receive(packet.sequence, packet.timestamp, packet.payload, packet.at_us / 1e6)
        heard.append(live.pull(BLOCK_SAMPLES, now))
    async with Playing(session) as playing:
        await playing.to_the_end()
    expected = np.concatenate(heard)
    speech = slice(0, round(4.3 * SAMPLE_RATE))  # after it comes the noise of a pause
    assert np.array_equal(playing.deck.sound()[speech], expected[speech])
    assert level_dbfs(expected[speech]) > -20


async def test_it_stands_still_when_paused() -> None:
    async with Playing(call()) as playing:
        await playing.deck.go(1.0)
        playing.player.pause()
        assert playing.player.paused
        at, events, heard = playing.player.position_s, len(playing.observer.events), len(playing.deck.heard)
        await playing.deck.go(5.0)
        assert (playing.player.position_s, len(playing.observer.events)) == (at, events)
        assert not np.concatenate(playing.deck.heard[heard:]).any()
        playing.player.toggle()
        await playing.deck.go(1.0)
        assert playing.player.position_s == pytest.approx(at + 1.0, abs=0.05)


async def test_seeking_tells_what_holds_there_and_what_no_longer_does() -> None:
    positions: list[float] = []
    async with Playing(call(), on_picture=lambda picture: positions.append(playing.player.position_s)) as playing:
        playing.player.seek(6.0)
        assert playing.player.position_s == 6.0
        await playing.settle()
        assert positions == [6.0, 6.0]
        await playing.deck.go(0.2)
        assert playing.observer.events == [
            ("joined", "b", "Ben"), ("frame sent",), ("frame", "b"),
            ("painted", "me", "a cat", 7), ("painted", "b", "a dog that sleeps", 9),
        ]  # fmt: skip
        assert 6.0 < playing.player.position_s < 6.4
        playing.observer.events.clear()
        await playing.seek(0.0)
        assert playing.observer.events == [("left", "b")]
        playing.player.seek(1000.0)
        assert playing.player.position_s == pytest.approx(8.0)
        playing.player.seek(-5.0)
        assert playing.player.position_s == 0.0


async def test_what_is_sought_sounds_as_it_did() -> None:
    async with Playing(call()) as whole, Playing(call(), start=3.5) as part:
        await whole.to_the_end()
        await part.to_the_end()
    later = whole.deck.sound()[round(3.5 * SAMPLE_RATE) :]
    sound = part.deck.sound()
    middle = slice(round(0.5 * SAMPLE_RATE), round(1.4 * SAMPLE_RATE))
    # The decoder, which had not heard the beginning, has forgotten so by then.
    assert np.abs(sound[middle].astype(int) - later[middle]).max() < 200
    assert level_dbfs(later[middle]) > -20


async def test_from_and_to_and_again() -> None:
    async with Playing(call(), start=4.5, end=5.5, loop=True) as playing:
        assert (playing.player.start_s, playing.player.end_s, playing.player.duration_s) == (4.5, 5.5, 8.0)
        await playing.deck.go(3.2)
        assert (
            len(
                [
                    event
                    for event in playing.observer.events
                    if event[0] == "painted" and event[2] == "a dog that sleeps"
                ]
            )
            == 3
        )
        assert not playing.task.done()
        playing.player.loop = False
        await playing.to_the_end()
    assert len(playing.deck.sound()) / SAMPLE_RATE < 5


@pytest.mark.parametrize("speed", [0.5, 2.0, 4.0])
async def test_at_another_speed_the_sound_stays_in_step(speed: float) -> None:
    async with Playing(call(), speed=speed) as playing:
        assert playing.player.speed == speed
        await playing.deck.go(4.0 / speed)
        assert playing.player.position_s == pytest.approx(4.0, abs=0.25 * max(speed, 1))
        await playing.to_the_end()
    sound = playing.deck.sound()
    assert len(sound) / SAMPLE_RATE == pytest.approx((8.0 + TAIL_S) / speed, abs=0.35)
    middle = sound[round(3.6 / speed * SAMPLE_RATE) :][: round(1.0 / speed * SAMPLE_RATE)].astype(float)
    assert np.argmax(np.abs(np.fft.rfft(middle))) * SAMPLE_RATE / len(middle) == pytest.approx(500, abs=10)


async def test_speed_can_be_changed_and_must_be_one() -> None:
    async with Playing(call()) as playing:
        await playing.deck.go(1.0)
        playing.player.speed = 2.0
        await playing.deck.go(1.0)
        assert playing.player.position_s == pytest.approx(3.0, abs=0.3)
        with pytest.raises(ValueError, match="speed of 100"):
            playing.player.speed = 100.0
        assert playing.player.speed == 2.0


async def test_only_the_voices_that_are_wanted() -> None:
    async with Playing(call(), voices={"b"}) as playing:
        await playing.to_the_end()
    sound = playing.deck.sound()
    assert not sound[: round(2.9 * SAMPLE_RATE)].any()
    assert level_dbfs(sound[round(3.3 * SAMPLE_RATE) : round(4.8 * SAMPLE_RATE)]) > -20


async def test_what_was_spoken_in_lyra_is_said_to_need_its_models_once() -> None:
    toc_of_lyra = bytes([0xFC]) + bytes(8)
    packets = [Speech(n * 20_000, "b", n, n * 960, toc_of_lyra) for n in range(1, 50)]
    async with Playing(FakeSession([came("b", 0, "Ben"), *packets])) as playing:
        await playing.to_the_end()
    assert playing.notes == [NEEDS_LYRA]


class Damaged(FakeSession):
    def records(self, start: float = 0.0, end: float | None = None):  # type: ignore[no-untyped-def]
        for record in super().records(start, end):
            if record.at_us > 2_000_000:
                raise LogError("damaged")
            yield record


async def test_damage_ends_it_with_a_line_and_keeps_what_came_before() -> None:
    async with Playing(Damaged(call().all), loop=True) as playing:
        await playing.to_the_end()
    assert playing.notes == ["the session cannot be read any further: damaged"]
    assert level_dbfs(playing.deck.sound()[round(0.7 * SAMPLE_RATE) : round(1.8 * SAMPLE_RATE)]) > -20


async def test_pictures_that_cannot_be_read_are_noted_once_and_the_rest_is_shown() -> None:
    strange: list[Record] = [
        picture("b", 1.0, "untold", with_caption=False),
        came("c", 0.5, "Carl"),
    ]
    strange += [Damagers.frame("c", 1.5), Damagers.frame("c", 2.0)]
    async with Playing(FakeSession(strange, Header(node="me"))) as playing:
        await playing.to_the_end()
    assert playing.observer.of("painted") == [("painted", "b", "untold", 7)]
    assert len(playing.notes) == 1
    assert "c" in playing.notes[0]


class Damagers:
    @staticmethod
    def frame(sender: str, at: float):  # type: ignore[no-untyped-def]
        from protocol.log import Frame

        return Frame(round(at * 1e6), sender, b"\xff\xff")


async def test_whoever_shows_it_is_told_of_a_seek_between_who_left_and_who_is_there() -> None:
    playing = Playing(call(), on_seek=lambda: playing.observer.events.append(("sought",)))
    async with playing:
        for seconds in (6.0, 0.0, 6.0):
            await playing.seek(seconds)
    events = [event[:2] for event in playing.observer.of("sought", "joined", "left", "frame", "frame sent")]
    assert events == [
        ("sought",),
        ("sought",), ("joined", "b"), ("frame sent",), ("frame", "b"),
        ("left", "b"), ("sought",),
        ("sought",), ("joined", "b"), ("frame sent",), ("frame", "b"),
    ]  # fmt: skip


async def test_what_is_still_painted_when_it_goes_elsewhere_is_shown_nowhere() -> None:
    brush = asyncio.Event()

    class Slow(Playing):
        async def paint(self, sender: str, prompt: Prompt) -> Image.Image:
            await brush.wait()
            return await super().paint(sender, prompt)

    async with Slow(call()) as playing:
        await playing.deck.go(0.7)
        playing.player.seek(6.0)
        brush.set()
        await playing.deck.go(0.2)
        assert playing.observer.of("painted") == [
            ("painted", "me", "a cat", 7),
            ("painted", "b", "a dog that sleeps", 9),
        ]


async def test_one_that_stays_stands_still_at_its_end_and_begins_again() -> None:
    async with Playing(call(), pause_at_end=True, start=7.5) as playing:
        await playing.deck.go(3.0)
        assert playing.player.paused
        assert playing.player.position_s == pytest.approx(8.0)
        assert not playing.task.done()
        playing.player.toggle()
        assert playing.player.position_s == 7.5
        await playing.deck.go(0.3)
        assert not playing.player.paused
        playing.player.pause()
        playing.player.seek(7.6)
        playing.player.resume()
        assert playing.player.position_s == pytest.approx(7.6)


class Held:
    """Runs what is to run beside the loop when the test lets it."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Event] = []

    async def __call__(self, work: Callable[[], Any]) -> Any:
        self.waiting.append(asyncio.Event())
        await self.waiting[-1].wait()
        return work()

    def let(self) -> None:
        for event in self.waiting:
            event.set()


async def test_while_what_is_sought_is_read_it_stands_and_nothing_is_heard() -> None:
    held = Held()
    playing = Playing(call(), in_thread=held)
    async with playing:
        held.let()
        await playing.deck.go(0.8)
        at, heard = playing.player.position_s, len(playing.deck.heard)
        playing.player.seek(6.0)
        await playing.deck.go(1.0)
        assert at < playing.player.position_s == 6.0
        assert not np.concatenate(playing.deck.heard[heard:]).any()
        assert playing.observer.of("left", "joined") == [("joined", "b", "Ben")]
        held.let()
        await playing.deck.go(1.0)
        assert 6.5 < playing.player.position_s < 7.1


async def test_only_the_latest_place_that_is_sought_is_gone_to() -> None:
    held = Held()
    sought: list[str] = []
    playing = Playing(call(), in_thread=held, on_seek=lambda: sought.append("sought"))
    async with playing:
        held.let()
        await playing.settle()
        playing.player.seek(6.0)
        await playing.settle()
        playing.player.seek(3.0)
        held.let()
        await playing.settle()
        held.let()
        await playing.settle()
        assert len(sought) == 2
        assert playing.player.position_s == pytest.approx(3.0)


async def test_a_disk_that_does_not_keep_up_makes_it_stand() -> None:
    held = Held()
    long = FakeSession([*spoken("b", tone(20.0)), came("b", 0, "Ben")])
    playing = Playing(long, in_thread=held)
    async with playing:
        held.let()
        await playing.deck.go(9.0)
        assert playing.player.position_s == pytest.approx(AHEAD_S, abs=0.2)
        held.let()
        await playing.deck.go(1.0)
        assert playing.player.position_s == pytest.approx(AHEAD_S + 1, abs=0.2)


async def test_captions_and_snapshots_are_read_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """In another thread than the loop's, whatever they cost."""
    threads = set[int]()
    read = PictureReader.read

    def noted(reading: PictureReader, record: Frame) -> RecordedPicture | None:
        threads.add(threading.get_ident())
        return read(reading, record)

    monkeypatch.setattr(PictureReader, "read", noted)
    untold = FakeSession([came("b", 0.1, "Ben"), picture("b", 0.3, "a dog", with_caption=False), went("b", 0.4)])
    playing = Playing(untold, in_thread=asyncio.to_thread)
    async with playing:
        while not playing.observer.of("painted"):
            await playing.deck.go(0.1)
    assert playing.observer.of("painted") == [("painted", "b", "a dog", 7)]
    assert threads and threading.get_ident() not in threads


async def test_a_session_that_cannot_be_read_where_it_begins() -> None:
    class Unreadable(FakeSession):
        def state(self, at: float) -> list[Record]:
            raise LogError("damaged")

    async with Playing(Unreadable(call().all)) as playing:
        with pytest.raises(LogError, match="damaged"):
            await playing.task


async def test_thousands_of_packets_at_once_are_taken_one_step_after_the_other() -> None:
    packets = [Speech(1_000_000, f"{n % 50}", n, n * 960, b"\x08abc") for n in range(MOST_A_STEP * 3)]
    decoder = SessionDecoder(
        FakeSession(packets, duration_s=3.0), on_record=lambda record: taken.append(decoder.position)
    )
    taken: list[float] = []
    while not decoder.ended:
        assert len(decoder.step()) <= MOST_VOICES
    assert [taken.count(at) for at in sorted(set(taken))] == [MOST_A_STEP] * 3


def test_speech_that_came_by_a_slow_broker_is_heard_as_it_was_in_the_call() -> None:
    """Half a second of packets at once, as after a lost segment of TCP: beyond what is waited for on direct links."""
    steady = spoken("b", tone(9.0))
    late = [replace(packet, at_us=-(-packet.at_us // 480_000) * 480_000) for packet in steady]
    heard = []
    for packets in (steady, late):
        decoder, loud = SessionDecoder(FakeSession(packets)), 0
        while not decoder.ended:
            loud += level_dbfs(decoder.step().get("b", np.zeros(1, np.int16))) > -20
        heard.append(loud)
        assert decoder.delay_s("b") < 0.6
    assert decoder.delay_s("b") > MAX_TARGET_MS / 1000
    assert heard[1] == pytest.approx(heard[0], rel=0.1)
