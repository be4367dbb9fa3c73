"""The lines that make a setting the one of one's calls."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from node.bench.speech import opus_codec
from node.bench.speech.settings import Codec, Setting
from node.speech.profiles import PROFILES


def settings_lines(setting: Setting, lyra: Path | None) -> list[str]:
    """Return the lines for `pictophone.toml`, for a setting that a call can use."""
    if setting.codec is Codec.LYRA:
        return [f"lyra = {json.dumps(str(lyra))}", f"lyra_bitrate = {setting.bitrate}"]
    wanted = opus_codec.profile(setting)
    for name, profile in PROFILES.items():
        if dataclasses.replace(profile, name=wanted.name) == wanted:
            return [f'profile = "{name}"']
    return [
        'profile = "custom"',
        f"bitrate = {setting.bitrate}",
        f'bandwidth = "{setting.bandwidth}"',
        f'application = "{setting.application}"',
        f"frame = {setting.frame_ms}",
        f"bundle = {setting.bundle}",
    ]
