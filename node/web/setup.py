"""The page of a command, from its settings."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from node.call.build import PAGE
from node.speech import profile_options
from node.web.page_address import DEFAULT, OFF, PageAddress
from protocol.errors import UsageError

if TYPE_CHECKING:
    from node.common.config import Settings
    from node.web.page import ObservedNode, Page


def with_browser(settings: Settings, sends: bool) -> Settings:
    """Return the settings of a call: if it has a page, a browser takes part from there unless other ends were named.

    The others are heard in the browser then, and not a second time from the machine's loudspeaker.
    """
    if settings.page in (None, OFF):
        return settings
    own = {"speaker": settings.speaker or "none"}
    if sends:
        own |= {"speech": settings.speech or PAGE, "camera": settings.camera or PAGE}
    return settings.model_copy(update=own)


def page(settings: Settings, kind: str, note: Callable[[str], None], or_next: bool = False) -> Page | None:
    """Return the page that the settings ask for, or None. UsageError if they do not fit together.

    The server is imported only then: a call without a page starts sooner.
    """
    if settings.page in (None, OFF):
        _check_without_page(settings)
        return None
    from node.web.page import Page
    from node.web.server import Certificate

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
    )


@contextlib.asynccontextmanager
async def serving(page: Page | None, note: Callable[[str], None], *nodes: ObservedNode) -> AsyncIterator[None]:
    """Serve the page, if there is one, with the calls of these nodes, and say where."""
    if page is None:
        yield
        return
    page.watch(*nodes)
    async with page.open() as link:
        note(f"the page is at {link}")
        yield


def _check_without_page(settings: Settings) -> None:
    for option in ("speech", "camera"):
        if getattr(settings, option) == PAGE:
            raise UsageError(f"--{option} page needs a page: add --page")
