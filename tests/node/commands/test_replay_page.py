"""The command `replay --page`: what a browser is served, and what it can do about it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from command import Command
from fake_models import FakeWorker
from files import written
from happenings import until
from sessions import came, picture, spoken, tone

from node.captions.coder import shipped_codecs
from node.commands import replay, replay_targets
from node.commands.options import ReplayOptions
from node.common import config
from node.recording.reader import SessionReader
from node.replay import pictures
from node.terminal.status import BufferedNotes
from protocol.errors import NodeError
from protocol.log import Header, Note, Record
from protocol.log.sealing import recording_secret
from protocol.room_link import RoomLink
from protocol.room_secret import RoomSecret

HEADER = Header(node="me", name="Ann", started_ns=1_700_000_000_000_000_000)
STARTED_S = HEADER.started_ns / 1e9
LINK = re.compile(r"the page is at (http://\S+): it begins when that is opened")


def records(end_s: float = 30.0) -> list[Record]:
    return [
        came("b", 0.0, "Ben"),
        picture("me", 0.1, "a cat"),
        picture("b", 0.2, "a dog"),
        *spoken("me", tone(0.6), at=0.1),
        picture("b", 20.0, "a dog asleep", sequence=2),
        Note(round(end_s * 1e6), "end"),
    ]


class Following:
    """A page's events, as they come; ``state`` is the newest of each kind."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []

    async def read(self, http: aiohttp.ClientSession, url: str) -> None:
        async with http.get(url + "events") as answer:
            name = ""
            async for line in answer.content:
                kind, _, value = line.decode().rstrip("\n").partition(": ")
                if kind == "event":
                    name = value
                elif kind == "data":
                    self.events.append((name, json.loads(value)))

    def of(self, kind: str) -> list[Any]:
        return [data for name, data in self.events if name == kind]

    def words(self) -> list[tuple[str, str]]:
        return [(data["person"], data["picture"]["words"]) for data in self.of("picture")]

    @property
    def replay(self) -> Mapping[str, Any]:
        told = [data["replay"] for data in (*self.of("state"), *self.of("replay"))]
        newest: Mapping[str, Any] = told[-1]
        return newest


class Watching:
    """A replay at work, with its page."""

    def __init__(self, file: Path, notes: BufferedNotes, told: list[str], secret: bytes | None) -> None:
        self.file, self.notes, self.told, self.secret = file, notes, told, secret
        self.follows = Following()

    async def run(self) -> None:
        settings = config.load(page="127.0.0.1:0")
        with SessionReader.open(self.file, self.secret) as session:
            await replay_targets.play_in_browser(session, shipped_codecs(), ReplayOptions(), settings, self.notes)

    @property
    def url(self) -> str | None:
        found = LINK.search("\n".join(self.told))
        return found[1] if found else None

    async def post(self, action: str, **body: float) -> int:
        async with self.http.post(f"{self.url}replay/{action}", json=body or None) as answer:
            return answer.status


