"""What keeps a node from its broker, in a line for a person, and whether there is any use in trying again."""

from __future__ import annotations

from enum import Enum
from typing import Final

from node.links.address import BrokerAddress

# Return codes of a CONNACK (MQTT 3.1.1, section 3.2.2.3).
WRONG_VERSION, WRONG_CLIENT_ID, UNAVAILABLE, BAD_LOGIN, NOT_AUTHORISED = 1, 2, 3, 4, 5

_REFUSALS: Final = {
    WRONG_VERSION: "does not speak MQTT 3.1.1; name another broker",
    WRONG_CLIENT_ID: "rejects every client id that it is given; it must take such as MQTT 3.1.1 allows",
    UNAVAILABLE: "is not ready to serve; try again later",
    BAD_LOGIN: "refuses the login; check the user name and password",
    NOT_AUTHORISED: "refuses the login; check the user name and password",
}


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


def kind(error: Exception) -> BrokerError:
    """Tell kinds apart. Only the broker's own CONNACK refuses: a client's own errors have the same numbers."""
    code = getattr(error, "code", None)
    if code is not None:
        return BrokerError.REFUSED if code in _REFUSALS and code != UNAVAILABLE else BrokerError.UNAVAILABLE
    return BrokerError.UNREACHABLE if _doubt(error) is None else BrokerError.UNTRUSTED


def explain(error: Exception, address: BrokerAddress) -> str:
    """Return one line: what is wrong with which broker, and what to do."""
    code = getattr(error, "code", None)
    if code is not None:
        return (
            f"the broker {address} {_REFUSALS.get(code, f'refuses the connection with code {code}; ask who runs it')}"
        )
    if (doubt := _doubt(error)) is not None:
        return (
            f"the broker {address} does not show that it is who it says: {doubt}; for an authority of your "
            "own, name its certificate: broker_ca_file in the settings"
        )
    other = "mqtt:// if it speaks no TLS" if address.tls else "mqtts:// if it speaks TLS alone"
    cure = f"check --broker ({other}), or start one: pictophone broker"
    return f"cannot reach the broker {address}: {error}; {cure}"


def _doubt(error: Exception) -> str | None:
    """Return what is wrong with the broker's certificate, if it is: aiomqtt keeps OpenSSL's error as text alone."""
    _, verifying, reason = str(error).partition("certificate verify failed: ")
    return reason.partition(" (_ssl")[0].rstrip(".") if verifying else None
