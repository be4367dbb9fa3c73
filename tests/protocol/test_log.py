"""Records of the session log become messages, and come back as they were; anything else is one documented error."""

from __future__ import annotations

import base64
import contextlib
import json
from dataclasses import replace

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import frames, log
from protocol.captions.codebook_id import CodebookId
from protocol.errors import LogError
from protocol.log import packed_speech
from protocol.rtp.red import Copy

STARTED_NS = 1_790_000_000_123_456_789
HEADER = log.Header(
    STARTED_NS,
    12.5,
    "a7k",
    "Ann",
    "pictophone 1",
    0,
    "lean",
    (CodebookId(2, b"abcd"),),
    {"generator": "embedded"},
    {"torch": "2.13"},
)
PICTURE = frames.encode(frames.Picture(7, 3000, 0, b"a cat", 5, b"8 bytes."))
IDS = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=2, max_size=4)
TIMES = st.integers(0, 1 << 45)
PAYLOADS = st.binary(max_size=200)
COPIES = st.lists(st.builds(Copy, st.integers(1, 16_383), PAYLOADS), max_size=3).map(tuple)
SPEECH = st.builds(log.Speech, TIMES, IDS, st.integers(0, 65_535), st.integers(0, (1 << 32) - 1), PAYLOADS, COPIES)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 1 << 53)
OTHERS = st.one_of(
    st.builds(log.Frame, TIMES, IDS, st.binary(max_size=99), st.none() | st.text(max_size=50)),
    st.builds(log.Joined, TIMES, IDS, st.text(max_size=16), st.integers(0, 31)),
    st.builds(log.Left, TIMES, IDS),
    st.builds(log.Meters, TIMES, st.dictionaries(st.text(max_size=9), NUMBERS)),
    st.builds(log.Note, TIMES, st.text(max_size=99)),
    st.builds(log.Snapshot, TIMES, st.integers(0, 1 << 31), st.just("webp"), st.binary(max_size=99)),
)


def _by_time(record: log.Record) -> int:
    return record.at_us


def _read(messages: list[log.Message]) -> list[log.Record]:
    return sorted((record for message in messages for record in log.decode(message)), key=_by_time)


@given(st.lists(SPEECH, max_size=20, unique_by=_by_time), st.lists(OTHERS, max_size=8, unique_by=_by_time))
def test_records_come_back_as_they_were(packets: list[log.Record], others: list[log.Record]) -> None:
    by_time = {record.at_us: record for record in [*packets, *others]}
    records = [by_time[at_us] for at_us in sorted(by_time)]
    assert _read(log.encode(records, STARTED_NS)) == records


def test_packets_of_several_senders_share_one_message() -> None:
    packets = [log.Speech(20_000 * n, "ab"[n % 2] * 2, n, n * 960, bytes([n])) for n in range(50)]
    (message,) = log.encode(packets)
    assert message.at_us == 0
    assert log.decode(message) == packets


def test_a_packet_as_expected_costs_seven_bytes_at_most() -> None:
    packets = [log.Speech(120_000 * n + n * n, "a7k", n, n * 5760, bytes(118)) for n in range(100)]
    (message,) = log.encode(packets)
    assert len(message.data) / 100 - 118 < 7


def test_packets_out_of_order_and_numbers_that_start_anew() -> None:
    numbers = [(65_535, (1 << 32) - 1), (0, 5759), (2, 17_279), (1, 11_519), (500, 3)]
    packets = [log.Speech(1000 + n, "a7k", *number, b"\x08") for n, number in enumerate(numbers)]
    assert _read(log.encode(packets)) == packets


def test_a_picture_is_readable_as_json() -> None:
    (message,) = log.encode([log.Frame(5, "a7k", PICTURE, "a cat")])
    assert json.loads(message.data) == {
        "sender": "a7k",
        "caption": "a cat",
        "kind": "picture",
        "sequence": 7,
        "seed": 5,
        "look": base64.b64encode(b"8 bytes.").decode(),
        "frame": base64.b64encode(PICTURE).decode(),
    }


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (frames.encode(frames.Hold(7)), {"kind": "hold", "sequence": 7}),
        (frames.encode(frames.Line(3, b"hello", 0)), {"kind": "text", "number": 3}),
        (b"\xff", {"kind": "unknown"}),
    ],
)
def test_other_frames_are_too(frame: bytes, told: dict[str, object]) -> None:
    (message,) = log.encode([log.Frame(5, "a7k", frame)])
    assert json.loads(message.data) == {"sender": "a7k", **told, "frame": base64.b64encode(frame).decode()}


