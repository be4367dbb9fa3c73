"""What held the loop has a name."""

from __future__ import annotations

import selectors
import sys
import threading
import time
from pathlib import Path

from node.bench import loop_culprits
from node.bench.hostile_peer import worst_captions
from node.bench.loop_culprits import IDLE, LoopCulprits, culprit
from node.captions.coder import shipped_codecs
from node.common.peer_faults import PeerFaults

CODECS = shipped_codecs()


def test_the_innermost_function_of_ours_is_named_and_what_it_called() -> None:
    seen: list[str] = []

    class Ours(str):
        def split(self, *by: object) -> list[str]:  # type: ignore[override]
            seen.append(culprit(sys._getframe()))
            raise ValueError

    with PeerFaults(print).contained("b", "a message"):
        from node.links.room_channel import _sender

        _sender(Ours("x"))
    assert len(seen) == 1
    assert seen[0].startswith("node/links/room_channel.py:_sender (test_loop_culprits.")
    assert seen[0].endswith("Ours.split)")


def test_a_loop_that_waits_is_idle() -> None:
    with selectors.DefaultSelector() as selector:
        standing = threading.Event()

        def wait() -> None:
            standing.set()
            selector.select(2)

        thread = threading.Thread(target=wait)
        thread.start()
        standing.wait()
        found = ""
        deadline = time.monotonic() + 2
        while found != IDLE and time.monotonic() < deadline:
            found = culprit(sys._current_frames().get(thread.ident or 0))
        thread.join()
    assert found == IDLE
    assert culprit(None) == IDLE


def test_what_holds_the_loops_thread_is_counted_while_it_is_late() -> None:
    late = [False]
    worst = worst_captions(CODECS.models[2])[0]
    with LoopCulprits(lambda: 0.0 if late[0] else float("inf")) as culprits:
        CODECS.decode(2, worst)
        assert not culprits.held_us
        late[0] = True
        while not culprits.held_us:
            CODECS.decode(2, worst)
    assert any(name.startswith("protocol/captions/") for name in culprits.held_us)


def test_its_folders_are_where_they_are_thought_to_be() -> None:
    assert all((loop_culprits._ROOT / folder).is_dir() for folder in loop_culprits.OURS)
    assert Path(loop_culprits.__file__).is_relative_to(loop_culprits._ROOT)
