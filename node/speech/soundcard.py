"""The sound card by sounddevice (PortAudio): its devices, and the streams that are open on them.

sounddevice is imported at the first use: that fails without PortAudio, and a node needs no sound card.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

from node.speech.pcm import SAMPLE_RATE
from protocol.errors import NodeError

# Seconds between two attempts to open a device after one was unplugged.
RETRY_S = 1.0

NO_PORTAUDIO = (
    "no PortAudio here; install it (Debian and Ubuntu: sudo apt-get install libportaudio2), or listen and talk on the "
    "page (--page)"
)

NO_DEVICE = "PortAudio finds no sound device; the page can be listened to (--page)"

# The format of every stream of the node.
FORMAT = {"samplerate": SAMPLE_RATE, "channels": 1, "dtype": "int16"}


# The streams of this process that are open: PortAudio lists its devices again only while there is none. It is one of
# the process-wide states that docs/architecture.md lists.
_streams: list[Any] = []


class Direction(Enum):
    """The direction of sound; the values are sounddevice's."""

    INPUT = "input"
    OUTPUT = "output"

    @property
    def device(self) -> str:
        """The device's name in texts."""
        return "microphone" if self is Direction.INPUT else "loudspeaker"

    @property
    def without(self) -> str:
        """What can be done without the device, in texts."""
        return "a browser's will do (--page)" if self is Direction.INPUT else "the page can be listened to (--page)"

    @property
    def gone(self) -> str:
        """The note that the device was unplugged."""
        return f"the {self.device} went away; looking for another one"

    @property
    def back(self) -> str:
        """The note that another one was found."""
        return f"the default {self.device} is in use again"


@dataclass(frozen=True, slots=True)
class SoundDevices:
    """Names of the inputs and outputs, and a line with the reason if there are none (or an empty one)."""

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    note: str = ""


def library() -> Any:
    """Return the sounddevice module. Raises NodeError if it or PortAudio is missing."""
    try:
        import sounddevice
    except (ImportError, OSError):
        raise NodeError(NO_PORTAUDIO) from None
    return sounddevice


def check(direction: Direction) -> None:
    """Raise NodeError unless the default device of that direction takes the node's format."""
    sounddevice = library()
    probe = getattr(sounddevice, f"check_{direction.value}_settings")
    try:
        probe(**FORMAT)
    except (sounddevice.PortAudioError, ValueError) as error:
        raise unusable(direction, error) from None


@contextmanager
def running(direction: Direction, **settings: Any) -> Iterator[Any]:
    """Open and start a raw stream of the default device for the context. Raises NodeError if the device refuses."""
    sounddevice = library()
    kind = sounddevice.RawInputStream if direction is Direction.INPUT else sounddevice.RawOutputStream
    try:
        stream = kind(latency="low", **FORMAT, **settings)
    except sounddevice.PortAudioError as error:
        raise unusable(direction, error) from None
    _streams.append(stream)
    try:
        with closing(stream):
            try:
                stream.start()
            except sounddevice.PortAudioError as error:
                raise unusable(direction, error) from None
            yield stream
    finally:
        _streams.remove(stream)


def rescan() -> None:
    """Make PortAudio list the devices again, which it does only while no stream is open; else change nothing."""
    if not _streams:
        sounddevice = library()
        with suppress(sounddevice.PortAudioError):  # the next attempt to open a device fails with it
            sounddevice._terminate()
            sounddevice._initialize()


def unusable(direction: Direction, error: Exception) -> NodeError:
    """Return the error for a device that is missing, taken or gone."""
    return NodeError(
        f"no usable {direction.device} ({error}); plug one in, or give a file or none instead; {direction.without}"
    )


def devices() -> SoundDevices:
    """List the sound devices; never raises."""
    try:
        sounddevice = library()
    except NodeError as error:
        return SoundDevices(note=str(error))
    try:
        found = list(sounddevice.query_devices())
    except sounddevice.PortAudioError as error:
        return SoundDevices(note=f"PortAudio cannot list its devices: {error}")
    return SoundDevices(
        tuple(device["name"] for device in found if device["max_input_channels"]),
        tuple(device["name"] for device in found if device["max_output_channels"]),
        "" if found else NO_DEVICE,
    )
