"""What a listener hears, sees and reads of a stage, and what it refuses."""

from __future__ import annotations

import contextlib

import pytest
from audience import CLOCK_MS, LINK, SECRET, SINCE, SPEAKER, Listening, Theatre, line, packet, picture
from hypothesis import given
from hypothesis import strategies as st

from protocol.audience import seat, signed_frame, stage
from protocol.audience.audience_link import AudienceLink
from protocol.audience.checkpoint import CheckpointWriter
from protocol.audience.epochs import Chain, Keys, epoch_of
from protocol.audience.live_rule import LiveState, Standing
from protocol.audience.proving import Doubt, Doubtful
from protocol.audience.release import TimedPacket
from protocol.audience.seat import Announcing, Seat, SeenFrame
from protocol.audience.signing import SpeakerKey
from protocol.audience.speech_message import HINT, SpeechMessage, with_checkpoint
from protocol.audience.stage import Posting, Stage
from protocol.errors import RemoteError, SealError, SignatureError

STRANGER = SpeakerKey(bytes(32))


def states(listening: Listening) -> list[LiveState]:
    return [event.state for event in listening.of(Standing)]


def live() -> tuple[Theatre, Listening]:
    theatre = Theatre()
    theatre.open()
    return theatre, theatre.sit()


def test_a_listener_hears_sees_and_reads() -> None:
    theatre, listening = live()
    theatre.show(picture(1))
    theatre.write(line(0))
    said = theatre.talk(3.6)
    theatre.wait(3)
    assert states(listening) == [LiveState.LIVE]
    assert listening.of(Announcing)[0].names == ("Ann",)
    assert listening.of(SeenFrame) == [SeenFrame("p", 0, picture(1)), SeenFrame("t", 0, line(0))]
    assert listening.played == said
    assert listening.of(Doubtful) == listening.refused == []


def test_speech_is_played_two_seconds_after_it_was_said() -> None:
    theatre, listening = live()
    theatre.talk(3.6)
    assert len(listening.played) in (12, 13)  # of 30: those of 1.6 s less a message


def test_who_comes_late_hears_at_once_and_sees_what_is_shown_across_hours() -> None:
    theatre, _ = live()
    theatre.show(picture(1))
    theatre.talk(5)
    theatre.clock_ms += 3_600_000 * 2
    theatre.wait(12)
    late = theatre.sit(
        AudienceLink(epoch_of(theatre.clock_ms), theatre.chain.secret_of(epoch_of(theatre.clock_ms)), SPEAKER.digest)
    )
    assert states(late) == [LiveState.LIVE]
    assert late.of(SeenFrame) == [SeenFrame("p", 0, picture(1))]
    said = theatre.talk(3.6)
    theatre.wait(3)
    assert late.played == said


def test_a_link_of_this_hour_opens_nothing_of_the_hour_before() -> None:
    theatre, _ = live()
    theatre.show(picture(1))
    epoch = epoch_of(CLOCK_MS)
    late = Listening(AudienceLink(epoch + 1, theatre.chain.secret_of(epoch + 1), SPEAKER.digest), CLOCK_MS)
    for posting in theatre.recorded:
        late.receive(posting, 0.0, CLOCK_MS)
    assert late.events == []
    assert len(late.refused) == 2


def test_an_hour_ends_while_somebody_talks() -> None:
    theatre, listening = live()
    theatre.clock_ms = (epoch_of(CLOCK_MS) + 1) * 3_600_000 - 1200
    theatre.open()
    said = theatre.talk(3.6)
    theatre.wait(3)
    assert listening.played == said
    assert listening.refused == []


def test_a_replayed_hour_is_named_and_not_played() -> None:
    theatre = Theatre()
    theatre.open()
    theatre.show(picture(1))
    theatre.talk(5)
    recorded, theatre.recorded = theatre.recorded, []
    theatre.clock_ms += 3_600_000
    theatre.retained.clear()
    listening = theatre.sit()
    theatre.publish(recorded)
    listening.events += listening.seat.handle_timer(theatre.now + 5)
    assert listening.of(Standing) == [Standing(LiveState.OLD, -3_605_040)]
    assert listening.played == listening.of(SeenFrame) == []


