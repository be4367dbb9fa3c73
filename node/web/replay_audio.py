"""A recording's playback for browsers: its position for the page, and its audio as a sink of the player.

At the speed of the call the recorded packets are forwarded as they are, each person's on an audio line of their own. At
any other speed no packets fit: the player's mixed output is encoded for one line instead. The same is done once
a person spoke in Lyra, which no browser decodes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from node.speech.audio_io import ForwardingSink
from node.speech.pcm import BLOCK_SAMPLES, SAMPLE_RATE, Pcm
from node.web.mixer import Reencoder
from protocol.speech import lyra
from protocol.speech.opus_packet import OPUS_RATE

if TYPE_CHECKING:
    from node.replay.player import Player
    from node.speech.audio_io import Pull, Sink
    from node.web.broadcast import Broadcast
    from protocol.rtp.red import Copy

# The sender of packets of all together: no node has an empty id.
MIXED = ""

# By which the RTP timestamp of a block is after that of the block before.
_STEP = BLOCK_SAMPLES * OPUS_RATE // SAMPLE_RATE


def playback_state(player: Player) -> dict[str, Any]:
    """Return a player's state as docs/web-api.md specifies it."""
    return {
        "position": round(player.position_s, 2),
        "duration": round(player.duration_s, 2),
        "speed": player.speed,
        "playing": not player.paused,
    }


class _Mode(Enum):
    SILENT = auto()
    AS_RECORDED = auto()
    REENCODED = auto()


class ReplayAudio(ForwardingSink):
    """Plays through `sink`, which sets the pace, and to every listener of `broadcast`.

    `voices` are the people to be heard, all if None. Nothing goes to listeners before `player` is set.
    """

    def __init__(self, broadcast: Broadcast, sink: Sink, voices: Collection[str] | None = None) -> None:
        super().__init__(sink)
        self.player: Player | None = None
        self._broadcast, self._voices = broadcast, voices
        self._mode = _Mode.SILENT
        self._needs_decoding = False
        self._reencoder = Reencoder()
        self._blocks = 0

    async def run(self, pull: Pull) -> None:
        """Play until cancelled."""

        def pull_and_forward(samples: int) -> Pcm:
            self._update_mode()
            pcm = pull(samples)
            if self._mode is _Mode.REENCODED:
                self._forward_encoded(pcm)
            return pcm

        await self.sink.run(pull_and_forward)

    def forward(self, person: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        """Forward a recorded packet that is due."""
        if self._voices is not None and person not in self._voices:
            return
        self._needs_decoding = self._needs_decoding or lyra.is_lyra(payload)
        if self._mode is _Mode.AS_RECORDED:
            self._broadcast.forward(person, sequence, timestamp, payload, copies)

    def left(self, person: str) -> None:
        """Free a person's audio line."""
        self._broadcast.left(person)

    def sought(self) -> None:
        """Begin another stream: the recording continues at another position, while the listeners' clocks go on."""
        self._broadcast.restart()

    def _update_mode(self) -> None:
        mode = self._wanted_mode()
        if mode is not self._mode:
            self._mode = mode
            self._broadcast.restart()

    def _wanted_mode(self) -> _Mode:
        if self.player is None or self.player.paused:
            return _Mode.SILENT
        return _Mode.AS_RECORDED if self.player.speed == 1 and not self._needs_decoding else _Mode.REENCODED

    def _forward_encoded(self, pcm: Pcm) -> None:
        self._blocks += 1
        if not len(self._broadcast):
            return
        if (packet := self._reencoder.encode(pcm)) is not None:
            sequence = self._blocks & 0xFFFF
            self._broadcast.forward(MIXED, sequence, self._blocks * _STEP & 0xFFFF_FFFF, packet, ())
