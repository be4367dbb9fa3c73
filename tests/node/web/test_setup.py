"""The page that settings ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.common.config import Settings
from node.web import setup
from protocol.errors import UsageError


def settings(**given: object) -> Settings:
    return Settings(name="ann", **given)  # type: ignore[arg-type]


def test_without_the_option_there_is_no_page_and_nothing_changes() -> None:
    for page in (None, "off"):
        plain = settings(page=page)
        assert setup.page_from_settings(plain, "call", print) is None
        assert setup.with_browser_defaults(plain, sends=True) == plain


def test_a_browser_takes_part_unless_other_ends_are_named() -> None:
    chosen = setup.with_browser_defaults(settings(page=":0"), sends=True)
    assert (chosen.speech, chosen.camera, chosen.speaker) == ("page", "page", "none")
    named = setup.with_browser_defaults(
        settings(page=":0", speech="mic", camera="scene", speaker="default"), sends=True
    )
    assert (named.speech, named.camera, named.speaker) == ("mic", "scene", "default")
    looking_on = setup.with_browser_defaults(settings(page=":0"), sends=False)
    assert (looking_on.speech, looking_on.camera, looking_on.speaker) == (None, None, "none")


def test_the_page_has_the_ends_that_are_its_own() -> None:
    page = setup.page_from_settings(settings(page=":0", speech="page"), "call", print)
    assert page is not None
    assert page.microphone is not None
    assert page.camera is None


@pytest.mark.parametrize("option", ["speech", "camera"])
def test_a_pages_ends_need_a_page(option: str) -> None:
    with pytest.raises(UsageError, match=f"--{option} page needs a page"):
        setup.page_from_settings(settings(**{option: "page"}), "call", print)


@pytest.mark.parametrize("given", ["page_certificate", "page_key"])
def test_certificate_and_key_go_together(given: str) -> None:
    with pytest.raises(UsageError, match="go together"):
        setup.page_from_settings(settings(page=":0", **{given: Path("x.pem")}), "call", print)


def test_an_address_that_is_none_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="no address to serve the page at: 'nowhere:x'"):
        setup.page_from_settings(settings(page="nowhere:x"), "call", print)


async def test_the_address_is_printed() -> None:
    notes: list[str] = []
    page = setup.page_from_settings(settings(page=":0"), "call", notes.append)
    async with setup.serving(page, notes.append):
        assert page is not None
        assert notes == [f"the page is at {page.link}"]
    async with setup.serving(None, notes.append):
        assert len(notes) == 1
