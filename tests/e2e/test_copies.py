"""Copies of lost packets, from the talker through a real WebRTC link to the ear."""

from __future__ import annotations

import numpy as np
from linked import End, connected

from node.bench.call_simulation import encoded_packets
from node.links.wire_meter import Direction, udp_kind
from node.speech import dialogue, sound_files
from node.speech.libopus import OpusDecoder
from node.speech.pcm import BLOCK_SAMPLES, Pcm
from node.speech.profiles import LEAN
from node.speech.receive_stream import ReceiveStream
from node.speech.send_stream import SpeechPacket
from protocol.speech.playout import Playout

BLOCKS_A_PACKET = 6


class Losing:
    """A network that loses the speech packets with these numbers."""

    def __init__(self, *lost: int) -> None:
        self.lost, self.sent = lost, -1

    def __call__(self, direction: Direction, data: bytes) -> bool:
        if direction == "sent" and udp_kind(data) == "rtp":
            self.sent += 1
            return self.sent not in self.lost
        return True


async def heard(packets: list[SpeechPacket], losing: Losing) -> tuple[Pcm, ReceiveStream]:
    """What comes out at the other end, played by a clock that moves a packet's time on with each packet."""
    listener, sound, now = ReceiveStream(Playout(), OpusDecoder()), [], 1000.0
    async with connected(End(observer=losing), End()) as (a, b):
        for number, packet in enumerate(packets):
            arrived = len(b.packets)
            a.link.send(packet.timestamp, packet.payload, packet.copies)
            if number not in losing.lost:
                await b.packets.count(arrived + 1)
                listener.receive(*b.packets.all[-1], now, b.copies[-1])
            for _ in range(BLOCKS_A_PACKET):
                sound.append(listener.pull(BLOCK_SAMPLES, now))
                now += 0.02
    return np.concatenate(sound), listener


async def test_lost_packets_are_heard_as_if_they_had_come() -> None:
    pcm = np.concatenate(list(sound_files.blocks(dialogue.shipped()[0].path, BLOCK_SAMPLES)))
    packets = await encoded_packets(pcm, LEAN, redundancy=1)
    whole, _ = await heard(packets, Losing())
    holed, listener = await heard(packets, Losing(14, 17, 20, 23))
    assert listener.playout.stats.lost == 4
    assert listener.playout.stats.recovered == 8
    assert np.array_equal(whole, holed)
