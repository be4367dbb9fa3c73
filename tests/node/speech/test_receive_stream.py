from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pystoi import stoi

from node.speech.comfort_noise import ComfortNoise
from node.speech.libopus import OpusDecoder, OpusEncoder
from node.speech.pcm import BLOCK_SAMPLES, FRAME_SAMPLES, Pcm, level_dbfs, silence
from node.speech.profiles import LEAN
from node.speech.receive_stream import CONCEALED_AT_ALL, FADE_OUT, ReceiveStream, mix
from node.speech.time_stretch import URGENT
from protocol.errors import PacketError
from protocol.speech import opus_packet
from protocol.speech.playout import Cause, Conceal, Play, Playout, Silence
from protocol.speech.playout_events import PlayoutEvent
from protocol.speech.redundancy import RedundancyEncoder


class Script:
    """A playout that has already decided."""

    def __init__(self, *sounds: PlayoutEvent) -> None:
        self.sounds = deque(sounds)

    def take(self, _now: float) -> PlayoutEvent:
        return self.sounds.popleft() if self.sounds else Silence(60)

    def receive(self, *_packet: object) -> None:
        pass


def frames(pcm: Pcm) -> list[bytes]:
    encoder = OpusEncoder(LEAN)
    return [encoder.encode(pcm[n : n + FRAME_SAMPLES]) for n in range(0, len(pcm) - FRAME_SAMPLES + 1, FRAME_SAMPLES)]


def plays(pcm: Pcm, speed: float = 1.0) -> list[Play]:
    return [Play(frame, n * 2880, speed, 25.0) for n, frame in enumerate(frames(pcm))]


def listening(*sounds: PlayoutEvent) -> ReceiveStream:
    return ReceiveStream(Script(*sounds), OpusDecoder())  # type: ignore[arg-type]


def roughest(pcm: Pcm) -> int:
    """The largest step between neighbouring samples."""
    return int(np.abs(np.diff(pcm.astype(int))).max())


def decoded(pcm: Pcm) -> Pcm:
    decoder = OpusDecoder()
    return np.concatenate([decoder.decode(frame) for frame in frames(pcm)])


@pytest.mark.parametrize("samples", [1, 160, 320, 441, 2000])
def test_any_number_of_samples_can_be_pulled(spoken: Pcm, samples: int) -> None:
    listener = listening(*plays(spoken))
    wanted = decoded(spoken)[80:9600]
    heard = np.concatenate([listener.pull(samples, 0.0) for _ in range(9600 // samples)])
    assert np.array_equal(heard[80:9600], wanted[: len(heard) - 80])


def test_sound_that_stops_fades_out(tone: Pcm) -> None:
    heard = listening(*plays(tone[:9600])).pull(12_000, 0.0)
    assert roughest(heard[9000:]) <= roughest(heard[4000:9000]) * 1.5
    assert heard[9600 + 80] != 0
    assert not heard[9600 + FADE_OUT :].any()


def test_sound_that_begins_fades_in(tone: Pcm) -> None:
    sounds = plays(tone)
    heard = listening(Silence(60), *sounds[10:20]).pull(6000, 0.0)
    assert not heard[:960].any()
    assert abs(int(heard[960])) < 10
    assert level_dbfs(heard[2000:6000]) > -20


def test_a_short_silence_is_no_longer_than_it_is(tone: Pcm) -> None:
    heard = listening(*plays(tone[:960]), Silence(3), *plays(tone)).pull(9600, 0.0)
    assert len(heard) == 9600


@pytest.mark.parametrize("speed", [0.8, 0.97, 1.03, 1.25])
def test_speed_changes_the_length_and_leaves_no_edge(tone: Pcm, speed: float) -> None:
    listener = listening(*plays(tone, speed)[:20])
    length = round(20 * 960 / speed)
    heard = listener.pull(length - 2 * URGENT, 0.0)
    assert heard[-320:].any()
    assert not listener.pull(4 * URGENT, 0.0)[-320:].any()
    assert roughest(heard[3000:]) <= roughest(decoded(tone)[3000:]) * 1.1


def test_a_lost_frame_is_concealed(tone: Pcm) -> None:
    sounds: list[PlayoutEvent] = list(plays(tone))
    sounds[12] = Conceal(60, Cause.LOST)
    heard = listening(*sounds).pull(24 * 960, 0.0)
    assert level_dbfs(heard[12 * 960 : 13 * 960]) > -25
    assert roughest(heard[9600:]) < 8000


def test_concealment_does_not_buzz_on(tone: Pcm) -> None:
    lost = [Conceal(20, Cause.UNDERRUN)] * 25
    heard = listening(*plays(tone[:9600]), *lost).pull(9600 + 25 * 320, 0.0)[9600:]
    assert level_dbfs(heard[:960]) > -25
    assert not heard[CONCEALED_AT_ALL:].any()


def test_speech_after_a_long_concealment_fades_in(tone: Pcm) -> None:
    lost = [Conceal(60, Cause.LOST)] * 6
    sounds = plays(tone)
    heard = listening(*sounds[:10], *lost, *sounds[16:20]).pull(20 * 960, 0.0)[16 * 960 :]
    assert abs(int(heard[0])) < 10
    assert level_dbfs(heard[960:]) > -20


def test_a_concealment_that_ends_half_way_leaves_no_edge(tone: Pcm) -> None:
    lost = [Conceal(60, Cause.LOST)] * 4
    heard = listening(*plays(tone[:9600]), *lost, Silence(60)).pull(9600 + 4 * 960 + 960, 0.0)
    assert roughest(heard[9600 + 3 * 960 :]) <= roughest(heard[4000:9600])


def test_concealment_begins_anew_after_speech(tone: Pcm) -> None:
    lost = [Conceal(60, Cause.LOST)] * 2
    sounds = plays(tone)
    heard = listening(*sounds[:10], *lost, *sounds[12:20], *lost).pull(22 * 960, 0.0)
    assert level_dbfs(heard[20 * 960 : 21 * 960]) > -25


def test_a_frame_that_libopus_refuses_is_concealed_and_counted(tone: Pcm, monkeypatch: pytest.MonkeyPatch) -> None:
    sounds = plays(tone)
    listener = listening(*sounds)
    listener.pull(9600, 0.0)

    def refuse(_self: OpusDecoder, _packet: bytes) -> Pcm:
        raise PacketError("no")

    with monkeypatch.context() as patch:
        patch.setattr(OpusDecoder, "decode", refuse)
        assert level_dbfs(listener.pull(960, 0.0)) > -25
    assert listener.undecodable == 1
    assert listener.pull(960, 0.0).any()


def test_garbage_changes_nothing(spoken: Pcm) -> None:
    listener = ReceiveStream(Playout(), OpusDecoder())
    with pytest.raises(PacketError):
        listener.receive(1, 0, b"", 0.0)
    assert listener.playout.stats.packets_received == 0


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 65_535), st.integers(0, 2**32 - 1), st.binary(max_size=60)), max_size=8))
def test_any_packets_are_refused_or_played(packets: list[tuple[int, int, bytes]]) -> None:
    listener = ReceiveStream(Playout(), OpusDecoder())
    for number, (sequence, timestamp, payload) in enumerate(packets):
        now = number * 0.02
        with suppress(PacketError):
            listener.receive(sequence, timestamp, payload, now)
        assert len(listener.pull(BLOCK_SAMPLES, now)) == BLOCK_SAMPLES


