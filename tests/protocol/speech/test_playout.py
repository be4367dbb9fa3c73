"""Playout on simulated links: packets come by a list of arrivals, a sound clock takes as fast as it plays."""

from __future__ import annotations

import contextlib
import random
from dataclasses import replace
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated import MINUTE_MS, TOC, VOICE, Sent, drifting, jittery, listen, lossy, talk, with_copies

from protocol.errors import PacketError
from protocol.rtp.red import Copy
from protocol.speech import opus_packet
from protocol.speech.jitter import MAX_TARGET_MS, MIN_TARGET_MS
from protocol.speech.playout import Cause, Conceal, Play, Playout, Silence

BUNDLES = [(120, 60), (60, 60), (20, 20), (120, 20), (40, 20)]


@pytest.mark.parametrize(("packet_ms", "frame_ms"), BUNDLES)
def test_a_perfect_link_is_heard_whole_and_soon(packet_ms: int, frame_ms: int) -> None:
    run = listen(talk(MINUTE_MS, packet_ms, frame_ms), MINUTE_MS)
    stats = run.playout.stats
    assert stats.concealed_ms == stats.quiet_ms == stats.dropped_ms == stats.late == stats.lost == 0
    timestamps = [play.timestamp for play in run.plays()]
    assert timestamps == list(range(0, len(timestamps) * frame_ms * 48, frame_ms * 48))
    # The first frame of a bundle waits for the target alone, each further one a frame's time longer.
    assert min(run.waits_ms()) == pytest.approx(MIN_TARGET_MS, abs=1)
    assert max(run.waits_ms()) == pytest.approx(MIN_TARGET_MS + packet_ms - frame_ms, abs=1)


def test_counters_wrap_unheard() -> None:
    run = listen(talk(MINUTE_MS, first=65_400), MINUTE_MS)
    assert run.concealed_ms() == 0
    assert len(run.plays()) > 990


@pytest.mark.parametrize("share", [0.05, 0.2])
@pytest.mark.parametrize(("packet_ms", "frame_ms"), BUNDLES)
def test_random_loss_is_concealed_and_nothing_else(share: float, packet_ms: int, frame_ms: int) -> None:
    packets = lossy(talk(2 * MINUTE_MS, packet_ms, frame_ms), share)
    stats = listen(packets, 2 * MINUTE_MS).playout.stats
    lost_ms = stats.lost * packet_ms
    assert stats.packets_received == pytest.approx(len(packets), abs=1)
    assert lost_ms == pytest.approx(2 * MINUTE_MS * share, rel=0.3)
    # Of three long packets lost in a row, the last part is silence: concealment has faded by then.
    assert stats.concealed_ms + stats.quiet_ms == pytest.approx(lost_ms, abs=packet_ms)
    assert stats.quiet_ms < lost_ms * 0.05
    assert stats.stall_ms_max == stats.underruns == stats.late == stats.dropped_ms == 0


def test_a_burst_is_concealed_then_silent_and_then_over() -> None:
    packets = talk(10_000)
    del packets[20:25]
    run = listen(packets, 10_000)
    stats = run.playout.stats
    assert (stats.lost, stats.concealed_ms) == (5, 300)
    assert 600 - 300 <= stats.quiet_ms <= 600 - 300 + MIN_TARGET_MS
    assert min(run.waits_ms()[-10:]) == pytest.approx(MIN_TARGET_MS, abs=1)


def test_bursts_are_no_worse_than_their_length() -> None:
    stats = listen(lossy(talk(MINUTE_MS), 0.1, burst=3), MINUTE_MS).playout.stats
    assert stats.concealed_ms + stats.quiet_ms == pytest.approx(stats.lost * 120, rel=0.1)
    assert stats.stall_ms_max <= 20


