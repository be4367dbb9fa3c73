from __future__ import annotations

import contextlib
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import FrameError, VersionError
from protocol.frames import (
    MAX_CAPTION_BYTES,
    MAX_FRAME_BYTES,
    MAX_HAD,
    MAX_LOOK_BYTES,
    MAX_TAKEN_ALONG,
    MAX_TEXT_BYTES,
    Frame,
    Have,
    Hold,
    Line,
    Picture,
    Relayed,
    decode,
    encode,
)

u32 = st.integers(0, 2**32 - 1)
# A picture's number, and that of an earlier one or none.
numbers = st.tuples(u32, st.none() | u32).filter(lambda pair: pair[1] is None or pair[1] < pair[0])
ids = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=1, max_size=4)
pairs = st.lists(st.tuples(ids, u32), max_size=MAX_HAD).map(tuple)
line_fields = {"coded": st.binary(max_size=MAX_TEXT_BYTES), "codec": st.integers(0, 255), "age": u32}
frames = st.one_of(
    st.builds(
        lambda pair, **fields: Picture(sequence=pair[0], earlier=pair[1], **fields),
        numbers,
        captured_ms=st.integers(0, 2**48 - 1),
        codec=st.integers(0, 255),
        caption=st.binary(max_size=MAX_CAPTION_BYTES),
        seed=u32,
        look=st.binary(max_size=MAX_LOOK_BYTES),
    ),
    st.builds(Hold, sequence=u32),
    st.builds(
        lambda pair, **fields: Line(number=max(pair), behind=min(pair), **fields),
        st.tuples(u32, u32),
        spoken=st.integers(0, 2**16 - 1),
        after=st.integers(0, 2**16 - 1),
        had=st.lists(st.tuples(ids, u32), max_size=MAX_TAKEN_ALONG).map(tuple),
        **line_fields,
    ),
    st.builds(Have, pairs, pairs),
    st.builds(
        lambda places, **fields: Relayed(place=min(places), of=max(places) + 1, **fields),
        st.tuples(st.integers(0, 254), st.integers(0, 254)),
        target=ids,
        author=ids,
        number=u32,
        name=st.text(max_size=16),
        **line_fields,
    ),
)
leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary()
nested = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers(0, 9), inner, max_size=1),
    max_leaves=4,
)


@given(frames)
def test_a_frame_is_read_back(frame: Frame) -> None:
    data = encode(frame)
    assert len(data) <= MAX_FRAME_BYTES
    assert decode(data) == frame


def test_the_bytes_are_pinned() -> None:
    assert encode(Picture(7, 1000, 2, b"h\xff", 3)) == bytes.fromhex("9501070aa268ff03")
    assert encode(Picture(7, 1000, 0, b"hi", 3)) == bytes.fromhex("9601070aa268690300")
    assert encode(Picture(7, 1000, 2, b"hi", 3, b"\1")) == bytes.fromhex("9701070aa268690302a101")
    assert encode(Picture(7, 1000, 2, b"hi", 3, earlier=6)) == bytes.fromhex("9801070aa268690302a006")
    assert encode(Picture(7, 1001, 2, b"hi", 3)) == bytes.fromhex("9901070aa268690302a0c001")
    assert encode(Hold(7)) == bytes.fromhex("920207")
    assert encode(Line(7, b"hi")) == bytes.fromhex("930307a26869")
    assert encode(Line(7, b"hi", 0)) == bytes.fromhex("940307a2686900")
    assert encode(Line(7, b"hi", behind=2)) == bytes.fromhex("950307a268690202")
    assert encode(Line(7, b"hi", age=9)) == bytes.fromhex("960307a26869020009")
    assert encode(Line(7, b"hi", spoken=37)) == bytes.fromhex("970307a2686902000025")
    assert encode(Line(7, b"hi", spoken=37, after=5)) == bytes.fromhex("980307a268690200002505")
    assert encode(Line(7, b"hi", had=(("bb", 3),))) == bytes.fromhex("990307a268690200000000" + "92a2626203")
    assert encode(Have((("ab", 8),))) == bytes.fromhex("920492a2616208")
    assert encode(Have((), (("ab", 8),))) == bytes.fromhex("93049092a2616208")
    assert encode(Relayed("ab", 1, 2, "c", 7, b"hi", "Ada", 9)) == bytes.fromhex("9905a261620102a16307a26869a341646109")


def test_the_longest_frame_fits() -> None:
    longest = Picture(2**32 - 1, 2**48 - 1, 255, bytes(MAX_CAPTION_BYTES), 2**32 - 1, bytes(MAX_LOOK_BYTES), 2**32 - 2)
    assert decode(encode(longest)) == longest
    assert len(encode(longest)) == 1249
    text = "🜁" * 500
    relayed = Relayed("abcd", 254, 255, "efgh", 2**32 - 1, text.encode(), "🜁" * 16, 2**32 - 1, 255)
    assert decode(encode(relayed)) == relayed
    assert len(encode(relayed)) == 2098 <= MAX_FRAME_BYTES


