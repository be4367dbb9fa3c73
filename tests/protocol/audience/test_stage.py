"""What a stage publishes: golden bytes, announcements in time, epochs, what it costs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from audience import CLOCK_MS, LINK, Listening, Theatre, golden, line, packet, pause, picture

from protocol.audience.announcement import Envelope
from protocol.audience.live_rule import LiveState, Standing
from protocol.audience.seat import SeenFrame
from protocol.audience.stage import Posting
from protocol.errors import PacketError

GOLDEN = json.loads((Path(__file__).parents[2] / "data" / "golden_audience.json").read_text())


def letters(theatre: Theatre) -> str:
    return "".join(posting.topic.split("/")[1][0] for posting in theatre.recorded)


def test_the_bytes_are_those_that_were_ever_published() -> None:
    assert golden() == GOLDEN


def test_the_golden_bytes_are_understood() -> None:
    listening = Listening(LINK, GOLDEN["clock_ms"])
    for topic, payload, retain in GOLDEN["postings"]:
        late = 600_000 if listening.of(SeenFrame)[1:] and topic.endswith(("a", "v")) and len(listening.played) else 0
        posting = Posting(topic, bytes.fromhex(payload), retain)
        if topic.endswith("/a"):
            late = Envelope.parse(posting.payload).announced.time_ms - CLOCK_MS
        listening.receive(posting, late / 1000, CLOCK_MS + late)
    assert [event.state for event in listening.of(Standing)] == [LiveState.LIVE, LiveState.ENDED]
    assert listening.refused == []


def test_it_announces_every_ten_seconds_and_at_the_begin_of_an_hour() -> None:
    theatre = Theatre()
    theatre.open()
    theatre.wait(30.6)
    assert letters(theatre) == "aaaa"
    theatre.show(picture(1))
    theatre.clock_ms += 600_000
    theatre.write(line(0))
    assert letters(theatre) == "aaaapapt"


def test_pictures_come_again_every_minute_and_are_the_same() -> None:
    theatre = Theatre()
    theatre.open()
    theatre.show(picture(1))
    listening = Listening(LINK, CLOCK_MS)  # at a broker that serves nothing that it retains
    theatre.seats.append(listening)
    theatre.wait(61)
    assert letters(theatre) == "ap" + "a" * 5 + "pa"
    assert [event.frame for event in listening.of(SeenFrame)] == [picture(1)]


def test_an_announcement_is_about_two_hundred_bytes() -> None:
    theatre = Theatre(["A speaker's name"])
    theatre.open()
    assert len(theatre.recorded[0].payload) + len(theatre.recorded[0].topic) + 5 <= 200


def test_announced_times_rise_though_the_clock_is_set_back() -> None:
    theatre = Theatre()
    listening = theatre.sit()
    theatre.open()
    theatre.clock_ms -= 5000
    theatre.open()
    assert listening.refused == []


def test_speech_goes_in_messages_of_240_ms_and_every_fourth_has_a_proof() -> None:
    theatre = Theatre()
    theatre.open()
    theatre.talk(1.92)
    sizes = [len(posting.payload) for posting in theatre.recorded if posting.now_or_never]
    assert len(sizes) == 8
    assert [size > min(sizes) for size in sizes] == [False, False, False, True] * 2
    proofs_kbit_s = (sum(sizes) - 8 * min(sizes)) * 8 / 1.92 / 1000
    assert proofs_kbit_s < 1.2


def test_a_pause_sends_what_waits_with_its_proof() -> None:
    theatre = Theatre()
    theatre.open()
    listening = theatre.sit()
    theatre.publish(theatre.stage.speech(0, 0, packet(1), theatre.now, theatre.clock_ms))
    theatre.publish(theatre.stage.speech(0, 12, pause(2), theatre.now, theatre.clock_ms))
    theatre.wait(2.4)
    assert listening.played == [packet(1), pause(2)]
    assert theatre.stage.deadline() is not None


def test_speech_that_nothing_follows_goes_out_and_is_proven() -> None:
    theatre = Theatre()
    theatre.open()
    listening = theatre.sit()
    theatre.publish(theatre.stage.speech(0, 0, packet(1), theatre.now, theatre.clock_ms))
    theatre.wait(3)
    assert listening.played == [packet(1)]


def test_no_opus_is_refused() -> None:
    with pytest.raises(PacketError):
        Theatre().stage.speech(0, 0, b"", 0.0, CLOCK_MS)


def test_when_the_broker_is_back_everything_retained_is_said_again() -> None:
    theatre = Theatre()
    theatre.open()
    theatre.show(picture(1))
    theatre.retained.clear()
    theatre.publish(theatre.stage.again(theatre.now, theatre.clock_ms))
    listening = theatre.sit()
    assert [event.frame for event in listening.of(SeenFrame)] == [picture(1)]


def test_a_picture_taken_away_is_cleared_and_none_stays_behind_the_end() -> None:
    theatre = Theatre(["Ann", "Bob"])
    theatre.open()
    theatre.show(picture(1))
    theatre.show(picture(1), member=1)
    theatre.show(b"", member=1)
    assert [topic[-2:] for topic in theatre.retained] == ["/a", "p0"]
    theatre.publish(theatre.stage.end(theatre.now, theatre.clock_ms))
    assert [topic[-2:] for topic in theatre.retained] == ["/a"]
    assert theatre.stage.deadline() is None


def test_after_the_end_only_the_end_is_said_again() -> None:
    theatre = Theatre()
    theatre.open()
    theatre.talk(0.12)
    theatre.publish(theatre.stage.end(theatre.now, theatre.clock_ms))
    assert theatre.stage.speech(0, 12, packet(1), theatre.now, theatre.clock_ms) == []
    assert theatre.stage.picture(0, picture(1), theatre.now, theatre.clock_ms) == []
    assert theatre.stage.text(0, line(0), theatre.now, theatre.clock_ms) == []
    theatre.publish(theatre.stage.again(theatre.now, theatre.clock_ms))  # its broker went and came back meanwhile
    assert theatre.sit().seat.standing.state is LiveState.ENDED
    assert theatre.stage.deadline() is None
