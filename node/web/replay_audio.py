"""A recording's sound on its way to browsers, and a sink for its player.

At the speed of the call the recorded packets go out as they are, each person's on a line of his own. At any other
there are none that would fit: then what the player makes of everybody's sound is encoded anew, for one line. The same
is done when somebody spoke in Lyra, which no browser decodes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING

from node.speech.audio_io import ForwardingSink
from node.speech.pcm import BLOCK_SAMPLES, SAMPLE_RATE, Pcm
from node.web.mixer import Reencoder
from protocol.rtp.retiming import RTP_RATE
from protocol.speech import lyra

if TYPE_CHECKING:
    from node.speech.audio_io import Pull, Sink
    from node.web.broadcast import Broadcast
    from node.web.playback import Playing
    from protocol.rtp.red import Copy

EVERYBODY = ""
"""Whose packets those of everybody together are: no node has an empty id."""

_STEP = BLOCK_SAMPLES * RTP_RATE // SAMPLE_RATE


class _Way(Enum):
    NONE = auto()
    AS_RECORDED = auto()
    ANEW = auto()


class ReplayAudio(ForwardingSink):
    """Plays through `sink`, which sets the pace, and to everybody who listens to `sound`.

    `voices` are those to be heard, all unless told. Nothing goes to listeners before `player` is known.
    """

    def __init__(self, sound: Broadcast, sink: Sink, voices: Collection[str] | None = None) -> None:
        self.player: Playing | None = None
        super().__init__(sink)
        self._sound, self._voices = sound, voices
        self._way = _Way.NONE
        self._needs_decoding = False
        self._remaker = Reencoder()
        self._blocks = 0

    async def run(self, pull: Pull) -> None:
        """Play until cancelled."""

        def heard(samples: int) -> Pcm:
            self._choose_way()
            pcm = pull(samples)
            if self._way is _Way.ANEW:
                self._send(pcm)
            return pcm

        await self.sink.run(heard)

    def packet(self, person: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        """A recorded packet's time has come."""
        if self._voices is not None and person not in self._voices:
            return
        self._needs_decoding = self._needs_decoding or lyra.is_lyra(payload)
        if self._way is _Way.AS_RECORDED:
            self._sound.packet(person, sequence, timestamp, payload, copies)

    def left(self, person: str) -> None:
        """A person is gone."""
        self._sound.left(person)

    def sought(self) -> None:
        """What follows is from elsewhere in the recording; listeners' time goes on meanwhile."""
        self._sound.begin_anew()

    def _choose_way(self) -> None:
        way = self._right_way()
        if way is not self._way:
            self._way = way
            self._sound.begin_anew()

    def _right_way(self) -> _Way:
        if self.player is None or self.player.paused:
            return _Way.NONE
        return _Way.AS_RECORDED if self.player.speed == 1 and not self._needs_decoding else _Way.ANEW

    def _send(self, pcm: Pcm) -> None:
        self._blocks += 1
        if not len(self._sound):
            return
        if (packet := self._remaker.packet(pcm)) is not None:
            number = self._blocks & 0xFFFF
            self._sound.packet(EVERYBODY, number, self._blocks * _STEP & 0xFFFF_FFFF, packet, ())
