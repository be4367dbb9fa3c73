"""Whole nodes in one room: through a broker, on loopback, with models that answer at once."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_models import FakeModels
from greeting import proven
from happenings import Happenings
from PIL import Image
from stand_in_codec import OTHERS, OURS, STAND_IN, stand_in_codecs

from live_call import noise, parts, place, running, secret
from node.call.node import Node
from node.call.observers import CallObserver
from node.captions.coder import Caption, ThreadCoder, shipped_codecs
from node.links.address import BrokerAddress
from node.links.mqtt import Message
from node.speech.codec import LyraChoice
from node.speech.profiles import CLEAR, CUSTOM, LEAN
from node.speech.receiver import SpeechReceiver
from node.speech.sinks import NullSink
from protocol import frames
from protocol.captions import CodebookId
from protocol.errors import NodeError
from protocol.rtp.receiver_reports import Report
from protocol.sealing import Sealer
from protocol.signalling import Carries, Hello
from protocol.signalling.messages import encode
from protocol.speech_sealing import SpeechSealer
from protocol.topics import Letter

CODECS = shipped_codecs()
STAND_INS = ThreadCoder(stand_in_codecs())

SECRET = secret("a test")
ROOM = SECRET.room_id()
GARBAGE = 10_000
WORDS = "words that no log should have"


class Slides:
    """A camera that sees what it is shown."""

    name = "slides"

    def __init__(self) -> None:
        self.seen = Image.new("RGB", (64, 64), "red")
        self.closed = False

    def show(self, colour: str) -> None:
        """A box of the colour: the gate looks past a change of the whole picture's tint."""
        self.seen = Image.new("RGB", (64, 64), "red")
        self.seen.paste(colour, (0, 0, 32, 32))

    async def snapshot(self) -> Image.Image:
        return self.seen

    async def close(self) -> None:
        self.closed = True


def everything(models: FakeModels, camera: Slides | None = None, **more: Any) -> Any:
    more.setdefault("profile", replace(LEAN, dtx=False))
    return parts(models, source=noise(), sink=NullSink(), camera=camera or Slides(), paints=True, **more)


class SentPictures(CallObserver):
    """Keeps the picture frames that a node sends."""

    def __init__(self, pictures: Happenings) -> None:
        self._pictures = pictures

    def frame_sent(self, frame: bytes, caption: Caption | None = None) -> None:
        if isinstance(picture := frames.decode(frame), frames.Picture):
            self._pictures.add(picture)


class Pair:
    """Two full nodes, ann and bob, and what bob sees and notes."""

    def __init__(self, broker: BrokerAddress, models: FakeModels, **more: object) -> None:
        self.camera = Slides()
        self.shown, self.notes = Happenings(), Happenings()
        self.ann = Node("ann", place(broker), everything(models, self.camera, **more))
        self.bob = Node("bob", place(broker), everything(models, **more), show=self.show, note=self.notes.add)

    async def show(self, painted: Any) -> None:
        self.shown.add(painted.caption)

    def heard(self) -> int:
        return self.bob.count().speech_in.received

    def talking(self) -> bool:
        return self.heard() > 0 and len(self.shown) > 0


@pytest.fixture
def pair(embedded_broker: BrokerAddress, fake_models: FakeModels) -> Pair:
    return Pair(embedded_broker, fake_models)


async def test_two_nodes_hear_and_see_each_other(pair: Pair, fake_models: FakeModels) -> None:
    async with running(pair.ann, pair.bob) as nodes:
        await nodes.until(pair.talking)
        assert (pair.ann.peers(), pair.bob.peers()) == (["bob"], ["ann"])
        assert (pair.ann.link(pair.bob.id), pair.ann.link("zzzz")) == ("up", "none")
        assert pair.ann.broker_is_up
        assert set(pair.ann.queues()) == {"pictures", "broker"}
        assert pair.shown.all[0] == fake_models.captioned[0]
        await nodes.until(lambda: pair.bob.delay_ms() is not None)
        pair.camera.show("blue")
        await nodes.until(lambda: len(pair.shown) == 2)
        said, heard = pair.ann.count(), pair.bob.count()
        assert (said.pictures_out.sent, heard.pictures_in.painted) == (2, 2)
        assert said.setup_ms is not None
        assert heard.speech_in.received > 0  # what is lost, the tests in real time judge
        assert said.bad_messages == heard.bad_messages == 0
    assert pair.notes.all[0] == "ann is here"
    assert pair.camera.closed


