"""What an archive's workers are sent and reply, as bytes: msgpack, between programs of one version.

A process of this machine gets them through its pipes, an actor of Ray as the only argument of its calls, so that no
dashboard shows more than bytes. Texts may contain lone surrogates, as names of files do.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import msgpack

from node.export.archive_units import ArchiveOptions, MadeFile, Outcome, Unit

# Longer than any path, reason and list of notes of one session.
MOST_BYTES = 1 << 24


@dataclass(frozen=True, slots=True)
class ArchiveJob:
    """What a worker gets before its first unit: how to export, where to write, and what sealed sessions need.

    That is the `secret`, derived from the room, between processes of one machine; across machines it is the path of the
    `room_file`.
    """

    options: ArchiveOptions
    stage: str
    secret: bytes | None = field(default=None, repr=False)
    room_file: str | None = None


def pack(value: Any) -> bytes:
    """Return a message: a ArchiveJob, a Unit or an Outcome as its fields, or plain values."""
    plain = asdict(value) if isinstance(value, ArchiveJob | Unit | Outcome) else value
    packed: bytes = msgpack.packb(plain, unicode_errors="surrogatepass")
    return packed


def unpacker() -> msgpack.Unpacker:
    """Return what splits a stream into messages."""
    return msgpack.Unpacker(unicode_errors="surrogatepass", max_buffer_size=MOST_BYTES)


def unpack(data: bytes) -> Any:
    """Return the values of one message."""
    return msgpack.unpackb(data, unicode_errors="surrogatepass")


def job_of(fields: dict[str, Any]) -> ArchiveJob:
    """Return the job of a message's fields."""
    options = fields["options"]
    return ArchiveJob(**fields | {"options": ArchiveOptions(**options | {"who": tuple(options["who"])})})


def unit_of(fields: dict[str, Any]) -> Unit:
    """Return the unit of a message's fields."""
    return Unit(**fields | {"known": tuple(MadeFile(**made) for made in fields["known"])})


def outcome_of(fields: dict[str, Any]) -> Outcome:
    """Return the outcome of a message's fields."""
    made = fields["made"]
    return Outcome(**fields | {"made": made and MadeFile(**made), "notes": tuple(fields["notes"])})
