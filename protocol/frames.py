"""Semantic frames: pictures as words, lines typed by people, and what goes with them.

    kind  frame     fields
    1     picture   sequence, tenths, caption, seed; codec, look, earlier, milliseconds (each optional)
    2     hold      sequence
    3     line      number, text; codec, behind, age, spoken, after, pairs as in 4 (each optional)
    4     have      pairs of author and number in one array; pairs of giver and place in another (optional)
    5     relayed   target, place, of, author, number, text, name, age; codec (optional)

Every byte is paid for with each picture: what seldom differs from its default stands last and is left out, the capture
time is in tenths of a second (what is left over, in `milliseconds`), and captions have the shortest header of msgpack,
that of its `str`, whatever their bytes.

A frame that exists is a valid one: building it checks types and limits (`ValueError`), and `decode` turns the
same checks into `FrameError`. In a call every picture decodes alone, so late joiners and lossy links need no
history; only a session log may code a caption against an earlier one (see `Picture.earlier`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from protocol import envelope
from protocol.errors import FrameError

__all__ = ["DEFAULT_CODEC", "MAX_CAPTION_BYTES", "MAX_FRAME_BYTES", "MAX_HAD", "MAX_LOOK_BYTES", "MAX_TAKEN_ALONG"]
__all__ += ["MAX_TEXT_BYTES", "Frame", "Have", "Hold", "Line", "Picture", "Relayed", "decode", "encode"]

# The longest caption a captioner writes is about 300 characters; uncoded Unicode may need four bytes for
# each.
MAX_CAPTION_BYTES = 1200
# A line of 500 characters, each of which takes four bytes of UTF-8 at most.
MAX_TEXT_BYTES = 2000
# Authors of one acknowledgement: a full room has eight members; those who left go into a frame of their own.
MAX_HAD = 8
# Of those that a line takes along: within the longest frame there is room for no more.
MAX_TAKEN_ALONG = 4
# Side information is worth a few bytes or it is not worth sending beside a caption of three.
MAX_LOOK_BYTES = 16
# The longest picture frame has 1,249 bytes, the longest relayed line 2,098. Checked before anything is unpacked.
MAX_FRAME_BYTES = 2112
# What nearly every caption and every line is coded by: a frame that names no codec means this one.
DEFAULT_CODEC = 2

_SEQUENCE_BITS = 32
# 8,900 years of milliseconds.
_CAPTURED_BITS = 48
_CODEC_BITS = 8
_SEED_BITS = 32
_AGE_BITS = 32
# Tenths of a second: an hour and a half. A line is spoken in seconds, and on the way to its words for minutes at most.
_SPOKEN_BITS = 16
_PLACE_BITS = 8
_ID_BYTES = 4
_NAME_BYTES = 64


@dataclass(frozen=True, slots=True)
class Picture:
    """A snapshot in words.

    `captured_ms` is on the sender's session clock, `caption` is coded by caption codec `codec`, `seed`
    chooses among the pictures the caption may become (small seeds cost fewer bytes), `look` is side
    information.

    `earlier` is the sequence of the picture against whose caption this one is coded, None if it is coded alone. A live
    call never sets it: a retained picture must be readable by newcomers who saw no other, and a lost frame must never
    make another unreadable. It is for session logs, which hold everything that a reader needs.
    """

    sequence: int
    captured_ms: int
    codec: int
    caption: bytes
    seed: int
    look: bytes = b""
    earlier: int | None = None

    def __post_init__(self) -> None:
        envelope.bounded_int("sequence", self.sequence, _SEQUENCE_BITS)
        envelope.bounded_int("captured_ms", self.captured_ms, _CAPTURED_BITS)
        envelope.bounded_int("codec", self.codec, _CODEC_BITS)
        envelope.bounded_bytes("caption", self.caption, MAX_CAPTION_BYTES)
        envelope.bounded_int("seed", self.seed, _SEED_BITS)
        envelope.bounded_bytes("look", self.look, MAX_LOOK_BYTES)
        if self.earlier is not None and envelope.bounded_int("earlier", self.earlier, _SEQUENCE_BITS) >= self.sequence:
            raise ValueError(f"picture {self.sequence} cannot be coded against picture {self.earlier}")


@dataclass(frozen=True, slots=True)
class Hold:
    """A heartbeat: picture `sequence` is still what the camera sees."""

    sequence: int

    def __post_init__(self) -> None:
        envelope.bounded_int("sequence", self.sequence, _SEQUENCE_BITS)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a person, coded by caption codec `codec`. `number` counts the lines of the sender's session.

    `behind` is how far before this one the oldest line is that a peer still lacks: a receiver that knows nothing of
    this sender begins there. `age` is how many seconds ago the line was typed, if it could not go at once.

    A line that was spoken, and not typed, lasted `spoken` tenths of a second. Its words were known `after` so many
    tenths more, and from then on its age counts. `had` acknowledges lines of others, as in `Have`: authors of spoken
    lines read it.
    """

    number: int
    coded: bytes
    codec: int = DEFAULT_CODEC
    behind: int = 0
    age: int = 0
    spoken: int = 0
    after: int = 0
    had: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        _check_line(self.number, self.coded, self.codec, self.behind, self.age)
        _check_pairs(self.had, MAX_TAKEN_ALONG)
        envelope.bounded_int("spoken", self.spoken, _SPOKEN_BITS)
        envelope.bounded_int("after", self.after, _SPOKEN_BITS)


