"""The session log: the records of a call, and how each becomes the bytes of a message.

A log is an MCAP file (https://mcap.dev/spec); docs/recording-format.md is the format's page. Here is what
its messages carry; the file itself is written and read by `node.recording`.
"""

from protocol.log.channels import CHANNELS, FORMAT, METADATA, PROFILE, SEALED, Channel
from protocol.log.coding import CHANNEL_OF, SESSION, Message, decode, decode_header, encode, encode_header
from protocol.log.records import Frame, Header, Joined, Left, Meters, Note, Record, Snapshot, Speech

__all__ = ["CHANNELS", "CHANNEL_OF", "FORMAT", "METADATA", "PROFILE", "SEALED", "SESSION", "Channel"]
__all__ += ["Frame", "Header", "Joined", "Left", "Meters", "Note", "Record", "Snapshot", "Speech"]
__all__ += ["Message", "decode", "decode_header", "encode", "encode_header"]
