"""What the page's server answers, and to whom it does not."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from PIL import Image
from web_client import Bystander, Visitor, a_page, visiting

from node.web.event_stream import MAX_SUBSCRIBERS
from node.web.picture_cache import encode_webp
from node.web.requests import MAX_JSON
from node.web.routes import MAX_SNAPSHOT
from node.web.said_identity import MAX_ME
from node.web.whip import MAX_SDP


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    async with visiting(a_page(microphone=True, camera=True)) as visitor:
        yield visitor


def jpeg() -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(kept, "JPEG")
    return kept.getvalue()


async def test_the_page_and_its_files_are_there(visitor: Visitor) -> None:
    async with visitor.ask("GET", "/") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/html"
        text = await answer.text()
    assert "<script" in text
    assert " style=" not in text
    assert await visitor.status("GET", "/static/index.html") == 200


@pytest.mark.parametrize(
    "path",
    ["/static/../routes.py", "/static/%2e%2e/routes.py", "/static/..%2froutes.py", "/static//etc/passwd", "/static/",
     "/static/%2fetc%2fpasswd", "/pictures/../../etc/passwd", "/pictures/%2e%2e", "/..", "/static/\\..\\routes.py",
     "/static/index.html%00.png", "/.git/config", "/pictures/zz", "/pictures/"],
)  # fmt: skip
async def test_no_file_of_the_machine_is_reachable(visitor: Visitor, path: str) -> None:
    """Sent as it is: clients tidy such paths up."""
    address = visitor.url.removeprefix("http://").rstrip("/")
    reader, writer = await asyncio.open_connection(*address.split(":"))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert int(answer.split()[1]) in (400, 403, 404)
    assert b"root:" not in answer
    assert b"import" not in answer


async def test_events_begin_with_the_state(visitor: Visitor) -> None:
    async with visitor.ask("GET", "/events") as answer:
        assert answer.content_type == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
        lines = [(await answer.content.readline()).decode().strip() for _ in range(5)]
        assert lines[3] == "event: state"
        state = json.loads(lines[4].removeprefix("data: "))
        assert (state["kind"], state["people"], state["replay"]) == ("call", [], None)


async def test_two_hundred_connections_are_survived(visitor: Visitor) -> None:
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(visitor.ask("GET", "/events").__aenter__()) for _ in range(200)]
    answers = [one.result() for one in asked]
    assert sorted(answer.status for answer in answers) == [200] * MAX_SUBSCRIBERS + [503] * (200 - MAX_SUBSCRIBERS)
    assert await visitor.status("GET", "/healthz") == 200
    for answer in answers:
        answer.close()


async def test_a_picture_is_there_until_it_is_forgotten(visitor: Visitor) -> None:
    cache = visitor.page.state.pictures
    url = cache.add(encode_webp(Image.new("RGB", (8, 8))))
    async with visitor.ask("GET", url) as answer:
        assert (answer.status, answer.content_type) == (200, "image/webp")
        assert Image.open(io.BytesIO(await answer.read())).size == (8, 8)
    cache.drop(url)
    assert await visitor.status("GET", url) == 404


# -- taking part


async def test_snapshots_are_seen(visitor: Visitor) -> None:
    async with visitor.ask("POST", "/snapshots", data=jpeg(), headers={"Content-Type": "image/jpeg"}) as answer:
        assert answer.status == 204
    camera = visitor.page.camera
    assert camera is not None
    assert (await camera.snapshot()).size == (16, 16)


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"no picture", "image/jpeg", 422),
        (jpeg(), "text/plain", 415),
        (jpeg(), "image/svg+xml", 415),
        (bytes(MAX_SNAPSHOT + 1), "image/jpeg", 413),
        (bytes(1 << 20), "image/png", 413),
    ],
)
async def test_what_is_no_snapshot_is_refused(visitor: Visitor, data: bytes, kind: str, status: int) -> None:
    assert await visitor.status("POST", "/snapshots", data=data, headers={"Content-Type": kind}) == status


async def test_too_many_snapshots_are_too_many(visitor: Visitor) -> None:
    statuses = [
        await visitor.status("POST", "/snapshots", data=jpeg(), headers={"Content-Type": "image/jpeg"})
        for _ in range(3)
    ]
    assert 429 in statuses


async def test_a_body_without_a_length_is_bounded_too(visitor: Visitor) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield bytes(64 << 10)

    for path, kind in (("/snapshots", "image/jpeg"), ("/whep", "application/sdp"), ("/mute", "application/json")):
        data = {"data": endless()}
        with contextlib.suppress(ConnectionError):  # refused before all was sent, the client may see no more than that
            assert await visitor.status("POST", path, headers={"Content-Type": kind}, **data) == 413
    assert await visitor.status("GET", "/healthz") == 200


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/mute", b"{", 400),
        ("/mute", b"\xff\xfe", 400),
        ("/mute", b"[" * 1000, 400),
        ("/mute", b"[]", 422),
        ("/mute", b"{}", 422),
        ("/mute", b'{"muted": 1}', 422),
        ("/mute", b'{"muted": "' + b"x" * MAX_JSON + b'"}', 413),
        ("/talk", b"{}", 422),
        ("/talk", b'{"on": true, "again": 1}', 422),
        ("/talk", b'{"on": true}', 409),
        ("/camera", b'{"on": null}', 422),
        ("/me", b"{}", 422),
        ("/me", b'{"me": 1}', 422),
        ("/me", b'{"me": "a man\\nwith a hat"}', 422),
        ("/me", b'{"me": "a \\u001b[31mman"}', 422),
        ("/me", b'{"me": "a \\u202eman"}', 422),
        ("/me", b'{"me": "a \\ud800"}', 422),
        ("/me", b'{"me": "' + b"m" * (MAX_ME + 1) + b'"}', 422),
        ("/me", b'{"me": "' + b"m" * MAX_JSON + b'"}', 413),
        ("/me", b'{"me": "a man"}', 409),
        ("/replay/play", b"", 409),
        ("/replay/eject", b"", 404),
    ],
)
async def test_bad_wishes_get_the_right_status(visitor: Visitor, path: str, body: bytes, status: int) -> None:
    assert await visitor.status("POST", path, data=body, headers={"Content-Type": "application/json"}) == status


async def test_wishes_come_as_json(visitor: Visitor) -> None:
    assert await visitor.status("POST", "/mute", data={"muted": "true"}) == 415


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/"), ("PUT", "/mute"), ("GET", "/whep"), ("GET", "/whip/00"), ("DELETE", "/events"), ("TRACE", "/")],
)
async def test_other_methods_are_not_allowed(visitor: Visitor, method: str, path: str) -> None:
    assert await visitor.status(method, path) == 405


async def test_the_camera_is_switched(visitor: Visitor) -> None:
    assert await visitor.status("POST", "/camera", json={"on": False}) == 409
    visitor.page.watch(Bystander())
    assert await visitor.status("POST", "/camera", json={"on": False}) == 204
    camera = visitor.page.camera
    assert camera is not None
    assert camera.on is False


async def test_who_is_before_the_camera_is_said_and_how_it_is_read_comes_back(visitor: Visitor) -> None:
    node = Bystander()
    visitor.page.watch(node)
    async with visitor.ask("POST", "/me", json={"me": "  a zebra "}) as answer:
        assert (answer.status, answer.content_type) == (200, "application/json")
        read = await answer.json()
    assert read == {"me": "a zebra", "lines": ["you are drawn as: a person", '"zebra": did you mean "zip"?']}
    assert node.identity.text == "a zebra"
    longest = "ß" * MAX_ME
    assert await visitor.status("POST", "/me", json={"me": longest}, headers={"Origin": "http://evil.example"}) == 403
    assert node.identity.text == "a zebra"
    data = json.dumps({"me": longest}, ensure_ascii=False).encode()
    assert await visitor.status("POST", "/me", data=data, headers={"Content-Type": "application/json"}) == 200
    assert await visitor.status("POST", "/me", json={"me": ""}) == 200
    assert node.identity.text == ""


async def test_a_page_that_only_looks_on_takes_nothing() -> None:
    async with visiting(a_page()) as visitor:
        offer = {"data": b"v=0", "headers": {"Content-Type": "application/sdp"}}
        assert await visitor.status("POST", "/whip", **offer) == 409
        assert await visitor.status("POST", "/snapshots", data=jpeg(), headers={"Content-Type": "image/jpeg"}) == 409
        assert await visitor.status("POST", "/camera", json={"on": True}) == 409
        assert await visitor.status("POST", "/mute", json={"muted": True}) == 409


# -- a recording


class Tape:
    """A recording that is played."""

    position_s, duration_s, speed, paused = 3.0, 60.0, 1.0, False

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def seek(self, seconds: float) -> None:
        self.position_s = seconds


@pytest.fixture
async def replaying() -> AsyncIterator[tuple[Visitor, Tape]]:
    page, tape = a_page("replay"), Tape()
    page.show(tape)
    async with visiting(page) as visitor:
        yield visitor, tape


async def test_a_recording_is_controlled(replaying: tuple[Visitor, Tape]) -> None:
    visitor, tape = replaying
    assert await visitor.status("POST", "/replay/pause") == 204
    assert tape.paused
    assert await visitor.status("POST", "/replay/seek", json={"seconds": 12.5}) == 204
    assert await visitor.status("POST", "/replay/speed", json={"speed": 2}) == 204
    assert visitor.page.state.to_json()["replay"] == {
        "position": 12.5, "duration": 60.0, "speed": 2.0, "playing": False,
    }  # fmt: skip
    assert await visitor.status("POST", "/replay/play") == 204
    assert not tape.paused


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("seek", {"seconds": -1}),
        ("seek", {"seconds": 61}),
        ("seek", {"seconds": "1"}),
        ("seek", {"seconds": True}),
        ("seek", {}),
        ("speed", {"speed": 0}),
        ("speed", {"speed": 0.24}),
        ("speed", {"speed": 8.1}),
        ("speed", {"speed": int("9" * 400)}),
    ],
)
async def test_a_recording_refuses_what_cannot_be(
    replaying: tuple[Visitor, Tape], action: str, body: dict[str, Any]
) -> None:
    visitor, tape = replaying
    assert await visitor.status("POST", f"/replay/{action}", json=body) == 422
    assert (tape.position_s, tape.speed) == (3.0, 1.0)


async def test_not_a_number_is_none(replaying: tuple[Visitor, Tape]) -> None:
    visitor, _ = replaying
    for text in (b'{"seconds": NaN}', b'{"seconds": Infinity}', b'{"seconds": 1e999}'):
        headers = {"Content-Type": "application/json"}
        assert await visitor.status("POST", "/replay/seek", data=text, headers=headers) == 422


# -- for machines


async def test_health_says_what_is_wrong(visitor: Visitor) -> None:
    async with visitor.ask("GET", "/healthz") as answer:
        assert (answer.status, await answer.json()) == (200, {"status": "ok"})
    visitor.page.state.set_broker("down")
    async with visitor.ask("GET", "/healthz") as answer:
        assert answer.status == 503
        assert (await answer.json())["problem"]


def test_limits_are_as_documented() -> None:
    assert (MAX_SDP, MAX_SNAPSHOT, MAX_JSON, MAX_SUBSCRIBERS) == (64 << 10, 512 << 10, 1 << 10, 32)
    assert MAX_ME == 200
