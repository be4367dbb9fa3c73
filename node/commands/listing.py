"""The list of speech profiles, with what each costs."""

from __future__ import annotations

import json
from typing import Any

from node.common.output import say
from node.speech.profiles import MEANINGS, Profile
from node.speech.rates import payload_kbps, wire_kbps


def rows() -> list[dict[str, Any]]:
    """Each profile as a program reads it; rates in kbit/s while somebody talks."""
    return [_row(profile, meaning) for profile, meaning in MEANINGS.items()]


def _row(profile: Profile, meaning: str) -> dict[str, Any]:
    return {
        "profile": profile.name,
        "bitrate": profile.bitrate,
        "bandwidth": profile.bandwidth_name,
        "frame_ms": profile.frame_ms,
        "bundle": profile.frames_per_packet,
        "redundancy": profile.redundancy,
        "payload_kbps": round(payload_kbps(profile), 1),
        "wire_kbps": round(wire_kbps(profile), 1),
        "meaning": meaning,
    }


def show(as_json: bool) -> None:
    """Print the list."""
    if as_json:
        say(json.dumps(rows()))
        return
    say(f"{'profile':8}{'Opus':>8}{'frames':>10}{'payload':>9}{'on the wire':>13}  kbit/s while talking")
    for row in rows():
        opus, frames = f"{row['bitrate'] / 1000:g}k {row['bandwidth']}", f"{row['bundle']} x {row['frame_ms']} ms"
        say(f"{row['profile']:8}{opus:>8}{frames:>10}{row['payload_kbps']:>9}{row['wire_kbps']:>13}  {row['meaning']}")
    say("custom: any of these with --bitrate, --bandwidth, --frame, --bundle and so on")
    say("auto: what the link carries, within --max-kbps")