def test_unknown_trailing_fields_are_ignored() -> None:
    assert decode(msgpack.packb([2, 7, "new", [1, [2]]])) == Hold(7)
    assert decode(msgpack.packb([1, 7, 0, b"", 3, 0, b"", None, 0, "new"])) == Picture(7, 0, 0, b"", 3)
    assert decode(msgpack.packb([1, 7, 0, b"", 3, 0, b"", 6, 0, "new"])) == Picture(7, 0, 0, b"", 3, earlier=6)


def test_a_newer_version_says_so() -> None:
    with pytest.raises(VersionError) as caught:
        decode(msgpack.packb([2 << 4 | 1, "whatever"]))
    assert caught.value.version == 2


@pytest.mark.parametrize(
    "message",
    [
        [],
        7,
        {1: 2},
        [2],
        [2, -1],
        [2, 2**32],
        [2, True],
        [2, 1.0],
        [2, None],
        [2, "7"],
        [True, 7],
        [-1, 7],
        [2**64 - 1, 7],
        ["1", 7],
        [9, 7],
        [1, 7, 0, b""],
        [1, 7, 0, 5, 3],
        [1, 7, 0, b"", 3, 256],
        [1, 7, 2**48, b"", 3],
        [1, 7, -1, b"", 3],
        [1, 7, 0, bytes(MAX_CAPTION_BYTES + 1), 3],
        [1, 7, 0, b"", 3, 0, bytes(MAX_LOOK_BYTES + 1)],
        [1, 7, 0, b"", 3, 0, b"", "6"],
        [1, 7, 0, b"", 3, 0, b"", -1],
        [1, 7, 0, b"", 3, 0, b"", 7],
        [1, 7, 0, b"", 3, 0, b"", 8],
        [1, 7, 0, b"", 3, 0, b"", 6, 128],
        [1, 7, 0, b"", 3, 0, b"", 6, -1],
        [3, 5],
        [3, "x", "x"],
        [3, 1, 5],
        [3, 1, "x" * (MAX_TEXT_BYTES + 1)],
        [3, 1, "x", 256],
        [3, 1, "x", 2, 2],
        [3, 1, "x", 2, -1],
        [3, 1, "x", 2, 0, 2**32],
        [4],
        [4, "a"],
        [4, ["a"]],
        [4, ["", 1]],
        [4, ["abcde", 1]],
        [4, ["a", -1]],
        [4, [1, 1]],
        [4, [], ["a", 2**33]],
        [5, "a", 0, 0, "b", 1, "x", "n", 0],
        [5, "a", 2, 2, "b", 1, "x", "n", 0],
        [5, "a", 0, 256, "b", 1, "x", "n", 0],
        [5, "", 0, 1, "b", 1, "x", "n", 0],
        [5, "a", 0, 1, "b", 1, "x", "n" * 65, 0],
        [5, "a", 0, 1, "b", 1, "x", "n"],
        [2, 7, {}, {"map": 1}],
        [2, 7, msgpack.ExtType(5, b"abc")],
        [2] + [7] * 16,
    ],
)
def test_bad_messages_are_refused(message: Any) -> None:
    with pytest.raises(FrameError):
        decode(msgpack.packb(message))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x91" * 1200 + b"\x01",  # deep nesting
        b"\xdd\xff\xff\xff\xff",  # an array of four thousand million
        b"\xc6\xff\xff\xff\xff",  # as many bytes
        b"\x92\x02\x07\x00",  # something behind the frame
        b"\x99\x05\xa2\xff\xfe\x00\x01\xa1a\x01\xa1x\xa1n\x00",  # an id that is no UTF-8
        bytes(MAX_FRAME_BYTES + 1),
    ],
)
def test_hostile_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(FrameError):
        decode(data)


def test_an_invalid_frame_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="sequence"):
        Hold(2**32)
    with pytest.raises(ValueError, match="picture 7 cannot be coded against picture 7"):
        Picture(7, 0, 0, b"", 3, earlier=7)
    with pytest.raises(ValueError, match="text"):
        Line(0, bytes(MAX_TEXT_BYTES + 1))
    with pytest.raises(ValueError, match="line 7 cannot be 8 behind"):
        Line(7, b"hi", behind=8)


@given(st.binary(max_size=64) | st.lists(nested, max_size=9).map(lambda fields: bytes(msgpack.packb(fields))))
def test_any_bytes_parse_or_raise(data: bytes) -> None:
    with contextlib.suppress(FrameError, VersionError):
        decode(data)


@given(frames, st.data())
def test_any_damage_parses_or_raises(frame: Frame, data: st.DataObject) -> None:
    damaged = bytearray(encode(frame))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(FrameError, VersionError):
        decode(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))
