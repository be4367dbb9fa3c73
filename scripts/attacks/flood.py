"""A flood of forged frames: do speech and good pictures go on, and does memory stay?

The flood is as fast as it is meant to be, or as the node lets it: one that reads slowly, because the machine is busy,
holds it up by TCP. Speech is judged against what the same machine let through just before, with everything else on it.
"""

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
from attacks.victims import Victim, until
from protocol.topics import Letter

RATE = 10_000  # messages a second
SECONDS = 6.0
TICK_S = 0.01
PACKETS_A_SECOND = 1000 / 120  # of speech, at the profile of the victims
QUIET_S = 3.0  # how long the machine is measured without a flood
LEAST_SHARE = 0.9  # of the speech packets that come without a flood: its end is not the packets'
LEAST_HELD_UP = 0.1  # of the time that a flood waited for the node, if it was slower than it should be
READ_S = 30.0  # for what a held up flood has left in the system's buffers, true pictures behind it
MOST_GROWTH_MB = 8.0  # what a second of the flood would take, were it kept, is 1 MB of bytes and 10 of objects


@dataclass(frozen=True, slots=True)
class Flood:
    """What went on meanwhile."""

    rate: float
    held_up: float
    refused: int
    heard: float
    quiet: float
    late: int
    picture_s: float | None
    growth_mb: float
    cpu: float

    def repelled(self) -> bool:
        was_full = self.rate > 0.9 * RATE or self.held_up > LEAST_HELD_UP
        heard = self.heard > LEAST_SHARE * min(1.0, self.quiet)
        return was_full and heard and self.growth_mb < MOST_GROWTH_MB and self.picture_s is not None

    def __str__(self) -> str:
        seen = "never came" if self.picture_s is None else f"came after {self.picture_s:.2f} s"
        return (
            f"{self.rate:,.0f} forged messages a second, held up for {self.held_up:.0%} of the time, "
            f"{self.refused:,} refused; {self.heard:.0%} of the speech packets came, {self.quiet:.0%} without it, "
            f"{self.late} late; a good picture {seen}; memory grew by {self.growth_mb:.1f} MB; "
            f"{self.cpu:.0%} of a core for both nodes and the broker"
        )


async def flood(scene: Scene) -> Flood:
    """Floods bob while ann talks and shows something new."""
    bob, loop = scene.bob, asyncio.get_running_loop()
    quiet = await speech_share(bob, QUIET_S)
    refused, late = bob.refused, bob.node.count().speech_in.late
    began, memory, cpu, seen = loop.time(), memory_mb(), time.process_time(), len(bob.seen)
    scene.ann.camera.turn()
    shown = asyncio.create_task(_shown_after(scene, seen))
    (sent, held_up), share = await asyncio.gather(_pour(scene, began), speech_share(bob, SECONDS))
    took = loop.time() - began
    used = (time.process_time() - cpu) / took
    await until(lambda: bob.refused - refused >= sent, READ_S)
    late = bob.node.count().speech_in.late - late
    done, _ = await asyncio.wait({shown}, timeout=TICK_S * 10)
    shown.cancel()
    picture_s = shown.result() if done else None
    growth = memory_mb() - memory
    return Flood(sent / took, held_up / took, bob.refused - refused, share, quiet, late, picture_s, growth, used)


async def speech_share(listener: Victim, seconds: float) -> float:
    """Measure for so long which share of the speech packets that are due comes."""
    loop, heard = asyncio.get_running_loop(), listener.heard
    began = loop.time()
    await asyncio.sleep(seconds)
    return (listener.heard - heard) / ((loop.time() - began) * PACKETS_A_SECOND)


async def _pour(scene: Scene, began: float) -> tuple[int, float]:
    """Sends forged messages; returns how many, and how many seconds it had to wait for the node to read."""
    packets = itertools.cycle([mail.packet() for mail in _forged(scene)])
    writers = scene.broker.listeners(f"{scene.room}/{scene.ann.id}/{Letter.PICTURE}")
    loop, sent, held_up = asyncio.get_running_loop(), 0, 0.0
    while (now := loop.time()) < began + SECONDS:
        due = round((now - began) * RATE) - sent
        for _ in range(min(due, round(RATE * TICK_S))):  # no more at once: it would hold the loop that both share
            for writer in writers:
                writer.write(next(packets))
            sent += 1
        waits = loop.time()
        for writer in writers:
            await writer.drain()
        held_up += loop.time() - waits
        await asyncio.sleep(0 if due > RATE * TICK_S else TICK_S)
    return sent, held_up


async def _shown_after(scene: Scene, seen: int) -> float:
    """How long it takes until bob has seen a new picture; for ever if none is seen."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while len(scene.bob.seen) == seen:  # noqa: ASYNC110 - it looks at what tells nobody
        await asyncio.sleep(TICK_S)
    return loop.time() - began


def _forged(scene: Scene) -> list[Mail]:
    """True messages with one bit turned: the dearest to refuse. Of ann, and of a thousand who are not there."""
    mails = []
    for mail in scene.one_of_each():
        broken = mail.payload[:-1] + bytes([mail.payload[-1] ^ 1])
        names = [scene.ann.id] * 500 + [f"{STRANGER[:2]}{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}" for n in range(500)]
        mails += [Mail(f"{scene.room}/{name}/{mail.letter}", broken) for name in names]
    random.Random(1).shuffle(mails)
    return mails


def memory_mb() -> float:
    """Of this process, now."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
