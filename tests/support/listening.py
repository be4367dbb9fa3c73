"""Chromium at a page that listens: what it opened, what it heard."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import chromium
import numpy as np
import pytest
from chromium import Browser, Page

PLAYS_AT_ONCE = "--autoplay-policy=no-user-gesture-required"
PATIENCE_S = 15.0

KEEP_PEERS = """
window.peers = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...settings) { super(...settings); window.peers.push(this); }
};
"""
HEARD = """
Promise.all(window.peers.filter((peer) => peer.connectionState === "connected").map((peer) => peer.getStats()))
  .then((all) => all.flatMap((stats) => [...stats.values()])
    .filter((one) => one.type === "inbound-rtp" && one.packetsReceived > 0)
    .map((one) => ({samples: one.totalSamplesReceived, concealed: one.concealedSamples, lost: one.packetsLost,
                    energy: one.totalAudioEnergy, seconds: one.totalSamplesDuration, packets: one.packetsReceived})))
"""
READY = "document.body.hasAttribute('data-ready')"
ENTER = "pictophone.enter()"  # past the lobby, with nothing on


def is_on(button: str) -> str:
    return f"document.getElementById('{button}').dataset.state === 'on'"


@contextlib.asynccontextmanager
async def browsing(folder: Path, *flags: str) -> AsyncIterator[Browser]:
    if chromium.binary() is None:
        pytest.skip("needs Chromium")
    async with chromium.launched(folder, flags) as browser:
        yield browser


async def opened(browser: Browser, url: str) -> Page:
    page = await browser.page()
    await page.send("Page.addScriptToEvaluateOnNewDocument", source=KEEP_PEERS)
    await page.open(url)
    await page.until(READY)
    await page.evaluate(ENTER)
    return page


async def press(page: Page, *buttons: str) -> None:
    for button in buttons:
        await page.click(f"#{button}")
        await page.until(is_on(button), PATIENCE_S)


async def heard(page: Page, enough: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    """What the browser counts of each line with sound on it, once that is enough."""
    async with asyncio.timeout(2 * PATIENCE_S):
        while True:
            lines: list[dict[str, Any]] = await page.evaluate(HEARD)
            if enough(lines):
                return lines
            await asyncio.sleep(0.2)


def rms_dbfs(line: dict[str, Any]) -> float:
    """The level over all it heard, pauses included (`totalAudioEnergy`: full scale squared, times seconds)."""
    return float(10 * np.log10(line["energy"] / line["seconds"]))
