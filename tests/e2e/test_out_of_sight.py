"""A room that comes by a file, the environment or a saved name is in no command line, core or output of any process."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from live_call import PATIENCE_S
from node.links.address import BrokerAddress
from protocol.room_link import RoomLink
from protocol.room_secret import RoomSecret

LINK = RoomLink(RoomSecret(os.urandom(16))).reveal()
PARTS = [LINK, LINK.removeprefix("pictophone:"), *LINK.removeprefix("pictophone:").split("-")[1:-1]]
READY = b"the picture models are ready"
PROC = Path("/proc")

pytestmark = pytest.mark.skipif(not PROC.joinpath("self/limits").exists(), reason="needs Linux's /proc")


def family(pid: int) -> Iterator[int]:
    """A process and all below it."""
    parents = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended
            continue
    found = [pid]
    for one in found:
        yield one
        found += [child for child, parent in parents.items() if parent == one]


def core_limit(pid: int) -> str:
    lines = (PROC / str(pid) / "limits").read_text().splitlines()
    return next(line for line in lines if line.startswith("Max core file size")).split()[4]


async def until_ready(process: asyncio.subprocess.Process) -> bytes:
    assert process.stderr is not None
    told = b""
    async with asyncio.timeout(PATIENCE_S):
        while READY not in told:
            line = await process.stderr.readline()
            assert line, told.decode()
            told += line
    return told


def ways(folder: Path) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Arguments and environment that give the room without showing it."""
    file, settings = folder / "room", folder / "pictophone"
    settings.mkdir()
    for path, text in ((file, LINK), (settings / "rooms.toml", f'treehouse = "{LINK}"')):
        path.write_text(text)
        path.chmod(0o600)
    return {
        "file": (["send", "--room-file", str(file), "--speech", "none", "--camera", "scene:3"], {}),
        "environment": (["receive", "--speaker", "none"], {"PICTOPHONE_ROOM": LINK}),
        "name": (["receive", "treehouse", "--speaker", "none"], {}),
    }


async def test_the_room_is_in_no_command_line_core_or_output(mosquitto: BrokerAddress, tmp_path: Path) -> None:
    processes = {}
    for way, (arguments, environment) in ways(tmp_path).items():
        processes[way] = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "node", *arguments, "--broker", str(mosquitto), "--json"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path), **environment},
        )
    try:
        told = dict(zip(processes, await asyncio.gather(*map(until_ready, processes.values())), strict=True))
        for process in processes.values():
            pids = list(family(process.pid))
            assert len(pids) >= 2  # the node, and the process of its models
            for pid in pids:
                seen = (PROC / str(pid) / "cmdline").read_text()
                assert not any(part in seen for part in PARTS)
                assert core_limit(pid) == "0"
            for pid in pids[1:]:
                assert LINK not in (PROC / str(pid) / "environ").read_text()
    finally:
        for process in processes.values():
            process.terminate()
        ends = dict(
            zip(processes, await asyncio.gather(*(one.communicate() for one in processes.values())), strict=True)
        )
    for way, process in processes.items():
        output = told[way] + b"".join(ends[way])
        assert process.returncode == 0, output.decode()
        assert not any(part.encode() in output for part in PARTS), way
