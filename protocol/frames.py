"""Semantic frames: pictures as words, and what goes with them.

    kind  frame     fields
    1     picture   sequence, tenths, caption, seed; codec, look, earlier, milliseconds (each optional)
    2     hold      sequence
    3     text      text

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

__all__ = ["MAX_CAPTION_BYTES", "MAX_FRAME_BYTES", "MAX_LOOK_BYTES", "MAX_TEXT_BYTES"]
__all__ += ["Frame", "Hold", "Picture", "Text", "decode", "encode"]

# The longest caption a captioner writes is about 300 characters; uncoded Unicode may need four bytes for
# each.
MAX_CAPTION_BYTES = 1200
# A paragraph typed by a person.
MAX_TEXT_BYTES = 1200
# Side information is worth a few bytes or it is not worth sending beside a caption of three.
MAX_LOOK_BYTES = 16
# The longest picture frame has 1,249 bytes. Checked before anything is unpacked.
MAX_FRAME_BYTES = 1280

_SEQUENCE_BITS = 32
# 8,900 years of milliseconds.
_CAPTURED_BITS = 48
_CODEC_BITS = 8
_SEED_BITS = 32


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
class Text:
    """A line typed by a person. Reserved: no node sends one yet."""

    text: str

    def __post_init__(self) -> None:
        envelope.bounded_text("text", self.text, MAX_TEXT_BYTES)


Frame: TypeAlias = Picture | Hold | Text

# Of codec, look, earlier and milliseconds. Codec 2 is what nearly every caption is coded by.
_DEFAULTS: Final = (2, b"", None, 0)


def encode(frame: Frame) -> bytes:
    """Return the frame's bytes; trailing fields that have their default value are left out."""
    match frame:
        case Picture(sequence, captured_ms, codec, caption, seed, look, earlier):
            tenths, milliseconds = divmod(captured_ms, 100)
            rest = [codec, look, earlier, milliseconds]
            while rest and rest[-1] == _DEFAULTS[len(rest) - 1]:
                rest.pop()
            return envelope.pack_short(1, [sequence, tenths, caption, seed, *rest])
        case Hold(sequence):
            return envelope.pack_short(2, [sequence])
        case Text(text):
            return envelope.pack_short(3, [text])


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
            return Text(*(field.decode() if isinstance(field, bytes) else field for field in fields[:1]))
    raise ValueError(f"unknown kind {kind}")


def _picture(sequence: int, tenths: int, caption: bytes, seed: int, *rest: Any) -> Picture:
    values: list[Any] = [*rest, *_DEFAULTS[len(rest) :]]
    codec, look, earlier, milliseconds = values
    since = envelope.bounded_int("tenths", tenths, _CAPTURED_BITS)
    captured_ms = since * 100 + envelope.bounded_int("milliseconds", milliseconds, bits=7)
    return Picture(sequence, captured_ms, codec, caption, seed, look, earlier)
