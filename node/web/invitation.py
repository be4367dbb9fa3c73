"""The invitation that a page shows: the room's link, and the page's own for a phone, each with its QR code."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from node.common.qr_code import svg_path
from node.links.address import BrokerAddress, without_password
from node.links.reach import names_this_machine
from node.web.own_certificate import fingerprint_to_compare
from protocol.room_link import RoomLink

if TYPE_CHECKING:
    from node.links.broker import Certificate
    from protocol.room_secret import RoomSecret


@dataclass(frozen=True, slots=True)
class Invitation:
    """Links by which others come into the call, and the fingerprint of a certificate that the node made.

    Both links let in whoever has them, so that neither shows in its `repr`: `link` into the room, from now on, and
    `page`, which is missing where the page is not encrypted or on loopback alone, into this node's page while it runs.
    """

    link: str = field(repr=False)
    page: str | None = field(default=None, repr=False)
    fingerprint: str | None = None
    only_here: bool = False

    def also_to(self, page: str, certificate: Certificate) -> Invitation:
        """Return it with the link of an encrypted page that other machines reach, and what its certificate is."""
        return replace(self, page=page, fingerprint=fingerprint_to_compare(certificate))

    def to_json(self) -> dict[str, Any]:
        """Return it as docs/web-api.md specifies it."""
        return {
            "link": self.link,
            "page": self.page,
            "fingerprint": self.fingerprint,
            "only_here": self.only_here,
            "qr": {"link": svg_path(self.link), "page": None if self.page is None else svg_path(self.page)},
        }


def invitation_to(secret: RoomSecret, broker: str) -> Invitation | None:
    """Return the invitation to a room at a broker, whose password is left out as `room show` leaves it out.

    None if no link can have the broker, such as one whose name is not in ASCII.
    """
    try:
        link = RoomLink(secret, without_password(broker))
    except ValueError:
        return None
    return invitation_by(link.reveal(), broker)


def invitation_by(link: str, broker: str) -> Invitation:
    """Return the invitation by a link, of a room or of an audience, that names this broker."""
    only_here = all(names_this_machine(address.host) for address in BrokerAddress.parse(broker).each())
    return Invitation(link, only_here=only_here)
