from __future__ import annotations

from protocol.sealing import Envelope, Unsealed


def test_unsealed_changes_nothing() -> None:
    envelope: Envelope = Unsealed()
    assert envelope.seal("room/me/p", b"words") == b"words"
    assert envelope.open("room/me/p", b"words") == b"words"
