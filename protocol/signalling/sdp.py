"""Edits of session descriptions (SDP): ours trimmed, a peer's bounded, a browser's reduced to Opus as we want it.

Trimmed, a description crosses a 16 kbit/s link in a moment. What goes: header extensions (8 bytes in every packet),
fingerprints other than SHA-256, the stream names and sources (one stream needs none: packets are routed by payload
type), and candidates that cannot be reached from elsewhere.
"""

from __future__ import annotations

import itertools
import re

__all__ = ["ask_for_opus", "bounded", "trim", "without_candidates"]

_DROPPED = ("a=extmap:", "a=ssrc:", "a=msid", "a=rtcp:", "a=end-of-candidates", "a=rtcp-fb:", "a=group:LS")
_OTHER_FINGERPRINTS = ("a=fingerprint:sha-384", "a=fingerprint:sha-512")
# Two or three addresses are usual; a machine with dozens of bridges need not list them all.
MAX_CANDIDATES = 8
# Of a peer's description: one of ours has one, a browser's two.
MAX_MEDIA = 4
# Each is called from each of our addresses; a browser has a dozen, some of relays.
MAX_PEER_CANDIDATES = 16


def bounded(sdp: str) -> str:
    """Return a peer's description with no more candidates than we call; raise `ValueError` if it has too many media."""
    lines = [line for line in sdp.splitlines() if line]
    if (media := sum(line.startswith("m=") for line in lines)) > MAX_MEDIA:
        raise ValueError(f"it describes {media} media, more than {MAX_MEDIA}")
    numbers = itertools.count()
    kept = [line for line in lines if not _is_candidate(line) or next(numbers) < MAX_PEER_CANDIDATES]
    return "\r\n".join(kept) + "\r\n"


def trim(sdp: str) -> str:
    """Return the description without the lines that this call does not need. Lines end in CR LF."""
    lines = [line for line in sdp.splitlines() if line and not line.startswith(_DROPPED + _OTHER_FINGERPRINTS)]
    candidates = [line for line in lines if _is_candidate(line)]
    useful = _useful(candidates)[:MAX_CANDIDATES]
    short = {line: _with_foundation(line, number) for number, line in enumerate(useful, start=1)}
    kept = [short.get(line, line) for line in lines if line in short or not _is_candidate(line)]
    return "\r\n".join(kept) + "\r\n"


def without_candidates(sdp: str) -> str:
    """Return the description without addresses. Lines end in CR LF."""
    dropped = ("a=candidate:", "a=end-of-candidates")
    lines = [line for line in sdp.splitlines() if line and not line.startswith(dropped)]
    return "\r\n".join(lines) + "\r\n"


def ask_for_opus(sdp: str, *, bitrate: int, frame_ms: int, dtx: bool) -> str:
    """Return an answer that asks for Opus (RFC 7587, section 7) in packets of one frame; `bitrate` is in bit/s."""
    wanted = {
        "minptime": frame_ms,
        "maxaveragebitrate": bitrate,
        "stereo": 0,
        "sprop-stereo": 0,
        "useinbandfec": 0,
        "usedtx": int(dtx),
    }
    parameters = ";".join(f"{name}={value}" for name, value in wanted.items())
    lines = []
    for line in sdp.splitlines():
        opus = re.fullmatch(r"a=rtpmap:(\d+) opus/48000/2", line, re.IGNORECASE)
        if line.startswith("a=fmtp:") and re.search(rf"(?mi)^a=rtpmap:{line[7:].split()[0]} opus/", sdp):
            continue
        lines.append(line)
        if opus is not None:
            lines += [f"a=fmtp:{opus[1]} {parameters}", f"a=ptime:{frame_ms}", "a=maxptime:120"]
    return "\r\n".join(lines) + "\r\n"


def _is_candidate(line: str) -> bool:
    return line.startswith("a=candidate:")


def _useful(candidates: list[str]) -> list[str]:
    """Return these without IPv6 link-local addresses, which need a scope that the description cannot carry."""
    return [line for line in candidates if not line.split()[4].lower().startswith("fe80:")]


def _with_foundation(candidate: str, number: int) -> str:
    """Give it a foundation of one digit for aioice's 32, enough to keep candidates of different bases apart."""
    return f"a=candidate:{number} {candidate.split(' ', 1)[1]}"
