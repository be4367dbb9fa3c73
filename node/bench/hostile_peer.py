"""A peer that sends the captions that take longest to read, faster than any camera would."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from node.call.membership import RoomMembership
from node.captions.coder import shipped_codecs
from protocol import frames
from protocol.signalling import Carries

if TYPE_CHECKING:
    from node.call.endpoints import Rendezvous

logger = logging.getLogger(__name__)

# Pictures: ten times what a camera sends.
A_SECOND = 20.0

# The caption codec with a model, whose captions take longest to read.
MODELLED = 2


class HostilePeer:
    """A member of the room at `place` that sends no speech, and pictures of these captions, of codec 2, without end."""

    def __init__(self, place: Rendezvous, captions: Sequence[bytes]) -> None:
        self.name = "mallory"
        self.sent = 0
        self._room = RoomMembership(self.name, place, Carries.PICTURES_OUT, shipped_codecs(), note=logger.info)
        self._captions = captions

    async def run(self) -> None:
        """Send until cancelled, then say goodbye."""
        await self._room.run({"flood": self._flood})

    async def _flood(self) -> None:
        for self.sent in itertools.count(1):
            caption = self._captions[self.sent % len(self._captions)]
            picture = frames.Picture(self.sent, 0, MODELLED, caption, self.sent % 128)
            self._room.post_picture(frames.encode(picture), retain=True)
            await asyncio.sleep(1 / A_SECOND)