def test_notes_and_snapshots_have_the_schemas_that_foxglove_knows() -> None:
    messages = log.encode([log.Note(2_000_000, "Bob is here"), log.Snapshot(3_000_000, 4, "webp", b"RIFF")], STARTED_NS)
    names = [log.CHANNELS[message.channel - 1].schema_name for message in messages]
    assert names == ["foxglove.Log", "foxglove.CompressedImage"]
    note, snapshot = (json.loads(message.data) for message in messages)
    assert note["timestamp"] == {"sec": 1_790_000_002, "nsec": 123_456_789}
    assert (note["message"], snapshot["format"], snapshot["data"]) == ("Bob is here", "webp", "UklGRg==")


def test_channels_are_where_they_always_were() -> None:
    assert [channel.topic for channel in log.CHANNELS] == [
        "/session", "/speech", "/frames", "/people", "/meters", "/notes", "/snapshots", "/sealed"
    ]  # fmt: skip
    assert log.SEALED == 8
    for channel in log.CHANNELS:
        assert (channel.schema_encoding == "jsonschema") == (channel.encoding == "json")
        if channel.schema:
            assert json.loads(channel.schema)["title"] == channel.schema_name


def test_a_message_on_a_channel_of_tomorrow_is_left_alone() -> None:
    assert log.decode(log.Message(9, 0, b"what?")) == []


def test_the_header_comes_back() -> None:
    message = log.encode_header(HEADER)
    assert (message.channel, message.at_us) == (log.SESSION, 0)
    assert log.decode_header(message.data) == HEADER
    assert log.decode_header(b"{}") == log.Header()


def test_fields_of_tomorrow_are_left_alone() -> None:
    fields = json.loads(log.encode_header(HEADER).data) | {"weather": "fine"}
    assert log.decode_header(json.dumps(fields).encode()) == HEADER


def test_a_newer_format_is_told() -> None:
    fields = json.loads(log.encode_header(HEADER).data) | {"format": 2}
    with pytest.raises(LogError, match=r"newer Pictophone \(format 2; this one reads up to 1\): update it"):
        log.decode_header(json.dumps(fields).encode())


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b'{"started_ns": -1}', b'{"models": 1}', b'{"name": 1}', b'{"codebooks": [1]}', b"[" * 100_000],
)
def test_a_header_that_is_none(data: bytes) -> None:
    with pytest.raises(LogError):
        log.decode_header(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_records_or_one_error(data: bytes) -> None:
    for channel in range(len(log.CHANNELS) + 2):
        try:
            log.decode(log.Message(channel, 10, data))
        except LogError as error:
            assert "\n" not in str(error)
    with contextlib.suppress(LogError):
        log.decode_header(data)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.floats() | st.binary() | st.text(),
    lambda inner: st.lists(inner, max_size=6),
    max_leaves=30,
)


@given(ANYTHING)
def test_any_bundle_is_packets_or_one_error(bundle: object) -> None:
    data = msgpack.packb([["a7k", bundle]])
    try:
        packets = log.decode(log.Message(2, 10, data))
    except LogError:
        return
    assert all(isinstance(packet, log.Speech) for packet in packets)


JSON_NAMES = ["sender", "caption", "frame", "peer", "here", "name", "carries", "values", "message", "frame_id", "data"]


@given(
    st.dictionaries(st.sampled_from(JSON_NAMES), st.none() | st.booleans() | st.floats() | st.integers() | st.text())
)
def test_any_json_is_a_record_or_one_error(fields: dict[str, object]) -> None:
    for channel in range(1, len(log.CHANNELS) + 1):
        with contextlib.suppress(LogError):
            log.decode(log.Message(channel, 10, json.dumps(fields).encode()))


def test_a_message_too_large_to_be_one() -> None:
    with pytest.raises(LogError, match="more than"):
        log.decode(log.Message(2, 0, bytes(packed_speech.MAX_BUNDLE_BYTES + 1)))


def test_a_header_is_no_record() -> None:
    with pytest.raises(TypeError, match="Header"):
        log.encode([replace(HEADER)])  # type: ignore[list-item]
