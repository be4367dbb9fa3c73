"""A flood of forged frames: do speech and good pictures go on, and does memory stay?"""

from __future__ import annotations

import asyncio
import itertools
import random
import resource
import time
from dataclasses import dataclass
from pathlib import Path

from attacks.attacks import STRANGER, Scene
from attacks.broker import Mail
from attacks.victims import until
from protocol.topics import Letter

RATE = 10_000  # messages a second
SECONDS = 6.0
TICK_S = 0.01
PACKETS_A_SECOND = 1000 / 120  # of speech, at the profile of the victims
LEAST_SHARE = 0.9  # of the speech packets that are due: the flood's end is not the packets'
MOST_GROWTH_MB = 8.0  # what a second of the flood would take, were it kept, is 1 MB of bytes and 10 of objects


@dataclass(frozen=True, slots=True)
class Flood:
    """What went on meanwhile."""

    rate: float
    refused: int
    heard: float
    late: int
    picture_s: float | None
    growth_mb: float
    cpu: float

    def repelled(self) -> bool:
        held = self.rate > 0.9 * RATE and self.growth_mb < MOST_GROWTH_MB
        return held and self.heard > LEAST_SHARE and self.picture_s is not None

    def __str__(self) -> str:
        seen = "never came" if self.picture_s is None else f"came after {self.picture_s:.2f} s"
        return (
            f"{self.rate:,.0f} forged messages a second, {self.refused:,} refused; {self.heard:.0%} of the speech "
            f"packets came, {self.late} late; a good picture {seen}; memory grew by {self.growth_mb:.1f} MB; "
            f"{self.cpu:.0%} of a core for both nodes and the broker"
        )


async def flood(scene: Scene) -> Flood:
    """Floods bob while ann talks and shows something new."""
    packets = itertools.cycle([mail.packet() for mail in _forged(scene)])
    per_tick = round(RATE * TICK_S)
    bob, loop = scene.bob, asyncio.get_running_loop()
    writers = scene.broker.listeners(f"{scene.room}/{scene.ann.id}/{Letter.PICTURE}")
    counts = bob.node.count().speech_in
    heard, refused, late = bob.heard, bob.refused, counts.late
    began, memory, cpu, sent, shown_at = loop.time(), _memory_mb(), time.process_time(), 0, None
    seen = len(bob.seen)
    scene.ann.camera.turn()
    while (now := loop.time()) < began + SECONDS:
        due = round((now - began) * RATE) - sent
        for _ in range(min(due, 20 * per_tick)):
            for writer in writers:
                writer.write(next(packets))
            sent += 1
        for writer in writers:
            await writer.drain()
        if shown_at is None and len(bob.seen) > seen:
            shown_at = loop.time() - began
        await asyncio.sleep(TICK_S)
    took = loop.time() - began
    came = (bob.heard - heard) / (took * PACKETS_A_SECOND)
    used = (time.process_time() - cpu) / took
    await until(lambda: bob.refused - refused >= sent, 10)
    late = bob.node.count().speech_in.late - late
    return Flood(sent / took, bob.refused - refused, came, late, shown_at, _memory_mb() - memory, used)


def _forged(scene: Scene) -> list[Mail]:
    """True messages with one bit turned: the dearest to refuse. Of ann, and of a thousand who are not there."""
    mails = []
    for mail in scene.one_of_each():
        broken = mail.payload[:-1] + bytes([mail.payload[-1] ^ 1])
        names = [scene.ann.id] * 500 + [f"{STRANGER[:2]}{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}" for n in range(500)]
        mails += [Mail(f"{scene.room}/{name}/{mail.letter}", broken) for name in names]
    random.Random(1).shuffle(mails)
    return mails


def _memory_mb() -> float:
    """Of this process, now."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