@dataclass(frozen=True, slots=True)
class Have:
    """An acknowledgement: of each author (a node's id) all lines before this number are here.

    `given` says how many of the lines that a member relays, the giver, are here.
    """

    had: tuple[tuple[str, int], ...]
    given: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        for pairs in (self.had, self.given):
            _check_pairs(pairs, MAX_HAD)


@dataclass(frozen=True, slots=True)
class Relayed:
    """An earlier line of `author`, called `name`, given to the newcomer `target` by one that was here before.

    It is the one at `place`, counted from 0, `of` so many that the sender gives.
    """

    target: str
    place: int
    of: int
    author: str
    number: int
    coded: bytes
    name: str
    age: int
    codec: int = DEFAULT_CODEC

    def __post_init__(self) -> None:
        _bounded_id("target", self.target)
        _bounded_id("author", self.author)
        envelope.bounded_int("of", self.of, _PLACE_BITS)
        if envelope.bounded_int("place", self.place, _PLACE_BITS) >= self.of:
            raise ValueError(f"there is no place {self.place} of {self.of}")
        envelope.bounded_text("name", self.name, _NAME_BYTES)
        _check_line(self.number, self.coded, self.codec, 0, self.age)


Frame: TypeAlias = Picture | Hold | Line | Have | Relayed

# Of codec, look, earlier and milliseconds.
_DEFAULTS: Final = (DEFAULT_CODEC, b"", None, 0)
# Of a line's codec, behind, age, spoken, after and pairs.
_LINE_DEFAULTS: Final[tuple[Any, ...]] = (DEFAULT_CODEC, 0, 0, 0, 0, [])


def encode(frame: Frame) -> bytes:
    """Return the frame's bytes; trailing fields that have their default value are left out."""
    match frame:
        case Picture(sequence, captured_ms, codec, caption, seed, look, earlier):
            tenths, milliseconds = divmod(captured_ms, 100)
            rest = _without_defaults([codec, look, earlier, milliseconds], _DEFAULTS)
            return envelope.pack_short(1, [sequence, tenths, caption, seed, *rest])
        case Hold(sequence):
            return envelope.pack_short(2, [sequence])
        case Line(number, coded):
            rest = [frame.codec, frame.behind, frame.age, frame.spoken, frame.after, _flat(frame.had)]
            return envelope.pack_short(3, [number, coded, *_without_defaults(rest, _LINE_DEFAULTS)])
        case Have(had, given):
            return envelope.pack_short(4, [_flat(had), _flat(given)] if given else [_flat(had)])
        case Relayed(target, place, of, author, number, coded, name, age, codec):
            rest = _without_defaults([codec], _LINE_DEFAULTS)
            return envelope.pack_short(5, [target, place, of, author, number, coded, name, age, *rest])


