"""Which settings a node talks by: those its user chose or the links carry, armed against what the links lose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from node.speech.profiles import CUSTOM, FEC_FROM, Profile
from node.speech.rate_ladder import ProfileLadder
from protocol.rtp.receiver_reports import Report
from protocol.speech.loss_pattern import LossPattern

FEC_BEGINS, FEC_ENDS = 0.03, 0.01
"""The shares of lost packets at which Opus's own redundancy comes and goes."""

FEC_PERCENT = 10
"""The loss it is told of: being told of more costs more of the sound than it saves."""


class RateController:
    """`profile` is what to talk by now. It follows the links within `max_kbps`, or stays (None).

    `takes_copies` is as for `ProfileLadder`. Times are in seconds, on one clock.
    """

    def __init__(self, profile: Profile, max_kbps: float | None, now: float, takes_copies: Callable[[], bool]) -> None:
        self.profile = self._wanted = profile
        self._takes_copies = takes_copies
        self._losses: dict[str, LossPattern] = {}
        self._adaptation = None if max_kbps is None else self._adapting(max_kbps, now)

    @property
    def adapts(self) -> bool:
        """Whether the profile follows the links."""
        return self._adaptation is not None

    def is_trying(self, now: float) -> bool:
        """Tell whether reports are wanted every second: something may change soon."""
        return self._adaptation is not None and self._adaptation.is_trying(now)

    def report(self, peer: str, report: Report, now: float) -> Profile:
        """Take what a peer says of our packets, and return what to talk by."""
        self._losses.setdefault(peer, LossPattern()).add(report.expected, report.lost)
        if self._adaptation is not None:
            self._wanted = self._adaptation.report(peer, report, now)
        return self._armed()

    def choose(self, profile: Profile) -> Profile:
        """Talk by other settings from now on, whatever the links do to them."""
        self._adaptation, self._wanted = None, profile
        return self._armed()

    def follow(self, max_kbps: float, now: float) -> Profile:
        """Talk by what the links carry from now on, and return what that is to begin with."""
        self._adaptation = self._adapting(max_kbps, now)
        self._wanted = self._adaptation.profile
        return self._armed()

    def forget(self, peer: str) -> None:
        """The link to this peer is gone, and limits nobody any more."""
        self._losses.pop(peer, None)
        if self._adaptation is not None:
            self._adaptation.forget(peer)

    def _adapting(self, max_kbps: float, now: float) -> ProfileLadder:
        return ProfileLadder(max_kbps, now, takes_copies=self._takes_copies)

    def _armed(self) -> Profile:
        """Copies reach as far back as the worst link's losses ask for, unless a person has said how far; without
        copies, Opus adds its own redundancy where it can.
        """
        if not self._wanted.redundancy:
            self.profile = replace(self._wanted, fec_percent=self._fec_percent())
        elif self._wanted.name == CUSTOM:
            self.profile = self._wanted
        else:
            known = [pattern.distance for pattern in self._losses.values() if pattern.distance is not None]
            self.profile = replace(self._wanted, redundancy=max(known, default=self._wanted.redundancy))
        return self.profile

    def _fec_percent(self) -> int:
        if self._wanted.bitrate < FEC_FROM:
            return 0
        enough = FEC_ENDS if self.profile.fec_percent else FEC_BEGINS
        return FEC_PERCENT if any(pattern.share > enough for pattern in self._losses.values()) else 0
