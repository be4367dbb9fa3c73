"""`scripts/attack` repels all it tries, and tells when it does not."""

from __future__ import annotations

import asyncio
import json

import pytest
from attacks.attacks import ATTACKS
from attacks.datagrams import datagrams
from attacks.flood import LEAST_SHARE, MOST_GROWTH_MB, SECONDS, flood
from attacks.run import attack, call, main

from protocol import sealing
from protocol.signalling.liveness import MAX_STRANGERS


def test_every_attack_is_repelled(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--json", "--no-flood", "--at-once"])
    outcomes = {outcome["attack"]: outcome for outcome in json.loads(capsys.readouterr().out)}
    assert [outcome for outcome in outcomes.values() if not outcome["repelled"]] == []
    mixed = outcomes["mix offers and answers of different calls"]["what"]
    assert "held back until now, opened and were not taken" in mixed  # those of the attack before
    assert {name for name, _ in ATTACKS} < set(outcomes)
    assert code == 0


@pytest.mark.real_time
async def test_speech_and_good_pictures_go_on_in_a_flood_and_memory_stays() -> None:
    """Judged by what the same machine let through just before."""
    async with call() as scene:
        what = await flood(scene)
        assert what.rate > 0
        assert what.refused >= what.rate * SECONDS  # each of them
        assert what.heard > LEAST_SHARE * min(1.0, what.quiet)
        assert what.picture_s is not None
        assert what.growth_mb < MOST_GROWTH_MB
        room = scene.bob.node.room
        assert room.channel.admitted == {scene.ann.id}
        liveness = room.peers.room.liveness
        assert liveness.remembered + liveness.asked <= 1 + 2 * MAX_STRANGERS


@pytest.mark.real_time
async def test_speech_goes_on_while_strangers_flood_its_port() -> None:
    async with call() as scene:
        repelled, what = await datagrams(scene)
        assert repelled, what


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
    names = {
        "flip a bit of every byte",
        "move to another topic, sender, room",
        "read the capture",
        "swap the fingerprint in an offer",
    }
    outcomes = asyncio.run(attack(names, with_flood=False))
    assert {outcome.attack for outcome in outcomes if not outcome.repelled} == names