def call(
    listener: ReceiveStream, sent: list[bytes], delay: float, redundancy: int = 0, lost: Sequence[int] = ()
) -> Pcm:
    """Send 2x60 bundles over a link of constant delay that loses some; return everything that is heard."""
    copies = RedundancyEncoder(redundancy)
    bundles = [opus_packet.join(sent[n : n + 2]) for n in range(0, len(sent) - 1, 2)]
    heard = []
    for block in range(len(bundles) * 6 + 30):
        now = 1000 + block * 0.02
        number, rest = divmod(block, 6)
        if not rest and number < len(bundles):
            sequence, timestamp = (65_530 + number) % 65_536, (2**32 - 9000 + number * 5760) % 2**32
            beside = copies.beside(number * 5760, bundles[number])
            if number not in lost:
                listener.receive(sequence, timestamp, bundles[number], now + delay, beside)
        heard.append(listener.pull(BLOCK_SAMPLES, now + delay))
    return np.concatenate(heard)


def test_every_frame_of_a_bundle_states_the_same_wait(spoken: Pcm) -> None:
    listener = ReceiveStream(Playout(), OpusDecoder())
    call(listener, frames(spoken), 0.05)
    waits = np.array(listener.wait_ms_recent)
    assert len(waits) == len(frames(spoken)) // 2 * 2
    assert waits.max() - waits.min() <= 20
    assert 0 <= waits.min() <= 60


