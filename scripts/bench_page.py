#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Measures the page in Chromium: its weight, its first paint, and what the browser's processor does while it is open.

.venv/bin/python scripts/bench_page.py [--seconds 20] [--json]

The page is served by a real node: `pictophone demo`, two who talk and show a new picture every four seconds. Nobody
touches it while the call goes on: meters once a second, pictures, morphs. It is measured three times: on the call, on
the call without morphs, and listening to it. The share is of one core and counts all processes of the browser, less
what the same browser takes with an empty page.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests" / "support"))

from chromium import DESKTOP, Browser, Page, launched  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
LINK = re.compile(r"http://\S+")
UP_S = 120.0
VISITS = 5
SHOWN = "document.querySelectorAll('.painted img').length === 2"
PAINT = "performance.getEntriesByType('paint').find((entry) => entry.name === 'first-contentful-paint')?.startTime"
WEIGHT = """
['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind))
  .filter((entry) => !/\\/(pictures|events)/.test(entry.name))
  .reduce((sum, entry) => sum + entry.encodedBodySize, 0)
"""


@contextlib.asynccontextmanager
async def demo(*options: str) -> AsyncIterator[str]:
    """A demo, until this context ends; yields the address of its page."""
    command = [sys.executable, "-m", "node", "demo", "--seconds", "600", "--page", "127.0.0.1:0", *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=environment
    )
    assert process.stdout is not None
    drain: asyncio.Task[bytes] | None = None
    try:
        async with asyncio.timeout(UP_S):
            while (found := LINK.search((line := await process.stdout.readline()).decode())) is None:
                if not line:
                    raise SystemExit("the demo did not start")
        drain = asyncio.create_task(process.stdout.read())
        yield found[0]
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        if drain is not None:
            await drain


async def first_paints(browser: Browser, url: str) -> tuple[list[float], int]:
    """First contentful paint of a few visits, in ms, and what one of them loads besides pictures, in bytes."""
    paints, weight = [], 0
    for _ in range(VISITS):
        page = await browser.page(DESKTOP)
        await page.send("Network.setCacheDisabled", cacheDisabled=True)
        await page.open(url)
        paints.append(float(await page.until(PAINT)))
        await page.until(SHOWN, UP_S)
        weight = int(await page.evaluate(WEIGHT))
        await page.close()
    return sorted(paints), weight


async def share(browser: Browser, seconds: float) -> float:
    """How much of a core the browser takes, from 0 to 1 and more."""
    before = cpu_seconds(browser.pid)
    await asyncio.sleep(seconds)
    return (cpu_seconds(browser.pid) - before) / seconds


def cpu_seconds(pid: int) -> float:
    """Of a process and all that it started, those that have ended included."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        own = sum(map(int, fields[11:15])) / TICK
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
        return own + sum(cpu_seconds(int(child)) for child in children)
    return 0.0


async def shown(browser: Browser, url: str) -> Page:
    page = await browser.page(DESKTOP)
    await page.open(url)
    await page.until(SHOWN, UP_S)
    return page


async def measured(seconds: float) -> dict[str, Any]:
    """All figures."""
    with tempfile.TemporaryDirectory() as folder:
        async with launched(Path(folder)) as browser:
            async with demo() as url:
                paints, weight = await first_paints(browser, url)
                empty = await share(browser, seconds)
                page = await shown(browser, url)
                call = await share(browser, seconds) - empty
                await page.click("#listen")
                await page.until("pictophone.listening.state === 'up'")
                listening = await share(browser, seconds) - empty
                await page.close()
            async with demo("--morph", "0") as url:
                page = await shown(browser, url)
                still = await share(browser, seconds) - empty
    return {
        "weight_bytes": weight,
        "first_paint_ms": round(paints[len(paints) // 2], 1),
        "first_paint_ms_worst": round(paints[-1], 1),
        "core_share": round(call, 4),
        "core_share_without_morph": round(still, 4),
        "core_share_listening": round(listening, 4),
    }


def for_people(figures: dict[str, Any]) -> list[str]:
    """The same in lines."""
    paint, worst = figures["first_paint_ms"], figures["first_paint_ms_worst"]
    return [
        f"weight        {figures['weight_bytes'] / 1000:.1f} kB, all files as served, without pictures",
        f"first paint   {paint:.0f} ms, the worst of {VISITS} {worst:.0f} ms",
        f"a core of it  {figures['core_share']:.1%} with morphs, {figures['core_share_without_morph']:.1%} without, "
        f"{figures['core_share_listening']:.1%} listening",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement of the processor")
    parser.add_argument("--json", action="store_true", help="one object")
    given = parser.parse_args()
    figures = asyncio.run(measured(given.seconds))
    print(json.dumps(figures) if given.json else "\n".join(for_people(figures)))


if __name__ == "__main__":
    main()
