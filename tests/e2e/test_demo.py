"""`pictophone demo`: the whole call, with the models that ship, and what it promises."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from attempts import MOST_AWAY_MS, Attempts

pytestmark = [pytest.mark.real_time, pytest.mark.timeout(500)]

SECONDS = 30
FIRST_PICTURE_S = 15
LEAST_PICTURES = 5
MOST_WIRE_KBPS = 12
MOST_DELAY_MS = 300
SUMMARY_KEYS = {
    "picture": {
        "captioned", "sent", "received", "painted", "caption_bits_mean", "frame_bytes_mean", "wire_bps", "ratio",
        "wire_ratio",
    },
    "speech": {
        "profile", "payload_kbps", "wire_kbps", "packets_sent", "packets_received", "lost", "late", "concealed_ms",
        "underruns", "mouth_to_ear_ms_p50", "mouth_to_ear_ms_p95",
    },
    "call": {"setup_ms", "wire_kbps"},
}  # fmt: skip
TRIES = 6


@dataclass
class Demo:
    """The summary of one demo, the folder with its pictures and what was heard, and how often it was tried."""

    summary: dict[str, Any]
    folder: Path
    attempts: Attempts


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Speech for which there was no processor is tried again: what is ours, and no matter of haste, shows each time."""
    attempts = Attempts(TRIES)
    for _ in attempts:
        summary, folder = held(tmp_path_factory.mktemp("demo"))
        lag_ms = max(summary[side]["call"]["loop_lag_ms_max"] for side in ("a", "b"))
        if lag_ms <= MOST_AWAY_MS or all(is_whole_and_prompt(summary[side]["speech"]) for side in ("a", "b")):
            break
        print(f"again: the loop was late by {lag_ms} ms")
    return Demo(summary, folder, attempts)


def is_whole_and_prompt(speech: dict[str, Any]) -> bool:
    """Whether all that was said came in time and soon, and none of it was filled in."""
    whole = not (speech["lost"] or speech["late"] or speech["underruns"])
    return whole and speech["mouth_to_ear_ms_p50"] <= MOST_DELAY_MS


def held(folder: Path) -> tuple[dict[str, Any], Path]:
    command = [sys.executable, "-m", "node", "demo", "--seconds", str(SECONDS), "--json"]
    command += ["--speaker", str(folder / "heard.wav"), "--pictures", str(folder / "pictures")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS + 60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), folder


@pytest.mark.parametrize("side", ["a", "b"])
def test_the_summary_has_what_is_promised(demo: Demo, side: str) -> None:
    summary = demo.summary[side]
    for part, keys in SUMMARY_KEYS.items():
        assert keys <= set(summary[part])


@pytest.mark.parametrize("side", ["a", "b"])
def test_pictures_arrive_and_are_painted(demo: Demo, side: str) -> None:
    picture = demo.summary[side]["picture"]
    assert picture["painted"] >= LEAST_PICTURES
    assert picture["first_painted_s"] <= FIRST_PICTURE_S
    assert picture["sent"] >= picture["received"] >= picture["painted"]
    other = "b" if side == "a" else "a"
    files = len(list((demo.folder / "pictures" / other).glob("[0-9]*.png")))
    assert picture["painted"] - 1 <= files <= picture["painted"]  # the call may end while the last one is written


@pytest.mark.parametrize("side", ["a", "b"])
def test_speech_is_whole_and_thin_and_prompt(demo: Demo, side: str) -> None:
    speech = demo.summary[side]["speech"]
    assert speech["packets_received"] > 0.25 * SECONDS / 0.12  # they take turns, and nothing is sent of silence
    demo.attempts.skip_if_away()
    assert is_whole_and_prompt(speech), speech
    assert 0 < speech["payload_kbps"] < speech["wire_kbps"] <= MOST_WIRE_KBPS
    assert (demo.folder / f"heard-{side}.wav").stat().st_size > SECONDS / 2 * 32_000
