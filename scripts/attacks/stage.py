"""A room of two: Ann, who speaks and shows; Dora, a whole program, which is attacked. Mallory may come in."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from attacks.broker import EvilBroker
from attacks.program import Program, started
from attacks.victims import Victim, running, until
from protocol.errors import NodeError
from protocol.room_secret import SECRET_BYTES, RoomSecret

JOINED_S = 10.0  # for a member to be known
LOADED_S = 90.0  # for the models of a program whose page is there already: no attack is to wait for them
CODE_PAGE = "latin-1"  # not all that people write can be shown in such a terminal
QUIET_S = 3.0  # how long the machine is measured without any attack
LEAST_SHARE = 0.9  # of the speech that came without an attack: a packet or two are on their way at either end


@dataclass
class Stage:
    """Who is there; `quiet` is the share of Ann's packets that reached Dora before anything began."""

    program: Program
    ann: Victim
    secret: RoomSecret
    port: int
    quiet: float = 1.0

    @contextlib.asynccontextmanager
    async def member(self, name: str = "Mallory", words: str = "") -> AsyncIterator[Victim]:
        """Let a member come in who says nothing aloud and sees `words`."""
        mallory = Victim(name, self.secret, self.port, speaks=False)
        mallory.words.only = words
        async with running(mallory):
            await until(lambda: "Dora" in mallory.node.peers(), JOINED_S)
            yield mallory

    async def share(self, seconds: float) -> float:
        """Measure for so long which share of Ann's packets reaches Dora."""
        came, sent = await self._counts()
        await asyncio.sleep(seconds)
        came_then, sent_then = await self._counts()
        return (came_then - came) / max(1, sent_then - sent)

    async def _counts(self) -> tuple[float, int]:
        """Count what came, and what was sent at the moment of the answer, which may have been long in coming."""
        came = (await self.program.count())["speech_packets.received"]
        return came, self.ann.node.count().speech_out.packets

    async def through(self, work: Awaitable[str], seconds: float) -> tuple[bool, str]:
        """Attack; repelled if speech goes on meanwhile as it did before, and the program and its page afterwards."""
        working = asyncio.ensure_future(work)
        try:
            share = await self.share(seconds)
            told = await working
            well = (await self.program.ask("GET", "healthz"))[0] == 200
        except (aiohttp.ClientError, OSError, TimeoutError, KeyError) as error:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            state = "gives no answer" if self.program.is_alive else f"is dead: {self.program.last_words()}"
            return False, f"the program {state} ({type(error).__name__})"
        heard = share >= LEAST_SHARE * min(1.0, self.quiet)
        told = f"{told}; {share:.0%} of the speech packets came, {self.quiet:.0%} without the attack"
        return well and heard and self.program.is_alive, told

    async def paints(self, patience_s: float) -> bool:
        """Tell whether the program still paints what Ann shows."""
        self.ann.camera.turn()
        return await self.program.painted(patience_s)


@contextlib.asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """Hold the call of the two, the program in a terminal of `CODE_PAGE`. NodeError if there is no call."""
    secret, broker = RoomSecret.random(secrets.token_bytes(SECRET_BYTES)), EvilBroker()
    with tempfile.TemporaryDirectory() as folder:
        async with broker.serve() as port, started(secret, port, Path(folder), CODE_PAGE) as program:
            ann = Victim("Ann", secret, port)
            async with running(ann):
                if not await until(ann.links):
                    raise NodeError(f"the program did not get into a call: {program.last_words()}")
                on = Stage(program, ann, secret, port)
                try:
                    if not await program.painted(LOADED_S, more_than=0):
                        raise NodeError(f"the program painted nothing: {program.last_words()}")
                    on.quiet = await on.share(QUIET_S)
                except (aiohttp.ClientError, OSError) as error:
                    raise NodeError(f"the program ended before the attack: {program.last_words()}") from error
                yield on
