"""A recorded session in Chromium: it is seen and heard, and does what its keys and buttons say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import chromium
import pytest
from chromium import Page
from fake_models import FakeWorker
from files import written
from listening import PATIENCE_S, PLAYS_AT_ONCE, browsing, heard, opened, press, rms_dbfs
from sessions import came, picture, spoken, tone

from node.captions.coder import shipped_codecs
from node.commands import replay_targets
from node.commands.options import ReplayOptions
from node.common import config
from node.recording.reader import SessionReader
from node.replay import pictures
from node.terminal.status import BufferedNotes
from protocol.log import Header, Note, Record

pytestmark = pytest.mark.real_time

HEADER = Header(node="me", name="Ann", started_ns=1_700_000_000_000_000_000)
SHOWN = """[...document.querySelectorAll('.tile')].filter((card) => card.querySelector('.painted img')
  ?.naturalWidth > 0).map((card) => `${card.querySelector('h2').innerText}: ${card.querySelector('.words').innerText}`)
  .sort().join('\\n')"""
PLAYING = "pictophone.call.replay.playing"
LOUD_DBFS, SILENT_DBFS = -30, -60


def session() -> list[Record]:
    """Ann speaks at first and from 20 s on, Ben in between."""
    return [
        came("b", 0.0, "Ben"),
        picture("me", 0.1, "a cat"),
        picture("b", 0.2, "a dog"),
        *spoken("me", tone(6.0), at=0.3),
        *spoken("b", tone(13.0, 500), at=6.5, sequence=9, timestamp=4_000_000_000),
        *spoken("me", tone(9.0), at=20.0, sequence=100, timestamp=20 * 48_000),
        picture("me", 20.0, "a cat asleep", sequence=2),
        Note(30_000_000, "the end"),
    ]


@pytest.fixture
async def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Page]:
    """A browser at the page of a replay."""
    if chromium.binary() is None:
        pytest.skip("needs Chromium")
    monkeypatch.chdir(tmp_path)  # no settings file
    monkeypatch.setattr(pictures, "Worker", lambda generator: FakeWorker())
    link: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    class Notes(BufferedNotes):
        def __call__(self, text: str) -> None:
            if text.startswith("the page is at "):
                link.set_result(text.split()[4].rstrip(":"))

    with SessionReader.open(written(tmp_path / "a.mcap", session(), HEADER)) as recorded:
        replaying = asyncio.create_task(
            replay_targets.play_in_browser(
                recorded, shipped_codecs(), ReplayOptions(), config.load(page="127.0.0.1:0"), Notes()
            ),
            name="replay",
        )
        try:
            async with browsing(tmp_path, PLAYS_AT_ONCE) as browser:
                yield await opened(browser, await link)
        finally:
            replaying.cancel()
            await asyncio.gather(replaying, return_exceptions=True)


async def sound(page: Page, seconds: float) -> float:
    """The level of everything that is heard over the next seconds, in dB of full scale."""

    def so_far(lines: list[dict[str, Any]]) -> dict[str, float]:
        return {
            "energy": sum(line["energy"] for line in lines),
            "seconds": max((line["seconds"] for line in lines), default=0.0),
        }

    before = so_far(await heard(page, bool))
    after = so_far(await heard(page, lambda lines: so_far(lines)["seconds"] >= before["seconds"] + seconds))
    return rms_dbfs({name: max(after[name] - before[name], 1e-12) for name in after})


async def becomes(page: Page, loud: bool) -> None:
    """Waits until what is heard is a voice, or silence."""
    async with asyncio.timeout(PATIENCE_S):
        while await sound(page, 0.3) < LOUD_DBFS if loud else await sound(page, 0.3) > SILENT_DBFS:
            pass


def choose(control: str, value: str) -> str:
    """Sets one of the replay's controls as by letting go of it there."""
    return (
        f"(() => {{ const control = document.querySelector('#replay {control}'); control.value = {value!r}; "
        "control.dispatchEvent(new Event('change')); })()"
    )


async def test_a_session_is_seen_and_heard_and_is_controlled(page: Page) -> None:
    await page.until(f"{SHOWN} === 'Ann: a cat\\nBen: a dog'")
    assert await page.text("#state") == "Recording: Ann and Ben"
    await press(page, "listen")
    await becomes(page, loud=True)

    await page.press("Space")  # although Listen was pressed last
    await page.until(f"!{PLAYING}")
    await becomes(page, loud=False)
    await page.press("Space")
    await page.until(PLAYING)
    await becomes(page, loud=True)

    await page.evaluate(choose("input", "21"))
    await page.until(f"{SHOWN} === 'Ann: a cat asleep\\nBen: a dog'")
    await becomes(page, loud=True)
    assert 21 <= await page.evaluate("pictophone.call.replay.position") < 26
    await page.press("ArrowLeft")
    await page.until(f"{SHOWN} === 'Ann: a cat\\nBen: a dog'")

    await page.evaluate(choose("select", "2"))
    await page.until("pictophone.call.replay.speed === 2")
    await becomes(page, loud=True)
    lines = await heard(page, bool)
    print(lines)
    for line in lines:
        assert line["lost"] == 0
        assert line["concealed"] < 0.05 * line["samples"]
    assert page.errors == []
