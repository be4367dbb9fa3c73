"""The list of speech profiles."""

from __future__ import annotations

import json

import pytest

from node.commands import listing
from node.speech.profiles import PROFILES


def test_each_profile_with_its_rates_in_eighty_columns(capsys: pytest.CaptureFixture[str]) -> None:
    listing.show(as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines[1:-2]] == list(PROFILES)
    assert "7.1         10.0" in lines[2]
    assert [line.split(":")[0] for line in lines[-2:]] == ["custom", "auto"]


def test_the_same_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    listing.show(as_json=True)
    lean = json.loads(capsys.readouterr().out)[1]
    assert (lean["profile"], lean["bandwidth"], lean["payload_kbps"], lean["wire_kbps"]) == ("lean", "nb", 7.1, 10.0)