@pytest.mark.parametrize(("packet_ms", "frame_ms"), BUNDLES)
def test_jitter_of_50_ms_is_waited_out(packet_ms: int, frame_ms: int) -> None:
    run = listen(jittery(talk(MINUTE_MS, packet_ms, frame_ms), 50), MINUTE_MS)
    stats = run.playout.stats
    assert stats.lost <= 2
    assert stats.concealed_ms <= 100
    assert 40 < stats.target_ms < 70
    after_second = [sound for now_ms, sound in run.heard if now_ms > 3_000]
    assert sum(isinstance(sound, Conceal) for sound in after_second) <= 1


def test_reordering_within_the_target_is_unheard() -> None:
    packets = talk(MINUTE_MS, packet_ms=20, frame_ms=20)
    swapped = [
        replace(packet, arrives_ms=packet.arrives_ms + 30 * (index % 7 == 0)) for index, packet in enumerate(packets)
    ]
    run = listen(sorted(swapped, key=lambda packet: packet.arrives_ms), MINUTE_MS)
    assert [sound for now_ms, sound in run.heard if isinstance(sound, Conceal) and now_ms > 1000] == []
    assert run.playout.stats.lost == 0
    timestamps = [play.timestamp for play in run.plays()]
    assert timestamps == sorted(set(timestamps))


def test_a_frame_that_comes_after_its_concealment_is_late() -> None:
    packets = talk(6_000, packet_ms=20, frame_ms=20)
    packets[50] = replace(packets[50], arrives_ms=packets[50].arrives_ms + 100)
    run = listen(sorted(packets, key=lambda packet: packet.arrives_ms), 6_000)
    stats = run.playout.stats
    assert (stats.late, stats.lost, stats.concealed_ms) == (1, 0, 20)
    # One in three hundred is not worth a longer delay of all the others.
    assert stats.target_ms == MIN_TARGET_MS


def test_repeated_packets_are_counted_and_ignored() -> None:
    packets = [packet for packet in talk(6_000) for _ in range(2)]
    stats = listen(packets, 6_000).playout.stats
    assert stats.duplicates == stats.packets_received
    assert stats.concealed_ms == stats.dropped_ms == 0


@pytest.mark.parametrize("ppm", [200, -200])
def test_drift_of_an_hour_is_unheard(ppm: float) -> None:
    """200 ppm are 720 ms in an hour."""
    run = listen(drifting(talk(60 * MINUTE_MS), ppm), 60 * MINUTE_MS - 1_000)
    stats = run.playout.stats
    assert stats.concealed_ms == stats.quiet_ms == stats.dropped_ms == stats.underruns == 0
    waits = [play.wait_ms for play in run.plays()]
    assert max(waits) - min(waits) < 120
    assert median(waits[-100:]) == pytest.approx(median(waits[:100]), abs=15)
    assert all(abs(play.speed - 1) < 0.001 for play in run.plays())


@pytest.mark.parametrize("block_ms", [20, 100])
def test_a_sound_card_that_asks_in_blocks_is_served(block_ms: int) -> None:
    """The card takes a block at a time, so frames are asked for early, in twos, and late by turns."""
    packets, playout = talk(MINUTE_MS), Playout()
    waiting, filled_ms, waits_ms = iter(packets), 0.0, list[float]()
    packet = next(waiting)
    for now_ms in range(7, MINUTE_MS - 200, block_ms):
        while packet.arrives_ms <= now_ms:
            playout.receive(packet.sequence, packet.timestamp, packet.payload, packet.arrives_ms / 1000)
            packet = next(waiting)
        while filled_ms < block_ms:
            sound = playout.take(now_ms / 1000)
            filled_ms += 60 / sound.speed if isinstance(sound, Play) else sound.ms
            waits_ms += [sound.wait_ms] if isinstance(sound, Play) else []
        filled_ms -= block_ms
    assert playout.stats.underruns <= 2
    assert median(waits_ms) < 60 + block_ms


