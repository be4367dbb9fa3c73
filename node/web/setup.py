"""The page of a command, from its settings."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from node.call.build import PAGE
from node.common import config
from node.links.broker import Certificate
from node.speech import profile_options
from node.web.page_address import DEFAULT, OFF, PageAddress
from protocol.errors import UsageError

if TYPE_CHECKING:
    from node.common.config import Settings
    from node.web.observed_node import ObservedNode
    from node.web.page import Page


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
    settings: Settings, kind: str, note: Callable[[str], None], or_next: bool = False
) -> Page | None:
    """Return the page that the settings ask for, or None. Raises UsageError if they do not fit together."""
    if settings.page in (None, OFF):
        _check_without_page(settings)
        return None
    from node.web.page import Page  # aiohttp and prometheus_client hide behind it: a call without a page starts sooner

    certificate = None
    if settings.page_certificate is not None and settings.page_key is not None:
        certificate = Certificate(settings.page_certificate, settings.page_key)
    elif settings.page_certificate is not None or settings.page_key is not None:
        raise UsageError("--page-certificate and --page-key go together; give both or none")
    return Page(
        kind,
        PageAddress.parse(settings.page or DEFAULT),
        profile_options.profile_from_settings(settings),
        microphone=settings.speech == PAGE,
        camera=settings.camera == PAGE,
        certificate=certificate,
        or_next=or_next,
        note=note,
        keep_me=lambda text: config.keep("me", text),
    )


@contextlib.asynccontextmanager
async def serving(page: Page | None, note: Callable[[str], None], *nodes: ObservedNode) -> AsyncIterator[None]:
    """Serve the page, if there is one, with the calls of these nodes, and note its link."""
    if page is None:
        yield
        return
    from node.web.server import serve  # aiohttp hides behind it, as behind `page`

    page.watch(*nodes)
    async with serve(page) as link:
        note(f"the page is at {link}")
        yield


def _check_without_page(settings: Settings) -> None:
    for option in ("speech", "camera"):
        if getattr(settings, option) == PAGE:
            raise UsageError(f"--{option} page needs a page: add --page")
