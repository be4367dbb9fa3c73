"""The invitation that a page shows."""

from __future__ import annotations

import dataclasses
import json
import ssl
from pathlib import Path

import aiohttp
import pytest

from node.speech.profiles import LEAN
from node.web.invitation import Invitation, invitation_to
from node.web.own_certificate import fingerprint_to_compare, own_certificate
from node.web.page import Page
from node.web.page_address import PageAddress
from node.web.server import serve
from protocol.room_link import RoomLink
from protocol.room_secret import RoomSecret

SECRET = RoomSecret(bytes(range(16)))
BROKER = "mqtts://ann:hush@broker.example.org"


def invited() -> Invitation:
    made = invitation_to(SECRET, BROKER)
    assert made is not None
    return made


def test_the_link_leads_into_the_room_and_has_no_password() -> None:
    link = RoomLink.parse(invited().link)
    assert invited().link.startswith("pictophone:")
    assert (link.secret, link.broker) == (SECRET, "mqtts://ann@broker.example.org")
    assert not invited().only_here


def test_a_broker_of_this_machine_invites_nobody_elsewhere() -> None:
    made = invitation_to(SECRET, "mqtt://127.0.0.1:1883")
    assert made is not None
    assert made.only_here


def test_a_broker_that_no_link_can_have_gives_no_invitation() -> None:
    assert invitation_to(SECRET, "bröker.example") is None


def test_no_text_of_it_shows_the_links() -> None:
    whole = dataclasses.replace(invited(), page="https://192.168.1.5/?token=abc")
    assert "pictophone:" not in repr(whole)
    assert "token" not in repr(whole)


def page_at(host: str, folder: Path, monkeypatch: pytest.MonkeyPatch, encrypted: bool = True) -> Page:
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))
    certificate = own_certificate(["127.0.0.1"]) if encrypted else None
    page = Page("call", PageAddress(host, 0), LEAN, certificate=certificate)
    page.state.invitation = invited()
    return page


async def test_the_page_invites_by_its_own_link_too_and_only_who_has_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = page_at("0.0.0.0", tmp_path, monkeypatch)
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    async with serve(page) as link, aiohttp.ClientSession() as http:
        events = link.replace("/?token", "/events?token")
        async with http.get(events, ssl=trusting) as answer:
            state = b""
            while b"data: " not in state:
                state = await answer.content.readuntil(b"\n\n")
        async with http.get(events.partition("?")[0], ssl=trusting) as answer:
            assert (answer.status, b"pictophone:" in await answer.read()) == (401, False)
    shown = json.loads(next(line for line in state.splitlines() if line.startswith(b"data: "))[6:])["invitation"]
    assert (shown["link"], shown["page"]) == (invited().link, link)
    assert page.certificate is not None
    assert shown["fingerprint"] == fingerprint_to_compare(page.certificate)
    assert all(code.keys() == {"size", "path"} for code in shown["qr"].values())


@pytest.mark.parametrize(("host", "encrypted"), [("127.0.0.1", True), ("0.0.0.0", False)])
async def test_a_page_that_gives_no_phone_its_microphone_invites_into_the_room_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, encrypted: bool
) -> None:
    page = page_at(host, tmp_path, monkeypatch, encrypted)
    async with serve(page):
        shown = page.state.to_json()["invitation"]
    assert (shown["page"], shown["qr"]["page"]) == (None, None)
    assert shown["link"] == invited().link


def test_without_one_the_state_has_no_such_field() -> None:
    assert "invitation" not in Page("demo", PageAddress(), LEAN).state.to_json()
