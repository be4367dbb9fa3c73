"""Everything Pictophone raises on purpose.

    PictophoneError
    ├── RemoteError            the peer's or the network's bytes are at fault
    │   ├── CaptionError       a coded caption that cannot be decoded
    │   ├── FrameError         a semantic frame that cannot be read
    │   ├── LogError           a session log that cannot be read, or a part of one
    │   ├── LookError          a look (side information of a picture) of no known length
    │   ├── PacketError        an Opus packet that breaks RFC 6716, or a RED payload that breaks RFC 2198
    │   ├── SealError          a sealed message that does not open
    │   │   └── SignatureError one that opens, and that its speaker did not sign
    │   ├── SignalError        a hello, offer, answer or bye that cannot be read
    │   ├── TopicError         an MQTT topic that is none of ours
    │   └── VersionError       a message of a newer version of the protocol
    └── LocalError             this side is at fault
        ├── NodeError          the node cannot do what was asked
        └── UsageError         the command was used wrongly

A `RemoteError` leaves the state of its source untouched, so the receiver drops the message and goes on. The message of
a `LocalError` is one line for the person at the terminal: what is wrong, with which value, what to do. The protocol
itself raises no `LocalError`: a wrong argument is a `ValueError` there, from which the node makes one.
"""

from __future__ import annotations

__all__ = [
    "CaptionError",
    "FrameError",
    "LocalError",
    "LogError",
    "LookError",
    "NodeError",
    "PacketError",
    "PictophoneError",
    "RemoteError",
    "SealError",
    "SignalError",
    "SignatureError",
    "TopicError",
    "UsageError",
    "VersionError",
]


class PictophoneError(Exception):
    """The root of the tree."""


class RemoteError(PictophoneError):
    """Bytes that came over a link are at fault."""


class CaptionError(RemoteError):
    """A coded caption cannot be decoded: damaged, of an unknown codec or codebook, or against a caption not here."""


class FrameError(RemoteError):
    """A semantic frame cannot be read."""


class LogError(RemoteError):
    """A session log, or a record of one, cannot be read: damaged, none of ours, of a newer version, or sealed."""


class LookError(RemoteError):
    """A picture's look has a length that this version does not know."""


class PacketError(RemoteError):
    """An Opus packet breaks RFC 6716, section 3, or a payload with copies breaks RFC 2198."""


class SealError(RemoteError):
    """A sealed message does not open."""


class SignatureError(SealError):
    """A message to an audience opens, so that it comes from within, and its speaker did not sign it."""


class SignalError(RemoteError):
    """A hello, offer, answer or bye cannot be read, or cannot be accepted."""


class TopicError(RemoteError):
    """An MQTT topic does not have the form `<room>/<node>/<letter>`."""


class VersionError(RemoteError):
    """A message was written by a newer version of the protocol.

    `version` is the version it names.
    """

    def __init__(self, version: int) -> None:
        super().__init__(f"message of protocol version {version}, which is newer than this program: update it")
        self.version = version


class LocalError(PictophoneError):
    """This side is at fault."""


class NodeError(LocalError):
    """The node cannot do what was asked. Raised by node/ alone."""


class UsageError(LocalError):
    """The command was used wrongly. Raised by node/ alone."""