@pytest.mark.parametrize(("off_ms", "state"), [(600_000, LiveState.OLD), (-600_000, LiveState.AHEAD)])
def test_a_clock_ten_minutes_off_is_named_and_nothing_is_played(off_ms: int, state: LiveState) -> None:
    theatre = Theatre()
    theatre.open()
    listening = theatre.sit(off_ms=off_ms)
    theatre.talk(12)
    assert listening.of(Standing) == [Standing(state, -off_ms)]
    assert listening.played == []


@pytest.mark.parametrize("off_ms", [29_000, -29_000])
def test_a_clock_half_a_minute_off_is_no_hindrance(off_ms: int) -> None:
    theatre = Theatre()
    theatre.open()
    listening = theatre.sit(off_ms=off_ms)
    theatre.wait(12)
    assert states(listening) == [LiveState.LIVE]


def test_another_key_is_named_and_never_believed() -> None:
    theatre = Theatre()
    listening = theatre.sit()
    impostor = Stage(STRANGER, Chain(SINCE, SECRET), ["Ann"], 5)
    for posting in impostor.announce(0.0, CLOCK_MS):
        listening.receive(posting._replace(topic=f"{LINK.audience}/a"), 0.0, CLOCK_MS)
    assert states(listening) == [LiveState.OTHER_KEY]
    theatre.open()
    assert states(listening) == [LiveState.OTHER_KEY, LiveState.LIVE]
    for posting in impostor.announce(1.0, CLOCK_MS + 5):
        listening.receive(posting._replace(topic=f"{LINK.audience}/a"), 0.0, CLOCK_MS)
    assert listening.seat.standing.live
    assert len(listening.refused) == 1


def test_a_listener_cannot_announce_with_the_speakers_key() -> None:
    theatre, _ = live()
    genuine = theatre.recorded[0].payload
    forged = genuine[:-64] + STRANGER.sign(theatre.recorded[0].topic, genuine[:-64])
    other = Theatre().sit()
    other.receive(Posting(theatre.recorded[0].topic, forged), 0.0, CLOCK_MS)
    assert isinstance(other.refused[0], SignatureError)
    assert other.seat.standing.state is LiveState.WAITING


def forge(number: int, message: SpeechMessage, checkpoint: bytes = b"") -> Posting:
    """Return speech as somebody with the link can make it."""
    content = message.encode()
    keys = Keys(Chain(SINCE, SECRET), 77)
    plain = with_checkpoint(content, checkpoint) if checkpoint else content
    topic = f"{LINK.audience}/v"
    return Posting(topic, HINT.pack(number) + keys.seal(epoch_of(CLOCK_MS), topic, number, plain))


def test_a_listeners_speech_is_never_played_and_the_speakers_is() -> None:
    theatre, listening = live()
    evil = SpeechMessage(0, 0, (packet(666), packet(667)))
    for number in (0, 1, 2, 5, 400):
        theatre.publish([forge(number, evil)])
    said = theatre.talk(3.6)
    theatre.wait(3)
    assert listening.played == said
    doubts = [(event.number, event.doubt) for event in listening.of(Doubtful)]
    assert sorted(doubts) == [(n, Doubt.FORGED) for n in (0, 1, 2, 5)] + [(400, Doubt.UNPROVEN)]


def test_a_listeners_checkpoint_is_refused() -> None:
    theatre, listening = live()
    writer = CheckpointWriter(STRANGER, f"{LINK.audience}/v", 77)
    evil = SpeechMessage(0, 0, (packet(666),))
    writer.add(0, evil.encode())
    theatre.publish([forge(0, evil, writer.write(0))])
    theatre.wait(3)
    assert isinstance(listening.refused[0], SignatureError)
    assert listening.played == []


