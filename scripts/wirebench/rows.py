"""The rows of scripts/bench_speech that only a real call can tell: each runs `measure_wire`, as root."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
SLOW_LINK = ("--profile", "tough", "--rate", "20", "--loss", "10", "--seconds", "300")
Findings = dict[str, Any]


class CallFailed(Exception):
    """No figures came of a call; says why in one line."""


@cache
def call(*options: str) -> dict[str, Findings]:
    """What `measure_wire` finds with these options, for each direction."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "scripts")])
    command = [sys.executable, "-m", "wirebench.measure", *options, "--json"]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode:
        raise CallFailed((done.stderr.strip() or "measure_wire ended without a word").splitlines()[-1])
    return dict(json.loads(done.stdout))


def turns(profile: str = "lean") -> dict[str, Findings]:
    """A call in which two take turns, without pictures: each is silent for half of it."""
    return call("--no-pictures", "--profile", profile)


def both(found: dict[str, Findings], *keys: str) -> Findings:
    """These keys of both directions."""
    return {direction: {key: one[key] for key in keys} for direction, one in found.items()}


def half_silent(_recordings: Sequence[Path]) -> Findings:
    """What each sends in all when both talk by turns."""
    found = turns()
    mean = float(np.mean([one["total_kbps"] for one in found.values()]))
    return {"total_kbps": round(mean, 2), **both(found, "total_kbps", "speech_kbps", "meter_kbps")}


def upkeep(_recordings: Sequence[Path]) -> Findings:
    """What keeps a call up: RTCP, consent, MQTT's keepalive."""
    keys = ("rtcp_kbps", "stun_kbps", "mqtt_kbps")
    found = turns()
    mean = float(np.mean([sum(one[key] for key in keys) for one in found.values()]))
    return {"total_kbps": round(mean, 2), **both(found, *keys)}


def cpu(_recordings: Sequence[Path]) -> Findings:
    """Percent of a core that each side takes, without models."""
    return both(turns(), "cpu_percent")


def mouth_to_ear(_recordings: Sequence[Path]) -> Findings:
    """The delay of 95 % of all frames on a quiet link, in ms."""
    return {profile: both(turns(profile), "mouth_to_ear_ms_p95") for profile in ("lean", "quick")}


def talking(recordings: Sequence[Path], *options: str) -> Findings:
    """The means over calls in which both talk all the time, a call a recording; without any, over the dialogue."""
    speech = [("--speech", str(path.resolve())) for path in recordings] or [()]
    directions = [one for each in speech for one in call(*options, *each).values()]
    keys = ("payload_kbps", "speech_kbps", "total_kbps", "estoi", "estoi_offline", "pesq_wb", "pesq_wb_offline")
    values = {key: [one[key] for one in directions if one.get(key) is not None] for key in keys}
    means = {key: round(float(np.mean(found)), 3) for key, found in values.items() if found}
    return {**means, "stall_ms_max": max(one["stall_ms_max"] for one in directions), "calls": len(speech)}


def slow_link_real(_recordings: Sequence[Path]) -> Findings:
    """Five minutes over 20 kbit/s with 10 % loss, pictures too."""
    return call(*SLOW_LINK)
