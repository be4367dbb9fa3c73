"""The summary of a call."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.call.stats import CallStats, FloorCounts
from node.terminal.summary import as_json, failed, for_people, percentile, summarise

# The list, in its order, and the time of the first painting, which its first row asks for.
PICTURE = [
    "captioned", "sent", "received", "painted", "caption_bits_mean", "frame_bytes_mean", "wire_bps", "ratio",
    "wire_ratio",
]  # fmt: skip
SPEECH = [
    "profile", "payload_kbps", "wire_kbps", "packets_sent", "packets_received", "by_broker_sent",
    "by_broker_received", "by_broker_dropped", "lost", "late", "concealed_ms",
    "underruns", "underruns_after_5s", "mouth_to_ear_ms_p50", "mouth_to_ear_ms_p95",
]  # fmt: skip

# What the level meters and the mute came to.
LEVELS = ["said_dbfs", "heard_dbfs", "muted_s"]


CALL = [
    "setup_ms", "wire_kbps", "loop_lag_ms_p99", "loop_lag_ms_max", "loop_lags_over_50_ms", "loop_waits_over_50_ms",
    "bad_messages", "peer_faults", "spoken_with", "never_spoken_with",
]  # fmt: skip


@pytest.fixture
def sender() -> CallStats:
    tally = CallStats(100.0, "lean", setup_ms=412.4, ended=110.0)
    for bits, frame, wire in ((40, 12, 130), (45, 13, 131)):
        tally.pictures_out.add("a cat", bits, frame, wire, raw_bits=256 * 256 * 24)
    tally.pictures_out.captioned = 3
    tally.sent_level.add(-20, 2.0)
    tally.sent_level.muted_s = 3.04
    for _ in range(10):
        tally.speech_out.add(106, voiced=True, duration_ms=120)
        tally.meter.datagram("sent", b"\x80\x60" + bytes(126), "127.0.0.1")
    tally.meter.datagram("sent", b"\x00\x01" + bytes(94), "127.0.0.1")
    return tally


@pytest.fixture
def receiver() -> CallStats:
    tally = CallStats(101.0, "lean", ended=110.0)
    tally.pictures_in.received, tally.pictures_in.painted, tally.pictures_in.first_painted_at = 2, 1, 104.26
    speech = tally.speech_in
    speech.received, speech.lost, speech.late, speech.underruns, speech.concealed_ms = 9, 1, 2, 3, 120.4
    speech.underruns_after_5s = 1
    speech.mouth_to_ear_ms.extend(range(200, 301))
    tally.bad_messages, tally.peer_faults = 5, 2
    for lag_ms in (0.2, 0.2, 70.0):
        tally.loop_lag.add(lag_ms)
    return tally


def test_what_one_sent_and_the_other_got_of_it(sender: CallStats, receiver: CallStats) -> None:
    assert summarise(sender, receiver, now=999.0) == {
        "seconds": 10.0,
        "picture": {
            "captioned": 3,
            "sent": 2,
            "received": 2,
            "painted": 1,
            "first_painted_s": 3.3,
            "caption_bits_mean": 42.5,
            "frame_bytes_mean": 12.5,
            "wire_bps": 208.8,
            "ratio": 37009.0,
            "wire_ratio": 1507.0,
        },
        "speech": {
            "profile": "lean",
            "payload_kbps": 7.07,
            "wire_kbps": 10.4,
            "packets_sent": 10,
            "by_broker_sent": 0,
            "by_broker_received": 0,
            "by_broker_dropped": 0,
            "packets_received": 9,
            "lost": 1,
            "late": 2,
            "concealed_ms": 120.0,
            "underruns": 3,
            "underruns_after_5s": 1,
            "mouth_to_ear_ms_p50": 250.0,
            "mouth_to_ear_ms_p95": 295.0,
            "said_dbfs": -20.0,
            "heard_dbfs": None,
            "muted_s": 3.0,
        },
        "call": {
            "setup_ms": 412.0,
            "wire_kbps": 1.35,
            "loop_lag_ms_p99": 70.0,
            "loop_lag_ms_max": 70.0,
            "loop_lags_over_50_ms": 1,
            "loop_waits_over_50_ms": 0,
            "bad_messages": 5,
            "peer_faults": 2,
            "spoken_with": 0,
            "never_spoken_with": [],
        },
    }


def test_the_keys_are_those_agreed_on(sender: CallStats, receiver: CallStats) -> None:
    summary = json.loads(as_json(summarise(sender, receiver, now=110.0)))
    assert list(summary) == ["seconds", "picture", "speech", "call"]
    assert [key for key in summary["picture"] if key != "first_painted_s"] == PICTURE
    assert [key for key in summary["speech"] if key not in LEVELS] == SPEECH
    assert list(summary["call"]) == CALL


def test_what_did_not_happen_is_null() -> None:
    nothing = CallStats(0.0, "lean")
    summary = summarise(nothing, nothing, now=5.0)
    picture, speech = summary["picture"], summary["speech"]
    assert [picture[key] for key in ("first_painted_s", "caption_bits_mean", "frame_bytes_mean", "ratio")] == [None] * 4
    assert [speech[key] for key in ("payload_kbps", "wire_kbps", "mouth_to_ear_ms_p50", "mouth_to_ear_ms_p95")] == [
        None
    ] * 4
    assert [summary["call"][key] for key in CALL] == [None, 0.0, None, None, 0, 0, 0, 0, 0, []]
    assert "null" in as_json(summary)


def test_the_json_is_one_line(sender: CallStats, receiver: CallStats) -> None:
    one = summarise(sender, receiver, now=110.0)
    assert "\n" not in as_json({"a": one, "b": one})
    assert json.loads(as_json({"a": one, "b": one})) == {"a": one, "b": one}


def test_people_read_the_same_numbers(sender: CallStats, receiver: CallStats) -> None:
    text = "\n".join(for_people(summarise(sender, receiver, now=110.0)))
    for shown in (
        "10.0 s, 1.35 kbit/s on the wire in all",
        "7.07 kbit/s of speech, 10.4 on the wire",
        "10 packets sent, 9 received, 1 lost, 2 late",
        "mouth to ear 250 ms (95 %: 295 ms); 120 ms concealed, 3 underruns",
        "said at -20 dB, muted for 3 s",
        "3 captioned, 2 sent, 2 received, 1 painted",
        "42.5 bits a caption; 209 bit/s on the wire",
        "37,009:1 in words, 1,507:1 on the wire, against a raw picture of 256 x 256 pixels of 24 bits",
        "too busy for a moment 1 times: up to 70 ms late, 70 ms at the 99th percentile",
        "2 of their messages could not be handled and were left out",
    ):
        assert shown in text


def test_people_are_not_told_of_what_was_not_there(sender: CallStats) -> None:
    silent = CallStats(0.0, "lean", ended=3.0)
    assert for_people(summarise(silent, silent, now=3.0)) == ["3.0 s, 0.00 kbit/s on the wire in all"]
    text = "\n".join(for_people(summarise(sender, silent, now=110.0)))
    assert "mouth to ear - ms" in text
    assert "None" not in text


def test_a_caption_of_no_bits_has_no_ratio_and_is_still_shown() -> None:
    tally = CallStats(0.0, "lean", ended=3.0)
    tally.pictures_out.add("", bits=0, frame_bytes=7, wire_bytes=110, raw_bits=24)
    shown = "\n".join(for_people(summarise(tally, tally, now=3.0)))
    assert "0 bits a caption; 293 bit/s on the wire" in shown
    assert ":1" not in shown


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 98))
def test_percentiles_rise_and_stay_among_the_values(values: list[float], percent: int) -> None:
    lower, upper = percentile(values, percent), percentile(values, percent + 1)
    assert lower is not None
    assert upper is not None
    rounding = 1 + 1e-12
    assert min(values) <= lower * rounding <= upper * rounding**2 <= max(values) * rounding**3


def test_the_percentile_of_nothing_is_none_and_of_one_is_itself() -> None:
    assert percentile([], 50) is None
    assert percentile([7.0], 95) == 7.0


def test_who_could_not_be_spoken_with_is_summed_up_by_reason(receiver: CallStats) -> None:
    receiver.spoken_with, receiver.never_spoken_with = 1, ["UDP is blocked", "UDP is blocked", "no\x1baddress"]
    summary = summarise(receiver, receiver, 110.0)
    lines = [line for line in for_people(summary) if "none with" in line]
    assert lines == [
        "speech    none with 2 of the 4 peers that were met: UDP is blocked",
        "speech    none with 1 of the 4 peers that were met: no\N{REPLACEMENT CHARACTER}address",
    ]
    assert not failed(summary)


def test_a_call_in_which_nobody_could_be_spoken_with_has_failed(receiver: CallStats) -> None:
    assert not failed(summarise(receiver, receiver, 110.0))  # nobody came
    receiver.never_spoken_with = ["UDP is blocked"]
    assert failed(summarise(receiver, receiver, 110.0))


def test_who_had_the_floor_is_summed_up(sender: CallStats) -> None:
    assert "floor" not in summarise(sender, sender, 200.0)
    sender.floor = FloorCounts(asked=3, granted=2, refused=1)
    sender.floor.pass_to("ann", 100.0)
    sender.floor.pass_to("bob", 112.34)
    sender.floor.pass_to("", 115.0)
    summary = summarise(sender, sender, 200.0)
    assert summary["floor"] == {"asked": 3, "granted": 2, "refused": 1, "held_s": {"ann": 12.3, "bob": 2.7}}
    assert "floor     asked for 3 times, granted 2; ann 12.3 s, bob 2.7 s had it" in for_people(summary)