def test_without_checkpoints_everything_is_muted_and_named() -> None:
    theatre, listening = live()
    theatre.seats = []
    theatre.talk(2.4)
    for posting in theatre.recorded[1:]:
        if len(posting.payload) < 300:
            listening.receive(posting, theatre.now, theatre.clock_ms)
    listening.events += listening.seat.handle_timer(theatre.now + 2.01)
    assert listening.played == []
    assert {event.doubt for event in listening.of(Doubtful)} == {Doubt.UNPROVEN}
    assert listening.seat.deadline() is not None


def test_a_lost_checkpoint_mutes_only_its_own_message() -> None:
    theatre, listening = live()
    theatre.seats = []
    said = theatre.talk(1.92)
    speech = [posting for posting in theatre.recorded if posting.now_or_never]
    for posting in speech[:3] + speech[4:]:
        listening.receive(posting, theatre.now, theatre.clock_ms)
    listening.events += listening.seat.handle_timer(theatre.now + 4)
    assert listening.played == said[:6] + said[8:]


@pytest.mark.parametrize("topic", ["p0", "t"])
def test_a_listeners_picture_or_line_is_refused(topic: str) -> None:
    theatre, listening = live()
    name = f"{LINK.audience}/{topic}"
    keys = Keys(Chain(SINCE, SECRET), 77)
    payload = signed_frame.seal(keys, epoch_of(CLOCK_MS), name, STRANGER, 77, 9, b"\0" + line(0))
    theatre.publish([Posting(name, payload)])
    assert isinstance(listening.refused[0], SignatureError)
    theatre.show(picture(1))
    theatre.write(line(0))
    assert len(listening.of(SeenFrame)) == 2


def test_what_came_before_is_refused_on_every_topic() -> None:
    theatre, listening = live()
    theatre.show(picture(1))
    theatre.write(line(0))
    theatre.talk(2)
    theatre.wait(3)
    events, refused = list(listening.events), len(listening.refused)
    theatre.publish(list(theatre.recorded))
    assert listening.events == events
    assert len(listening.refused) == refused + len(theatre.recorded) // 2 - 1  # a checkpoint alone may come twice


def test_an_older_picture_of_the_session_is_no_newcomers() -> None:
    theatre, _ = live()
    theatre.show(picture(1))
    older = theatre.recorded[-1]
    theatre.show(picture(2))
    theatre.wait(12)
    late = theatre.sit()
    late.receive(older, theatre.now, theatre.clock_ms)
    assert [event.frame for event in late.of(SeenFrame)] == [picture(2)]


def test_a_stage_that_announces_nothing_any_more_is_silent_and_comes_back() -> None:
    theatre, listening = live()
    theatre.seats = []
    listening.events += listening.seat.handle_timer(29.9)
    assert listening.seat.standing.live
    listening.events += listening.seat.handle_timer(30.1)
    assert listening.seat.standing.state is LiveState.SILENT
    theatre.seats = [listening]
    before = len(listening.of(Announcing))
    theatre.wait(60)
    assert listening.seat.standing.live
    assert len(listening.of(Announcing)) == before + 1, "who is on stage is said again: the listener has let them go"


