"""A slow link with a queue before it, for adaptation: what is sent goes in, receivers' reports come out."""

from __future__ import annotations

import random

from node.speech.profiles import Profile
from node.speech.rate_ladder import ProfileLadder
from node.speech.rates import wire_kbps
from protocol.rtp.receiver_reports import Report

REPORT_S, STEP_S = 1.0, 0.1
QUEUE_LIMIT_S = 0.4
BESIDE_SPEECH_KBPS = 0.3  # reports and consent, while nobody shows a new picture


class SimulatedLink:
    """A fluid queue; `talks(now)` says whether there is speech, `loss` is the link's own."""

    def __init__(self, kbps: float, loss: float = 0.0, base_s: float = 0.06, seed: int = 1) -> None:
        self.kbps, self.loss, self.base_s = kbps, loss, base_s
        self.queued_kbit = 0.0
        self.changes: list[tuple[float, Profile]] = []
        self._rng = random.Random(seed)

    def run(self, adaptation: ProfileLadder, seconds: float, start: float = 0.0, talk_share: float = 1.0) -> Profile:
        """Plays so many seconds and returns the profile at their end; `changes` lists each change with its time."""
        expected, lost, now, profile = 0.0, 0, start, adaptation.profile
        for tick in range(round(seconds / STEP_S)):
            now = start + tick * STEP_S
            talks = (now % 10) / 10 < talk_share
            overflow = self._send(wire_kbps(profile) if talks else 0.0)
            packets = STEP_S * 1000 / profile.packet_ms if talks else 0.0
            expected += packets
            lost += sum(self._rng.random() < self.loss + overflow for _ in range(round(packets)))
            if tick % round(REPORT_S / STEP_S) == 0:
                expected, lost = self._report(adaptation, round(expected), lost, now)
                if adaptation.profile != profile:
                    profile = adaptation.profile
                    self.changes.append((now, profile))
        return profile

    def _send(self, kbps: float) -> float:
        """Returns the share that found the queue full."""
        self.queued_kbit += (kbps + BESIDE_SPEECH_KBPS) * STEP_S
        self.queued_kbit = max(0.0, self.queued_kbit - self.kbps * STEP_S)
        excess = max(0.0, self.queued_kbit - self.kbps * QUEUE_LIMIT_S)
        self.queued_kbit -= excess
        return excess / (kbps * STEP_S) if kbps else 0.0

    def _report(self, adaptation: ProfileLadder, expected: int, lost: int, now: float) -> tuple[float, int]:
        trip = self.base_s + self.queued_kbit / self.kbps + self._rng.uniform(0, 0.03)
        adaptation.report("b", Report(expected, min(lost, expected), 1.0, trip), now)
        return 0.0, 0
