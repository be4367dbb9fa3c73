"""The profile that speech is sent by: what the user chose or the links carry, protected against what the links lose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from node.speech.profiles import CUSTOM, FEC_FROM, Profile
from node.speech.rate_ladder import LADDER, ProfileLadder
from protocol.rtp.receiver_reports import Report
from protocol.speech.loss_pattern import LossPattern

# The shares of lost packets at which Opus's own redundancy comes and goes.
FEC_BEGINS, FEC_ENDS = 0.03, 0.01

# The loss that Opus is set to: a higher one costs more of the sound than it saves.
FEC_PERCENT = 10


class RateController:
    """Controls a profile, which follows the links within `max_kbps`, or stays (None). `profile` is what to send by now.

    `takes_copies` and `ladder` are as for `ProfileLadder`. Times are in seconds, on one clock.
    """

    def __init__(
        self,
        profile: Profile,
        max_kbps: float | None,
        now: float,
        takes_copies: Callable[[], bool],
        ladder: Sequence[Profile] = LADDER,
    ) -> None:
        self.profile = self._wanted = profile
        self._takes_copies, self._ladder = takes_copies, ladder
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
        """Take a peer's report of our packets, and return the profile to send by."""
        self._losses.setdefault(peer, LossPattern()).add(report.expected, report.lost)
        if self._adaptation is not None:
            self._wanted = self._adaptation.report(peer, report, now)
        return self._protected()

    def choose(self, profile: Profile) -> Profile:
        """Choose a profile that stays, whatever the links do to it, and return it."""
        self._adaptation, self._wanted = None, profile
        return self._protected()

    def follow(self, max_kbps: float, now: float) -> Profile:
        """Follow the links from now on, and return the profile to begin with."""
        self._adaptation = self._adapting(max_kbps, now)
        self._wanted = self._adaptation.profile
        return self._protected()

    def forget(self, peer: str) -> None:
        """Forget a link that has ended: it limits the others no more."""
        self._losses.pop(peer, None)
        if self._adaptation is not None:
            self._adaptation.forget(peer)

    def _adapting(self, max_kbps: float, now: float) -> ProfileLadder:
        return ProfileLadder(max_kbps, now, self._ladder, takes_copies=self._takes_copies)

    def _protected(self) -> Profile:
        """Return the wanted profile with redundancy for the losses.

        Copies reach as far back as the worst link's losses ask for, unless the user has set how far. Without copies,
        Opus adds its own redundancy where it can.
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
