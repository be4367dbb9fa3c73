"""The records of a session log.

Every record has `at_us`, microseconds since the session's start. `sender` and `peer` are node ids; `Header.node` is the
id of the node that recorded, so what it sent itself has that sender.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from protocol import envelope
from protocol.captions.codebook_id import CodebookId
from protocol.rtp.red import Copy

__all__ = ["Frame", "Header", "Joined", "Left", "Meters", "Note", "Record", "Snapshot", "Speech"]


@dataclass(frozen=True, slots=True)
class Header:
    """What the session is, and what made it.

    `started_ns` is the wall clock (since 1970) at `at_us` 0 and `monotonic_s` the recording machine's monotonic clock
    then. `models` names what captioned and painted here ("captioner", "generator": a hub id or a folder) and `versions`
    the version of each ("captioner", "generator") and of the libraries that run them. `codebooks` are what the
    captions were coded with.
    """

    started_ns: int = 0
    monotonic_s: float = 0.0
    node: str = ""
    name: str = ""
    program: str = ""
    protocol: int = envelope.VERSION
    profile: str = ""
    codebooks: tuple[CodebookId, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Speech:
    """An Opus packet that was sent or received, with its RTP sequence number (16 bits) and timestamp (32 bits, 48 kHz).

    `payload` is as it crossed the wire: it may be no Opus packet. A gap of the sequence is a loss.
    """

    at_us: int
    sender: str
    sequence: int
    timestamp: int
    payload: bytes
    copies: tuple[Copy, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame (`protocol.frames`) that was sent or received.

    `caption` are a picture's words, or the text of a line; None if they were not read.
    """

    at_us: int
    sender: str
    frame: bytes
    caption: str | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """A peer is here; `carries` are the bits of its hello (`protocol.signalling.Carries`)."""

    at_us: int
    peer: str
    name: str
    carries: int = 0


@dataclass(frozen=True, slots=True)
class Left:
    """A peer is gone."""

    at_us: int
    peer: str


@dataclass(frozen=True, slots=True)
class Meters:
    """The recording node's counters by then, by name; what is unknown is missing."""

    at_us: int
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Note:
    """A line that was shown to the user."""

    at_us: int
    text: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The recording node's camera image from which picture `sequence` was made: a file of the kind `format`."""

    at_us: int
    sequence: int
    format: str
    data: bytes


Record: TypeAlias = Speech | Frame | Joined | Left | Meters | Note | Snapshot
