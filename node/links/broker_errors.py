"""What keeps a node from its broker, in a line for a person, and whether there is any use in trying again."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from node.links.address import BrokerAddress
from node.links.http_head import NoWay

# Return codes of a CONNACK (MQTT 3.1.1, section 3.2.2.3).
WRONG_VERSION, WRONG_CLIENT_ID, UNAVAILABLE, BAD_LOGIN, NOT_AUTHORISED = 1, 2, 3, 4, 5
# Reason codes (MQTT 5, section 2.4) that mean the same.
WRONG_VERSION_5, WRONG_CLIENT_ID_5 = 0x84, 0x85

# What OpenSSL calls it.
_TLS: Final = {
    "WRONG_VERSION_NUMBER": "what answers there speaks no TLS",
    "TLSV1_ALERT_PROTOCOL_VERSION": "it speaks TLS of an old version alone",
    "UNSUPPORTED_PROTOCOL": "it speaks TLS of an old version alone",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it wants a certificate of ours, and nodes have none",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "it agrees to no TLS of ours",
}

# What aiomqtt says.
TIMED_OUT: Final = "Operation timed out"

_CLIENT_ID = "rejects every client id that it is given; it must take such as MQTT 3.1.1 allows"
_LOGIN = "refuses the login; check the user name and password"
_ELSEWHERE = "sends its clients to another server; name that one by --broker"

_REFUSALS: Final = {
    WRONG_VERSION: "does not speak MQTT {version}; name another broker{other}",
    WRONG_VERSION_5: "does not speak MQTT {version}; name another broker{other}",
    WRONG_CLIENT_ID: _CLIENT_ID,
    WRONG_CLIENT_ID_5: _CLIENT_ID,
    BAD_LOGIN: _LOGIN,
    NOT_AUTHORISED: _LOGIN,
    0x86: _LOGIN,
    0x87: "does not let this login in; check the user name and password, and what its access list allows",
    0x8A: "has banned this node; ask who runs it",
    0x8C: "wants another way of logging in than by user name and password; name another broker",
    0x90: "refuses the topic of our last will; its access list must allow the room's topics",
    0x95: "finds our last will too large; raise its limits",
    0x9A: "keeps no retained messages, without which nobody finds a room; name another broker",
    0x9C: _ELSEWHERE,
    0x9D: _ELSEWHERE,
}
_PASSING: Final = {
    UNAVAILABLE: "is not ready to serve; try again later",
    0x88: "is not ready to serve; try again later",
    0x89: "is busy; try again later",
    0x97: "has given us all that its quota allows; try again later",
    0x9F: "is asked for connections too often; try again later",
}

# Why a broker of MQTT 5 ends a connection.
_MEANINGS: Final = {
    0x82: "it takes what we say for no MQTT",
    0x87: "its access list does not allow what we do",
    0x89: "it is busy",
    0x8B: "it shuts down",
    0x8D: "nothing came from us in time",
    0x8E: "another client took our place",
    0x95: "a message of ours is too large for it",
    0x96: "our messages come too fast for it",
    0x97: "its quota is used up",
    0x98: "who runs it wants it so",
    0x9C: "another server is to be used",
    0x9D: "it has moved to another server",
}

ANOTHER_VERSION: Final = (WRONG_VERSION, WRONG_VERSION_5)
ANOTHER_CLIENT_ID: Final = (WRONG_CLIENT_ID, WRONG_CLIENT_ID_5)


class BrokerError(Enum):
    """Kinds of what may be wrong. The first two stay wrong until a person mends them."""

    REFUSED = "refused"
    UNTRUSTED = "untrusted"
    UNREACHABLE = "unreachable"
    UNAVAILABLE = "unavailable"

    @property
    def is_final(self) -> bool:
        """Whether nothing but a person will mend it."""
        return self in (BrokerError.REFUSED, BrokerError.UNTRUSTED)


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that came to nothing: at which address, of what kind, in a line, and in a few words."""

    address: BrokerAddress
    kind: BrokerError
    text: str
    reason: str

    @classmethod
    def of(cls, error: Exception, address: BrokerAddress) -> Failure:
        """Return what an error means at an address."""
        return cls(address, kind(error), explain(error, address), _brief(error))