def test_a_listener_that_missed_hours_of_speech_hears_what_is_said_now(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (seat, stage):
        monkeypatch.setattr(module, "HINTS", 64)
    theatre, listening = live()
    theatre.talk(2)
    theatre.seats = []
    theatre.talk(20)
    theatre.seats = [listening]
    theatre.wait(20)
    said = theatre.talk(1.2)
    theatre.wait(3)
    assert listening.played[-len(said) :] == said


def test_the_end_is_said_and_stays_said_to_those_who_come_later() -> None:
    theatre, listening = live()
    said = theatre.talk(1.2)
    theatre.publish(theatre.stage.end(theatre.now, theatre.clock_ms))
    theatre.wait(3)
    assert states(listening) == [LiveState.LIVE, LiveState.ENDED]
    assert listening.played == said
    late = theatre.sit()
    assert states(late) == [LiveState.ENDED]
    assert late.of(Announcing) == [], "nobody is on a stage that has ended"
    theatre.clock_ms += 3_600_000
    assert theatre.sit().of(Standing)[0].state is LiveState.ENDED


def test_a_new_session_of_the_stage_is_followed() -> None:
    theatre, listening = live()
    theatre.talk(1)
    theatre.stage = Stage(SPEAKER, theatre.chain, ["Ann"], 78)
    theatre.open()
    theatre.show(picture(1))
    said = theatre.talk(1.2)
    theatre.wait(3)
    assert listening.played[-len(said) :] == said
    assert listening.of(SeenFrame) == [SeenFrame("p", 0, picture(1))]


def test_a_picture_that_a_broker_hands_on_before_the_announcement_is_seen() -> None:
    theatre, _ = live()
    theatre.show(picture(1))
    late = Listening(LINK, CLOCK_MS)
    for posting in reversed(theatre.retained.values()):
        late.receive(posting, 0.0, CLOCK_MS)
    assert late.of(SeenFrame) == [SeenFrame("p", 0, picture(1))]


def test_two_on_stage_talk_at_once() -> None:
    theatre = Theatre(["Ann", "Bob"])
    theatre.open()
    listening = theatre.sit()
    said: dict[int, list[bytes]] = {0: [], 1: []}
    for step in range(30):
        for member, packets in said.items():
            packets.append(packet(100 * member + step))
            theatre.publish(theatre.stage.speech(member, step * 12, packets[-1], theatre.now, theatre.clock_ms))
        theatre.wait(0.12)
    theatre.wait(3)
    for member, packets in said.items():
        assert [event.packet for event in listening.of(TimedPacket) if event.member == member] == packets


def test_a_flood_of_a_listener_neither_speaks_nor_silences() -> None:
    """2,000 messages a second under the numbers that come, each before the speaker's own."""
    theatre, listening = live()
    said: list[bytes] = []
    for step in range(20):
        for number in range(240):
            message = SpeechMessage(0, 1000 * step + number, (packet(666),))
            theatre.publish([forge(step // 2 + number % 12, message)])
        said += theatre.talk(0.12)
    theatre.wait(3)
    assert listening.played == said
    assert len(listening.of(Doubtful)) + len(listening.refused) == 20 * 240


@given(st.sampled_from(["a", "v", "p0", "p7", "p8", "p", "t", "h", ""]), st.binary(max_size=400), st.booleans())
def test_any_bytes_are_refused_and_change_nothing(purpose: str, payload: bytes, is_live: bool) -> None:
    theatre = Theatre()
    listening = theatre.sit()
    if is_live:
        theatre.open()
    standing, seat = listening.seat.standing, listening.seat
    with contextlib.suppress(RemoteError):
        assert seat.receive(f"{LINK.audience}/{purpose}", payload, 0.0, CLOCK_MS) in ([], [seat.standing])
    assert seat.standing == standing or purpose == "a"


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_flipped_byte_anywhere_is_refused(place: int, flip: int) -> None:
    theatre, _ = live()
    theatre.show(picture(1))
    theatre.write(line(0))
    theatre.talk(1.2)
    fresh = Listening(LINK, CLOCK_MS)
    for posting in theatre.recorded:
        damaged = bytearray(posting.payload)
        damaged[place % len(damaged)] ^= flip or 1
        fresh.receive(posting._replace(payload=bytes(damaged)), 0.0, CLOCK_MS)
        if posting.topic.endswith("/a"):
            fresh.receive(posting, 0.0, CLOCK_MS)
    assert fresh.of(SeenFrame) == []
    assert len(fresh.refused) >= len(theatre.recorded) - 1


def test_a_wrong_audience_is_none_of_ours() -> None:
    with pytest.raises(RemoteError):
        Seat(LINK, CLOCK_MS).receive("abcdefgh/a", b"", 0.0, CLOCK_MS)


def test_a_secret_that_is_not_the_audiences_opens_nothing() -> None:
    theatre, _ = live()
    other = Listening(AudienceLink(SINCE, bytes(16), SPEAKER.digest), CLOCK_MS)
    other.receive(theatre.recorded[0], 0.0, CLOCK_MS)
    assert isinstance(other.refused[0], SealError)
