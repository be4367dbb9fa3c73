"""The channels of a session log and the schemas of their messages, as MCAP tools read them.

Channel ids are part of the format: the place in the table, from 1. So a message can be read even if the part of the
file that describes its channel is lost. A later version may add channels; readers skip those that they do not know.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

__all__ = ["CHANNELS", "FORMAT", "METADATA", "PROFILE", "SEALED", "Channel", "channel_id"]

# Of the session log, apart from the wire protocol's. A reader refuses a higher one.
FORMAT = 1
# The MCAP header's profile, and the name of the metadata record that a file begins with.
PROFILE = "pictophone"
METADATA = "pictophone"


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel: topic, encoding of its messages, and their schema."""

    topic: str
    encoding: str
    schema_name: str
    schema_encoding: str = ""
    schema: bytes = b""


def _json(topic: str, schema_name: str, **properties: dict[str, object]) -> Channel:
    schema = {"title": schema_name, "type": "object", "properties": properties}
    return Channel(topic, "json", schema_name, "jsonschema", json.dumps(schema, separators=(",", ":")).encode())


_TEXT: dict[str, object] = {"type": "string"}
_NUMBER: dict[str, object] = {"type": "number"}
_INTEGER: dict[str, object] = {"type": "integer"}
_BYTES: dict[str, object] = {"type": "string", "contentEncoding": "base64"}
_TEXTS: dict[str, object] = {"type": "object", "additionalProperties": _TEXT}
_NUMBERS: dict[str, object] = {"type": "object", "additionalProperties": _NUMBER}
_LIST: dict[str, object] = {"type": "array"}
_TIME: dict[str, object] = {"type": "object", "properties": {"sec": _INTEGER, "nsec": _INTEGER}}

CHANNELS = (
    _json(
        "/session",
        "pictophone.Session",
        format=_INTEGER,
        started_ns=_INTEGER,
        monotonic_s=_NUMBER,
        node=_TEXT,
        name=_TEXT,
        program=_TEXT,
        protocol=_INTEGER,
        profile=_TEXT,
        codebooks=_LIST,
        models=_TEXTS,
        versions=_TEXTS,
    ),
    Channel("/speech", "msgpack", "pictophone.Speech"),
    _json(
        "/frames",
        "pictophone.Frame",
        sender=_TEXT,
        kind=_TEXT,
        caption=_TEXT,
        sequence=_INTEGER,
        seed=_INTEGER,
        look=_BYTES,
        text=_TEXT,
        number=_INTEGER,
        author=_TEXT,
        name=_TEXT,
        frame=_BYTES,
    ),
    _json("/people", "pictophone.Presence", peer=_TEXT, here={"type": "boolean"}, name=_TEXT, carries=_INTEGER),
    _json("/meters", "pictophone.Meters", values=_NUMBERS),
    _json("/notes", "foxglove.Log", timestamp=_TIME, level=_INTEGER, message=_TEXT, name=_TEXT),
    _json(
        "/snapshots",
        "foxglove.CompressedImage",
        timestamp=_TIME,
        frame_id=_TEXT,
        format=_TEXT,
        data=_BYTES,
    ),
    # In sealed logs alone: the messages of all others, encrypted (`protocol.log.sealing`).
    Channel("/sealed", "x-pictophone-sealed", "pictophone.Sealed"),
)
SEALED = len(CHANNELS)

# What the schemas of other tools' topics of the same name are not called.
_SCHEMAS = {(channel.topic, channel.encoding): channel.schema_name for channel in CHANNELS}
_NUMBERS_OF = {(channel.topic, channel.encoding): number for number, channel in enumerate(CHANNELS, 1)}


def channel_id(topic: str, encoding: str, schema_name: str | None = None) -> int:
    """Return the id of the channel that is so described, whatever number a file gives it; 0 if it is none of ours.

    `schema_name` is None where a file has no schemas.
    """
    described = (topic, encoding)
    if schema_name is not None and _SCHEMAS.get(described) != schema_name:
        return 0
    return _NUMBERS_OF.get(described, 0)