async def test_looks_tries_and_morphs_go_through_a_whole_call(
    embedded_broker: BrokerAddress, fake_models: FakeModels
) -> None:
    camera, seen, shown = Slides(), Happenings(), Happenings()

    async def screen(peer: str, image: Image.Image) -> None:
        seen.add(peer)

    async def show(painted: Any) -> None:
        shown.add(painted)

    extras = {"tries": 4, "look_bytes": 8}
    ann = Node("ann", place(embedded_broker), parts(fake_models, camera=camera, **extras))
    watching = parts(fake_models, paints=True, morph_fps=10.0)
    bob = Node("bob", place(embedded_broker), watching, show=show, screen=screen)
    async with running(ann, bob) as nodes:
        await nodes.until(lambda: len(seen) == 1)
        words, seed = fake_models.captioned[0], shown.all[0].seed
        tried = [seed for text, seed in fake_models.painted if text == words]
        assert len(set(tried)) == 4
        assert seed in tried
        camera.show("blue")
        await nodes.until(lambda: len(shown) == 2)
        await nodes.until(lambda: len(seen) > 3)
        assert ann.count().pictures_out.look_bits == 2 * 64
    assert all(len(painted.look) == 8 for painted in shown.all)


async def test_who_leaves_is_noted_and_leaves_nothing_behind(pair: Pair, embedded_broker: BrokerAddress) -> None:
    async with running(pair.bob):
        async with running(pair.ann) as nodes:
            await nodes.until(pair.talking)
        await pair.notes.until(lambda notes: "ann has left" in notes)
        assert pair.bob.peers() == []
    from node.links.mqtt import MqttLink

    kept, up = Happenings(), asyncio.Event()
    link = MqttLink(embedded_broker, on_message=lambda topic, payload: kept.add(topic), on_up=up.set)
    await link.subscribe(f"{ROOM}/#")
    looking = asyncio.create_task(link.run())
    await up.wait()
    link.publish(Message(f"{ROOM}/last", b""))
    assert await kept.until(lambda topics: f"{ROOM}/last" in topics) == [f"{ROOM}/last"]
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


async def test_a_node_without_a_broker_ends_with_one_error(
    free_port: Callable[[], int], fake_models: FakeModels
) -> None:
    node = Node("ann", place(BrokerAddress("127.0.0.1", free_port())), everything(fake_models))
    with pytest.raises(NodeError, match="cannot reach the broker"):
        await node.run()
    assert node.count().ended is not None


async def test_a_node_ends_when_told_to_and_its_tally_with_it(
    mosquitto: BrokerAddress, fake_models: FakeModels
) -> None:
    pair = Pair(mosquitto, fake_models)
    before = asyncio.all_tasks()
    async with running(pair.ann, pair.bob) as nodes:
        await nodes.until(pair.talking)
    assert asyncio.all_tasks() == before
    tally = pair.ann.count()
    assert tally.ended is not None
    assert tally.seconds(1e9) == tally.seconds(2e9)


def _garbage(rng: random.Random) -> bytes:
    """Noise, and real messages with noise in them."""
    hello = encode(Hello(rng.getrandbits(32), "eve", Carries.EVERYTHING))
    picture = frames.encode(frames.Picture(rng.getrandbits(32), 0, rng.randrange(4), rng.randbytes(9), 1))
    whole = rng.choice((rng.randbytes(rng.choice((0, 1, 2, 10, 100, 2000))), hello, picture))
    at = rng.randrange(len(whole) + 1)
    return rng.choice((whole[:at], whole[:at] + rng.randbytes(2) + whole[at + 2 :], whole + rng.randbytes(3)))


def _sealed(eve: Sealer, letter: Letter, payload: bytes, bob: Node) -> bytes:
    """What a member of the room may do, who has the secret."""
    match letter:
        case Letter.PRESENCE:
            return eve.hello(payload)
        case Letter.SIGNAL:
            return eve.signal(bob.id, bob.room.session, payload)
        case _:
            return eve.frame(letter, payload, retained=False)