def test_everything_at_once() -> None:
    packets = jittery(drifting(lossy(talk(5 * MINUTE_MS), 0.2), 200), 40)
    run = listen(packets, 5 * MINUTE_MS)
    stats = run.playout.stats
    assert stats.concealed_ms + stats.quiet_ms == pytest.approx(stats.lost * 120, rel=0.02)
    assert stats.stall_ms_max <= 60
    assert max(run.waits_ms()) < 300


@pytest.mark.parametrize(("redundancy", "wait_ms"), [(1, 180), (2, 300)])
def test_copies_are_waited_for_and_only_while_they_come(redundancy: int, wait_ms: float) -> None:
    packets = talk(2 * MINUTE_MS)
    some = [*packets[:200], *with_copies(packets, redundancy)[200:500], *packets[500:]]
    run = listen(some, 2 * MINUTE_MS)
    stats = run.playout.stats
    assert stats.concealed_ms == stats.dropped_ms == stats.recovered == 0
    waits = {now_ms: sound.wait_ms for now_ms, sound in run.heard if isinstance(sound, Play)}
    with_them = [wait for now_ms, wait in waits.items() if 30_000 < now_ms < 59_000]
    assert min(with_them) == pytest.approx(wait_ms + MIN_TARGET_MS, abs=12)
    afterwards = [wait for now_ms, wait in waits.items() if now_ms > 80_000]
    assert min(afterwards) == pytest.approx(MIN_TARGET_MS, abs=12)