def summary(failures: Sequence[Failure]) -> str:
    """Return one line for the failures at all addresses of a broker: what a person can mend comes first."""
    main = next((failure for failure in failures if failure.kind.is_final), failures[-1])
    others = {failure.address: failure for failure in failures if failure.address != main.address}
    if not others:
        return main.text
    rest = ", ".join(f"{address} ({failure.reason})" for address, failure in others.items())
    return f"{main.text}; nor does it serve at {rest}"


def kind(error: Exception) -> BrokerError:
    """Tell kinds apart. Only the broker's own CONNACK refuses: a client's own errors have the same numbers."""
    code = getattr(error, "code", None)
    if code is not None:
        return BrokerError.REFUSED if code in _REFUSALS else BrokerError.UNAVAILABLE
    if isinstance(error.__cause__, NoWay):
        return BrokerError.REFUSED if error.__cause__.is_final else BrokerError.UNREACHABLE
    return BrokerError.UNREACHABLE if _doubt(error) is None else BrokerError.UNTRUSTED


def explain(error: Exception, address: BrokerAddress) -> str:
    """Return one line: what is wrong with which broker, and what to do."""
    code = getattr(error, "code", None)
    if code is not None:
        return f"the broker {address} {_refusal(code, address)}"
    if isinstance(error.__cause__, NoWay):
        return f"cannot reach the broker {address}: {error.__cause__}"
    if (doubt := _doubt(error)) is not None:
        return (
            f"the broker {address} does not show that it is who it says: {doubt}; for an authority of your "
            "own, name its certificate: broker_ca_file in the settings"
        )
    return f"cannot reach the broker {address}: {error}; {_cure(address)}"


def plain(error: OSError) -> str:
    """Return what the system or TLS says of a connection, without their numbers and names of files."""
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLCertVerificationError):
        reason = getattr(error, "reason", None) or str(error)
        return _TLS.get(reason, f"TLS fails: {reason.replace('_', ' ').lower()}")
    if isinstance(error, socket.gaierror) or not error.errno or error.errno < 0:
        return str(error.strerror or error)
    return os.strerror(error.errno)


def meaning(code: int) -> str:
    """Return why a broker of MQTT 5 ends a connection."""
    return _MEANINGS.get(code, f"code {code}")


def cut_off(error: Exception) -> str:
    """Return what a broker does that accepts the login and never serves."""
    if str(error) == TIMED_OUT:
        return "answers nothing more"
    known = "" if "not currently connected" in str(error) else f" ({error})"
    return f"ends the connection{known}"


def _refusal(code: int, address: BrokerAddress) -> str:
    text = {**_REFUSALS, **_PASSING}.get(code, f"refuses the connection with code {code}; ask who runs it")
    version = "3.1.1, nor 5" if address.version == "auto" else address.version
    return text.format(version=version, other="" if address.version == "auto" else ', or set mqtt_version to "auto"')


def _cure(address: BrokerAddress) -> str:
    if address.path is not None:
        other = "ws:// if it speaks no TLS" if address.tls else "wss:// if it speaks TLS alone"
        return f"check --broker ({other}), or take it without WebSockets: mqtts://"
    other = "mqtt:// if it speaks no TLS" if address.tls else "mqtts:// if it speaks TLS alone"
    return f"check --broker ({other}), or start one: pictophone broker"


def _brief(error: Exception) -> str:
    """Return a few words of why."""
    code = getattr(error, "code", None)
    if code is not None:
        return f"refuses, code {code}"
    return str(_doubt(error) or error)


def _doubt(error: Exception) -> str | None:
    """Return what is wrong with the broker's certificate, if it is."""
    cause = error.__cause__
    return cause.verify_message.rstrip(".") if isinstance(cause, ssl.SSLCertVerificationError) else None