@pytest.mark.parametrize("letter", list(Letter))
@pytest.mark.parametrize("member", [False, True])
async def test_garbage_on_every_topic_is_counted_and_the_call_goes_on(
    pair: Pair, fake_models: FakeModels, letter: Letter, member: bool
) -> None:
    rng = random.Random(str(letter))
    async with running(pair.ann, pair.bob) as nodes:
        await nodes.until(pair.talking)
        take, strangers = pair.bob.room.channel.receive, ("eeee", "ffff", pair.ann.id)
        eve, talk = Sealer(SECRET, "eeee", 9), SpeechSealer(SECRET, "eeee", 9)
        pair.bob.room.channel.admit("eeee", 9, (0, 0, 0))
        refused = 0
        for number in range(GARBAGE):
            before = pair.bob.count().bad_messages
            if member and letter is Letter.SPEECH:
                take(f"{ROOM}/eeee/{letter}", talk.seal(number, _garbage(rng)))
            elif member:
                take(f"{ROOM}/eeee/{letter}", _sealed(eve, letter, _garbage(rng), pair.bob))
            else:
                take(f"{ROOM}/{rng.choice(strangers)}/{letter}", _garbage(rng) or b"\x00")
            refused = pair.bob.count().bad_messages
            assert refused - before in (0, 1)
            if number % 500 == 0:
                await asyncio.sleep(0)
        if member and letter in (Letter.PICTURE, Letter.TEXT):
            assert refused < GARBAGE / 10  # too long; nobody reads texts yet, nor pictures of who said no hello
        elif member or letter is Letter.SIGNAL:
            assert refused > GARBAGE / 4  # some is a hello, some for somebody else, and some what a voice could say
        else:
            assert refused == GARBAGE
        heard, shown = pair.heard(), len(pair.shown)
        pair.camera.show("blue")
        await nodes.until(lambda: pair.heard() > heard + 3)
        if letter is Letter.TEXT:
            await nodes.until(lambda: len(pair.shown) > shown)


@pytest.mark.parametrize(
    "error", [ValueError(WORDS), RecursionError(WORDS), UnicodeEncodeError("utf-8", WORDS, 0, 1, "surrogates")]
)
@pytest.mark.parametrize("where", ["captions", "frames", "signals", "speech"])
async def test_whatever_a_parser_raises_the_call_goes_on(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception, where: str
) -> None:
    def stumble(*asked: object) -> Any:
        raise error

    caplog.set_level(logging.DEBUG)
    async with running(pair.ann, pair.bob) as nodes:
        await nodes.until(pair.talking)
        with monkeypatch.context() as patched:
            match where:
                case "captions":
                    patched.setattr(CODECS, "decode", stumble)
                case "frames":
                    patched.setattr(frames, "decode", stumble)
                case "signals":
                    patched.setattr(pair.bob.room.peers.room, "receive", stumble)
                case "speech":
                    patched.setattr(SpeechReceiver, "speech_received", stumble)
            if where == "signals":
                pair.bob.room.channel.receive(f"{ROOM}/eeee/h", Sealer(SECRET, "eeee", 9).hello(b"hello"))
            pair.camera.show("blue")
            await nodes.until(lambda: pair.bob.count().peer_faults > 0)
        heard, shown = pair.heard(), len(pair.shown)
        pair.camera.show("green")
        await nodes.until(lambda: pair.heard() > heard + 3 and len(pair.shown) > shown)
        assert pair.bob.count().bad_messages >= pair.bob.count().peer_faults
    assert len([note for note in pair.notes.all if "could not be handled" in note]) == 1
    assert WORDS not in caplog.text + "".join(pair.notes.all)


async def test_how_late_the_loop_is_is_counted(pair: Pair) -> None:
    async with running(pair.ann) as nodes:
        await nodes.until(lambda: pair.ann.count().loop_lag.samples > 3)
        assert pair.ann.count().loop_lag.max_ms > 0


async def test_a_node_that_starts_anew_has_another_session(
    embedded_broker: BrokerAddress, fake_models: FakeModels
) -> None:
    nodes = [Node("ann", place(embedded_broker), parts(fake_models)) for _ in range(50)]
    assert len({node.room.session for node in nodes}) == 50
    assert max(node.room.session for node in nodes) > 2**56


async def test_topics_that_are_none_are_counted(pair: Pair) -> None:
    async with running(pair.ann, pair.bob) as nodes:
        await nodes.until(pair.talking)
        for name in ("", "x/y/z", f"{ROOM}/eeee/q", f"{ROOM}/eeee/s/more"):
            pair.bob.room.channel.receive(name, b"x")
        assert pair.bob.count().bad_messages == 4


async def test_a_newer_program_is_told_of_once(pair: Pair) -> None:
    async with running(pair.bob) as nodes:
        await nodes.until(lambda: pair.bob.broker_is_up)
        eve = Sealer(SECRET, "eeee", 9)
        for _ in range(3):
            pair.bob.room.channel.receive(f"{ROOM}/eeee/h", eve.hello(b"\x92\x11\x01"))
        assert [note for note in pair.notes.all if "newer" in note] == pair.notes.all
        assert len(pair.notes) == 1
        assert pair.bob.count().bad_messages == 3