@pytest.mark.parametrize("redundancy", [1, 2])
@pytest.mark.parametrize(("packet_ms", "frame_ms"), [(120, 60), (60, 60), (20, 20)])
def test_a_lost_packet_is_heard_from_its_copy(redundancy: int, packet_ms: int, frame_ms: int) -> None:
    packets = with_copies(talk(20_000, packet_ms, frame_ms), redundancy)
    whole = len(packets)
    del packets[whole // 2 :: 7]
    run = listen(packets, 19_000)
    assert run.concealed_ms() == 0
    timestamps = [play.timestamp for play in run.plays()]
    assert timestamps == list(range(0, len(timestamps) * frame_ms * 48, frame_ms * 48))
    stats = run.playout.stats
    assert stats.recovered == pytest.approx(stats.lost * packet_ms / frame_ms, abs=2)
    assert stats.quiet_ms == stats.underruns == 0


def test_of_a_burst_of_three_one_frame_is_missing() -> None:
    packets = with_copies(talk(20_000), redundancy=2)
    del packets[80:83]
    assert listen(packets, 19_000).concealed_ms() == 60


@pytest.mark.parametrize(("redundancy", "share", "missing"), [(1, 0.1, 0.01), (2, 0.1, 0.01), (2, 0.2, 0.04)])
def test_only_what_was_lost_twice_is_concealed(redundancy: int, share: float, missing: float) -> None:
    packets = lossy(with_copies(talk(10 * MINUTE_MS), redundancy), share)
    stats = listen(packets, 10 * MINUTE_MS).playout.stats
    assert stats.concealed_ms + stats.quiet_ms == pytest.approx(10 * MINUTE_MS * missing, rel=0.25)
    assert stats.late == stats.dropped_ms == 0
    # Once, when the first copies come and the delay has yet to grow.
    assert stats.underruns <= 1
    assert stats.stall_ms_max <= 240


def test_copies_on_a_jittery_drifting_lossy_link() -> None:
    packets = jittery(drifting(lossy(with_copies(talk(5 * MINUTE_MS), 2), 0.2), 200), 40)
    stats = listen(packets, 5 * MINUTE_MS).playout.stats
    assert stats.concealed_ms + stats.quiet_ms < 5 * MINUTE_MS * 0.06
    assert stats.underruns <= 1
    assert stats.stall_ms_max <= 240


def test_a_copy_of_what_was_heard_is_not_heard_again() -> None:
    packets = [replace(packet, copies=packet.copies * 2) for packet in with_copies(talk(20_000), 1)]
    run = listen(packets, 19_000)
    timestamps = [play.timestamp for play in run.plays()]
    assert timestamps == sorted(set(timestamps))
    assert run.playout.stats.recovered == 0


def test_a_packet_that_comes_after_its_copy_is_not_heard_again() -> None:
    packets = with_copies(talk(20_000), 1)
    late = [replace(p, arrives_ms=p.arrives_ms + 290 * (n == 80)) for n, p in enumerate(packets)]
    run = listen(sorted(late, key=lambda packet: packet.arrives_ms), 19_000)
    timestamps = [play.timestamp for play in run.plays()]
    assert timestamps == sorted(set(timestamps))
    assert run.concealed_ms() == 0
    assert (run.playout.stats.recovered, run.playout.stats.lost) == (2, 0)


def test_who_joins_late_hears_nothing_from_before() -> None:
    packets = with_copies(talk(20_000), 2)[50:]
    run = listen(packets, 19_000, start_ms=packets[0].arrives_ms - 100)
    assert run.plays()[0].timestamp == packets[0].timestamp
    assert run.concealed_ms() == 0


def test_after_a_silence_copies_are_still_waited_for() -> None:
    spoken = [packet for number, packet in enumerate(talk(20_000)) if not 50 <= number < 70]
    packets = with_copies([replace(packet, sequence=number) for number, packet in enumerate(spoken)], 1)
    del packets[53]
    run = listen(packets, 19_000)
    assert {sound.cause for sound in run.conceals()} <= {Cause.UNDERRUN}
    assert run.concealed_ms() <= 300
    assert run.playout.stats.recovered == 2
    assert run.playout.stats.concealed_ms == 0


def test_a_damaged_copy_touches_no_state() -> None:
    playout = Playout()
    with pytest.raises(PacketError):
        playout.receive(5, 5, TOC[60] + VOICE, 0, [Copy(2880, b"")])
    assert playout.stats == Playout().stats


def _with_pauses(dtx: bytes | None) -> list[Sent]:
    """Return two seconds of speech and two of silence in turn, whose packets are not sent, but for one `dtx`."""
    packets, sequence = [], 0
    for index, packet in enumerate(talk(20_000)):
        pausing = index * 120 % 4_000 >= 2_000
        began = pausing and (index - 1) * 120 % 4_000 < 2_000
        if pausing and not (began and dtx):
            continue
        payload = dtx if pausing and dtx else packet.payload
        packets.append(replace(packet, sequence=sequence, payload=payload))
        sequence += 1
    return packets


def test_a_silence_is_told_from_loss_by_its_sequence_numbers() -> None:
    stats = listen(_with_pauses(None), 17_000).playout.stats
    assert stats.concealed_ms == stats.lost == stats.underruns == stats.stall_ms_max == 0
    assert stats.quiet_ms == pytest.approx(8_000, rel=0.05)


def test_an_announced_silence_is_quiet_at_once() -> None:
    run = listen(_with_pauses(opus_packet.join([b"\x18", b"\x18"])), 17_000)
    assert run.conceals() == []
    assert run.playout.stats.quiet_ms == pytest.approx(7_500, rel=0.05)


def test_a_known_silence_is_quiet_while_later_frames_wait() -> None:
    playout = Playout()
    one, two = TOC[60] + b"one", TOC[60] + b"two"
    playout.receive(0, 0, one, 0)
    playout.receive(1, 2880 * 2, two, 0.02)
    run = listen([], 300, playout, start_ms=20)
    kinds = [(type(sound), getattr(sound, "frame", None)) for _, sound in run.heard[:3]]
    assert (Play, one) in kinds
    assert (Silence, None) in kinds
    assert run.plays()[1].frame == two
    assert run.conceals()[0].cause is Cause.UNDERRUN


def test_a_known_loss_is_concealed_for_its_length() -> None:
    playout = Playout()
    for sequence in (0, 2, 3):
        playout.receive(sequence, sequence * 2880, TOC[60] + VOICE, sequence * 0.001)
    run = listen([], 260, playout, start_ms=20)
    assert [type(sound) for _, sound in run.heard[:4]] == [Play, Conceal, Play, Play]
    assert run.heard[1][1] == Conceal(60, Cause.LOST, following=TOC[60] + VOICE)


def test_only_the_end_of_a_long_loss_is_told_what_follows() -> None:
    playout = Playout()
    for sequence, frame in ((0, b"a"), (3, b"b"), (4, b"c")):
        playout.receive(sequence, sequence * 2880, TOC[60] + frame, sequence * 0.001)
    run = listen([], 320, playout, start_ms=20)
    assert [sound.following for sound in run.conceals()[:2]] == [None, TOC[60] + b"b"]


def test_a_late_joiner_hears_at_once() -> None:
    packets = talk(MINUTE_MS)[300:]
    joined_ms = packets[0].arrives_ms
    run = listen(packets, MINUTE_MS, start_ms=joined_ms - 500)
    first = next(now_ms for now_ms, sound in run.heard if isinstance(sound, Play))
    assert first - joined_ms <= MIN_TARGET_MS + 20
    assert run.concealed_ms() == run.playout.stats.lost == 0


@pytest.mark.parametrize("first", [30_000, 5])
def test_a_restarted_stream_is_taken_up(first: int) -> None:
    packets = talk(5_040) + talk(5_000, first=first, start_ms=5_040)
    run = listen(packets, 10_000)
    stats = run.playout.stats
    assert stats.restarts == 1
    assert stats.lost == 0
    assert len(run.plays()) * 60 > 9_300
    assert run.waits_ms()[-1] < 200


def test_a_stray_packet_disturbs_nothing() -> None:
    packets = talk(10_000)
    stray = Sent(5_001, 40_000, 10**9, TOC[60] + b"stray")
    stats = listen(sorted([*packets, stray, stray], key=lambda packet: packet.arrives_ms), 10_000).playout.stats
    assert stats.restarts == stats.concealed_ms == stats.lost == 0


def test_a_longer_path_costs_one_stall_and_no_more() -> None:
    packets = talk(MINUTE_MS)
    moved = [
        replace(packet, arrives_ms=packet.arrives_ms + 190 * (index > 200)) for index, packet in enumerate(packets)
    ]
    stats = listen(moved, MINUTE_MS).playout.stats
    assert stats.underruns == 1
    assert stats.stall_ms_max <= 200
    assert stats.concealed_ms <= 200
    assert stats.dropped_ms == 0


def test_a_stalled_link_is_caught_up() -> None:
    """Two seconds of packets that come all at once: the oldest are dropped, and the delay is short again."""
    packets = talk(30_000)
    stalled = [
        replace(packet, arrives_ms=max(packet.arrives_ms, 12_000) if packet.arrives_ms > 10_000 else packet.arrives_ms)
        for packet in packets
    ]
    run = listen(stalled, 30_000)
    stats = run.playout.stats
    assert stats.dropped_ms > 1_000
    assert stats.underruns == 1
    assert run.waits_ms()[-1] < 200


def test_a_stopped_sound_card_costs_no_memory() -> None:
    playout = Playout()
    for packet in talk(MINUTE_MS):
        playout.receive(packet.sequence, packet.timestamp, packet.payload, packet.arrives_ms / 1000)
    assert playout.stats.dropped_ms > 58_000
    run = listen([], MINUTE_MS + 1_000, playout, start_ms=MINUTE_MS)
    assert 100 <= len(run.plays()) * 60 <= 300


def test_waiting_counts_from_the_packets_arrival() -> None:
    packets = talk(6_000)
    arrived_ms = {packet.timestamp + frame * 60 * 48: packet.arrives_ms for packet in packets for frame in range(2)}
    run = listen(packets, 6_000)
    due = [(now_ms, sound) for now_ms, sound in run.heard if isinstance(sound, Play)]
    assert len(due) > 90
    assert run.waits_ms() == pytest.approx([now_ms - arrived_ms[play.timestamp] for now_ms, play in due])


def test_nothing_is_quiet() -> None:
    run = listen([], 1_000)
    assert all(isinstance(sound, Silence) for _, sound in run.heard)
    assert run.playout.stats.quiet_ms == 0


def test_the_target_stays_bounded_on_a_hopeless_link() -> None:
    run = listen(jittery(talk(MINUTE_MS), 600), MINUTE_MS)
    assert run.playout.stats.target_ms <= MAX_TARGET_MS
    assert max(run.waits_ms()) < 1_200


def test_garbage_touches_no_state() -> None:
    playout = Playout()
    for payload in (b"", b"\x1b", b"\x1b\x00", b"\x19abc"):
        with pytest.raises(PacketError):
            playout.receive(5, 5, payload, 0)
    assert playout.stats == Playout().stats
    assert playout.take(0) == Playout().take(0)


any_payload = st.binary(max_size=8) | st.sampled_from([b"\x18voice", b"\x18", b"\x1b\x02voicee", b"\xc0x"])
packets_of_any_kind = st.tuples(
    st.integers(0, 2**16 - 1),
    st.integers(0, 2**32 - 1),
    any_payload,
    st.floats(0, 0.5),
    st.lists(st.builds(Copy, st.integers(1, 2**14 - 1), any_payload), max_size=3),
)


@given(st.lists(packets_of_any_kind, max_size=30))
def test_any_packets_play_or_raise(packets: list[tuple[int, int, bytes, float, list[Copy]]]) -> None:
    playout, now = Playout(), 0.0
    for sequence, timestamp, payload, pause, copies in packets:
        with contextlib.suppress(PacketError):
            playout.receive(sequence, timestamp, payload, now, copies)
        sound = playout.take(now)
        assert isinstance(sound, Play) or 0 < sound.ms <= 60
        now += pause


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 40), st.booleans()), max_size=60))
def test_any_order_of_a_stream_plays_in_order(moves: list[tuple[int, int, bool]]) -> None:
    """Whatever comes when: time runs forward, and no frame is played twice."""
    packets, playout, now, played = with_copies(talk(7_320, 120), 2), Playout(), 0.0, -1
    for index, pause_ms, take in moves:
        packet = packets[index]
        playout.receive(packet.sequence, packet.timestamp, packet.payload, now, packet.copies)
        now += pause_ms / 1000
        sound = playout.take(now) if take else None
        if isinstance(sound, Play) and not playout.stats.restarts:
            assert sound.timestamp > played
            played = sound.timestamp


