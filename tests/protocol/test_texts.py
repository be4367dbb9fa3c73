"""Whatever bytes say, every text that a parser returns is one: it can be written as UTF-8."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.captions.coder import shipped_codecs
from protocol import frames, log
from protocol.errors import FrameError, LogError, RemoteError, SignalError, TopicError
from protocol.log import packed_speech
from protocol.log.channels import CHANNELS
from protocol.room_link import SCHEME, RoomLink
from protocol.signalling import messages
from protocol.signalling.sdp_compression import unpack_description
from protocol.topics import Topic

CODECS = shipped_codecs()
LONE = "\ud83d"  # half of an emoji
HALVES = ("a", "é", "😀", LONE, "\udc00", "\udfff")
texts = st.text(st.sampled_from(HALVES), max_size=8) | st.text(st.characters(), max_size=8)
leaves = st.none() | st.booleans() | st.integers(0, 1 << 32) | st.binary(max_size=9) | texts
nested = st.recursive(leaves, lambda inner: st.lists(inner, max_size=5), max_leaves=8)
packed = st.lists(nested, min_size=1, max_size=9).map(
    lambda values: msgpack.packb(values, unicode_errors="surrogatepass")
)
short = st.lists(nested, min_size=1, max_size=9).map(
    lambda values: msgpack.packb(values, use_bin_type=False, unicode_errors="surrogatepass")
)
anything = st.binary(max_size=60) | packed | short
loose = st.recursive(leaves.filter(lambda leaf: not isinstance(leaf, bytes)), lambda inner: st.lists(inner, max_size=3))
written = st.dictionaries(texts | st.sampled_from(["name", "peer", "here", "message", "caption", "values"]), loose)


def texts_in(value: Any) -> Iterator[str]:
    """Every text in what a parser returned."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from texts_in([*value.keys(), *value.values()])
    elif isinstance(value, list | tuple | set):
        for part in value:
            yield from texts_in(part)
    elif is_dataclass(value):
        yield from texts_in([getattr(value, field.name) for field in fields(value)])


def check(value: Any) -> None:
    for text in texts_in(value):
        text.encode()


@given(anything, st.sampled_from(CODECS.ids), st.none() | texts)
def test_of_captions(data: bytes, codec: int, earlier: str | None) -> None:
    with contextlib.suppress(RemoteError):
        check(CODECS.decode(codec, data, earlier))


@given(texts, st.sampled_from(CODECS.ids), st.none() | texts)
def test_of_captions_that_were_none_when_they_were_coded(text: str, codec: int, earlier: str | None) -> None:
    check(CODECS.decode(codec, CODECS.encode(text, codec, earlier).data, earlier))


@given(anything, st.integers(0, 3))
def test_of_frames(data: bytes, kind: int) -> None:
    for message in (data, bytes([0x92, kind]) + data):
        with contextlib.suppress(RemoteError):
            check(frames.decode(message))


@given(anything)
def test_of_call_setup(data: bytes) -> None:
    for message in (data, b"\x93\x01\x05" + data):
        with contextlib.suppress(RemoteError):
            check(messages.decode(message))


@given(anything)
def test_of_descriptions(data: bytes) -> None:
    with contextlib.suppress(SignalError):
        check(unpack_description(data))


@given(st.integers(1, len(CHANNELS)), anything | written.map(json.dumps).map(str.encode))
def test_of_logs(channel: int, data: bytes) -> None:
    with contextlib.suppress(LogError):
        check(log.decode(log.Message(channel, 0, data)))
    with contextlib.suppress(LogError):
        check(log.decode_header(data))
    with contextlib.suppress(ValueError, TypeError):
        check(packed_speech.unpack(0, data))


@given(texts | texts.map("abcdefgh/ab/".__add__))
def test_of_topics(name: str) -> None:
    with contextlib.suppress(TopicError):
        check(Topic.parse(name))


@given(texts.map(SCHEME.__add__) | texts.map("pictophone:00000-00000-00000-00000-00000-00000@".__add__))
def test_of_room_links(link: str) -> None:
    with contextlib.suppress(ValueError):
        check(RoomLink.parse(link))


def test_half_a_sign_is_refused_wherever_a_text_stands() -> None:
    half = LONE.encode(errors="surrogatepass")
    for use_bin_type in (True, False):
        text = msgpack.packb([3, LONE], use_bin_type=use_bin_type, unicode_errors="surrogatepass")
        with pytest.raises(FrameError):
            frames.decode(text)
    with pytest.raises(SignalError):
        messages.decode(msgpack.packb([1, 5, LONE], unicode_errors="surrogatepass"))
    with pytest.raises(RemoteError):
        CODECS.decode(0, half)
    with pytest.raises(RemoteError):
        CODECS.decode(2, b"\xff" + half)


@pytest.mark.parametrize("raw", [rb'"\ud83d"', b'"\xed\xa0\xbd"'])
@pytest.mark.parametrize(
    ("channel", "form"),
    [
        ("/notes", b'{"message":%b}'),
        ("/people", b'{"peer":"a7k","here":true,"name":%b}'),
        ("/people", b'{"peer":%b,"here":false}'),
        ("/frames", b'{"sender":"a7k","frame":"","caption":%b}'),
        ("/meters", b'{"values":{%b:1}}'),
    ],
)
def test_half_a_sign_in_a_log_is_refused(channel: str, form: bytes, raw: bytes) -> None:
    number = next(index for index, entry in enumerate(CHANNELS, 1) if entry.topic == channel)
    assert log.decode(log.Message(number, 0, form % rb'"\ud83d\ude00"'))
    with pytest.raises(LogError):
        log.decode(log.Message(number, 0, form % raw))
    with pytest.raises(LogError):
        log.decode_header(b'{"models":{%b:"x"}}' % raw)


def test_a_log_is_written_whatever_a_line_holds() -> None:
    records = [log.Note(0, f"cannot read {LONE}.png"), log.Joined(1, "a7k", f"Ann {LONE}")]
    read = [record for message in log.encode(records) for record in log.decode(message)]
    assert read == [log.Note(0, "cannot read ?.png"), log.Joined(1, "a7k", "Ann ?")]
