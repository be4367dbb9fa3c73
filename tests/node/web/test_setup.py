"""The page that settings ask for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509

from node.common.config import Settings
from node.common.qr_code import terminal_lines
from node.links.broker import Certificate
from node.web import setup
from node.web.own_certificate import fingerprint_to_compare
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


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("node.links.network_watch.present", lambda: frozenset({"192.168.7.5", "10.0.0.7"}))
    monkeypatch.setattr("node.links.network_watch.outward", lambda version: "192.168.7.5")
    return tmp_path


def test_a_certificate_of_the_nodes_own_has_the_addresses_that_are_printed(data_folder: Path) -> None:
    page = setup.page_from_settings(settings(page="0.0.0.0:0", page_certificate=Path("auto")), "call", print)
    assert page is not None
    assert page.certificate == Certificate(*[data_folder / "pictophone" / "page.pem"] * 2)
    found = x509.load_pem_x509_certificate(page.certificate.chain.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = set(map(str, names.get_values_for_type(x509.IPAddress)))
    assert {"192.168.7.5", "10.0.0.7", "127.0.0.1"} <= addresses


def test_a_certificate_of_the_nodes_own_has_its_own_key(data_folder: Path) -> None:
    with pytest.raises(UsageError, match="leave out --page-key"):
        setup.page_from_settings(
            settings(page=":0", page_certificate=Path("auto"), page_key=Path("x.pem")), "call", print
        )


class Notes(list[str]):
    """Notes and drawings, in their order."""

    def __call__(self, text: str) -> None:
        self.append(text)

    def draw(self, lines: Sequence[str]) -> None:
        self.append("\n".join(lines))


async def test_on_loopback_the_link_alone_is_printed() -> None:
    notes = Notes()
    page = setup.page_from_settings(settings(page=":0"), "call", notes)
    async with setup.serving(page, notes):
        assert page is not None
        assert notes == [f"the page is at {page.link}"]
    async with setup.serving(None, notes):
        assert len(notes) == 1


async def test_elsewhere_every_address_is_printed_with_the_token_the_fingerprint_and_a_qr_code(
    data_folder: Path,
) -> None:
    notes = Notes()
    page = setup.page_from_settings(settings(page="0.0.0.0:0", page_certificate=Path("auto")), "call", notes)
    assert page is not None
    assert page.certificate is not None
    async with setup.serving(page, notes):
        at, too, warns, code = notes
        first = re.fullmatch(r"the page is at (https://192\.168\.7\.5:\d+/\?token=[\w-]{24})", at)
        assert first is not None
        assert too == f"it is at {first[1].replace('192.168.7.5', '10.0.0.7')}, too"
        assert warns.endswith(f"show this SHA-256 fingerprint: {fingerprint_to_compare(page.certificate)}")
        assert code.splitlines() == terminal_lines(first[1])


async def test_unencrypted_elsewhere_one_line_says_what_browsers_do_not_give(data_folder: Path) -> None:
    notes = Notes()
    page = setup.page_from_settings(settings(page="0.0.0.0:0"), "call", notes)
    async with setup.serving(page, notes):
        assert [note for note in notes if "neither microphone nor camera without https" in note] == notes[:1]
        assert "--page-certificate auto" in notes[0]
        assert notes[1].startswith("the page is at http://192.168.7.5:")