@pytest.mark.parametrize("seed", range(5))
def test_a_pause_lasts_as_long_as_the_peer_was_silent(seed: int) -> None:
    """The sound clock asks up to 20 ms off its time, as devices and event loops do; the sound's own time is exact."""
    draw, end = random.Random(seed), opus_packet.join([TOC[60] + VOICE, TOC[60]])
    packets, sequence = [], 0
    for pause in range(6):
        for index in range(10):
            at = pause * 3000 + index * 120
            packets.append(
                Sent(at + 120, sequence, at * 48, end if index == 9 else opus_packet.join([TOC[60] + VOICE] * 2))
            )
            sequence += 1
    playout, now, due, heard, ends = Playout(), 0.0, list(packets), [], []
    while now < 20_000:
        while due and due[0].arrives_ms <= now:
            sent = due.pop(0)
            playout.receive(sent.sequence, sent.timestamp, sent.payload, sent.arrives_ms / 1000)
        sound = playout.take((now + draw.uniform(-20, 0)) / 1000 if now > 20 else 0.0)
        if isinstance(sound, Play):
            heard.append(now - sound.timestamp / 48)
            ends.append(heard[-1] + 60 / sound.speed - 60)
        now += 60 / sound.speed if isinstance(sound, Play) else sound.ms
    assert playout.stats.concealed_ms == 0
    assert [heard[n] - ends[n - 1] for n in range(40, 120, 20)] == pytest.approx([0] * 4, abs=1)
