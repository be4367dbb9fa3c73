"""Commands at work that are asked to end: nothing half written stays, and the exit code says what ended them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from session_files import made_up, write

from live_call import PATIENCE_S

LONG_S = 1200.0
"""Of a session whose export takes much longer than a signal."""


async def begun(*arguments: object) -> asyncio.subprocess.Process:
    """A command in a shell's foreground, where Ctrl-C is not ignored."""
    code = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code, sys.executable, "-m", "node", *map(str, arguments)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def left(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def parts(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.suffix == ".part"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_an_export_that_is_broken_off_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    session, out = write(tmp_path / "long.mcap", made_up(LONG_S)), tmp_path / "out"
    out.mkdir()
    exporting = await begun("session", "export", session, "-o", out / "long.mp4", "--no-pictures")
    async with asyncio.timeout(PATIENCE_S):
        while not parts(out):
            assert exporting.returncode is None
            await asyncio.sleep(0.02)
    exporting.send_signal(number)
    told = b"".join(await exporting.communicate())
    assert exporting.returncode == 128 + number
    assert left(out) == []
    assert told == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_broker_that_is_ended_has_not_failed(number: signal.Signals) -> None:
    broker = await begun("broker", "--port", "0")
    assert broker.stdout is not None
    assert b"the broker listens on" in await asyncio.wait_for(broker.stdout.readline(), PATIENCE_S)
    broker.send_signal(number)
    assert await asyncio.wait_for(broker.communicate(), PATIENCE_S) == (b"", b"")
    assert broker.returncode == 0


async def test_a_command_whose_output_nobody_reads_goes_on() -> None:
    reading, writing = os.pipe()
    listing = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "node", "speech", "profiles"), stdout=writing, stderr=asyncio.subprocess.PIPE
    )
    os.close(writing)
    os.close(reading)
    _, told = await listing.communicate()
    assert (listing.returncode, told) == (0, b"")
