"""Containment of peers' faults: an error while a message of a peer is handled ends that, and nothing else."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from protocol.errors import LocalError, RemoteError

logger = logging.getLogger(__name__)

# Peers whose first fault was noted; a flood of forged names must not grow this.
MAX_NOTED_PEERS = 256


class PeerFaults:
    """A count of the errors while peers' messages were handled. The first one of each peer is noted.

    Neither the note nor the log has the error's own text, which may quote a caption.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._noted: set[str] = set()
        self.count = 0

    @contextmanager
    def contained(self, peer: str, what: str) -> Iterator[None]:
        """Count an exception in the context, in which `what` of a peer is handled, and end the context there.

        A LocalError is raised on, as it is meant to end the node, and so is a BaseException such as a cancellation.
        """
        try:
            yield
        except LocalError:
            raise
        except RemoteError as error:
            self.count += 1
            logger.debug("%s of %.40r is bad: %s", what, peer, type(error).__name__)
        except Exception as error:
            self.add(peer, what, error)

    def add(self, peer: str, what: str, error: Exception) -> None:
        """Count an exception that was caught elsewhere while `what` of a peer was handled."""
        self.count += 1
        kind = type(error).__name__
        frames = "".join(traceback.format_tb(error.__traceback__))
        logger.debug("%s of %.40r raised %s:\n%s", what, peer, kind, frames)
        if peer not in self._noted and len(self._noted) < MAX_NOTED_PEERS:
            self._noted.add(peer)
            self._note(f"{what} of {peer or 'nobody known'} could not be handled ({kind}) and is left out")
