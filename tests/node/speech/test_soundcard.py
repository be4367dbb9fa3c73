from __future__ import annotations

import sys

import pytest

from node.speech import soundcard
from node.speech.soundcard import Direction, devices
from protocol.errors import NodeError


def test_devices_are_listed_by_what_they_do(card) -> None:
    assert devices() == soundcard.SoundDevices(("headset",), ("headset", "screen"), "")


def test_no_portaudio_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert devices() == soundcard.SoundDevices(note=soundcard.NO_PORTAUDIO)
    with pytest.raises(NodeError, match="libportaudio2"):
        soundcard.check(Direction.INPUT)


def test_no_device_is_said_plainly(card, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card, "query_devices", list)
    assert devices().note == soundcard.NO_DEVICE


def test_a_broken_portaudio_is_said_plainly(card, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> list[object]:
        raise card.PortAudioError("host error")

    monkeypatch.setattr(card, "query_devices", broken)
    assert "host error" in devices().note


def test_a_stream_is_opened_in_our_form_and_closed(card) -> None:
    with soundcard.running(Direction.OUTPUT, blocksize=320, finished_callback=lambda: None) as stream:
        assert stream.state == "started"
        wanted = {"samplerate": 16_000, "channels": 1, "dtype": "int16", "blocksize": 320}
        assert wanted.items() <= stream.settings.items()
    assert stream.state == "closed"


@pytest.mark.parametrize("refusal", ["refuses", "refuses_start"])
def test_a_taken_device_is_said_plainly(card, refusal: str) -> None:
    setattr(card, refusal, True)
    with (
        pytest.raises(NodeError, match=r"no usable microphone \(device unavailable\)"),
        soundcard.running(Direction.INPUT, finished_callback=lambda: None),
    ):
        pass
    assert all(stream.state == "closed" for stream in card.streams)


def test_devices_are_listed_again_only_while_none_is_open(card) -> None:
    with soundcard.running(Direction.INPUT, finished_callback=lambda: None):
        soundcard.rescan()
        assert card.rescans == 0
    soundcard.rescan()
    assert card.rescans == 1


def test_a_portaudio_that_cannot_rescan_is_no_error(card) -> None:
    card.refuses_rescan = True
    soundcard.rescan()
