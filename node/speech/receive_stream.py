"""The receive stream: one sender's RTP packets become sound, as the playout decides frame by frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from node.speech.band_extension import HighBandFiller
from node.speech.codec import SpeechDecoder
from node.speech.comfort_noise import ComfortNoise
from node.speech.libopus import CONCEAL_STEP, OpusDecoder
from node.speech.pcm import FULL_SCALE, Pcm, samples_of, seconds_of, silence
from node.speech.time_stretch import Stretcher
from protocol.errors import PacketError
from protocol.rtp.red import Copy
from protocol.speech import opus_packet
from protocol.speech.opus_packet import SAMPLES_PER_MS
from protocol.speech.playout import Conceal, Play, Playout, Silence

# Samples. Long enough that neither edge of a silence clicks, too short to be missed from a word.
FADE_IN = samples_of(0.005)
FADE_OUT = samples_of(0.010)

# Samples. libopus prolongs a vowel for as long as it is asked to. One lost packet is filled like that; a longer gap
# fades away rather than buzz.
CONCEALED_FULLY = samples_of(0.12)
CONCEALED_AT_ALL = samples_of(0.36)

# Waits that are remembered: the last four minutes of 60 ms frames.
MAX_WAITS = 4096

# Frames whose offset in their packet is remembered: more than any playout holds.
MAX_OFFSETS = 1024

_TIMESTAMP_MASK = 0xFFFF_FFFF


class ReceiveStream:
    """One sender's speech: receives packets, and returns any number of samples at a time.

    `wait_ms_recent` has, for each frame of the last minutes, how long its packet waited: from the packet's arrival to
    when its first sample leaves (or would leave) `pull`. A frame that arrived only as a copy belongs to the packet that
    carried the copy. Mouth to ear is then the sum of the packet's duration, the encoder's lookahead, the one-way delay,
    this wait and the sink's latency, for every frame of a bundle alike. `undecodable` counts frames that the decoder
    refused and that were concealed instead.
    """

    def __init__(
        self, playout: Playout, decoder: OpusDecoder | SpeechDecoder, comfort: ComfortNoise | None = None
    ) -> None:
        self.playout = playout
        self.wait_ms_recent: deque[float] = deque(maxlen=MAX_WAITS)
        self.undecodable = 0
        self._decoder = decoder
        self._high_band = HighBandFiller()
        self._stretcher = Stretcher()
        self._comfort = comfort or ComfortNoise()
        self._ready = silence(0)
        self._sounding = False
        self._concealed_samples = 0
        self._offsets_ms: dict[int, float] = {}

    def receive(self, sequence: int, timestamp: int, payload: bytes, now: float, copies: Sequence[Copy] = ()) -> None:
        """Queue one RTP packet (48 kHz timestamp) and the copies that it carries for playout.

        Raises PacketError if it is no speech, and then changes nothing.
        """
        self.playout.receive(sequence, timestamp, payload, now, copies)
        self._note_offsets(timestamp, 0, payload)
        for copy in copies:
            self._note_offsets(timestamp, -copy.offset, copy.payload)

    def _note_offsets(self, timestamp: int, first: int, payload: bytes) -> None:
        """Remember how much later than its packet each frame begins; frames of a copy begin earlier."""
        packet = opus_packet.parse(payload)
        for index in range(len(packet.frames)):
            offset_ms = first / SAMPLES_PER_MS + index * packet.frame_ms
            at = (timestamp + round(offset_ms * SAMPLES_PER_MS)) & _TIMESTAMP_MASK
            self._offsets_ms.setdefault(at, offset_ms)
        while len(self._offsets_ms) > MAX_OFFSETS:
            del self._offsets_ms[next(iter(self._offsets_ms))]

    def pull(self, samples: int, now: float) -> Pcm:
        """Return the next `samples` of sound, int16 `(samples,)`: speech, concealment or silence.

        `now` is the time of the first of them.
        """
        while len(self._ready) < samples:
            frame = self._next(now + seconds_of(len(self._ready)))
            self._ready = np.concatenate([self._ready, frame])
        pulled, self._ready = self._ready[:samples], self._ready[samples:]
        return pulled

    def _next(self, now: float) -> Pcm:
        match self.playout.take(now):
            case Play(frame=frame) as play if opus_packet.is_dtx(frame):
                self._note_wait(play)
                return self._quiet(samples_of(opus_packet.duration_ms(frame) / 1000))
            case Play() as play:
                self._note_wait(play)
                return self._faded_in(self._stretcher.stretch(self._decoded(play), play.speed))
            case Conceal(ms=ms, following=following):
                return self._faded_in(self._concealed(samples_of(ms / 1000), following))
            case Silence(ms=ms):
                return self._quiet(samples_of(ms / 1000))

    def _note_wait(self, play: Play) -> None:
        offset = self._offsets_ms.pop(play.timestamp & _TIMESTAMP_MASK, 0.0)
        self.wait_ms_recent.append(play.wait_ms - offset)

    def _decoded(self, play: Play) -> Pcm:
        try:
            pcm = self._decoder.decode(play.frame)
        except PacketError:
            self.undecodable += 1
            return self._concealed(samples_of(opus_packet.duration_ms(play.frame) / 1000))
        if self._concealed_samples >= CONCEALED_AT_ALL:
            self._sounding = False
        self._concealed_samples = 0
        self._comfort.learn(pcm)
        return self._high_band.fill(pcm, play.gains)

    def _concealed(self, samples: int, following: bytes | None = None) -> Pcm:
        pcm = self._decoder.recover(samples, following) if following else self._decoder.conceal(samples)
        pcm = self._high_band.fade(pcm)
        position = self._concealed_samples + np.arange(len(pcm))
        self._concealed_samples += len(pcm)
        gain = np.interp(position, [CONCEALED_FULLY, CONCEALED_AT_ALL], [1.0, 0.0])
        return _rounded(pcm * gain)

    def _faded_in(self, pcm: Pcm) -> Pcm:
        if self._sounding:
            return pcm
        self._sounding = True
        ramp = np.ones(len(pcm))
        ramp[:FADE_IN] = np.linspace(0, 1, FADE_IN)[: len(pcm)]
        return _rounded(pcm * ramp)

    def _quiet(self, samples: int) -> Pcm:
        """Return comfort noise; sound that stops is continued by the decoder and faded into it."""
        tail = min(FADE_OUT, samples // CONCEAL_STEP * CONCEAL_STEP) if self._sounding else 0
        self._sounding = False
        background = self._comfort.make(samples)
        if not tail:
            return background
        ramp = np.linspace(1, 0, tail)
        fading = _rounded(self._concealed(tail) * ramp + background[:tail] * (1 - ramp))
        return np.concatenate([fading, background[tail:]])


def mix(sounds: Iterable[Pcm], samples: int) -> Pcm:
    """Return the sum of sounds of so many samples each, clipped to full scale; silence if there are none."""
    total = np.zeros(samples, np.int32)
    for sound in sounds:
        total += sound
    return np.clip(total, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def _rounded(sound: npt.NDArray[np.float64]) -> Pcm:
    pcm: Pcm = np.rint(sound).astype(np.int16)
    return pcm
