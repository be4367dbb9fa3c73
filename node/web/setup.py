"""The page of a command, from its settings."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from node.call.build import PAGE
from node.common import config
from node.common.qr_code import terminal_lines
from node.links.broker import Certificate
from node.speech import profile_options
from node.web.invitation import invitation_to
from node.web.own_certificate import AUTO, fingerprint_to_compare, own_certificate
from node.web.page_address import DEFAULT, OFF, PageAddress, reachable_hosts
from protocol.errors import UsageError

if TYPE_CHECKING:
    from node.common.config import Settings
    from node.rooms.resolve import ResolvedRoom
    from node.web.observed_node import ObservedNode
    from node.web.page import Page

WARNS = (
    "browsers warn of its certificate, which nobody but this node vouches for: go on there if the warning's details "
    "show this SHA-256 fingerprint"
)


class LinkNotes(Protocol):
    """What prints notes, and drawings between them where it is a terminal."""

    def __call__(self, text: str) -> None: ...

    def draw(self, lines: Sequence[str]) -> None: ...


def with_browser_defaults(settings: Settings, sends: bool) -> Settings:
    """Return a call's settings in which a browser is the microphone and the camera, unless others were named.

    Peers are then heard in the browser, and not a second time from the machine's loudspeaker. Without a page nothing
    changes.
    """
    if settings.page in (None, OFF):
        return settings
    changes = {"speaker": settings.speaker or "none"}
    if sends:
        changes |= {"speech": settings.speech or PAGE, "camera": settings.camera or PAGE}
    return settings.model_copy(update=changes)


def page_from_settings(
    settings: Settings,
    kind: str,
    note: Callable[[str], None],
    or_next: bool = False,
    room: ResolvedRoom | None = None,
) -> Page | None:
    """Return the page that the settings ask for, or None. It invites to the `room`, if there is one.

    Raises UsageError if the settings do not fit together.
    """
    if settings.page in (None, OFF):
        _check_without_page(settings)
        return None
    from node.web.page import Page  # aiohttp and prometheus_client hide behind it: a call without a page starts sooner

    address = PageAddress.parse(settings.page or DEFAULT)
    page = Page(
        kind,
        address,
        profile_options.profile_from_settings(settings),
        microphone=settings.speech == PAGE,
        camera=settings.camera == PAGE,
        certificate=_certificate(settings, address),
        or_next=or_next,
        note=note,
        keep_me=lambda text: config.keep("me", text),
    )
    if room is not None:
        page.state.invitation = invitation_to(room.secret, room.broker or settings.broker)
    return page


@contextlib.asynccontextmanager
async def serving(page: Page | None, notes: LinkNotes, *nodes: ObservedNode) -> AsyncIterator[None]:
    """Serve the page, if there is one, with the calls of these nodes, and note its links."""
    if page is None:
        yield
        return
    page.watch(*nodes)
    async with served(page, notes):
        yield


@contextlib.asynccontextmanager
async def served(page: Page, notes: LinkNotes, begins: str = "") -> AsyncIterator[None]:
    """Serve the page, and note its links; `begins` follows the first."""
    from node.web.server import serve  # aiohttp hides behind it, as behind `page`

    async with serve(page):
        _announce(page, notes, begins)
        yield


def _announce(page: Page, notes: LinkNotes, begins: str) -> None:
    """Note where the page is: every link, the fingerprint to compare, and for other machines a QR code."""
    notes(f"the page is at {page.link}{begins}")
    for link in page.links[1:]:
        notes(f"it is at {link}, too")
    fingerprint = None if page.certificate is None else fingerprint_to_compare(page.certificate)
    if fingerprint is not None:
        notes(f"{WARNS}: {fingerprint}")
    if not page.address.is_loopback:
        notes.draw(terminal_lines(page.link))


def _certificate(settings: Settings, address: PageAddress) -> Certificate | None:
    chain, key = settings.page_certificate, settings.page_key
    if chain == AUTO:
        if key is not None:
            raise UsageError("--page-certificate auto makes its own key: leave out --page-key")
        return own_certificate(reachable_hosts(address))
    if chain is not None and key is not None:
        return Certificate(chain, key)
    if chain is not None or key is not None:
        raise UsageError(
            "--page-certificate and --page-key go together; give both, or --page-certificate auto, or none"
        )
    return None


def _check_without_page(settings: Settings) -> None:
    for option in ("speech", "camera"):
        if getattr(settings, option) == PAGE:
            raise UsageError(f"--{option} page needs a page: add --page")