def test_a_steady_link_plays_what_was_sent(spoken: Pcm) -> None:
    heard = call(ReceiveStream(Playout(), OpusDecoder()), frames(spoken), 0.05)
    offline = decoded(spoken)[: len(frames(spoken)) // 2 * 1920]
    start = next(n for n in range(0, 3200, 1) if np.array_equal(heard[n + 80 : n + 2000], offline[80:2000]))
    assert np.array_equal(heard[start + 80 : start + len(offline)], offline[80:])


@pytest.mark.parametrize("after_a_pull_ms", [0.5, 2.6, 10.0, 19.5])
def test_playing_begins_when_it_should_whenever_the_device_asks(tone: Pcm, after_a_pull_ms: float) -> None:
    """A device asks for 20 ms at a time: silence before the first word ends within one of these, not at its end."""
    listener, block_ms = ReceiveStream(Playout(), OpusDecoder()), 20.0
    payload, heard = opus_packet.join(frames(tone)[:2]), silence(0)
    for number in range(10):
        if number == 1:
            listener.receive(1, 0, payload, after_a_pull_ms / 1000)
        heard = np.concatenate([heard, listener.pull(BLOCK_SAMPLES, number * block_ms / 1000)])
    began_ms = np.flatnonzero(np.abs(heard) > 1000)[0] / 16
    lookahead_ms = OpusEncoder(LEAN).lookahead_ms
    assert began_ms == pytest.approx(after_a_pull_ms + listener.playout.stats.target_ms + lookahead_ms, abs=3)
    assert listener.wait_ms_recent[0] == pytest.approx(listener.playout.stats.target_ms, abs=1)


def test_a_frame_from_a_copy_states_the_same_delay(spoken: Pcm) -> None:
    """Counted from the frame's own capture, it waits as long as all the others."""
    whole, holed = ReceiveStream(Playout(), OpusDecoder()), ReceiveStream(Playout(), OpusDecoder())
    call(whole, frames(spoken), 0.05, redundancy=1)
    call(holed, frames(spoken), 0.05, redundancy=1, lost=[15, 18])
    assert holed.playout.stats.recovered == 4
    assert list(holed.wait_ms_recent) == pytest.approx(list(whole.wait_ms_recent), abs=1)


def test_a_lost_packet_is_heard_bit_for_bit_from_its_copy(spoken: Pcm) -> None:
    comforts = [ComfortNoise(np.random.default_rng(1)) for _ in range(2)]
    whole = call(ReceiveStream(Playout(), OpusDecoder(), comforts[0]), frames(spoken), 0.05, redundancy=1)
    holed = call(
        ReceiveStream(Playout(), OpusDecoder(), comforts[1]), frames(spoken), 0.05, redundancy=1, lost=[15, 18]
    )
    assert np.array_equal(whole, holed)


@pytest.mark.shared
def test_played_speech_is_as_good_as_offline(speech: Pcm) -> None:
    lag = round(OpusEncoder(LEAN).lookahead_ms * 16)
    heard = call(ReceiveStream(Playout(), OpusDecoder()), frames(speech), 0.05)
    offline = decoded(speech)[: len(frames(speech)) // 2 * 1920]
    start = next(n for n in range(3200) if np.array_equal(heard[n + 80 : n + 2000], offline[80:2000]))

    def estoi(decoded_speech: Pcm) -> float:
        count = len(offline) - lag
        return float(
            stoi(speech[:count].astype(float), decoded_speech[lag:][:count].astype(float), 16_000, extended=True)
        )

    assert estoi(heard[start : start + len(offline)]) == pytest.approx(estoi(offline), abs=0.001)


def test_a_mix_adds_and_clips() -> None:
    sound = np.array([100, -20_000, 20_000], np.int16)
    assert mix([sound, sound], 3).tolist() == [200, -32_768, 32_767]
    assert mix([sound, sound], 3).dtype == np.int16


def test_a_mix_of_no_one_is_silence() -> None:
    assert np.array_equal(mix([], 320), silence(320))


def test_an_unknown_sender_is_silent() -> None:
    assert np.array_equal(ReceiveStream(Playout(), OpusDecoder()).pull(960, 0.0), silence(960))


# -- pauses


def background(seconds: float, dbfs: float) -> Pcm:
    white = np.random.default_rng(4).standard_normal(round(seconds * 16_000))
    return np.rint(white * 32_768 * 10 ** (dbfs / 20)).astype(np.int16)


def test_a_pause_sounds_like_the_room_it_is_in(spoken: Pcm) -> None:
    sound = np.concatenate([spoken[: 30 * FRAME_SAMPLES], np.zeros(6 * FRAME_SAMPLES, np.int16)])
    sound += background(len(sound) / 16_000, -55)
    listener = listening(*plays(sound))
    listener.pull(len(sound), 0.0)
    assert level_dbfs(listener.pull(32_000, 0.0)[FADE_OUT:]) == pytest.approx(level_dbfs(decoded(sound)[-3200:]), abs=3)


def test_an_empty_frame_is_the_beginning_of_a_pause(tone: Pcm) -> None:
    sounds = plays(tone[:9600])
    ended = Play(opus_packet.empty_like(sounds[0].frame), 10 * 2880, 1.0, 25.0)
    listener = listening(*sounds, ended)
    listener.pull(9600, 0.0)
    heard = listener.pull(960, 0.0)
    assert heard[80] != 0
    assert not heard[FADE_OUT:].any()
    assert len(listener.wait_ms_recent) == 11
    assert listener.undecodable == 0
