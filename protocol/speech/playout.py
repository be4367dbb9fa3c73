"""When each frame of speech is played, and what is played instead when it has not come.

Packets go in as they come; the sound clock takes out, piece by piece, what to play next. A cursor runs along
the sender's timestamps:

- The frame at the cursor is here: it is played. A little faster if it is later than the target delay asks for,
  a little slower if earlier: that keeps up with the drift of the two clocks.
- It has not come, but later frames have: it is lost and concealed, or, when no sequence number is missing, the peer
  was silent.
- No frame is here: concealment goes on and the cursor waits, for the frame may only be late. When a frame
  comes, the time that was concealed is set off against what turns out to be missing.
- After a silence, playing begins again at the target delay.

A packet may bring copies of earlier frames (RED). They fill the places that are still empty; the target delay is long
enough to wait for them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from protocol.rtp.red import Copy
from protocol.rtp.stream import RtpArrival, RtpStream
from protocol.speech import opus_packet
from protocol.speech.cursor import Cursor
from protocol.speech.frame_buffer import Frame, FrameBuffer, frames_of, frames_of_copy
from protocol.speech.jitter import MAX_TARGET_MS, Arrivals, transit_ms
from protocol.speech.opus_packet import SAMPLES_PER_MS
from protocol.speech.playout_events import Cause, Conceal, Play, PlayoutEvent, Silence, Statistics

__all__ = ["Cause", "Conceal", "Play", "Playout", "PlayoutEvent", "Silence", "Statistics"]

# More than the longest target delay, the oldest copy and two of the longest packets; what comes on top pushes out the
# oldest.
MAX_BUFFERED_MS = 1_000
# Sound that waits this much longer than it should is dropped at once; less is caught up by playing faster, in about
# two seconds.
MAX_EXCESS_MS = 300
# libopus conceals in steps of 20 ms; deciding as often lets a late packet in sooner.
CONCEAL_STEP_MS = 20
# libopus has faded its concealment out by then: what follows is silence anyway.
CONCEAL_LIMIT_MS = 300
# So much earlier or later than the target delay asks for, speech goes on after a pause that keeps its length.
PAUSE_EARLY_MS = 5.0
PAUSE_LATE_MS = 25.0
# Within this band around the target the speed is exactly 1. Earlier than it, the next late packet is missed;
# later, nothing but a little delay is lost.
EARLY_BAND_MS = 2.0
LATE_BAND_MS = 10.0
# Outside of it each ms of error changes the speed by so much: half the error is gone in half a second.
SPEED_PER_MS = 0.0015
# Speech that keeps its pitch is still natural at these speeds, for the second or two that they last.
MIN_SPEED, MAX_SPEED = 0.8, 1.25
# 2.5 ms, what concealment is a multiple of.
_QUANTUM = 120


class Playout:
    """A jitter buffer that takes bundles apart and decides what the sound clock plays.

    `frame_ms` is the longest piece of concealment or silence that `take` returns at once. `longest_target_ms` may be
    set at any time: the way of the packets may need more.
    """

    def __init__(self, frame_ms: float = 60) -> None:
        self.stats = Statistics()
        self.longest_target_ms = MAX_TARGET_MS
        self._frame_ms = frame_ms
        self._stream: RtpStream | None = None
        self._unrelated: RtpArrival | None = None
        self._lost_before = 0
        self._packet_ms = 0.0
        self._buffer = FrameBuffer()
        self._cursor = Cursor()

    def receive(self, sequence: int, timestamp: int, payload: bytes, now: float, copies: Iterable[Copy] = ()) -> None:
        """Take one RTP packet, with the `copies` of earlier ones that it brought along.

        `sequence` has 16 bits, `timestamp` 32 (at 48 kHz), `payload` is an Opus packet.

        Raises `PacketError` on garbage, state untouched. A packet whose numbers fit nothing is put aside; when
        the next one follows it, the stream is taken to have restarted.
        """
        earlier = tuple((copy.offset, opus_packet.parse(copy.payload)) for copy in copies)
        arrival = RtpArrival(sequence, timestamp, opus_packet.parse(payload), now * 1000, earlier)
        if self._stream is None:
            self._stream = RtpStream(arrival)
        if self._stream.is_related(arrival):
            self._accept(self._stream, arrival)
        elif self._unrelated is not None and RtpStream(self._unrelated).is_confirmed_by(arrival):
            self._restart(self._unrelated, arrival)
        else:
            self._unrelated = arrival

    def take(self, now: float) -> PlayoutEvent:
        """Return the next piece of sound.

        It lasts as long as its `ms`, or as its frame's duration divided by `speed`; the sound clock asks again
        when that is over.
        """
        if self._stream is None:
            return Silence(CONCEAL_STEP_MS)
        now_ms = now * 1000
        if not self._cursor.running:
            return self._wait(self._stream, now_ms)
        self._drop_excess(self._stream)
        first = self._buffer.first
        if first is None:
            return self._underrun(self._stream, now_ms)
        self._set_off_wait(self._stream, first, now_ms)
        gap = first.timestamp - self._cursor.timestamp
        if gap < _QUANTUM:
            return self._play(self._stream, now_ms)
        if self._cursor.follows(first):
            self._cursor.running = False
            return self._wait(self._stream, now_ms)
        return self._bridge(gap, first)

    # -- what comes in

    def _accept(self, stream: RtpStream, arrival: RtpArrival) -> None:
        self._unrelated = None
        stream.arrivals.longest_target_ms = self.longest_target_ms
        unwrapped = stream.accept(arrival)
        if unwrapped is None:
            self.stats.duplicates += 1
            return
        self.stats.packets_received += 1
        self.stats.lost = self._lost_before + stream.received.lost
        self.stats.jitter_ms = stream.arrivals.jitter_ms
        self._store(stream, *unwrapped, arrival)
        self.stats.target_ms = stream.arrivals.target_ms

    def _store(self, stream: RtpStream, number: int, timestamp: int, arrival: RtpArrival) -> None:
        self._packet_ms = arrival.packet.duration_ms
        frames = frames_of(arrival.packet, number, timestamp, arrival.now_ms)
        self.stats.late += any(map(self._is_late, frames))
        for frame in frames:
            if not self._is_late(frame):
                self._buffer.put(frame)
        for offset, copy in arrival.copies:
            for frame in frames_of_copy(copy, offset, frames[0], int(self._packet_ms * SAMPLES_PER_MS)):
                if frame.timestamp >= stream.begin and not self._is_late(frame):
                    self.stats.recovered += self._buffer.put(frame)
        while self._buffer.milliseconds > MAX_BUFFERED_MS:
            self._drop_first()

    def _is_late(self, frame: Frame) -> bool:
        return self._cursor.started and frame.timestamp < self._cursor.timestamp

    def _restart(self, first: RtpArrival, second: RtpArrival) -> None:
        self.stats.restarts += 1
        self._lost_before = self.stats.lost
        self._buffer = FrameBuffer()
        self._cursor = Cursor()
        self._stream = RtpStream(first)
        self._accept(self._stream, first)
        self._accept(self._stream, second)

    # -- what goes out

    def _wait(self, stream: RtpStream, now_ms: float) -> PlayoutEvent:
        """Return silence until the first frame has waited for the target delay, then the frame."""
        first = self._buffer.first
        if first is None:
            self._cursor.waited_ms += CONCEAL_STEP_MS
            return self._silence(CONCEAL_STEP_MS)
        early_ms = self._pause_left_ms(stream, first, now_ms)
        if early_ms >= 1:
            piece_ms = min(math.ceil(early_ms), self._frame_ms)
            self._cursor.waited_ms += piece_ms
            return self._silence(piece_ms)
        if self._cursor.started:
            self._set_off_wait(stream, first, now_ms)
        self._cursor.running = True
        self._cursor.transits_ms.clear()
        return self._play(stream, now_ms)

    def _pause_left_ms(self, stream: RtpStream, first: Frame, now_ms: float) -> float:
        """Return how much silence is left: as long as the peer's, if that is about what the target delay asks for.

        The sound clock asks in fits and starts: from its moments alone each pause would come out longer or shorter.
        """
        early_ms = stream.arrivals.target_ms - stream.arrivals.delay_ms(first.timestamp, now_ms)
        if not self._cursor.started:
            return early_ms
        left_ms = (first.timestamp - self._cursor.timestamp) / SAMPLES_PER_MS - self._cursor.waited_ms
        return left_ms if -PAUSE_EARLY_MS <= left_ms - early_ms <= PAUSE_LATE_MS else early_ms

    def _play(self, stream: RtpStream, now_ms: float) -> Play:
        frame = self._buffer.pop()
        self._cursor.pass_by(frame)
        wait_ms = now_ms - frame.arrived_ms
        speed = self._speed(stream.arrivals, transit_ms(frame.timestamp, now_ms))
        return Play(frame.packet, frame.timestamp, speed, wait_ms, frame.gains)

    def _speed(self, arrivals: Arrivals, played_ms: float) -> float:
        self._cursor.transits_ms.append(played_ms)
        error_ms = min(self._cursor.transits_ms) - arrivals.baseline_ms - arrivals.target_ms
        outside_ms = max(error_ms - LATE_BAND_MS, 0) + min(error_ms + EARLY_BAND_MS, 0)
        speed = min(max(1 + outside_ms * SPEED_PER_MS, MIN_SPEED), MAX_SPEED)
        self._cursor.shift(self._cursor.frame_ms / speed - self._cursor.frame_ms)
        return speed

    def _bridge(self, gap: int, first: Frame) -> Conceal:
        """Conceal a lost frame, or as much of a longer gap as goes in one piece."""
        piece = min(gap, int(self._frame_ms * SAMPLES_PER_MS)) // _QUANTUM * _QUANTUM
        self._cursor.timestamp += piece
        self.stats.concealed_ms += piece / SAMPLES_PER_MS
        following = first.packet if gap - piece < _QUANTUM else None
        return Conceal(piece / SAMPLES_PER_MS, Cause.LOST, following)

    def _underrun(self, stream: RtpStream, now_ms: float) -> PlayoutEvent:
        if self._cursor.was_dtx or self._cursor.waited_ms >= CONCEAL_LIMIT_MS:
            self._cursor.running = False
            return self._wait(stream, now_ms)
        step_ms = min(CONCEAL_STEP_MS, self._cursor.frame_ms)
        self._cursor.waited_ms += step_ms
        self._cursor.concealed_ms += step_ms
        self.stats.concealed_ms += step_ms
        return Conceal(step_ms, Cause.UNDERRUN)

    def _silence(self, ms: float) -> Silence:
        if self._cursor.started:
            self.stats.quiet_ms += ms
        return Silence(ms)

    # -- bookkeeping

    def _set_off_wait(self, stream: RtpStream, first: Frame, now_ms: float) -> None:
        """Decide, now that a frame is here, what the time was for which the cursor waited."""
        waited_ms, concealed_ms = self._cursor.waited_ms, self._cursor.concealed_ms
        self._cursor.waited_ms = self._cursor.concealed_ms = 0
        gap_ms = (first.timestamp - self._cursor.timestamp) / SAMPLES_PER_MS
        if gap_ms > 0 and self._cursor.follows(first):
            self.stats.concealed_ms -= concealed_ms
            self.stats.quiet_ms += concealed_ms
            return
        self._cursor.timestamp += int(min(waited_ms, gap_ms) * SAMPLES_PER_MS)
        if concealed_ms and waited_ms > gap_ms:
            self.stats.underruns += 1
            self.stats.stall_ms_max = max(self.stats.stall_ms_max, waited_ms - gap_ms)
            stream.arrivals.waited(first.timestamp, now_ms)
            self.stats.target_ms = stream.arrivals.target_ms
            self._cursor.transits_ms.clear()

    def _drop_excess(self, stream: RtpStream) -> None:
        enough_ms = stream.arrivals.target_ms + self._packet_ms
        if self._buffer.milliseconds > enough_ms + MAX_EXCESS_MS:
            while self._buffer.milliseconds > enough_ms:
                self._drop_first()
            self._cursor.transits_ms.clear()

    def _drop_first(self) -> None:
        frame = self._buffer.pop()
        self._cursor.pass_by(frame)
        self.stats.dropped_ms += frame.samples / SAMPLES_PER_MS