async def test_a_newer_program_is_not_believed_without_the_secret(pair: Pair) -> None:
    async with running(pair.bob) as nodes:
        await nodes.until(lambda: pair.bob.broker_is_up)
        pair.bob.room.channel.receive(f"{ROOM}/eeee/h", b"\x92\x11\x01" + bytes(40))
        assert (pair.notes.all, pair.bob.count().bad_messages) == ([], 1)


async def test_pictures_of_strangers_are_not_painted(pair: Pair) -> None:
    async with running(pair.bob) as nodes:
        await nodes.until(lambda: pair.bob.broker_is_up)
        frame = frames.encode(frames.Picture(1, 0, 0, b"a stranger", 1))
        eve = Sealer(SECRET, "eeee", 9)
        pair.bob.room.channel.admit("eeee", 9, (0, 0, 0))
        pair.bob.room.channel.receive(f"{ROOM}/eeee/p", eve.frame(Letter.PICTURE, frame, retained=False))
        assert (pair.bob.count().pictures_in.received, pair.bob.queues()["pictures"]) == (0, 0)
        assert pair.bob.count().bad_messages == 0


@pytest.mark.parametrize(
    ("hellos", "codec"),
    [
        ([], None),
        ([Hello(1, "x", Carries.PICTURES_IN, (0, 1))], 0),
        ([Hello(1, "x", Carries.PICTURES_IN, ())], 0),
        ([Hello(1, "x", Carries.PICTURES_IN, (200,)), Hello(2, "y", Carries.SPEECH_IN, ())], 0),
    ],
)
async def test_the_codec_is_one_that_all_who_look_can_read(pair: Pair, hellos: list[Hello], codec: int | None) -> None:
    async with running(pair.bob) as nodes:
        await nodes.until(lambda: pair.bob.broker_is_up)
        pair.bob.room.hellos.update({str(number): hello for number, hello in enumerate(hellos)})
        assert pair.bob.room.caption_codec() == (CODECS.newest() if codec is None else codec)
        pair.bob.room.hellos.clear()


@pytest.mark.parametrize(("codebook", "codec"), [(OURS, STAND_IN), (OTHERS, 0)])
async def test_who_comes_with_another_codebook_gets_the_picture_in_plain_text(
    embedded_broker: BrokerAddress, fake_models: FakeModels, codebook: CodebookId, codec: int
) -> None:
    notes = Happenings()
    ann = Node("ann", place(embedded_broker), parts(fake_models, camera=Slides(), captions=STAND_INS), note=notes.add)
    ann.observers.add(SentPictures(sent := Happenings()))
    hello = Hello(9, "bo", Carries.PICTURES_IN, (0, STAND_IN), (codebook,))
    async with running(ann) as nodes:
        await nodes.until(lambda: ann.count().pictures_out.sent == 1)
        greeting = Sealer(SECRET, "eeee", 9).hello(encode(proven(ann.room.peers.room, hello)))
        ann.room.channel.receive(f"{ROOM}/eeee/h", greeting)
        await notes.until(lambda lines: "bo is here" in lines)
        await sent.until(lambda pictures: pictures and pictures[-1].codec == codec)
        assert {picture.sequence for picture in sent.all} == {1}
    told = [note for note in notes.all if "codebook" in note]
    assert told == ["bo's codebook differs from ours: captions to this room go as plain text"] * (codec == 0)


async def test_nodes_with_the_same_codebook_use_it(embedded_broker: BrokerAddress, fake_models: FakeModels) -> None:
    pair = Pair(embedded_broker, fake_models, captions=STAND_INS)
    pair.ann.observers.add(SentPictures(sent := Happenings()))
    async with running(pair.ann, pair.bob) as nodes:
        await nodes.until(lambda: len(pair.shown) > 0)
        assert OURS in pair.bob.room.hellos[pair.ann.id].codebooks
    assert sent.all[0].codec == STAND_IN
    assert pair.shown.all[0] == fake_models.captioned[0]
    assert not [note for note in pair.notes.all if "codebook" in note or "codec" in note]


async def test_the_nodes_speak_with_the_room_through_the_mailbox(pair: Pair) -> None:
    posted: list[tuple[Letter, bytes, bool]] = []

    def post(letter: Letter, payload: bytes, retain: bool, *to: object, addressed: bool = False) -> int:
        posted.append((letter, payload, retain))
        return 100

    pair.ann.room.channel.post = post  # type: ignore[method-assign]
    async with running(pair.ann) as nodes:
        await nodes.until(lambda: len(posted) >= 2)
    letters = [letter for letter, _, _ in posted]
    assert set(letters) == {Letter.PRESENCE, Letter.PICTURE}
    goodbyes = [(letter, retain) for letter, payload, retain in posted if payload == b""]
    assert sorted(goodbyes) == [(Letter.PRESENCE, True), (Letter.PICTURE, True)]


