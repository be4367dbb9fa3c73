"""Trims a session description to what a speech call needs, so that it crosses a 16 kbit/s link in a moment.

What goes: header extensions (8 bytes in every packet), fingerprints other than SHA-256, the stream names and sources
(one stream needs none: packets are routed by payload type), and candidates that cannot be reached from elsewhere.
"""

from __future__ import annotations

import itertools

_DROPPED = ("a=extmap:", "a=ssrc:", "a=msid", "a=rtcp:", "a=end-of-candidates", "a=rtcp-fb:", "a=group:LS")
_OTHER_FINGERPRINTS = ("a=fingerprint:sha-384", "a=fingerprint:sha-512")
MAX_CANDIDATES = 8  # two or three addresses are usual; a machine with dozens of bridges need not tell them all

MAX_MEDIA = 4  # of a peer's description: one of ours has one, a browser's two
MAX_PEER_CANDIDATES = 16  # each is called from each of our addresses; a browser has a dozen, some of relays


def bounded(sdp: str) -> str:
    """Return a peer's description with no more candidates than we call; raise ValueError if it has too many media."""
    lines = [line for line in sdp.splitlines() if line]
    if (media := sum(line.startswith("m=") for line in lines)) > MAX_MEDIA:
        raise ValueError(f"it describes {media} media, more than {MAX_MEDIA}")
    numbers = itertools.count()
    kept = [line for line in lines if not _is_candidate(line) or next(numbers) < MAX_PEER_CANDIDATES]
    return "\r\n".join(kept) + "\r\n"


def trim(sdp: str) -> str:
    """The same description without the lines that this call does not need. Lines end in CR LF."""
    lines = [line for line in sdp.splitlines() if line and not line.startswith(_DROPPED + _OTHER_FINGERPRINTS)]
    candidates = [line for line in lines if _is_candidate(line)]
    useful = _useful(candidates)[:MAX_CANDIDATES]
    short = {line: _with_foundation(line, number) for number, line in enumerate(useful, start=1)}
    kept = [short.get(line, line) for line in lines if line in short or not _is_candidate(line)]
    return "\r\n".join(kept) + "\r\n"


def _is_candidate(line: str) -> bool:
    return line.startswith("a=candidate:")


def _useful(candidates: list[str]) -> list[str]:
    """Without IPv6 link-local addresses, which need a scope that the description cannot carry."""
    return [line for line in candidates if not line.split()[4].lower().startswith("fe80:")]


def _with_foundation(candidate: str, number: int) -> str:
    """A foundation of one digit for aioice's 32: it only has to tell candidates of different bases apart."""
    return f"a=candidate:{number} {candidate.split(' ', 1)[1]}"
