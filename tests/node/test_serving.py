"""The command that serves a broker."""

from __future__ import annotations

import asyncio
import os
import signal
import socket

import pytest
from happenings import Happenings

from node import serving
from protocol.errors import NodeError


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_says_where_it_listens_and_ends_on_a_signal(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Happenings()
    monkeypatch.setattr(serving, "print", lambda line, flush: said.add(line), raising=False)
    running = asyncio.create_task(serving.run("127.0.0.1", 0, {}))
    (line,) = await said.count(1)
    port = int(line.split("mqtt://127.0.0.1:")[1].split(";")[0])
    socket.create_connection(("127.0.0.1", port)).close()
    os.kill(os.getpid(), number)
    assert await running
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


async def test_a_taken_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(NodeError, match="choose another --port"):
        await serving.run("127.0.0.1", taken.getsockname()[1], {})
