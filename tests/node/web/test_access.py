"""Who may come in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from web_client import Visitor, a_page, visiting

from node.speech.profiles import LEAN
from node.web.access import AccessPolicy
from node.web.page import Page
from node.web.page_address import PageAddress


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    async with visiting(a_page()) as visitor:
        yield visitor


def host(visitor: Visitor) -> str:
    return visitor.url.removeprefix("http://").rstrip("/")


@pytest.mark.parametrize("name", ["127.0.0.1", "127.0.0.1:1", "localhost:8765", "[::1]:9", "LOCALHOST"])
async def test_loopback_may_be_called_by_its_names(visitor: Visitor, name: str) -> None:
    assert await visitor.status("GET", "/healthz", headers={"Host": name}) == 200


@pytest.mark.parametrize(
    "name",
    ["evil.example", "evil.example:8765", "127.0.0.1.nip.io", "localhost.evil.example", "192.168.1.5", "user@localhost",
     "localhost:x", "", "localhost/x"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/events", "/healthz", "/metrics", "/pictures/00", "/nothing"])
async def test_another_host_is_not_served(visitor: Visitor, name: str, path: str) -> None:
    assert await visitor.status("GET", path, headers={"Host": name}) in (400, 403)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost:1", "null", "http://127.0.0.1", "file://", "http://[", "x"]
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/mute"), ("POST", "/whip"), ("POST", "/whep"), ("POST", "/snapshots"),
                         ("GET", "/events"), ("POST", "/replay/play")],
)  # fmt: skip
async def test_another_sites_page_may_do_nothing(visitor: Visitor, origin: str, method: str, path: str) -> None:
    async with visitor.ask(method, path, headers={"Origin": origin}) as answer:
        assert answer.status == 403
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_its_own_page_may(visitor: Visitor) -> None:
    own = {"Origin": f"http://{host(visitor)}"}
    assert await visitor.status("POST", "/mute", headers=own, json={"muted": True}) == 409


@pytest.mark.parametrize("path", ["/", "/healthz", "/nothing", "/pictures/00", "/metrics"])
async def test_every_answer_tells_the_browser_how_careful_to_be(visitor: Visitor, path: str) -> None:
    async with visitor.ask("GET", path) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "*" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "aiohttp" not in answer.headers["Server"].lower()


# -- with a token


@pytest.fixture
async def guarded() -> AsyncIterator[tuple[Visitor, str]]:
    """A page on all addresses, asked on loopback, and its token."""
    notes: list[str] = []
    page = Page("call", PageAddress("0.0.0.0", 0), LEAN, note=notes.append)
    async with visiting(page) as visitor:
        assert any("not encrypted" in note for note in notes)
        yield visitor, page.link.partition("?token=")[2]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/events"), ("GET", "/metrics"), ("POST", "/whip"), ("POST", "/whep"), ("POST", "/mute"),
     ("POST", "/snapshots"), ("GET", "/pictures/00"), ("GET", "/static/index.html"), ("DELETE", "/whep/00")],
)  # fmt: skip
async def test_without_the_token_nothing_is_to_be_had(guarded: tuple[Visitor, str], method: str, path: str) -> None:
    visitor, token = guarded
    async with visitor.ask(method, path) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    for wrong in (token[:-1], token + "x", "", "Ω"):
        assert await visitor.status(method, path, params={"token": wrong}) == 401
    assert await visitor.status(method, path, headers={"Authorization": f"Basic {token}"}) == 401


@pytest.mark.parametrize("name", ["Authorization: Bearer ", "Cookie: pictophone-{}="])
async def test_bytes_that_are_no_text_are_no_token(guarded: tuple[Visitor, str], name: str) -> None:
    visitor, token = guarded
    cookie = AccessPolicy(PageAddress(), token).cookie.removeprefix("pictophone-")
    address = PageAddress.parse(host(visitor))
    reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
    head = f"GET /metrics HTTP/1.1\r\nHost: {address.host}:{address.port}\r\nConnection: close\r\n{name.format(cookie)}"
    writer.write(head.encode() + b"\xff\xfe\r\n\r\n")
    assert (await reader.readline()).split()[1] == b"401"
    writer.close()
    assert visitor.page.failures.total == 0


async def test_health_needs_no_token(guarded: tuple[Visitor, str]) -> None:
    assert await guarded[0].status("GET", "/healthz") == 200


async def test_the_link_sets_a_cookie_and_takes_the_token_out_of_the_address(guarded: tuple[Visitor, str]) -> None:
    visitor, token = guarded
    async with visitor.ask("GET", "/", params={"token": token}) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        kept = answer.headers["Set-Cookie"]
        assert "HttpOnly" in kept
        assert "SameSite=Strict" in kept
    cookie = kept.partition(";")[0]
    assert await visitor.status("GET", "/metrics", headers={"Cookie": cookie}) == 200


async def test_programs_send_the_token_as_whip_has_it(guarded: tuple[Visitor, str]) -> None:
    visitor, token = guarded
    assert await visitor.status("GET", "/metrics", headers={"Authorization": f"bearer {token}"}) == 200


def test_elsewhere_numbers_and_own_names_are_known_hosts() -> None:
    guard = AccessPolicy.of(PageAddress("0.0.0.0", 80), secure=False)
    assert guard.is_known_host("192.168.1.5:80")
    assert guard.is_known_host("[fe80::1]:80")
    assert guard.is_known_host("localhost")
    assert not guard.is_known_host("evil.example")
    assert not guard.is_known_host("evil.localhost")  # which some resolvers ask a server for
    assert AccessPolicy.of(PageAddress("My.Box", 80), secure=False).is_known_host("my.box")


def test_each_start_has_another_token() -> None:
    tokens = {AccessPolicy.of(PageAddress("0.0.0.0", 80), secure=False).token or "" for _ in range(10)}
    assert len(tokens) == 10
    assert min(map(len, tokens)) >= 24
    assert AccessPolicy.of(PageAddress(), secure=False).token is None
