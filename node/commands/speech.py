"""The commands of `speech`: list the profiles, and measure every setting on a recording."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node.commands import options
from node.common.output import say

if TYPE_CHECKING:
    from node.common.config import Settings
    from node.speech.profiles import Profile

SWEEP_LIBOPUS = "Which libopus decodes the rows of listeners that restore wideband: auto, the system's; or a FILE."

app = options.group("Ways to send speech: list them, measure them, and find your own.")


@options.command(app)
def profiles(json: options.Json = False) -> None:
    """List the speech profiles and what each costs."""
    show_profiles(json)


@options.command(app, "libopus", libopus=SWEEP_LIBOPUS)
def sweep(
    recordings: Annotated[list[Path], typer.Argument(metavar="WAV", help="Recordings of speech.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a page with every setting to listen to.")
    ] = None,
    loss: Annotated[float, typer.Option(min=0, max=50, help="Percent of the packets to lose.")] = 0.0,
    max_kbps: Annotated[float, typer.Option(min=1, help="What the recommended setting may cost on the wire.")] = 16.0,
    max_packet: Annotated[
        float, typer.Option(min=20, max=120, help="Ms of sound that its packets may hold: less is less delay.")
    ] = 120.0,
    codec: Annotated[
        list[str] | None, typer.Option(help="Only this codec: opus, lyra, speex, amr or codec2. May be repeated.")
    ] = None,
    lyra: Annotated[Path | None, typer.Option(help="Folder with Lyra V2's model files.")] = None,
    visqol: Annotated[bool, typer.Option("--visqol", help="Measure ViSQOL too: 3 s a setting.")] = False,
    mos: Annotated[
        bool, typer.Option("--mos", help="Measure DistillMOS too, which judges without the recording.")
    ] = False,
    article: Annotated[bool, typer.Option("--article", help="The article's settings, and which claims hold.")] = False,
    json: options.Json = False,
    *,
    settings: Settings,
) -> None:
    """Code a recording with every sensible setting: what each costs, how it sounds, which to take."""
    from node.bench.speech import run as work
    from node.bench.speech.sweep import SweepOptions

    asked = SweepOptions(recordings, loss, max_kbps, max_packet, lyra, visqol, mos, article, settings.libopus)
    work.run(asked, output, json, codec or ())


def show_profiles(as_json: bool) -> None:
    """Print the list of profiles, each with its rates in kbit/s while talking."""
    from node.speech import profiles, rates

    rows = [
        _row(profile, meaning, rates.payload_kbps(profile), rates.wire_kbps(profile))
        for profile, meaning in profiles.MEANINGS.items()
    ]
    if as_json:
        say(json_format.dumps(rows))
        return
    say(f"{'profile':8}{'Opus':>8}{'frames':>10}{'payload':>9}{'on the wire':>13}  kbit/s while talking")
    for row in rows:
        opus, frames = f"{row['bitrate'] / 1000:g}k {row['bandwidth']}", f"{row['bundle']} x {row['frame_ms']} ms"
        if not row["bitrate"]:
            opus = frames = "-"
        say(f"{row['profile']:8}{opus:>8}{frames:>10}{row['payload_kbps']:>9}{row['wire_kbps']:>13}  {row['meaning']}")
    say("custom: any of these with --bitrate, --bandwidth, --frame, --bundle and so on")
    say("auto: what the link carries, within --max-kbps")


def _row(profile: Profile, meaning: str, payload_kbps: float, wire_kbps: float) -> dict[str, Any]:
    return {
        "profile": profile.name,
        "bitrate": 0 if profile.text_only else profile.bitrate,
        "bandwidth": profile.bandwidth_name,
        "frame_ms": profile.frame_ms,
        "bundle": profile.frames_per_packet,
        "redundancy": profile.redundancy,
        "payload_kbps": round(payload_kbps, 1),
        "wire_kbps": round(wire_kbps, 2 if profile.text_only else 1),
        "meaning": meaning,
    }
