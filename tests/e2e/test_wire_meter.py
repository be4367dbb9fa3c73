"""The node's meter agrees with a packet capture: scripts/measure_wire, for a few seconds."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

import pytest

from wirebench import measure, network
from wirebench.options import parse

pytestmark = pytest.mark.real_time

SECONDS = 5.0


@pytest.fixture
def findings() -> dict[str, dict[str, Any]]:
    if not hasattr(os, "geteuid") or os.geteuid() or shutil.which("ip") is None or shutil.which("tc") is None:
        pytest.skip("needs root and iproute2, to make network namespaces")
    try:
        return measure.measure(parse(None, ["--seconds", str(SECONDS), "--delay", "20", "--rate", "64"]))
    except SystemExit as error:
        if network.CANNOT in str(error):
            pytest.skip(str(error))
        raise


def test_the_meter_agrees_with_a_capture(findings: dict[str, dict[str, Any]]) -> None:
    left = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    assert f"wire{os.getpid()}" not in left
    assert list(findings) == ["a_to_b", "b_to_a"]
    assert findings["a_to_b"]["speech_kbps"] > 5
    for found in findings.values():
        assert found["meter_kbps"] == pytest.approx(found["total_kbps"], rel=0.02)
        assert 1000 < found["setup_bytes"] < 6000
        assert found["lost"] == 0
    assert findings["a_to_b"]["picture_delay_ms_p95"] >= 40  # to the broker and from there