async def test_a_muted_node_is_not_heard_and_says_so(pair: Pair) -> None:
    async with running(pair.ann, pair.bob) as nodes:
        await nodes.until(lambda: pair.ann.count().received_level.started)
        pair.bob.toggle_mute()
        assert pair.bob.muted
        assert pair.notes.all[-1] == "muted: nobody hears you"
        await nodes.until(lambda: pair.bob.count().sent_level.muted_s > 0.2)
        pair.bob.toggle_mute()
        assert not pair.bob.muted
        assert pair.notes.all[-1] == "no longer muted"
    assert pair.bob.count().sent_level.mean_dbfs is not None


async def test_who_does_not_send_cannot_be_muted(embedded_broker: BrokerAddress, fake_models: FakeModels) -> None:
    notes: list[str] = []
    node = Node("eve", place(embedded_broker), parts(fake_models, sink=NullSink()), note=notes.append)
    node.toggle_mute()
    assert not node.muted
    assert notes == ["there is nothing to mute: nothing that is said here goes to the others"]


async def test_the_codec_that_speech_is_sent_in_is_noted(embedded_broker: BrokerAddress, lyra_folder: Path) -> None:
    choice, notes, models = LyraChoice(lyra_folder), Happenings(), FakeModels()
    room = place(embedded_broker)
    ann = Node("ann", room, parts(models, source=noise(), lyra=choice), note=notes.add)
    bob, eve = (Node("x", room, parts(models, sink=NullSink(), lyra=lyra)) for lyra in (choice, None))
    async with running(ann) as first, running(bob):
        await first.until(lambda: notes.all[-1:] == ["you are heard in Lyra"])
        async with running(eve):
            await first.until(lambda: notes.all[-1] == "you are heard in Opus: not everyone has Lyra")
        await first.until(lambda: notes.all[-1] == "you are heard in Lyra")
        await first.until(lambda: bob.count().speech_in.received > 3)
        assert bob.count().speech_in.bad_packets == 0


async def test_speech_goes_on_by_other_settings(embedded_broker: BrokerAddress, fake_models: FakeModels) -> None:
    pair = Pair(embedded_broker, fake_models)
    async with running(pair.ann, pair.bob) as nodes:
        await nodes.until(pair.talking)
        pair.bob.change(CLEAR)
        heard = pair.ann.count().speech_in.received
        await nodes.until(lambda: pair.ann.count().speech_in.received > heard + 3)
        assert pair.bob.count().profile == "clear"
        assert "speech goes by clear now" in pair.notes.all
        assert pair.ann.count().speech_in.lost == 0
        pair.bob.change(replace(CLEAR, name=CUSTOM))
        pair.bob.change(replace(CLEAR, name=CUSTOM, bitrate=9000))
        assert pair.notes.all[-2:] == ["speech goes by custom now", "speech goes by other options now"]


async def test_a_node_that_may_follows_the_link_until_told_otherwise(
    embedded_broker: BrokerAddress, fake_models: FakeModels
) -> None:
    pair, skipped = Pair(embedded_broker, fake_models), [0.0]
    pair.bob = Node(
        "bob",
        place(embedded_broker),
        everything(fake_models, profile=LEAN, adapts=True, max_kbps=40.0),
        show=pair.show,
        note=pair.notes.add,
        clock=lambda: time.monotonic() + skipped[0],
    )

    def slow_down(peer: str) -> None:
        for number in range(20):
            skipped[0] += 1.0
            pair.bob.room.report_received(peer, Report(8, 0, 1.0, 0.05 + 0.05 * number))

    async with running(pair.ann, pair.bob) as nodes:
        await nodes.until(pair.talking)
        (peer,) = pair.bob.room.hellos
        slow_down(peer)
        assert pair.bob.count().profile == "lowest"
        pair.bob.change(CLEAR)
        pair.bob.room.report_received(peer, Report(8, 0, 1.0, 9.0))
        assert pair.bob.count().profile == "clear"
        pair.bob.follow_the_link()
        assert pair.bob.count().profile == "lean"
        assert "speech follows the link now, within 40 kbit/s" in pair.notes.all
        slow_down(peer)
        assert pair.bob.count().profile == "lowest"