def _flat(pairs: tuple[tuple[str, int], ...]) -> list[str | int]:
    return [part for pair in pairs for part in pair]


def _without_defaults(fields: list[Any], defaults: tuple[Any, ...]) -> list[Any]:
    while fields and fields[-1] == defaults[len(fields) - 1]:
        fields.pop()
    return fields


def is_picture(data: bytes) -> bool:
    """Return whether a frame that decodes is a picture."""
    return data[1:2] == b"\x01"


def decode(data: bytes) -> Frame:
    """Read one frame; raise `FrameError`, or `VersionError` if a newer version wrote it."""
    try:
        return _build(*envelope.unpack(data, MAX_FRAME_BYTES, raw=True))
    except (TypeError, ValueError) as error:
        raise FrameError(f"not a frame: {error}") from None


def _build(kind: int, fields: list[Any]) -> Frame:
    match kind:
        case 1:
            return _picture(*fields[: 4 + len(_DEFAULTS)])
        case 2:
            return Hold(*fields[:1])
        case 3:
            return Line(*fields[:7], *map(_pairs, fields[7:8]))
        case 4:
            return Have(*map(_pairs, fields[:2]))
        case 5:
            return _relayed(*fields[:9])
    raise ValueError(f"unknown kind {kind}")


def _pairs(flat: Any) -> tuple[tuple[str, int], ...]:
    if not isinstance(flat, list) or len(flat) % 2:
        raise ValueError("no pairs of a node and a number")
    return tuple((_text("node", node), number) for node, number in zip(flat[::2], flat[1::2], strict=True))


def _relayed(
    target: Any, place: int, of: int, author: Any, number: int, coded: bytes, name: Any, age: int, *rest: int
) -> Relayed:
    nodes = _text("target", target), _text("author", author)
    return Relayed(nodes[0], place, of, nodes[1], number, coded, _text("name", name), age, *rest)


def _text(what: str, value: Any) -> str:
    if not isinstance(value, bytes):
        raise ValueError(f"{what} is no text")
    return value.decode()


def _check_pairs(pairs: tuple[tuple[str, int], ...], most: int) -> None:
    if len(pairs) > most:
        raise ValueError(f"{len(pairs)} pairs, more than {most}")
    for node, number in pairs:
        _bounded_id("node", node)
        envelope.bounded_int("number", number, _SEQUENCE_BITS + 1)  # the one after the last


def _bounded_id(what: str, value: str) -> None:
    if not envelope.bounded_text(what, value, _ID_BYTES):
        raise ValueError(f"{what} is empty")


def _check_line(number: int, coded: bytes, codec: int, behind: int, age: int) -> None:
    envelope.bounded_int("number", number, _SEQUENCE_BITS)
    envelope.bounded_bytes("text", coded, MAX_TEXT_BYTES)
    envelope.bounded_int("codec", codec, _CODEC_BITS)
    envelope.bounded_int("age", age, _AGE_BITS)
    if envelope.bounded_int("behind", behind, _SEQUENCE_BITS) > number:
        raise ValueError(f"line {number} cannot be {behind} behind")


def _picture(sequence: int, tenths: int, caption: bytes, seed: int, *rest: Any) -> Picture:
    values: list[Any] = [*rest, *_DEFAULTS[len(rest) :]]
    codec, look, earlier, milliseconds = values
    since = envelope.bounded_int("tenths", tenths, _CAPTURED_BITS)
    captured_ms = since * 100 + envelope.bounded_int("milliseconds", milliseconds, bits=7)
    return Picture(sequence, captured_ms, codec, caption, seed, look, earlier)
