"""`scripts/attack` repels all it tries, and tells when it does not."""

from __future__ import annotations

import asyncio
import json

import pytest
from attacks.attacks import ATTACKS
from attacks.run import FLOOD, attack, main

from protocol import sealing


def test_every_attack_is_repelled(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--json"])
    outcomes = {outcome["attack"]: outcome for outcome in json.loads(capsys.readouterr().out)}
    assert [outcome for outcome in outcomes.values() if not outcome["repelled"]] == []
    assert {name for name, _ in ATTACKS} | {FLOOD} < set(outcomes)
    assert code == 0


class NoCipher:
    """Seals nothing."""

    def __init__(self, key: bytes, tag_length: int) -> None:
        self._tag = bytes(tag_length)

    def encrypt(self, nonce: bytes, data: bytes, bound: bytes) -> bytes:
        return data + self._tag

    def decrypt(self, nonce: bytes, data: bytes, bound: bytes) -> bytes:
        return data[: -len(self._tag)]


def test_without_a_cipher_the_attacks_succeed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the attacks find is in the sealing, and not in the attacks."""
    monkeypatch.setattr(sealing, "AESCCM", NoCipher)
    names = {"flip a bit of every byte", "move to another topic, sender, room", "read the capture"}
    outcomes = asyncio.run(attack(names, with_flood=False))
    assert {outcome.attack for outcome in outcomes if not outcome.repelled} == names