Watch = Callable[..., contextlib.AbstractAsyncContextManager[Watching]]


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Replays a file into a page that nobody has opened yet: `watch(records)`."""
    monkeypatch.chdir(tmp_path)  # no settings file
    monkeypatch.setattr(pictures, "Worker", lambda generator: FakeWorker())
    told: list[str] = []

    class Notes(BufferedNotes):
        def __call__(self, text: str) -> None:
            told.append(text)

    @contextlib.asynccontextmanager
    async def watching(records: list[Record], secret: bytes | None = None) -> AsyncIterator[Watching]:
        file = written(tmp_path / "a.mcap", records, HEADER, secret)
        one = Watching(file, Notes(), told, secret)
        running = asyncio.create_task(one.run())
        try:
            async with asyncio.timeout(20), aiohttp.ClientSession() as one.http:
                await until(lambda: one.url is not None or running.done())
                yield one
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    return watching


@contextlib.asynccontextmanager
async def opened(one: Watching) -> AsyncIterator[Following]:
    """Somebody has the page open."""
    assert one.url is not None
    reading = asyncio.create_task(one.follows.read(one.http, one.url))
    try:
        await until(lambda: bool(one.follows.events))
        yield one.follows
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def test_it_begins_when_the_page_is_opened_and_everybody_is_a_person(watch: Watch) -> None:
    async with watch(records()) as one, opened(one) as page:
        [state] = page.of("state")
        assert (state["kind"], state["you"], state["broker"]) == ("replay", None, None)
        assert (state["started"], state["replay"]["position"]) == (STARTED_S, 0.0)
        await until(lambda: len(page.words()) == 2)
        assert page.words() == [("me", "a cat"), ("b", "a dog")]
        people = {data["id"]: data["name"] for data in (*state["people"], *page.of("person"))}
        assert people == {"me": "Ann", "b": "Ben"}
        times = [data["picture"]["at"] - STARTED_S for data in page.of("picture")]
        assert times == pytest.approx([0.1, 0.2], abs=1e-3)
        await until(lambda: page.replay["playing"])
        assert "0:00  Ben: a dog" in one.told


async def test_it_pauses_seeks_and_changes_its_speed_as_it_is_told(watch: Watch) -> None:
    async with watch(records()) as one, opened(one) as page:
        await until(lambda: len(page.words()) == 2)
        assert await one.post("pause") == 204
        await until(lambda: page.replay["playing"] is False)
        assert await one.post("seek", seconds=25.0) == 204
        await until(lambda: len(page.words()) == 4)
        assert page.words()[2:] == [("me", "a cat"), ("b", "a dog asleep")]
        kinds = [kind for kind, _ in page.events]
        assert "cleared" in kinds
        assert kinds.index("cleared") < [at for at, kind in enumerate(kinds) if kind == "picture"][2]
        assert page.replay == {"position": 25.0, "duration": 30.0, "speed": 1.0, "playing": False}
        assert await one.post("speed", speed=8) == 204
        assert await one.post("play") == 204
        await until(lambda: page.replay == {"position": 30.0, "duration": 30.0, "speed": 8.0, "playing": False})
        assert await one.post("play") == 204
        await until(lambda: page.replay["playing"] and page.replay["position"] < 20)


async def test_without_a_model_there_are_the_words_and_a_line_that_says_why(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "Worker", lambda generator: FakeWorker("the model is not here"))
    async with watch(records()) as one, opened(one) as page:
        await until(lambda: len(page.words()) == 2)
        assert page.of("state")[0]["notes"][0]["text"] == "no pictures: the model is not here"
        assert [data["picture"]["url"] for data in page.of("picture")] == [None, None]


async def test_a_sealed_session_is_shown_as_any_other(watch: Watch) -> None:
    secret = recording_secret(RoomSecret(b"hut" + bytes(13)))
    async with watch(records(), secret=secret) as one, opened(one) as page:
        await until(lambda: ("b", "a dog") in page.words())


async def test_only_who_took_part_is_a_person(watch: Watch) -> None:
    heard_only = [came("b", 0.0, "Ben"), picture("b", 0.1, "a dog"), Note(9_000_000, "end")]
    async with watch(heard_only) as one, opened(one) as page:
        await until(lambda: len(page.words()) == 1)
        assert {data["id"] for data in (*page.of("state")[0]["people"], *page.of("person"))} == {"b"}


async def test_an_address_that_is_taken_is_said(watch: Watch) -> None:
    async with watch(records()) as one:
        settings = config.load(page=urlsplit(one.url).netloc)
        with pytest.raises(NodeError, match="something else is there"):
            await replay.run(one.file, None, ReplayOptions(), settings)


def test_a_page_and_a_room_are_two_things(tmp_path: Path, command: Command) -> None:
    file = written(tmp_path / "a.mcap", records(), HEADER)
    error = command.fails("replay", file, "--page", "--as", RoomLink(RoomSecret(bytes(16))).reveal(), code=2)
    assert "give one of them" in error
    assert "no address to serve the page at" in command.fails("replay", file, "--page", "nowhere:x", code=2)
    assert "go together" in command.fails("replay", file, "--page", "--page-key", "key.pem", code=2)
