"""The node's meter agrees with a packet capture: scripts/measure_wire.py, for a few seconds."""

from __future__ import annotations

import importlib.util
import socket
from pathlib import Path
from types import ModuleType

import pytest

SECONDS = 6.0
SCRIPT = Path(__file__).parents[2] / "scripts" / "measure_wire.py"
CLOSING_BYTES = 2 * 6 * 52  # each node's TCP connection ends after the last look at its meter: some bare segments


@pytest.fixture
def measure_wire() -> ModuleType:
    if not hasattr(socket, "AF_PACKET"):
        pytest.skip("needs Linux's packet sockets")
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
    except PermissionError:
        pytest.skip("needs the right to capture packets (root)")
    spec = importlib.util.spec_from_file_location("measure_wire", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_meter_agrees_with_a_capture(measure_wire: ModuleType) -> None:
    captured, metered = await measure_wire.measure(SECONDS)
    assert captured["rtp"] > 0
    assert {kind: metered[kind] for kind in captured if kind != "mqtt"} == {
        kind: count for kind, count in captured.items() if kind != "mqtt"
    }
    assert 0 <= captured["mqtt"] - metered["mqtt"] <= CLOSING_BYTES
